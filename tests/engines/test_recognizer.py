"""The contract of `Recognizer`, over a fake and over Whisper's real engine with the tiny test model."""

import asyncio
import dataclasses
import json
import shutil
from contextlib import aclosing
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, resample, silence
from localvoice.errors import ConfigError, ModelError, ProviderError
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.stt.spoken_language import SpokenLanguage
from localvoice.turn.belief import BELIEVED
from tests.fakes import FakeRecognizer, ScriptedStreamingRecognizer

MODELS = Path(__file__).parents[1] / "models"
FRANCE = "What is the capital of France?"


@lru_cache
def spoken(text):
    from piper import PiperVoice

    voice = PiperVoice.load(MODELS / "tts" / "en_US-tiny-test.onnx")
    sound = np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(text)]).astype(np.float32)
    sound = resample(sound, 22_050, SPEECH_RATE_HZ)
    sound.flags.writeable = False
    return sound


@pytest.fixture(scope="module")
def whisper():
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    yield recognizer
    recognizer.close()


@pytest.fixture(params=["fake", "faster-whisper"])
def recognizer(request):
    return FakeRecognizer(FRANCE) if request.param == "fake" else request.getfixturevalue("whisper")


async def test_words_are_right(recognizer):
    transcript = await recognizer.transcribe(spoken(FRANCE))
    assert (transcript.text, transcript.language, transcript.rejected) == (FRANCE, "en", False)
    assert transcript.engine == recognizer.name


@pytest.mark.parametrize("seconds", [0, 0.05, 1.0])
async def test_silence_has_no_words(recognizer, seconds):
    transcript = await recognizer.transcribe(silence(int(seconds * SPEECH_RATE_HZ)))
    assert (transcript.text, transcript.rejected) == ("", False)


async def test_input_is_not_modified(recognizer):
    sound = spoken(FRANCE).copy()
    await recognizer.transcribe(sound)
    assert np.array_equal(sound, spoken(FRANCE))


async def test_cancelled_call_returns_at_once_and_the_next_is_right(recognizer):
    call = asyncio.ensure_future(recognizer.transcribe(spoken("Tell me a joke.")))
    await asyncio.sleep(0)
    call.cancel()
    for _ in range(20):  # steps of the loop, and no time
        await asyncio.sleep(0)
    assert call.cancelled()
    assert (await recognizer.transcribe(spoken(FRANCE))).text == FRANCE


@pytest.mark.parametrize("make", [lambda: FakeRecognizer("x"), lambda: FasterWhisperRecognizer(MODELS / "stt")])
async def test_closing_twice_is_fine_and_calls_afterwards_fail(make):
    recognizer = make()
    recognizer.close()
    recognizer.close()
    with pytest.raises(ProviderError):
        await recognizer.transcribe(spoken(FRANCE))


async def test_sound_written_over_while_the_call_waits_does_not_matter(whisper):
    before = asyncio.ensure_future(whisper.transcribe(spoken("Tell me a joke.")))
    sound = spoken(FRANCE).copy()
    call = asyncio.ensure_future(whisper.transcribe(sound))
    await asyncio.sleep(0)
    sound[:] = 0
    assert (await before).text == "Tell me a joke."
    assert (await call).text == FRANCE


@pytest.mark.parametrize("sound", [0.001, 0.1])
async def test_noise_has_no_words(whisper, sound):
    noise = np.random.default_rng(1).normal(0, sound, 2 * SPEECH_RATE_HZ).astype(np.float32)
    assert (await whisper.transcribe(noise)).text == ""


async def test_unsure_words_are_rejected_where_a_threshold_is_set():
    recognizer = FasterWhisperRecognizer(MODELS / "stt", reject_below_logprob=-0.5)
    sure, unsure = spoken(FRANCE), spoken("Photosynthesis bewilders seventeen platypuses.")
    assert not (await recognizer.transcribe(sure)).rejected
    assert (await recognizer.transcribe(unsure)).rejected
    recognizer.close()


async def test_how_sure_it_is_of_its_words_is_told(whisper):
    sure, unsure = spoken(FRANCE), spoken("Photosynthesis bewilders seventeen platypuses.")
    assert BELIEVED < (await whisper.transcribe(sure)).confidence <= 1.0
    assert 0.0 < (await whisper.transcribe(unsure)).confidence < BELIEVED
    assert (await whisper.transcribe(silence(SPEECH_RATE_HZ))).confidence is None


async def test_how_sure_it_is_of_its_words_is_told_while_they_are_spoken(whisper):
    async def blocks():
        yield spoken("Photosynthesis bewilders seventeen platypuses.")

    [*_, last] = [partial async for partial in whisper.stream(blocks())]
    assert last.confidence < BELIEVED


def test_english_model_needs_no_detection():
    recognizer = FasterWhisperRecognizer(MODELS / "stt", language="")
    assert recognizer.language == "en"
    recognizer.close()


async def test_hotwords_are_told_to_the_model_and_not_believed_when_it_reads_them_back(monkeypatch):
    from faster_whisper import WhisperModel

    told, words = [], ["localvoice", "Parakeet"]

    def transcribe(model, audio, **options):
        told.append(options.get("hotwords"))
        segments, info = real(model, audio, **options)
        return (
            dataclasses.replace(segment, text=" Localvoice, Parakeet.", no_speech_prob=0.5) for segment in segments
        ), info

    recognizer = FasterWhisperRecognizer(MODELS / "stt", hotwords=words)
    real = WhisperModel.transcribe
    monkeypatch.setattr(WhisperModel, "transcribe", transcribe)
    assert (await recognizer.transcribe(spoken(FRANCE))).text == ""
    assert told == ["localvoice Parakeet"]
    recognizer.close()


async def test_a_language_is_found_once_and_asked_for_again_when_the_words_are_doubted(monkeypatch):
    from faster_whisper import WhisperModel

    told, sureness = [], iter([-0.1, -0.1, -0.95, -0.95, -0.1])

    def transcribe(model, audio, **options):
        told.append(options["language"])
        segments, info = real(model, audio, **{**options, "language": "en"})
        found = dataclasses.replace(info, language="de", language_probability=0.9)
        return (dataclasses.replace(segment, avg_logprob=next(sureness)) for segment in segments), found

    # the tiny model knows English only: which language it is told is changed, not what it does
    monkeypatch.setattr("localvoice.stt.faster_whisper.SpokenLanguage", lambda _: SpokenLanguage())
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    real = WhisperModel.transcribe
    monkeypatch.setattr(WhisperModel, "transcribe", transcribe)
    assert (await recognizer.transcribe(spoken(FRANCE))).language == "de"
    for _ in range(4):
        await recognizer.transcribe(spoken(FRANCE))
    assert told == [None, "de", "de", "de", None]
    recognizer.close()


def test_region_of_a_language_does_not_matter(whisper):
    FasterWhisperRecognizer(MODELS / "stt", language="en-GB").close()
    assert whisper.language == "en"


def test_unknown_language_is_a_wrong_setting():
    with pytest.raises(ConfigError, match="'de'"):
        FasterWhisperRecognizer(MODELS / "stt", language="de")


async def test_recording_gives_segments_with_times(whisper):
    sound = np.concatenate((silence(SPEECH_RATE_HZ // 2), spoken(FRANCE)))
    segments = [segment async for segment in whisper.transcribe_recording(sound)]
    assert "".join(segment.text for segment in segments) == FRANCE
    assert 0 <= segments[0].start_s < segments[-1].end_s <= len(sound) / SPEECH_RATE_HZ + 0.1


async def test_recording_closed_early_leaves_the_recogniser_usable(whisper):
    long = np.concatenate([spoken(FRANCE), silence(30 * SPEECH_RATE_HZ), spoken(FRANCE)])
    async with aclosing(whisper.transcribe_recording(long)) as segments:
        assert (await anext(segments)).text
    assert (await whisper.transcribe(spoken(FRANCE))).text == FRANCE


@pytest.fixture
def model_dir(tmp_path):
    return Path(shutil.copytree(MODELS / "stt", tmp_path / "stt" / "base.en"))


@pytest.mark.parametrize("file", ["config.json", "model.bin", "tokenizer.json", "vocabulary.json"])
def test_missing_file_is_named_with_the_command_that_gets_it(model_dir, file):
    (model_dir / file).unlink()
    with pytest.raises(ModelError, match=rf"{file.split('.')[0]}.*localvoice models download base\.en"):
        FasterWhisperRecognizer(model_dir)


@pytest.mark.parametrize(
    ("file", "length"),
    [
        ("model.bin", 0),
        ("model.bin", 10),
        ("model.bin", 40_000),
        ("model.bin", 3_000_000),
        ("tokenizer.json", 1000),
        ("config.json", 100),
        ("vocabulary.json", 1000),
        ("preprocessor_config.json", 100),
    ],
)
def test_a_file_that_was_cut_off_is_named_in_one_line(model_dir, file, length):
    (model_dir / file).write_bytes((model_dir / file).read_bytes()[:length])
    with pytest.raises(ModelError) as failure:
        FasterWhisperRecognizer(model_dir)
    again = "get it again with `localvoice models download base.en`"
    assert str(failure.value) == f"{model_dir / file} is cut off or damaged: {again}"


@pytest.mark.parametrize("file", ["config.json", "vocabulary.json"])
def test_a_file_of_something_else_is_named(model_dir, file):
    (model_dir / file).write_text("[]")
    with pytest.raises(ModelError, match=rf"{file} is not the file of that name"):
        FasterWhisperRecognizer(model_dir)


def test_feature_settings_of_another_model_are_noticed(model_dir):
    (model_dir / "preprocessor_config.json").write_text(json.dumps({"feature_size": 128}))
    with pytest.raises(ModelError, match="preprocessor_config"):
        FasterWhisperRecognizer(model_dir)


def test_hub_name_is_not_looked_up():
    with pytest.raises(ModelError, match="no recogniser in"):
        FasterWhisperRecognizer(Path("tiny.en"))


async def test_words_come_while_one_speaks_and_the_end_behind_a_pause_is_not_read_again():
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    sound = np.concatenate((silence(4800), spoken(FRANCE), silence(1600)))

    async def blocks():
        for at in range(0, len(sound), 512):
            yield sound[at : at + 512]
        yield silence(0)
        await settled.wait()
        recognizer.close()  # from here on it can be asked nothing
        yield silence(8000)

    settled, partials = asyncio.Event(), []
    async for partial in recognizer.stream(blocks()):
        partials.append(partial)
        if partial.settled_s is not None and partial.settled_s >= len(sound) / SPEECH_RATE_HZ - 0.01:
            assert partial.text == FRANCE
            settled.set()
    assert (partials[-1].text, partials[-1].stable, partials[-1].is_final) == (FRANCE, FRANCE, True)


async def test_scripted_partials_come_at_their_times():
    recognizer = ScriptedStreamingRecognizer([(0.1, "what", ""), (0.3, "what time", "what")], final="What time is it?")
    fed = []

    async def blocks():
        for _ in range(4):
            fed.append(len(fed))
            yield silence(1600)

    seen = [(len(fed), partial.text, partial.is_final) async for partial in recognizer.stream(blocks())]
    assert seen == [(1, "what", False), (3, "what time", False), (4, "What time is it?", True)]
