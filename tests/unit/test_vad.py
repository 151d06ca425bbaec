"""Voice activity: probabilities of speech, silence and noise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cache

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, resample, silence
from localvoice.audio.vad import WINDOW, EnergyVad, SileroVad, WebRtcVad, bundled_silero, level_dbfs, load_vad
from localvoice.errors import ModelError


@cache
def speech() -> np.ndarray:
    """A sentence of espeak-ng at 16 kHz."""
    from localvoice.tts.espeak import EspeakSynthesizer

    async def said() -> np.ndarray:
        async def once() -> AsyncIterator[str]:
            yield "Please tell me what the weather will be like tomorrow."

        chunks = [chunk async for chunk in EspeakSynthesizer().synthesize(once())]
        return np.concatenate([resample(one.samples, one.rate_hz, SPEECH_RATE_HZ) for one in chunks])

    return asyncio.run(said())


def noise(seconds: float, dbfs: float) -> np.ndarray:
    shape = np.random.default_rng(1).standard_normal(round(seconds * SPEECH_RATE_HZ))
    return (10 ** (dbfs / 20) * shape).astype(np.float32)


def windows(sound: np.ndarray) -> np.ndarray:
    return sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)


def probabilities(vad, sound: np.ndarray) -> np.ndarray:
    return np.array([vad.probability(window) for window in windows(sound)])


def silero() -> SileroVad:
    return SileroVad(bundled_silero())


def spoken(sound: np.ndarray) -> np.ndarray:
    """Which windows are loud: where it is certain that somebody speaks."""
    return np.array([level_dbfs(window) > -30 for window in windows(sound)])


def test_silero_hears_speech_and_nothing_else():
    vad = silero()
    heard = probabilities(vad, speech())
    assert np.mean(heard[spoken(speech())] > 0.5) > 0.9
    vad.reset()
    assert probabilities(vad, silence(SPEECH_RATE_HZ)).max() < 0.2
    vad.reset()
    assert probabilities(vad, noise(2.0, -40)).max() < 0.2


def test_silero_hears_speech_in_noise():
    mixed = speech() + noise(len(speech()) / SPEECH_RATE_HZ + 1, -40)[: len(speech())]
    assert np.mean(probabilities(silero(), mixed)[spoken(speech())] > 0.5) > 0.8


def test_a_reset_detector_is_as_good_as_new():
    fresh, used = silero(), silero()
    probabilities(used, noise(1.0, -20))
    used.reset()
    assert np.array_equal(probabilities(fresh, speech()), probabilities(used, speech()))


def test_another_one_has_a_memory_of_its_own():
    first = SileroVad(bundled_silero())
    alone = [first.probability(window) for window in windows(speech())]
    first.reset()
    second, loud = first.another(), windows(noise(5.0, -20.0))
    beside = []
    for window, disturbing in zip(windows(speech()), loud, strict=False):
        beside.append(first.probability(window))
        second.probability(disturbing)
    assert beside == alone[: len(beside)]


def test_windows_depend_on_those_before_them():
    vad = silero()
    one_after_the_other = probabilities(vad, speech())
    alone = []
    for window in windows(speech()):
        vad.reset()
        alone.append(vad.probability(window))
    assert np.abs(one_after_the_other - alone).max() > 0.3


@pytest.mark.parametrize("make", [silero, WebRtcVad, EnergyVad])
def test_the_window_is_not_modified(make):
    window = speech()[8000 : 8000 + WINDOW].copy()
    before = window.copy()
    make().probability(window)
    assert np.array_equal(window, before)


def test_a_file_that_is_no_model_is_named(tmp_path):
    broken = tmp_path / "silero_vad.onnx"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="silero_vad"):
        SileroVad(broken)


@pytest.mark.parametrize("make", [WebRtcVad, EnergyVad])
def test_the_plain_detectors_tell_speech_from_a_quiet_room(make):
    vad = make()
    quiet = probabilities(vad, noise(2.0, -65))
    heard = probabilities(vad, speech())
    assert np.mean(quiet) < 0.2
    assert np.mean(heard[spoken(speech())] > 0.5) > 0.8
    assert 0.0 <= min(quiet.min(), heard.min()) <= max(quiet.max(), heard.max()) <= 1.0


def test_energy_takes_digital_silence_for_silence():
    vad = EnergyVad()
    assert probabilities(vad, silence(SPEECH_RATE_HZ)).max() < 0.01
    probabilities(vad, speech())
    assert probabilities(vad, silence(SPEECH_RATE_HZ))[3:].max() < 0.01


def test_energy_gets_used_to_a_louder_room():
    vad = EnergyVad()
    heard = probabilities(vad, noise(20.0, -45))
    assert np.mean(heard[-30:]) < 0.1
    assert vad.probability(speech()[8000 : 8000 + WINDOW]) > 0.5


@pytest.mark.parametrize("name", ["silero", "energy", "webrtc"])
def test_detectors_are_found_by_name(name):
    assert load_vad(name).name == name


def test_levels_are_decibels_of_full_scale():
    assert level_dbfs(np.full(WINDOW, 0.1, dtype=np.float32)) == pytest.approx(-20, abs=0.01)
    assert level_dbfs(silence(WINDOW)) == pytest.approx(-120)


@pytest.mark.parametrize("length", [0, 1000, 600_000])
def test_a_damaged_newer_file_is_told_and_the_older_one_listens(tmp_path, length):
    damaged, said = tmp_path / "silero_vad.onnx", []
    damaged.write_bytes(bundled_silero().read_bytes()[:length])
    vad = load_vad("silero", damaged, told=said.append)
    assert vad.name == "silero"
    assert [str(damaged) in line and "cut off" in line and "\n" not in line for line in said] == [True]
