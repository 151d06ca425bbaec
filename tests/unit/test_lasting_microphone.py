"""The clock of a microphone over a loss: nothing heard is lost or counted twice, and silence fills what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.device_news import DeviceWarning
from localvoice.audio.lasting_microphone import LastingMicrophone

RATE_HZ = 48_000


class Device:
    """A stream that has recorded what the test put into it."""

    path = "native"
    latency_s = 0.02
    xruns = 1

    def __init__(self, name: str = "one", rate_hz: int = RATE_HZ) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.recorded: list[np.ndarray] = []

    def record(self, seconds: float, level: float = 0.5) -> None:
        self.recorded.append(np.full(round(seconds * self.rate_hz), level, dtype=np.float32))

    def read_new(self) -> np.ndarray:
        fresh = np.concatenate([*self.recorded, np.zeros(0, dtype=np.float32)])
        self.recorded.clear()
        return fresh


class Devices:
    """One microphone at a time, and the time."""

    def __init__(self, microphone: Device) -> None:
        self.microphone: Device | None = microphone
        self.now_s = 50.0
        self.told: list = []
        self.closed = 0

    def tell(self, news: object) -> None:
        self.told.append(news)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def devices(device: Device) -> Devices:
    return Devices(device)


@pytest.fixture
def microphone(devices: Devices, device: Device) -> LastingMicrophone:
    return LastingMicrophone(devices, device, lambda: devices.now_s)


def pass_s(devices: Devices, seconds: float, microphone: LastingMicrophone, *, records: bool) -> np.ndarray:
    """Time in blocks of 10 ms, each taken at once; heard by the present device or by nobody."""
    taken = []
    for _ in range(round(seconds * 100)):
        devices.now_s += 0.01
        if records:
            devices.microphone.record(0.01)
        taken.append(microphone.take())
    return np.concatenate(taken)


def test_a_device_that_runs_is_heard_as_it_is(devices: Devices, microphone: LastingMicrophone) -> None:
    assert np.array_equal(pass_s(devices, 1.0, microphone, records=True), np.full(RATE_HZ, 0.5))


def test_a_loss_is_silence_of_its_length_and_what_came_before_is_kept(
    devices: Devices, device: Device, microphone: LastingMicrophone
) -> None:
    pass_s(devices, 0.5, microphone, records=True)
    devices.now_s += 0.3  # nothing comes; then it is known
    device.record(0.004)  # what it still had
    devices.microphone = None
    taken = microphone.take()
    assert np.count_nonzero(taken) == 0.004 * RATE_HZ
    assert taken[0] == 0.5
    rest = pass_s(devices, 1.7, microphone, records=False)
    assert not rest.any()
    assert (len(taken) + len(rest)) / RATE_HZ == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000, 8_000, 192_000])
@pytest.mark.parametrize("backlog_s", [0.0, 0.01, 0.03])
def test_the_clock_keeps_step_over_many_losses(rate_hz: int, backlog_s: float) -> None:
    """Whether the next device has recorded for a while or not yet, at whatever rate."""
    devices = Devices(Device())
    microphone = LastingMicrophone(devices, devices.microphone, lambda: devices.now_s)
    start_s, heard_s = devices.now_s, 0.0
    for loss in range(50):
        for _ in range(40):
            devices.now_s += 0.01
            if devices.microphone is not None:
                devices.microphone.record(0.01)
            at_hz = microphone.rate_hz
            heard_s += len(microphone.take()) / at_hz
        if devices.microphone is None:
            devices.microphone = Device(rate_hz=rate_hz)
            devices.microphone.record(backlog_s)
        elif loss % 2:
            devices.microphone = None
        assert heard_s == pytest.approx(devices.now_s - start_s, abs=0.02)


def test_a_device_of_another_rate_arrives_at_16_khz_all_the_same(devices: Devices) -> None:
    capture = DeviceCapture(LastingMicrophone(devices, devices.microphone, lambda: devices.now_s))
    devices.microphone.record(1.0)
    before = np.concatenate([capture.read() for _ in range(99)])
    devices.microphone = Device(rate_hz=8_000)
    devices.microphone.record(1.0, 0.25)
    devices.now_s += 1.0
    after = np.concatenate([capture.read() for _ in range(99)])
    assert np.median(before) == pytest.approx(0.5, abs=0.01)
    assert np.median(after) == pytest.approx(0.25, abs=0.01)


def test_xruns_of_all_devices_are_counted(devices: Devices, microphone: LastingMicrophone) -> None:
    devices.microphone = Device()
    microphone.take()
    assert microphone.xruns == 2


def test_a_silenced_microphone_is_told_once_with_its_name(devices: Devices, microphone: LastingMicrophone) -> None:
    for _ in range(10):
        devices.microphone.record(1.0, 0.0)
        microphone.take()
    (warning,) = devices.told
    assert isinstance(warning, DeviceWarning)
    assert warning.code == "silent_microphone"
    assert '"one"' in warning.message


def test_another_device_may_be_silenced_as_well(devices: Devices, microphone: LastingMicrophone) -> None:
    devices.microphone.record(1.0)
    microphone.take()
    devices.microphone = Device("two")
    microphone.take()
    devices.microphone.record(6.0, 0.0)
    microphone.take()
    assert '"two"' in devices.told[0].message


def test_closing_it_closes_the_devices(devices: Devices, microphone: LastingMicrophone) -> None:
    microphone.close()
    assert devices.closed == 1
