"""Which device is opened again, when, and what is told: the thread itself, on devices made up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localvoice.audio import device_ends, device_life
from localvoice.audio.device import DeviceInfo
from localvoice.audio.device_ends import DeviceEnds
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.device_news import DeviceChanged, DeviceNews, DeviceWarning
from localvoice.audio.device_watch import LOOK_S, RESTING_LOOK_S, STALLED_AFTER_S
from localvoice.audio.pulse_connection import NoServerError
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError
from tests.waiting import until

WITHIN_S = 10.0


def info(index: int, name: str, rate_hz: int = 48_000, *, is_default: bool = False) -> DeviceInfo:
    return DeviceInfo(index, name, "ALSA", 2, 2, rate_hz, is_default_input=is_default, is_default_output=is_default)


class Stream:
    """Runs until the test says otherwise."""

    path = "native"
    block_s = 0.01
    has_gain = True
    played = None

    def __init__(self, system: System, device: DeviceInfo, rate_hz: int) -> None:
        self.name = device.name
        self.rate_hz = rate_hz
        self.is_active = True
        self.is_stalled = False
        self._system = system

    @property
    def pulse(self) -> float:
        return 0.0 if self.is_stalled else time.monotonic()

    def rest(self, *, is_resting: bool) -> None:
        self.is_resting = is_resting

    def start_closing(self) -> threading.Thread:
        thread = threading.Thread(target=self._system.may_close.wait, daemon=True)
        thread.start()
        self._system.open.discard(self)
        return thread


class System:
    """A sound system: what is listed, and what can be opened."""

    def __init__(self) -> None:
        self.devices = [info(0, "Laptop", is_default=True), info(1, "Kopfhörer")]
        self.busy: set[str] = set()
        self.only_rates: dict[str, int] = {}
        self.open: set[Stream] = set()
        self.most_open = 0
        self.refreshed = 0
        self.may_close = threading.Event()
        self.may_close.set()

    def refresh(self) -> bool:
        assert not self.open, "PortAudio must not be started again under an open stream"
        self.refreshed += 1
        return True

    def microphone(self, device: DeviceInfo, config: AudioConfig) -> Stream:
        return self._stream(device, device.default_rate_hz)

    def loudspeaker(self, device: DeviceInfo, config: AudioConfig) -> Stream:
        return self._stream(device, config.sample_rate or device.default_rate_hz)

    def _stream(self, device: DeviceInfo, rate_hz: int) -> Stream:
        if device.name in self.busy or rate_hz != self.only_rates.get(device.name, rate_hz):
            raise DeviceError(f"{device.name} is busy")
        stream = Stream(self, device, rate_hz)
        self.open.add(stream)
        self.most_open = max(self.most_open, len(self.open))
        return stream


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setattr(device_ends, "refresh_devices", system.refresh)
    monkeypatch.setattr(device_ends, "list_devices", lambda: list(system.devices))
    monkeypatch.setattr("localvoice.audio.device.list_devices", lambda: list(system.devices))
    monkeypatch.setattr(device_ends.device_path, "microphone", system.microphone)
    monkeypatch.setattr(device_ends.device_path, "loudspeaker", system.loudspeaker)
    monkeypatch.setattr(device_life, "_SAME_FIRST_S", 0.05)
    monkeypatch.setattr(device_life, "_WORKED_FOR_S", 0.0)
    return system


class Told(list):
    def __call__(self, news: DeviceNews) -> None:
        self.append(news)

    def changes(self) -> list[tuple[str, str, str]]:
        return [(one.which, one.before, one.after) for one in self if isinstance(one, DeviceChanged)]

    def codes(self) -> list[str]:
        return [one.code for one in self if isinstance(one, DeviceWarning)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def life(system: System, told: Told) -> Iterator[DeviceLife]:
    life = DeviceLife(AudioConfig(), told)
    yield life
    system.may_close.set()
    life.close()


async def opened(life: DeviceLife, spec: str = "") -> tuple[Any, Any]:
    return await life.open_microphone(spec), await life.open_loudspeaker(spec)


async def test_a_device_that_is_there_again_is_opened_again(life: DeviceLife, system: System, told: Told) -> None:
    first, _ = await opened(life, "hörer")
    first.is_active = False
    await until(lambda: len(told) == 2)
    assert told.changes() == [("input", "Kopfhörer", "Kopfhörer"), ("output", "Kopfhörer", "Kopfhörer")]
    assert "unplugged" in told[0].reason
    assert "together" in told[1].reason
    assert life.microphone is not first
    assert (system.refreshed, system.most_open, len(system.open)) == (1, 2, 2)


async def test_a_device_that_stands_still_is_lost_though_it_is_active(life: DeviceLife, told: Told) -> None:
    _, loudspeaker = await opened(life)
    loudspeaker.is_stalled = True
    await until(lambda: len(told) == 2)
    assert "did not answer" in told[1].reason


async def test_a_device_that_stands_still_again_is_waited_for_longer(life: DeviceLife, told: Told) -> None:
    microphone, _ = await opened(life)
    microphone.is_stalled = True
    await until(lambda: len(told.changes()) == 2)
    life.microphone.is_stalled = True
    stalled_s = time.monotonic()
    await until(lambda: len(told.changes()) == 4)
    assert time.monotonic() - stalled_s > 2 * STALLED_AFTER_S - LOOK_S


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, system: System) -> threading.Event:
    """All devices are those of a sound server, which answers while this is set."""
    answers = threading.Event()

    def wake() -> None:
        if not answers.is_set():
            raise NoServerError

    monkeypatch.setattr(device_ends, "means_pulse", lambda _: True)
    monkeypatch.setattr(device_ends, "wake_server", wake)
    monkeypatch.setattr(device_ends.device_path, "path_name", lambda: "native")
    answers.set()
    return answers


@pytest.mark.usefixtures("server")
async def test_devices_of_a_server_that_answers_are_opened_without_portaudio(
    life: DeviceLife, system: System, told: Told
) -> None:
    first, _ = await opened(life)
    first.is_active = False
    await until(lambda: len(told) == 2)
    assert told.changes() == [("input", "Laptop", "Laptop"), ("output", "Laptop", "Laptop")]
    assert (system.refreshed, system.most_open) == (0, 2)


async def test_where_no_server_answers_portaudio_finds_others_in_the_end(
    life: DeviceLife, system: System, told: Told, server: threading.Event
) -> None:
    first, _ = await opened(life)
    server.clear()
    system.devices = [info(0, "Kopfhörer", is_default=True)]
    first.is_active = False
    await until(lambda: len(told) == 2)
    assert told.changes() == [("input", "Laptop", "Kopfhörer"), ("output", "Laptop", "Kopfhörer")]
    assert system.refreshed == 1


@pytest.mark.usefixtures("server")
async def test_what_was_opened_by_half_is_closed_before_portaudio_looks(
    life: DeviceLife, system: System, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await opened(life)
    usual = system.loudspeaker

    def refused(device: DeviceInfo, config: AudioConfig) -> Stream:
        if not system.refreshed:
            raise DeviceError("the server has no loudspeaker")
        return usual(device, config)

    monkeypatch.setattr(device_ends.device_path, "loudspeaker", refused)
    first.is_active = False
    await until(lambda: len(told) == 2)  # `refresh` fails beside an open stream
    assert (system.refreshed, len(system.open)) == (1, 2)


def test_while_nobody_talks_devices_that_run_are_looked_at_less_often(system: System) -> None:
    ends = DeviceEnds(AudioConfig())
    ends.open("input", "")
    ends.open("output", "")
    assert ends.look_s == LOOK_S
    ends.rest(is_resting=True)
    assert {stream.is_resting for stream in system.open} == {True}
    assert not ends.are_lost()
    assert ends.look_s == RESTING_LOOK_S
    ends.stream("output").is_stalled = True
    ends.are_lost()  # its last block
    assert not ends.are_lost()
    assert ends.look_s == LOOK_S, "one stands still: soon it will be known whether it is lost"
    ends.stream("output").is_stalled = False
    assert not ends.are_lost()
    ends.rest(is_resting=False)
    assert ends.look_s == LOOK_S


@pytest.mark.parametrize("happens", ["is_active", "is_stalled"])
async def test_a_device_that_goes_away_while_nobody_talks_is_opened_again(
    life: DeviceLife, told: Told, happens: str
) -> None:
    microphone, _ = await opened(life)
    life.rest(is_resting=True)
    setattr(microphone, happens, happens == "is_stalled")
    await until(lambda: len(told) == 2)


async def test_where_it_is_gone_the_default_takes_its_place(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life, "Kopfhörer")
    del system.devices[1]
    life.microphone.is_active = False
    await until(lambda: len(told) == 2)
    assert told.changes() == [("input", "Kopfhörer", "Laptop"), ("output", "Kopfhörer", "Laptop")]


async def test_where_it_is_busy_the_default_takes_its_place(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life, "1")
    system.busy.add("Kopfhörer")
    life.loudspeaker.is_active = False
    await until(lambda: len(told) == 2)
    assert told.changes() == [("input", "Kopfhörer", "Laptop"), ("output", "Kopfhörer", "Laptop")]


async def test_the_same_device_is_found_by_its_name_when_numbers_change(
    life: DeviceLife, system: System, told: Told
) -> None:
    await opened(life, "1")
    system.devices = [info(0, "HDMI", is_default=True), info(1, "Laptop"), info(2, "Kopfhörer")]
    life.microphone.is_active = False
    await until(lambda: len(told) == 2)
    assert life.loudspeaker.name == "Kopfhörer"


async def test_the_first_device_comes_back_with_the_next_loss(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life, "Kopfhörer")
    system.busy.add("Kopfhörer")
    life.microphone.is_active = False
    await until(lambda: len(told) == 2)
    system.busy.clear()
    life.microphone.is_active = False
    await until(lambda: len(told) == 4)
    assert told.changes()[2:] == [("input", "Laptop", "Kopfhörer"), ("output", "Laptop", "Kopfhörer")]


async def test_it_tries_until_something_is_there(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life)
    kept, system.devices = system.devices, []
    life.microphone.is_active = False
    await until(lambda: system.refreshed >= 3)
    assert not told
    assert life.microphone is None
    system.devices = kept
    await until(lambda: len(told) == 2)
    assert life.loudspeaker is not None


async def test_a_loudspeaker_that_cannot_be_opened_lets_go_of_the_microphone(
    life: DeviceLife, system: System, told: Told
) -> None:
    await opened(life)
    loudspeaker, system_loudspeaker = life.loudspeaker, system.loudspeaker
    device_ends.device_path.loudspeaker = lambda *_: (_ for _ in ()).throw(DeviceError("no"))
    loudspeaker.is_active = False
    await until(lambda: system.refreshed >= 3)
    device_ends.device_path.loudspeaker = system_loudspeaker
    await until(lambda: len(told) == 2)
    assert len(system.open) == 2


async def test_another_rate_is_bridged_and_the_old_one_preferred(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life, "Kopfhörer")
    system.devices = [info(0, "Laptop", 44_100, is_default=True)]
    life.microphone.is_active = False
    await until(lambda: len(told) == 2)
    assert life.loudspeaker.rate_hz == 48_000
    assert life.loudspeaker in system.open
    system.only_rates["Laptop"] = 44_100
    life.loudspeaker.is_active = False
    await until(lambda: len(told) == 4)
    assert life.loudspeaker.rate_hz == 48_000
    assert {stream.rate_hz for stream in system.open} == {44_100}


async def test_a_telephone_is_told_when_it_takes_over_and_not_again(
    life: DeviceLife, system: System, told: Told
) -> None:
    await opened(life, "Laptop")
    system.devices = [info(0, "Headset", 16_000, is_default=True)]
    life.microphone.is_active = False
    await until(lambda: len(told) == 4)
    assert told.codes() == ["low_rate", "low_rate"]
    life.microphone.is_active = False
    await until(lambda: len(told) == 6)
    assert len(told.codes()) == 2


async def test_a_telephone_is_told_at_the_start(life: DeviceLife, system: System, told: Told) -> None:
    system.devices = [info(0, "Kopfhörer (Hands-Free)", 8_000, is_default=True)]
    await life.open_microphone("")
    await until(lambda: told.codes() == ["low_rate"])
    assert "8 kHz" in told[0].message


async def test_what_cannot_be_opened_at_the_start_is_an_error(life: DeviceLife, system: System, told: Told) -> None:
    system.busy.add("Laptop")
    with pytest.raises(DeviceError, match="Laptop is busy"):
        await life.open_microphone("")
    assert life.microphone is None
    assert not told


async def test_a_sound_system_that_hangs_at_the_start_is_an_error(
    life: DeviceLife, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_life, "_OPEN_WITHIN_S", 0.1)
    hanging = threading.Event()
    monkeypatch.setattr(device_ends.device_path, "microphone", lambda *_: hanging.wait(WITHIN_S))
    with pytest.raises(DeviceError, match="does not answer"):
        await life.open_microphone("")
    start_s = time.monotonic()
    life.close()
    assert time.monotonic() - start_s < 1.0
    hanging.set()


async def test_it_is_told_that_nothing_answers_and_in_the_end_that_it_is_over(
    life: DeviceLife, system: System, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_life, "_REPLY_WAITS_S", 0.2)
    monkeypatch.setattr(device_life, "_GIVE_UP_AFTER_S", 0.6)
    await opened(life)
    life.check()
    system.may_close.clear()  # and closing hangs as well
    life.microphone.is_active = False
    await until(lambda: told.codes() == ["device_lost"])
    with pytest.raises(DeviceError, match="do not answer"):
        life.check()
    await until(lambda: len(told) == 2)
    assert isinstance(told[1], DeviceError)
    assert 'the microphone "Laptop" and the loudspeaker "Laptop"' in str(told[1])
    assert system.refreshed == 0, "never under a stream that is not closed"


async def test_closing_never_waits_for_a_device(life: DeviceLife, system: System) -> None:
    await opened(life)
    system.may_close.clear()
    start_s = time.monotonic()
    life.close()
    life.close()
    assert time.monotonic() - start_s < 1.0


async def test_a_bug_is_told_and_leaves_nobody_waiting(
    life: DeviceLife, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(life)
    monkeypatch.setattr(device_ends, "list_devices", lambda: 1 / 0)
    life.microphone.is_active = False
    await until(lambda: len(told) == 1)
    assert isinstance(told[0], DeviceError)
    assert "ZeroDivisionError" in str(told[0])


async def test_nothing_is_opened_again_behind_the_end(life: DeviceLife, system: System, told: Told) -> None:
    await opened(life)
    life.close()
    assert not system.open
    assert not told


async def test_a_device_that_dies_at_once_again_is_not_tried_all_the_time(
    life: DeviceLife, system: System, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_life, "_WORKED_FOR_S", WITHIN_S)
    await opened(life)
    pauses: list[float] = []
    wait = life._closing.wait
    monkeypatch.setattr(life._closing, "wait", lambda seconds: pauses.append(seconds) or wait(0.0))
    for loss in range(1, 4):
        life.microphone.is_active = False
        await until(lambda loss=loss: len(told) == 2 * loss)
    assert len(pauses) == 2
    assert min(pauses) > 0.3


async def test_while_it_pauses_nothing_is_there(life: DeviceLife, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a reply would take the loudspeaker for one that runs."""
    monkeypatch.setattr(device_life, "_WORKED_FOR_S", 100.0)
    microphone, _ = await opened(life)
    microphone.is_active = False
    await until(lambda: len(told.changes()) == 2)
    monkeypatch.setattr(device_life, "pauses", lambda: iter([WITHIN_S] * 3))
    life.microphone.is_active = False
    await until(lambda: life.loudspeaker is None)
