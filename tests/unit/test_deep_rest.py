"""A listener that rests deeper: 480 ms at once behind a look every 80 ms, and no word is lost or late by more."""

from __future__ import annotations

import io
import math
import queue
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from localvoice.audio import duplex as duplex_module
from localvoice.audio.duplex import BLOCK_S, Duplex, Rendering
from localvoice.audio.files import PcmSink
from localvoice.audio.hearing import Hearing
from localvoice.audio.paced_capture import PacedCapture
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S, VoiceActivity, load_vad
from localvoice.errors import DeviceError
from localvoice.listener import Listener
from localvoice.turn.observations import Window

WITHIN_S = 20.0
QUIET_S = 8.0
QUESTION = Path(__file__).parents[1] / "data" / "flite_what_time_is_it.flac"

Told = list[tuple[float, Window]]


class Room:
    """A microphone that hears an array, at the pace of a clock of its own."""

    def __init__(self, sound: Samples) -> None:
        self.now_s = 0.0
        self.reads: list[int] = []
        self.ended = False
        self.happens_s = math.inf
        self.call: Callable[[], None] = lambda: None
        """What happens then."""
        self._sound, self.taken = sound, 0

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Until somebody calls."""
        until_s = self.now_s + seconds
        self.now_s = min(until_s, max(self.now_s, self.happens_s))
        if self.now_s >= self.happens_s:
            self.happens_s = math.inf
            self.call()

    def read(self, frames: int) -> Samples:
        self.taken += frames
        if self.taken > len(self._sound):
            raise DeviceError("the end")
        return self._sound[self.taken - frames : self.taken]

    def close(self) -> None:
        """Nothing is open."""


class Counted(PacedCapture):
    """How many blocks were read when."""

    def __init__(self, room: Room, *, looks: bool) -> None:
        super().__init__(room, looks_ahead=looks, clock=room.clock, sleep=room.sleep)
        self._heard = room
        room.call = self.call

    def read(self, blocks: int = 1) -> Samples:
        self._heard.reads.append(blocks)
        return super().read(blocks)


def heard(
    sound: Samples,
    vad: VoiceActivity | None = None,
    *,
    looks: bool = True,
    due_s: Callable[[], float] = lambda: math.inf,
    happens_s: float = math.inf,
) -> tuple[Room, Told, UtteranceBuffer]:
    """The windows that are posted, with the time at which each is; from `happens_s` on nobody rests any more."""
    room, told, utterances = Room(sound), queue.SimpleQueue[tuple[float, object]](), UtteranceBuffer(60.0)
    duplex = Duplex(Counted(room, looks=looks), None)
    listener = Listener(duplex, Hearing(vad, utterances), lambda one: told.put((room.now_s, one)))
    listener.may_rest, listener.due_s = lambda: room.now_s < happens_s, due_s
    room.happens_s = happens_s
    listener.start()
    posted: Told = []
    while isinstance((one := told.get(timeout=WITHIN_S))[1], Window):
        posted.append((one[0], one[1]))
    listener.stop()
    assert "the end" in str(one[1])
    return room, posted, utterances


def noise(seconds: float, level_db: float) -> Samples:
    random = np.random.default_rng(3)
    sound = 10 ** (level_db / 20) * random.standard_normal(round(seconds * SPEECH_RATE_HZ))
    return sound.astype(np.float32)


def test_where_nothing_stands_out_it_reads_480_ms_at_once_behind_four_seconds() -> None:
    room, told, _ = heard(noise(20.0, -60.0), load_vad("silero"))
    assert set(room.reads[-25:]) == {48}
    assert sum(room.reads[: room.reads.index(48)]) * BLOCK_S == pytest.approx(4.0, abs=0.3)
    late = [window.at_s for _, window in told if window.at_s > 6.0]
    assert np.diff(late) == pytest.approx(1.0, abs=0.02), "one window a second, for those of whom nobody knows"


def test_without_a_look_it_reads_80_ms_at_once() -> None:
    room, _, _ = heard(noise(12.0, -60.0), load_vad("silero"), looks=False)
    assert max(room.reads) == 8


@pytest.mark.parametrize(("level_db", "within_s"), [(-30.0, 0.09), (-48.0, 0.09), (-56.0, 0.49), (-60.0, 0.49)])
@pytest.mark.parametrize("begins_ms", [0, 37, 110, 203])
def test_quiet_speech_over_noise_is_heard_as_by_a_listener_that_rests_less(
    level_db: float, within_s: float, begins_ms: int
) -> None:
    """The same windows with the same times, and the sound of all of it; noticed a little later at most."""
    speech, rate_hz = soundfile.read(QUESTION, dtype="float32")
    assert rate_hz == SPEECH_RATE_HZ
    sound = noise(QUIET_S + 4.0, -64.0)
    first = round((QUIET_S + begins_ms / 1000) * SPEECH_RATE_HZ)
    loud = float(np.sqrt(np.mean(np.square(speech))))
    sound[first : first + len(speech)] += speech * np.float32(10 ** (level_db / 20) / loud)
    _, usual, before = heard(sound, load_vad("silero"), looks=False)
    room, deep, after = heard(sound, load_vad("silero"))
    assert 48 in room.reads
    voiced = [window for _, window in usual if window.probability >= 0.5]
    assert [window for _, window in deep if window.probability >= 0.5] == voiced
    assert bool(voiced)
    noticed_s = next(now_s for now_s, window in deep if window.probability >= 0.5)
    usually_s = next(now_s for now_s, window in usual if window.probability >= 0.5)
    assert noticed_s - usually_s < within_s
    np.testing.assert_array_equal(after.read(0.0, 60.0), before.read(0.0, 60.0)[: len(after.read(0.0, 60.0))])


def test_a_sound_is_read_with_the_look_that_sees_it() -> None:
    sound = noise(12.0, -60.0)
    bang = round(9.01 * SPEECH_RATE_HZ)
    sound[bang : bang + 800] += 0.3
    room, _, _ = heard(sound, load_vad("silero"))
    ends = np.cumsum(room.reads) * BLOCK_S
    assert 9.01 < ends[np.searchsorted(ends, 9.01)] <= 9.06 + 0.08 + 1e-6


@pytest.mark.parametrize("due_s", [7.5, 7.77, 8.1])
def test_who_waits_for_the_time_is_told_within_120_ms(due_s: float) -> None:
    told = heard(noise(12.0, -60.0), due_s=lambda: due_s)[1]
    assert 0.0 <= next(now_s for now_s, window in told if window.at_s >= due_s) - due_s < 0.12


@pytest.mark.parametrize("happens_s", [9.01, 9.1, 9.2, 9.3])
def test_what_happens_in_the_session_ends_it_with_the_next_look(happens_s: float) -> None:
    room = heard(noise(12.0, -60.0), load_vad("silero"), happens_s=happens_s)[0]
    ends = np.cumsum(room.reads) * BLOCK_S
    begun = int(np.searchsorted(ends, happens_s - 1e-6))
    assert ends[begun] < happens_s + 0.08 + 1e-6
    assert set(room.reads[begun + 1 :]) == {1}
    assert 48 in room.reads


class Nowhere:
    def write(self, samples: Samples) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("is_file", [True, False])
def test_the_clock_of_a_device_goes_on_while_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, *, is_file: bool
) -> None:
    """A device may give a little less than that, and the clock never goes back; a file plays on from what was read."""
    room, told = Room(silence(SPEECH_RATE_HZ)), []
    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(monotonic=room.clock))
    far_end = Rendering(PlaybackQueue(SPEECH_RATE_HZ), Nowhere()) if is_file else None
    capture = PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=room.sleep)
    duplex = Duplex(capture, None, far_end)

    def call() -> None:
        told.append(duplex.now_s())
        capture.call()

    room.happens_s, room.call = 0.2, call
    assert duplex.wait(32) == 24
    told.append(duplex.now_s())
    duplex.read(24)
    told.append(duplex.now_s())
    assert told == pytest.approx([0.0, 0.0, 0.24] if is_file else [0.14, 0.14, 0.24])


def test_who_listens_at_the_end_of_a_pipe_is_given_80_ms_at_a_time() -> None:
    room = Room(silence(SPEECH_RATE_HZ))
    far_end = Rendering(PlaybackQueue(SPEECH_RATE_HZ), PcmSink(io.BytesIO()))
    duplex = Duplex(PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=room.sleep), None, far_end)
    assert duplex.wait(32) == 8


def test_of_a_source_that_may_still_answer_no_more_is_read_ahead() -> None:
    room = Room(silence(SPEECH_RATE_HZ))
    capture = PacedCapture(room, clock=room.clock, sleep=room.sleep)
    assert capture.wait(32) == 8
    assert room.taken == 0


def test_a_source_has_not_ended_before_what_was_looked_at_is_read() -> None:
    room = Room(silence(SPEECH_RATE_HZ))
    capture = PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=room.sleep)
    capture.wait(8)
    room.ended = True
    assert not capture.ended
    capture.read(8)
    assert capture.ended


class Short(Room):
    """A file: silence follows its end."""

    def read(self, frames: int) -> Samples:
        self.taken += frames
        self.ended = self.taken >= len(self._sound)
        return np.pad(self._sound[self.taken - frames : self.taken], (0, max(0, self.taken - len(self._sound))))[
            :frames
        ]


@pytest.mark.parametrize("before_s", [0.0, 0.24])
def test_the_end_of_a_file_is_read_with_the_look_that_holds_it(before_s: float) -> None:
    room = Short(noise(0.35, -60.0))
    capture = PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=room.sleep)
    capture.read(round(before_s / BLOCK_S))
    capture.read(capture.wait(48))
    assert capture.ended
    assert room.now_s == pytest.approx(0.4)


def test_behind_the_end_of_a_file_the_last_window_is_posted_with_the_read_that_held_it() -> None:
    """At once, though nobody would otherwise be told of one for a second."""
    room, told = Short(noise(9.0, -60.0)), queue.SimpleQueue[tuple[float, object]]()
    duplex = Duplex(Counted(room, looks=True), None)
    listener = Listener(
        duplex, Hearing(load_vad("silero"), UtteranceBuffer(60.0)), lambda one: told.put((duplex.now_s(), one))
    )
    listener.may_rest = lambda: True
    listener.due_s = lambda: duplex.now_s() - WINDOW_S if duplex.ended else math.inf
    listener.start()
    while (said := told.get(timeout=WITHIN_S))[0] < 9.0:
        pass
    listener.stop()
    read_s, window = said
    assert 48 in room.reads
    assert read_s < 9.0 + 0.08 + 1e-6
    assert isinstance(window, Window)
    assert window.at_s >= read_s - WINDOW_S


def test_windows_are_as_long_as_ever() -> None:
    told = heard(noise(12.0, -60.0), load_vad("silero"), happens_s=9.0)[1]
    late = [window.at_s for _, window in told if window.at_s > 9.4]
    assert np.diff(late) == pytest.approx(WINDOW_S)


class Ending:
    """A source at whose end somebody asks."""

    ended = False

    def __init__(self) -> None:
        self.asked: Callable[[], None] = lambda: None

    def read(self, frames: int) -> Samples:
        self.ended = True
        self.asked()
        return silence(frames)

    def close(self) -> None:
        """Nothing is open."""


def test_while_its_last_sound_is_being_looked_at_or_read_a_source_has_not_ended() -> None:
    source, room, told = Ending(), Room(silence(0)), []
    capture = PacedCapture(source, looks_ahead=True, clock=room.clock, sleep=room.sleep)
    source.asked = lambda: told.append(capture.ended)
    capture.wait(8)
    capture.read(8)
    assert capture.ended
    capture = PacedCapture(source, clock=room.clock, sleep=room.sleep)
    capture.read()
    assert capture.ended
    assert told == [False, False]


def test_who_is_called_late_reads_no_more_than_was_asked_for() -> None:
    room = Room(silence(SPEECH_RATE_HZ))

    def oversleep(seconds: float) -> None:
        room.now_s += seconds + 1.0
        capture.call()

    capture = PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=oversleep)
    assert capture.wait(32) == 32


def test_who_asks_for_the_time_while_sound_is_read_is_told_no_other_than_before_or_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room(silence(SPEECH_RATE_HZ))
    duplex = Duplex(PacedCapture(room, looks_ahead=True, clock=room.clock, sleep=room.sleep), None)
    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(monotonic=room.clock))
    duplex.wait(32)

    def meanwhile() -> float:
        duplex.read(32)
        return room.now_s

    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(monotonic=meanwhile))
    assert duplex.now_s() == pytest.approx(0.26)
    assert duplex.now_s() == pytest.approx(0.32)


def test_behind_the_end_of_a_pipe_that_came_late_silence_keeps_the_pace() -> None:
    source, room = Ending(), Room(silence(0))
    capture = PacedCapture(source, in_step=True, clock=room.clock, sleep=room.sleep)

    def stall() -> None:
        room.now_s = 2.0

    source.asked = stall
    capture.read()
    source.asked = lambda: None
    for _ in range(50):
        capture.read()
    assert room.now_s == pytest.approx(2.5)
