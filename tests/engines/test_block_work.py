"""The work of a block: one contract for C and for Python, and the same sound gives the same from both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import EncodeError

from localvoice.audio import native_reflex
from localvoice.audio.block_work import BlockWork, NativeWork, PythonWork, Worked, load_work
from localvoice.audio.echo import CompactProcessing, LiveKitProcessing, load_processing
from localvoice.audio.native_canceller import NativeProcessing
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence, to_int16
from localvoice.errors import DeviceError
from tests.e2e.spoken import speech

BLOCK = 160
DELAY_MS, LEAD_MS = 60.0, 10.0
ROOM = RoomSpec(DELAY_MS, -10.0, 200.0, noise_dbfs=-65.0)


def native_processing(*, suppress_noise: bool = True) -> NativeProcessing:
    library = native_reflex.load()
    if library is None:
        pytest.skip(f"{native_reflex.reason()}: `python hatch_build.py` enables this test")
    return NativeProcessing(library, suppress_noise=suppress_noise)


def native() -> BlockWork:
    return NativeWork(*(native_processing(suppress_noise=noise) for noise in (True, False)))


def python() -> BlockWork:
    return PythonWork(*(LiveKitProcessing(suppress_noise=noise) for noise in (True, False)))


@pytest.fixture(params=[native, python])
def work(request: pytest.FixtureRequest) -> BlockWork:
    return request.param()


@cache
def scene() -> tuple[Samples, Samples, Samples]:
    """(near, far, far as the filter wants it) of 14 s: our voice, a user over it, and a silence in which all sleep."""
    ours = speech("Once upon a time there was a little fox. One day the fox found a golden key under a tree.")
    played = np.concatenate((0.3 * ours / np.abs(ours).max(), silence(3 * SPEECH_RATE_HZ), 0.2 * ours)).astype("f4")
    played = played[: len(played) // BLOCK * BLOCK]
    said = speech("Wait, I meant something else.", "en-gb+m1")
    user = silence(len(played))
    user[3 * SPEECH_RATE_HZ :][: len(said)] = (0.1 * said / np.abs(said).max())[: len(user) - 3 * SPEECH_RATE_HZ]
    room = Room(ROOM)
    near = np.concatenate([room.hear(heard, far) for heard, far in zip(blocks(user), blocks(played), strict=True)])
    late = round((DELAY_MS - LEAD_MS) * SPEECH_RATE_HZ / 1000)
    return near, played, np.concatenate((silence(late), played[:-late]))


def blocks(sound: Samples) -> list[Samples]:
    return [sound[at : at + BLOCK] for at in range(0, len(sound) - BLOCK + 1, BLOCK)]


def done(work: BlockWork) -> Iterator[Worked]:
    near, far, steady = (blocks(part) for part in scene())
    for at in range(len(near)):
        yield work.process(near[at], far[at], None if at < 100 else steady[at])


def joined(parts: list[Worked], name: str) -> Samples:
    return np.concatenate([getattr(part, name) for part in parts])


def energy_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


def test_both_do_the_same():
    ours, theirs = list(done(native())), list(done(python()))
    for name in ("for_detection", "for_recognition"):
        assert np.array_equal(joined(ours, name), joined(theirs, name)), name
    assert np.abs(joined(ours, "left") - joined(theirs, "left")).max() < 2e-4
    excess = np.array([[one.excess, other.excess] for one, other in zip(ours, theirs, strict=True)])
    assert excess.max() > 0.3
    assert np.abs(excess[:, 0] - excess[:, 1]).max() < 2e-3


def test_both_doubt_a_path_that_became_another():
    played = 0.05 * np.random.default_rng(3).standard_normal(5 * SPEECH_RATE_HZ).astype(np.float32)
    ours, theirs, room = native(), python(), Room(RoomSpec(15.0, -6.0, 500.0, noise_dbfs=-75.0, moves_at_s=3.0))
    worked: list[tuple[Worked, Worked]] = []
    for far in blocks(played):
        near = room.hear(silence(BLOCK), far)
        worked.append((ours.process(near, far, far), theirs.process(near, far, far)))
    left, other = (joined(list(parts), "left") for parts in zip(*worked, strict=True))
    assert np.abs(left - other).max() < 5e-4
    astray = np.array([[one.is_astray, other.is_astray] for one, other in worked])
    assert np.array_equal(astray[:, 0], astray[:, 1])
    assert not astray[100:300].any()
    assert astray[300:320].sum() > 10


def test_our_own_voice_is_taken_out(work):
    parts, near = list(done(work)), scene()[0]
    second = slice(2 * SPEECH_RATE_HZ, 3 * SPEECH_RATE_HZ)
    for name in ("for_detection", "for_recognition", "left"):
        assert energy_db(near[second]) - energy_db(joined(parts, name)[second]) > 12.0, name


def test_it_sleeps_until_something_is_played_and_two_seconds_after(work):
    near, loud = np.full(BLOCK, 0.25, dtype=np.float32), np.full(BLOCK, 0.1, dtype=np.float32)
    assert not work.is_awake
    for quiet in (silence(BLOCK), np.full(BLOCK, 0.00005, dtype=np.float32)):
        asleep = work.process(near, quiet, quiet)
        assert not work.is_awake
        for part in (asleep.for_detection, asleep.for_recognition, asleep.left):
            assert np.array_equal(part, near)
        assert asleep.excess == 0.0
    awake = [work.process(near, far, None) for far in [loud] + [silence(BLOCK)] * 199]
    assert work.is_awake
    assert not np.array_equal(awake[0].for_detection, near), "in the block that is played"
    work.process(near, silence(BLOCK), None)
    assert not work.is_awake


@pytest.mark.parametrize("is_rested", [False, True])
def test_what_was_heard_before_a_sleep_is_not_heard_at_waking(work, is_rested):
    near, far, _ = (blocks(part) for part in scene())
    quiet = np.full(BLOCK, 0.0003, dtype=np.float32)
    for at in range(100):
        work.process(near[at], far[at], far[at])
    for _ in range(200):  # a user who speaks while it falls asleep
        work.process(near[320], silence(BLOCK), silence(BLOCK))
    assert not work.is_awake
    for _ in range(6):
        if is_rested:
            work.rest(quiet)
        else:
            work.process(quiet, silence(BLOCK), silence(BLOCK))
    woken = work.process(quiet, far[50], silence(BLOCK))
    assert work.is_awake
    assert energy_db(near[320]) > -35.0
    for part in (woken.for_detection, woken.for_recognition, woken.left):
        assert energy_db(part) < -50.0
    assert woken.excess < 0.3


def test_what_was_heard_before_muting_is_not_given_out_after_it(work):
    near, far, _ = (blocks(part) for part in scene())
    for at in range(320):
        work.process(near[at], far[at], far[at])
    assert energy_db(near[319]) > -35.0
    work.mute()
    for at in range(320, 326):
        heard = work.process(np.full(BLOCK, 0.0003, dtype=np.float32), far[at], silence(BLOCK))
        for part in (heard.for_detection, heard.for_recognition, heard.left):
            assert energy_db(part) < -60.0


def test_the_first_waking_makes_up_no_silence_before_it(work):
    near, far, _ = (blocks(part) for part in scene())
    alone = LiveKitProcessing(suppress_noise=True)
    for at in range(50):
        heard = alone.process(to_int16(near[at]), to_int16(far[at]))
        assert np.array_equal(to_int16(work.process(near[at], far[at], None).for_detection), heard)


def test_without_a_place_for_the_reference_the_model_leaves_the_block_alone(work):
    near, loud = np.full(BLOCK, 0.25, dtype=np.float32), np.full(BLOCK, 0.1, dtype=np.float32)
    worked = work.process(near, loud, None)
    assert np.array_equal(worked.left, near)
    assert worked.excess == 0.0


def test_what_was_handed_out_and_taken_in_stays(work):
    near, far, _ = (blocks(part) for part in scene())
    given = near[50].copy()
    first = work.process(given, far[50], far[50])
    kept = [first.for_detection.copy(), first.for_recognition.copy(), first.left.copy()]
    work.process(near[51], far[51], far[51])
    assert np.array_equal(given, near[50])
    for part, copy in zip((first.for_detection, first.for_recognition, first.left), kept, strict=True):
        assert np.array_equal(part, copy)


def test_a_canceller_alone_is_the_same_both_ways():
    ours, theirs = native_processing(), LiveKitProcessing(suppress_noise=True)
    loud = 3.0 * scene()[0]  # some of it beyond full scale
    for near, far in zip(blocks(to_int16(loud)), blocks(to_int16(scene()[1])), strict=True):
        assert np.array_equal(ours.process(near, far), theirs.process(near, far))


def test_c_is_preferred_and_python_stands_in(monkeypatch):
    assert load_work().runtime == native().runtime
    monkeypatch.setattr(native_reflex, "load", lambda: None)
    assert load_work().runtime == "python"


def test_a_livekit_that_has_changed_inside_is_called_as_it_wants_to_be(monkeypatch):
    from livekit.rtc import AudioProcessingModule

    class Elsewhere(AudioProcessingModule):
        """Keeps its handle under another name."""

        def __init__(self, **settings: bool) -> None:
            super().__init__(**settings)
            self.handle = self.__dict__.pop("_ffi_handle")

    assert isinstance(load_processing(), NativeProcessing)
    monkeypatch.setattr("livekit.rtc.AudioProcessingModule", Elsewhere)
    assert isinstance(load_processing(), LiveKitProcessing)


class Around:
    """A message of livekit's that behaves otherwise."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def __getattr__(self, name: str) -> Any:
        return getattr(self.message, name)


class SaysMore(Around):
    def ByteSize(self) -> int:  # noqa: N802 - protobuf's name
        return self.message.ByteSize() - 1  # for what C expects: one less than what comes


class WantsMore(Around):
    def IsInitialized(self) -> bool:  # noqa: N802 - protobuf's name
        return not self.message.WhichOneof("message").startswith("apm_process")

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        if not self.IsInitialized():
            raise EncodeError("Message FfiRequest is missing required fields: apm_process_stream.more")
        return self.message.SerializeToString()


@pytest.mark.parametrize(("name", "kind"), [("FfiResponse", SaysMore), ("FfiRequest", WantsMore)])
def test_a_livekit_that_asks_or_answers_otherwise_is_called_as_it_wants_to_be(monkeypatch, name, kind):
    from livekit.rtc._proto import ffi_pb2

    original = getattr(ffi_pb2, name)
    native_processing()
    monkeypatch.setattr(ffi_pb2, name, lambda: kind(original()))
    assert isinstance(load_processing(), LiveKitProcessing)


def test_a_livekit_whose_library_cannot_be_loaded_gives_way(monkeypatch):
    def fail(**_: bool) -> None:
        raise OSError("version `GLIBC_2.35' not found")

    monkeypatch.setattr("livekit.rtc.AudioProcessingModule", fail)
    assert isinstance(load_processing(), CompactProcessing)


def test_a_module_that_refuses_ends_listening_with_one_line():
    processing = native_processing()
    processing.state.near_answer += 1  # as if it told of an error
    with pytest.raises(DeviceError, match=r"audio\.echo"):
        processing.process(np.zeros(BLOCK, dtype=np.int16), np.zeros(BLOCK, dtype=np.int16))
    work = NativeWork(processing, native_processing(suppress_noise=False))
    with pytest.raises(DeviceError, match=r"audio\.echo"):
        work.process(silence(BLOCK), np.full(BLOCK, 0.1, dtype=np.float32), None)
