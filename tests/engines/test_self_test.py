"""The verdict on simulated rooms with the real canceller and the real voice detector, at array speed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.audio.scene import spoken
from localvoice.audio.duplex import BLOCK
from localvoice.audio.duplex_mode import Verdict, judge
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.rehearing import rehear
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.self_test import PathReport, measure
from localvoice.audio.vad import VoiceActivity, load_vad

SENTENCES = (
    "Once upon a time there was a little fox.",
    "The fox lived in a green forest near a river.",
    "One day the fox found a golden key under a tree.",
    "The key opened a small door in the old stone wall.",
)
LIVING_ROOM = {"delay_ms": 60.0, "gain_db": -10.0, "rt60_ms": 300.0, "noise_dbfs": -65.0}


@pytest.fixture(scope="module")
def vad() -> VoiceActivity:
    return load_vad("silero")


def own_speech(seconds: float = 9.0) -> Samples:
    parts: list[Samples] = [silence(SPEECH_RATE_HZ)]
    while sum(map(len, parts)) < (1.0 + seconds) * SPEECH_RATE_HZ:
        parts += [spoken(SENTENCES[len(parts) // 2 % len(SENTENCES)], "en-us"), silence(2400)]
    sound = np.concatenate(parts)[: int((1.0 + seconds) * SPEECH_RATE_HZ)]
    return np.concatenate((sound, silence(SPEECH_RATE_HZ // 2)))


def heard(far: Samples, user: Samples | None = None, **room: float) -> Samples:
    through = Room(RoomSpec(**(LIVING_ROOM | room)), seed=3)
    near = silence(len(far)) if user is None else user
    blocks = range(0, len(far) - BLOCK + 1, BLOCK)
    return np.concatenate([through.hear(near[at : at + BLOCK], far[at : at + BLOCK]) for at in blocks])


def judged(
    vad: VoiceActivity, user: Samples | None = None, *, cancels: bool = True, **room: float
) -> tuple[PathReport, Verdict]:
    far = own_speech()
    vad.reset()
    path = open_echo_path(0.3) if cancels else None
    report = measure(rehear(heard(far, user, **room), far, vad, path, cut_at=len(far) - SPEECH_RATE_HZ))
    assert report is not None
    return report, judge(report, cancels=cancels)


def test_a_living_room_is_full_and_measured_right(vad):
    report, verdict = judged(vad, drift_ppm=50.0)
    assert verdict == Verdict("full", verdict.why)
    assert np.argmax(report.response_db) * 5 == pytest.approx(60, abs=5)
    assert report.noise_dbfs == pytest.approx(-65.0, abs=0.5)
    assert report.heard_dbfs == pytest.approx(-33.0, abs=2.0)
    assert report.delay.delay_ms == pytest.approx(60.25, abs=0.5)
    assert report.delay.drift_ppm == pytest.approx(50.0, abs=8.0)
    assert report.attenuation_db > 25.0
    assert report.left_over_noise_db < 3.0
    assert (report.clipped, report.strangers, report.delay.slips) == (0, 0, 0)
    assert max(report.voices) < 0.45
    assert report.cut_tail_ms == pytest.approx(500.0 + 60.0, abs=160.0)


def test_headphones_are_full_and_said_to_be_so(vad):
    report, verdict = judged(vad, gain_db=-90.0)
    assert not report.has_echo
    assert (verdict.mode, "headphones" in verdict.why) == ("full", True)


@pytest.mark.parametrize("gain_db", [20.0, 30.0])
def test_a_loudspeaker_that_overdrives_the_microphone_is_not_full_and_to_be_turned_down(vad, gain_db):
    report, verdict = judged(vad, gain_db=gain_db)
    assert report.clipped > 1000
    assert verdict.mode in {"guarded", "half"}
    assert "down" in verdict.advice


def test_without_a_canceller_an_echo_is_half(vad):
    report, verdict = judged(vad, cancels=False)
    assert report.attenuation_db is None
    assert (verdict.mode, verdict.advice) == ("half", "use headphones")


def test_a_wireless_loudspeaker_that_is_too_late_is_half(vad):
    report, verdict = judged(vad, delay_ms=800.0)
    assert report.delay.delay_ms == pytest.approx(800.0, abs=0.5)
    assert (verdict.mode, verdict.is_sure) == ("half", True)
    assert "800 ms" in verdict.why


@pytest.mark.parametrize("ser_db", [10.0, 0.0])
def test_somebody_who_speaks_is_not_taken_for_a_bad_echo(vad, ser_db):
    user = silence(len(own_speech()))
    said = np.float32(10 ** ((-10.0 + ser_db) / 20)) * spoken("No, tell me about Germany instead.", "en-gb+m1")
    user[4 * SPEECH_RATE_HZ : 4 * SPEECH_RATE_HZ + len(said)] = said
    report, verdict = judged(vad, user)
    assert report.strangers >= 4
    assert not verdict.is_sure


def test_a_muted_microphone_is_noticed(vad):
    far = own_speech(4.0)
    vad.reset()
    report = measure(rehear(silence(len(far)), far, vad, open_echo_path(0.3)))
    assert report.is_deaf
    assert not judge(report).is_sure


def test_where_nothing_is_played_there_is_nothing_to_measure(vad):
    quiet = silence(2 * SPEECH_RATE_HZ)
    assert measure(rehear(quiet, quiet, vad, open_echo_path(0.3))) is None
