"""The judge of sounds over a reply: what it hears in speech, at any loudness, in how much time."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.backchannel import BANDS, SoundJudge, judged, levelled, load_sound_judge, log_mels
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample
from scripts.backchannel import nonwords

DATA = Path(__file__).parents[1] / "data"


def speech(name: str) -> Samples:
    """From 100 ms before the first loud sample."""
    frames, rate_hz = soundfile.read(DATA / f"flite_{name}.flac", dtype="float32")
    sound = resample(frames, rate_hz, SPEECH_RATE_HZ)
    onset = int(np.flatnonzero(np.abs(sound) > 0.03)[0])
    quiet = np.random.default_rng(0).standard_normal(1600).astype(np.float32) * np.float32(1e-4)
    return np.concatenate((quiet, sound[onset:]))


def hum(seconds: float = 0.5) -> Samples:
    """A closed mouth: one low voiced sound that swells and fades, as "mm"."""
    at_s = np.arange(int(seconds * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    voice = sum(np.sin(2 * np.pi * 120 * n * at_s) / n**2 for n in range(1, 8))
    swelling = np.hanning(len(at_s))
    quiet = np.random.default_rng(0).standard_normal(1600 + len(at_s)) * 1e-4
    quiet[1600:] += 0.2 * voice * swelling
    return quiet.astype(np.float32)


@pytest.fixture(scope="module")
def judge() -> SoundJudge:
    return SoundJudge()


@pytest.mark.parametrize("name", ["set_a_timer", "weather", "what_time_is_it"])
def test_half_a_second_of_a_request_is_content(judge, name):
    content, backchannel = judge.judge(speech(name)[: int(0.6 * SPEECH_RATE_HZ)])
    assert content > 0.6 > backchannel


def test_a_hum_is_no_content(judge):
    content, _ = judge.judge(hum())
    assert content < 0.5


@pytest.mark.parametrize("kind", ["laugh", "hum", "cough", "cleared throat", "sneeze", "sigh"])
def test_what_a_throat_does_besides_speaking_is_hardly_ever_surely_content(judge, kind):
    drawn = nonwords.ATTENTION | nonwords.NOISE
    quiet = (np.random.default_rng(0).standard_normal(8000) * 1e-4).astype(np.float32)
    sounds = [drawn[kind](random.Random(f"{kind} {number}")) for number in range(40)]
    levelled_sounds = [np.concatenate((sound[:6000] / np.abs(sound).max(), quiet))[:6400] for sound in sounds]
    contents = [judge.judge(np.concatenate((quiet[:1600], 0.3 * sound)))[0] for sound in levelled_sounds]
    assert sum(content > 0.8 for content in contents) <= 4


def test_a_sound_is_judged_whole_at_first_and_by_its_end_when_it_goes_on():
    assert judged(5.0, 5.2) == pytest.approx((4.9, 5.2))
    assert judged(5.0, 7.0) == pytest.approx((6.0, 7.0))


@pytest.mark.parametrize("gain", [0.05, 0.3, 3.0])
def test_loudness_changes_nothing(judge, gain):
    sound = speech("weather")[:8000]
    assert judge.judge(sound * np.float32(gain)) == pytest.approx(judge.judge(sound), abs=0.02)


@pytest.mark.parametrize("frames", [0, 100, 399, 400, 401, 600, 16_000])
def test_any_length_has_an_answer(judge, frames):
    content, backchannel = judge.judge(np.zeros(frames, dtype=np.float32))
    assert 0.0 <= content <= content + backchannel <= 1.0 + 1e-6


def test_two_views_of_a_sound_are_averaged(judge):
    word, hummed = speech("weather")[:8000], hum()
    alone = [judge.judge(view)[0] for view in (word, hummed)]
    assert min(alone) < judge.judge(word, hummed)[0] < max(alone)
    assert judge.judge(word, word) == pytest.approx(judge.judge(word), abs=1e-5)


def test_a_view_too_short_for_an_opinion_has_none(judge):
    sound = speech("weather")[:8000]
    assert judge.judge(sound, sound[:100]) == judge.judge(sound)


def test_spectra_lie_within_what_is_given():
    mels = log_mels(speech("weather")[: 400 + 10 * 160])
    assert mels.shape == (11, BANDS)
    assert levelled(mels).max() == pytest.approx(1.0)
    assert levelled(mels).min() >= -1.0


@pytest.mark.parametrize(("language", "is_there"), [("en", True), ("en-GB", True), ("", True), ("de", False)])
def test_there_is_a_judge_for_the_language_it_has_heard(language, is_there):
    assert (load_sound_judge(language) is not None) is is_there
