"""The starter recogniser on synthetic speech (tests/data/flite.md) and on sounds that are no speech."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from localvoice.errors import FileError, ModelError
from localvoice.skills.catalog import Skills
from localvoice.stt.belief import AgreementRule, Decoding
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer
from localvoice.tts.espeak import EspeakSynthesizer

DATA = Path(__file__).parent.parent / "data"
SMALL_GRAMMAR = "#JSGF V1.0;\ngrammar small;\npublic <command> = {};\n"


def load(name: str) -> Samples:
    samples, rate_hz = soundfile.read(DATA / f"flite_{name}.flac", dtype="float32")
    assert rate_hz == SPEECH_RATE_HZ
    edge = silence(SPEECH_RATE_HZ * 3 // 10)
    return np.concatenate((edge, samples, edge))


@pytest.fixture(scope="module")
def recognizer():
    made = PocketsphinxRecognizer(Skills().jsgf())
    yield made
    made.close()


async def pieces(samples: Samples, frames: int = 1600) -> AsyncIterator[Samples]:
    for start in range(0, len(samples), frames):
        yield samples[start : start + frames]


@pytest.mark.parametrize(
    ("name", "text"),
    [("what_time_is_it", "what time is it"), ("set_a_timer", "set a timer for five minutes")],
)
async def test_a_command_is_recognised_word_for_word(recognizer, name, text):
    transcript = await recognizer.transcribe(load(name))
    assert (transcript.text, transcript.rejected) == (text, False)
    assert (transcript.language, transcript.engine) == ("en", "pocketsphinx")


async def test_speech_that_is_no_command_is_rejected_and_not_bent_into_one(recognizer):
    transcript = await recognizer.transcribe(load("weather"))
    assert transcript.rejected
    assert "rain" in transcript.text
    assert Skills().match(transcript.text) is None


@pytest.mark.parametrize("level", [0.0, 0.003, 0.1])
async def test_silence_and_noise_are_nothing_rather_than_rejected(recognizer, level):
    sound = level * np.random.default_rng(1).standard_normal(2 * SPEECH_RATE_HZ)
    transcript = await recognizer.transcribe(sound.astype(np.float32))
    assert (transcript.text, transcript.rejected) == ("", False)


@pytest.mark.parametrize("frames", [0, 1, 100, 513])
async def test_a_sound_too_short_for_words_is_nothing(recognizer, frames):
    transcript = await recognizer.transcribe(load("what_time_is_it")[8000 : 8000 + frames])
    assert (transcript.text, transcript.rejected) == ("", False)


async def test_speech_longer_than_any_command_is_rejected(recognizer):
    transcript = await recognizer.transcribe(np.tile(load("what_time_is_it"), 8))
    assert (transcript.text, transcript.rejected) == ("", True)


async def test_the_utterance_before_changes_nothing(recognizer):
    first = await recognizer.transcribe(load("set_a_timer"))
    await recognizer.transcribe(0.2 * load("weather"))
    assert await recognizer.transcribe(load("set_a_timer")) == first


async def test_a_quiet_voice_is_understood_and_samples_are_left_alone(recognizer):
    samples = 0.05 * load("what_time_is_it")
    before = samples.copy()
    assert (await recognizer.transcribe(samples)).text == "what time is it"
    assert np.array_equal(samples, before)


async def test_partials_grow_into_the_final_text(recognizer):
    partials = [partial async for partial in recognizer.stream(pieces(load("set_a_timer")))]
    assert partials[-1].is_final
    assert partials[-1].text == partials[-1].stable == "set a timer for five minutes"
    assert not any(partial.is_final for partial in partials[:-1])
    assert any("timer" in partial.text for partial in partials[:-1])


async def test_a_stream_of_speech_that_is_no_command_ends_rejected(recognizer):
    partials = [partial async for partial in recognizer.stream(pieces(load("weather")))]
    whole = await recognizer.transcribe(load("weather"))
    assert (partials[-1].rejected, partials[-1].is_final) == (True, True)
    assert whole.rejected


async def test_a_pause_settles_the_words_and_the_end_behind_it_costs_nothing():
    recognizer = PocketsphinxRecognizer(Skills().jsgf())

    async def blocks() -> AsyncIterator[Samples]:
        async for block in pieces(load("set_a_timer")):
            yield block
        yield silence(0)
        recognizer.close()  # from here on it can be asked nothing
        for _ in range(10):
            yield silence(1600)

    partials = [partial async for partial in recognizer.stream(blocks())]
    [settled] = [partial for partial in partials if partial.settled_s is not None]
    assert (settled.text, settled.stable) == ("set a timer for five minutes", "")
    assert settled.settled_s >= len(load("set_a_timer")) / SPEECH_RATE_HZ - 0.01
    assert (partials[-1].text, partials[-1].is_final) == ("set a timer for five minutes", True)


async def test_speech_behind_a_pause_is_heard_with_what_was_before(recognizer):
    half = load("set_a_timer")
    cut = len(half) * 45 // 100

    async def blocks() -> AsyncIterator[Samples]:
        async for block in pieces(half[:cut], 512):
            yield block
        yield silence(0)
        async for block in pieces(half[cut:], 512):
            yield block

    partials = [partial async for partial in recognizer.stream(blocks())]
    assert partials[-1].text == "set a timer for five minutes"
    behind = [partial.text for partial in partials if partial.settled_s is None and "minutes" in partial.text]
    assert behind, "it is followed again"


@pytest.mark.parametrize("at_once", [True, False])
async def test_speech_behind_a_pause_is_heard_however_late_it_is_looked_for(recognizer, at_once):
    whole = load("set_a_timer")
    cut = len(whole) * 45 // 100
    rest = np.concatenate((whole[cut:], silence(2 * SPEECH_RATE_HZ)))

    async def blocks() -> AsyncIterator[Samples]:
        yield whole[:cut]
        yield silence(0)
        async for block in pieces(rest, len(rest) if at_once else 512):
            yield block

    partials = [partial async for partial in recognizer.stream(blocks())]
    assert partials[-1].text == "set a timer for five minutes"


async def test_a_stream_without_sound_ends_with_an_empty_final(recognizer):
    partials = [partial async for partial in recognizer.stream(pieces(silence(0)))]
    assert [(partial.text, partial.is_final) for partial in partials] == [("", True)]


async def test_transcribing_while_a_stream_is_open_disturbs_neither(recognizer):
    async def interrupted() -> AsyncIterator[Samples]:
        count = 0
        async for block in pieces(load("set_a_timer")):
            yield block
            count += 1
            if count in {6, 12}:
                assert (await recognizer.transcribe(load("what_time_is_it"))).text == "what time is it"

    partials = [partial async for partial in recognizer.stream(interrupted())]
    assert partials[-1].text == "set a timer for five minutes"
    assert any("timer" in partial.text for partial in partials[:-1])


async def test_a_closed_stream_leaves_the_recogniser_ready(recognizer):
    stream = recognizer.stream(pieces(load("set_a_timer")))
    while "timer" not in (await anext(stream)).text:
        pass
    await stream.aclose()
    partials = [partial.text async for partial in recognizer.stream(pieces(load("what_time_is_it")))]
    assert partials[-1] == "what time is it"
    assert not any("timer" in text for text in partials)
    assert (await recognizer.transcribe(load("what_time_is_it"))).text == "what time is it"


async def test_cancelling_returns_at_once_and_leaves_the_recogniser_ready(recognizer):
    task = asyncio.create_task(recognizer.transcribe(np.tile(load("weather"), 3)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await recognizer.transcribe(load("what_time_is_it"))).text == "what time is it"


def test_a_word_nobody_can_pronounce_is_named():
    with pytest.raises(ModelError, match="zorblax"):
        PocketsphinxRecognizer(SMALL_GRAMMAR.format("say zorblax"))


async def test_a_word_with_its_pronunciation_is_recognised():
    recognizer = PocketsphinxRecognizer(
        SMALL_GRAMMAR.format("zorblax tymer | what time is it"),
        words={"zorblax": "Z AO R B L AE K S", "tymer": "T AY M ER"},
    )
    try:
        assert (await recognizer.transcribe(load("what_time_is_it"))).text == "what time is it"
    finally:
        recognizer.close()


@pytest.mark.parametrize("jsgf", ["", SMALL_GRAMMAR.format("<missing>"), SMALL_GRAMMAR.format("say <command>")])
def test_a_grammar_that_cannot_be_read_is_a_model_error(jsgf):
    with pytest.raises(ModelError):
        PocketsphinxRecognizer(jsgf)


def test_no_room_for_its_grammar_is_no_broken_model(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(FileError, match="TMPDIR"):
        PocketsphinxRecognizer(SMALL_GRAMMAR.format("stop"))


def test_closing_twice_is_allowed():
    recognizer = PocketsphinxRecognizer(SMALL_GRAMMAR.format("stop"))
    recognizer.close()
    recognizer.close()


def test_a_sentence_that_calls_most_of_the_speech_silence_is_not_believed():
    story = "it was the best of times it was the worst of times"
    sentence = Decoding("what's eight plus fifty five", log_likelihood=-400.0, speech_frames=168)
    assert AgreementRule().accepts(sentence, Decoding(sentence.text, -400.0, speech_frames=180))
    assert not AgreementRule().accepts(sentence, Decoding(story, -90_000.0, speech_frames=607))


async def one(text: str) -> AsyncIterator[str]:
    yield text


@pytest.mark.parametrize("command", ["what time is it", "set a timer for five minutes", "what can you do"])
async def test_a_synthesiser_between_two_silences_of_zeros_is_understood(recognizer, command):
    (spoken,) = [chunk async for chunk in EspeakSynthesizer(voice="en-us").synthesize(one(command))]
    edge = silence(SPEECH_RATE_HZ // 2)
    sound = np.concatenate((edge, resample(spoken.samples, spoken.rate_hz, SPEECH_RATE_HZ), edge))
    transcript = await recognizer.transcribe(sound)
    assert (transcript.text, transcript.rejected) == (command, False)
    *_, last = [partial async for partial in recognizer.stream(pieces(sound))]
    assert (last.text, last.rejected) == (command, False)
