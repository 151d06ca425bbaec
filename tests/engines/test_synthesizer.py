"""The contract of `Synthesizer`, over a fake, espeak-ng, and Piper's real engine with the tiny test voice."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, resample
from localvoice.engines import Synthesizer
from localvoice.errors import ConfigError, ModelError, ProviderError
from localvoice.messages import SpeechChunk
from localvoice.text.clauses import clauses
from localvoice.tts.espeak import EspeakSynthesizer, voices
from localvoice.tts.espeak_library import espeak_library
from localvoice.tts.kokoro import KokoroSynthesizer
from localvoice.tts.piper import PiperSynthesizer
from localvoice.tts.trim import LEAD_S, SILENCE_LEVEL
from tests.fakes import FakeSynthesizer

MODELS = Path(__file__).parents[1] / "models"
VOICE = MODELS / "tts" / "en_US-tiny-test.onnx"
KOKORO = MODELS / "tts" / "kokoro-tiny"
REPLY = ["Hello!", " How can I", " help you, **today**?", " \n", " It is 25 °C — see [this](https://example.com/a)."]


def piper(path: Path = VOICE, **options: float) -> PiperSynthesizer:
    return PiperSynthesizer(path, **options)


def kokoro(path: Path = KOKORO, **options: float) -> KokoroSynthesizer:
    return KokoroSynthesizer(path, **options)


REAL = {"espeak": EspeakSynthesizer, "piper": piper, "kokoro": kokoro}


@pytest.fixture(params=["fake", *REAL])
def voice(request: pytest.FixtureRequest) -> Iterator[Synthesizer]:
    synthesizer = {"fake": FakeSynthesizer, **REAL}[request.param]()
    yield synthesizer
    synthesizer.close()


@pytest.fixture(params=REAL)
def real_voice(request: pytest.FixtureRequest) -> Iterator[Synthesizer]:
    synthesizer = REAL[request.param]()
    yield synthesizer
    synthesizer.close()


async def stream(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def speak(synthesizer: Synthesizer, *texts: str) -> list[SpeechChunk]:
    return [chunk async for chunk in synthesizer.synthesize(stream(*texts))]


async def speak_one(synthesizer: Synthesizer, text: str) -> SpeechChunk:
    (chunk,) = await speak(synthesizer, text)
    return chunk


def words(chunk: SpeechChunk) -> list[str]:
    return [chunk.text[word.start : word.end] for word in chunk.words]


def level_db(chunk: SpeechChunk) -> float:
    loud = chunk.samples[np.abs(chunk.samples) > SILENCE_LEVEL]
    return float(10 * np.log10(np.mean(loud**2)))


# the contract


async def test_the_texts_of_the_chunks_are_the_clauses(voice: Synthesizer):
    chunks = await speak(voice, *REPLY)
    assert "".join(chunk.text for chunk in chunks) == "".join(REPLY)
    assert len({chunk.rate_hz for chunk in chunks}) == 1


async def test_speech_is_float32_mono_and_audible(voice: Synthesizer):
    chunk = await speak_one(voice, "Hello there.")
    assert chunk.samples.dtype == np.float32
    assert chunk.samples.ndim == 1
    assert 0.1 < np.abs(chunk.samples).max() <= 1


async def test_space_alone_gives_a_chunk_without_samples(voice: Synthesizer):
    chunk = await speak_one(voice, " \n")
    assert (chunk.text, len(chunk.samples), chunk.words) == (" \n", 0, ())


async def test_no_clauses_give_no_chunks(voice: Synthesizer):
    assert await speak(voice) == []


async def test_word_times_are_in_order_inside_the_sound_and_spans_inside_the_text(voice: Synthesizer):
    for chunk in await speak(voice, *REPLY):
        for word in chunk.words:
            assert 0 <= word.start < word.end <= len(chunk.text)
            assert 0 <= word.start_s <= word.end_s <= chunk.duration_s + 1e-6
        for one, two in pairwise(chunk.words):
            assert one.end <= two.start
            assert one.end_s <= two.start_s + 1e-6


async def test_a_clause_is_spoken_before_the_next_one_is_asked_for(voice: Synthesizer):
    asked = []

    async def texts() -> AsyncIterator[str]:
        for text in ("One.", " Two."):
            asked.append(text)
            yield text

    async with aclosing(voice.synthesize(texts())) as chunks:
        await anext(chunks)
        assert asked == ["One."]


async def test_a_cancelled_call_ends_at_once_and_the_next_one_works(voice: Synthesizer):
    speaking = asyncio.create_task(speak(voice, "a very long clause with many words " * 40))
    await asyncio.sleep(0)
    speaking.cancel()
    for _ in range(20):  # steps of the loop, and no time
        await asyncio.sleep(0)
    assert speaking.cancelled()
    assert (await speak_one(voice, "Next.")).duration_s < 2


async def test_a_closed_iterator_asks_for_no_more_text(voice: Synthesizer):
    asked = []

    async def texts() -> AsyncIterator[str]:
        while True:
            asked.append("Again.")
            yield "Again."

    chunks = voice.synthesize(texts())
    await anext(chunks)
    await chunks.aclose()
    assert len(asked) == 1


async def test_two_replies_at_once_do_not_mix(voice: Synthesizer):
    one, two = await asyncio.gather(speak(voice, *["One."] * 5), speak(voice, *["Two hundred."] * 5))
    assert [chunk.text for chunk in one] == ["One."] * 5
    assert [chunk.text for chunk in two] == ["Two hundred."] * 5
    assert all(len(chunk.samples) < len(other.samples) for chunk, other in zip(one, two, strict=True))


async def test_a_closed_voice_refuses(voice: Synthesizer):
    voice.close()
    voice.close()
    with pytest.raises(ProviderError):
        await speak(voice, "Hello.")


# the real engines


async def test_sound_begins_within_five_milliseconds(real_voice: Synthesizer):
    for text in ("Hello there.", " Yes,", "- See the list"):
        chunk = await speak_one(real_voice, text)
        first = np.flatnonzero(np.abs(chunk.samples) > SILENCE_LEVEL)[0]
        assert first <= round(LEAD_S * chunk.rate_hz)


async def test_the_pause_behind_a_clause_follows_its_mark(real_voice: Synthesizer):
    async def pause_s(text: str) -> float:
        chunk = await speak_one(real_voice, text)
        return (len(chunk.samples) - 1 - np.flatnonzero(np.abs(chunk.samples) > SILENCE_LEVEL)[-1]) / chunk.rate_hz

    assert await pause_s("We go home.") == pytest.approx(0.30, abs=0.001)
    assert await pause_s('"We go home,"') == pytest.approx(0.16, abs=0.001)
    assert await pause_s("We go home") == pytest.approx(0.03, abs=0.001)


async def test_every_word_as_written_has_its_time(real_voice: Synthesizer):
    chunk = await speak_one(real_voice, " Today **Anna** paid $5 for 25 °C — really, see [here](http://a.com) 🎉!")
    assert words(chunk) == ["Today", "Anna", "paid", "$5", "for", "25", "°C", "really", "see", "here"]


async def test_words_said_in_one_go_are_covered(real_voice: Synthesizer):
    chunk = await speak_one(real_voice, "One of the 1,234 people in the house")
    assert " ".join(words(chunk)) == "One of the 1,234 people in the house"
    assert {"One", "1,234", "people", "house"} <= set(words(chunk))


@pytest.mark.parametrize("name", ["espeak", "piper"])
async def test_a_pause_lies_between_words_not_inside_one(name: str):
    chunk = await speak_one(REAL[name](), "Stop now; then we go again")
    loud = np.abs(chunk.samples) > SILENCE_LEVEL
    edges = np.flatnonzero(np.diff(np.flatnonzero(loud)) > 0.05 * chunk.rate_hz)
    assert len(edges) == 1
    gap_start_s = np.flatnonzero(loud)[edges[0]] / chunk.rate_hz
    now, then = chunk.words[1:3]
    assert words(chunk)[1:3] == ["now", "then"]
    assert now.end_s == pytest.approx(gap_start_s, abs=0.002)
    assert then.start_s > gap_start_s + 0.04


@pytest.mark.parametrize("text", ["🎉", "—", "```python", "…", "\u200d"])
async def test_a_clause_with_nothing_to_say_gives_no_samples(real_voice: Synthesizer, text: str):
    chunk = await speak_one(real_voice, text)
    assert (chunk.text, len(chunk.samples)) == (text, 0)


@pytest.mark.parametrize(
    "text", ["a\x00b \ud83d c", "<speak>hi</speak> there", "[[ nonsense ]] word", "日本語 text", "x" * 400]
)
async def test_odd_text_is_survived(real_voice: Synthesizer, text: str):
    chunk = await speak_one(real_voice, text)
    assert chunk.text == text
    assert len(chunk.samples)


@pytest.mark.parametrize("name", REAL)
async def test_rate_shortens(name: str):
    normal = await speak_one(REAL[name](), "It is sunny today in Tokyo")
    fast = await speak_one(REAL[name](rate=1.5), "It is sunny today in Tokyo")
    assert fast.duration_s == pytest.approx(normal.duration_s / 1.5, rel=0.15)


@pytest.mark.parametrize("name", ["espeak", "piper"])
async def test_volume_lowers(name: str):
    normal = await speak_one(REAL[name](), "It is sunny today in Tokyo")
    quiet = await speak_one(REAL[name](volume=0.5), "It is sunny today in Tokyo")
    assert np.abs(quiet.samples).max() == pytest.approx(np.abs(normal.samples).max() / 2, rel=0.05)


async def test_the_level_does_not_jump_between_clauses(real_voice: Synthesizer):
    chunks = await speak(real_voice, "Yes.", " The weather is nice.", " Ssh, a whisper.")
    levels = [level_db(chunk) for chunk in chunks]
    assert max(levels) - min(levels) < 6
    assert max(np.abs(chunk.samples).max() for chunk in chunks) < 0.95  # not raised to full scale one by one


async def test_a_streamed_reply_is_understood_by_the_recogniser():
    from localvoice.stt.faster_whisper import FasterWhisperRecognizer

    chunks = await speak(piper(), *[part async for part in clauses(stream("The capital", " of France is Par", "is."))])
    sound = np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    assert (await recognizer.transcribe(sound)).text == "The capital of France is Paris."
    recognizer.close()


# espeak


@pytest.mark.parametrize(
    ("voice", "hint"), [("en-uss", "en-us"), ("xx-nothing", "localvoice voices"), ("en-us+f33", "f3")]
)
def test_an_unknown_voice_is_a_config_error_that_names_some(voice: str, hint: str):
    with pytest.raises(ConfigError, match=voice.rpartition("+")[2]) as failure:
        EspeakSynthesizer(voice=voice)
    assert hint in str(failure.value)


async def test_voices_sound_different():
    sounds = [await speak_one(EspeakSynthesizer(voice=voice), "Hello") for voice in ("en-us", "EN-GB", "en-us+f3")]
    assert len({sound.samples.tobytes() for sound in sounds}) == 3


@pytest.mark.parametrize("engine", [EspeakSynthesizer, partial(PiperSynthesizer, VOICE)], ids=["espeak", "piper"])
async def test_words_of_the_users_dictionary_are_said_as_it_has_them(engine: Callable[..., Synthesizer]):
    plain, taught = engine(), engine(pronunciation={"GIF": "elephant parade"})
    [as_written], [as_taught] = await speak(plain, "A GIF."), await speak(taught, "A GIF.")
    assert as_taught.text == "A GIF."
    assert as_taught.duration_s > as_written.duration_s + 0.2
    if as_taught.words:
        assert [(word.start, word.end) for word in as_taught.words] == [(0, 1), (2, 5)]


async def test_a_region_that_espeak_does_not_know_is_left_out():
    assert len((await speak_one(EspeakSynthesizer(voice="de-DE"), "Hallo")).samples)
    with pytest.raises(ConfigError, match="xx-de"):
        EspeakSynthesizer(voice="xx-DE")


async def test_espeak_says_units_in_the_language_of_its_voice():
    [figures], [words] = [await speak(EspeakSynthesizer(voice="de"), text) for text in ("12 km/h", "12")]
    assert figures.duration_s > words.duration_s + 1.0  # "Kilometer pro Stunde"


def test_espeak_lists_its_voices():
    assert voices()["en-us"] == "English (America)"
    assert voices()["en"] == "English (Great Britain)"


def test_espeak_speaks_from_a_folder_with_a_very_long_name(tmp_path: Path):
    import espeakng_loader

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    program = (
        "import sys, asyncio, espeakng_loader, piper.phonemize_espeak, pathlib\n"
        "espeakng_loader.get_data_path = lambda: sys.argv[1]\n"
        "piper.phonemize_espeak.ESPEAK_DATA_DIR = pathlib.Path(sys.argv[1])\n"
        "from localvoice.tts.espeak import EspeakSynthesizer\n"
        "from localvoice.tts.piper import PiperSynthesizer\n"
        "async def text(): yield 'Hello'\n"
        "async def main(voice): return [len(chunk.samples) async for chunk in voice.synthesize(text())]\n"
        "for voice in EspeakSynthesizer(), PiperSynthesizer(pathlib.Path(sys.argv[2])):\n"
        "    assert asyncio.run(main(voice))[0] > 5000\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(deep / "espeak-ng-data"), str(VOICE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_espeak_stops_at_the_next_block_when_nobody_waits():
    text = "a very long clause " * 20
    library = espeak_library()
    options = {"voice": "gmw/en-US", "words_per_minute": 175}
    samples, _ = library.render(text, **options, is_cancelled=lambda: True)
    assert len(samples) < 0.5 * library.rate_hz
    samples, _ = library.render(text, **options, is_cancelled=lambda: False)
    assert len(samples) > 10 * library.rate_hz


# piper


async def test_piper_stops_at_the_next_sentence_when_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    from piper import PiperVoice

    voice, loop, begun, may_end, sentences = piper(), asyncio.get_running_loop(), asyncio.Event(), threading.Event(), []
    inference = PiperVoice.phoneme_ids_to_audio

    def held(*args, **options):
        sentences.append(args)
        loop.call_soon_threadsafe(begun.set)
        may_end.wait(10)
        return inference(*args, **options)

    monkeypatch.setattr(PiperVoice, "phoneme_ids_to_audio", held)
    speaking = asyncio.create_task(speak(voice, "Go on. " * 20))
    await begun.wait()
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    may_end.set()
    await speak_one(voice, "Next.")
    assert len(sentences) == 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "voice"
    shutil.copytree(MODELS / "tts", copy)
    return copy


async def test_a_folder_with_one_voice_is_a_voice(folder: Path):
    assert len((await speak_one(piper(folder), "Hello.")).samples)


def field(number: int, content: bytes) -> bytes:
    """A protobuf field with a length."""
    return bytes([number << 3 | 2, len(content)]) + content


async def test_a_voice_that_keeps_its_phoneme_lengths_to_itself_has_the_same_word_times(folder: Path):
    model = bytearray((folder / VOICE.name).read_bytes())
    # the graph's output (field 12) "durations" becomes a mere note about a value (field 13), as in published voices
    tag = model.rindex(field(1, b"durations")) - 2
    assert model[tag] == 12 << 3 | 2
    model[tag] = 13 << 3 | 2
    rounding = field(1, b"durations") + field(2, b"/Ceil_output_0") + field(4, b"Ceil")
    (folder / VOICE.name).write_bytes(model + field(7, field(1, rounding)))
    text = "One of the 25 people, Dr. Smith, is here."
    assert (await speak_one(piper(folder), text)).words == (await speak_one(piper(), text)).words


async def test_a_voice_without_phoneme_lengths_speaks_without_word_times(folder: Path):
    model = bytearray((folder / VOICE.name).read_bytes())
    model[model.rindex(field(1, b"durations")) - 2] = 13 << 3 | 2
    (folder / VOICE.name).write_bytes(model)
    chunk = await speak_one(piper(folder), "Hello there.")
    assert len(chunk.samples)
    assert chunk.words == ()


def config_without(folder: Path, key: str) -> None:
    path = folder / f"{VOICE.name}.json"
    config = json.loads(path.read_text())
    del config[key]
    path.write_text(json.dumps(config))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])


def truncate_by_one(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / VOICE.name).unlink(), "holds no voice"),
        (lambda folder: shutil.copy(folder / VOICE.name, folder / "other.onnx"), "several voices"),
        (lambda folder: truncate(folder / VOICE.name), "corrupt"),
        (lambda folder: (folder / VOICE.name).write_bytes(b""), "corrupt"),
        (lambda folder: (folder / f"{VOICE.name}.json").unlink(), "onnx.json is missing"),
        (lambda folder: (folder / f"{VOICE.name}.json").write_text("{"), "onnx.json is cut off"),
        (lambda folder: (folder / f"{VOICE.name}.json").write_text("[]"), "not the file of that name"),
        (lambda folder: (folder / f"{VOICE.name}.json").write_bytes(b"\xff\xfe"), "onnx.json is cut off"),
        (lambda folder: config_without(folder, "phoneme_id_map"), "'phoneme_id_map' is missing"),
    ],
)
def test_a_damaged_voice_is_a_model_error_with_a_way_out(folder: Path, damage, reason: str):
    damage(folder)
    with pytest.raises(ModelError, match=reason) as failure:
        piper(folder)
    message = str(failure.value)
    assert str(folder) in message
    assert "localvoice models download" in message
    assert "\n" not in message


def test_a_missing_voice_is_a_model_error():
    with pytest.raises(ModelError, match="does not exist"):
        piper(Path("nowhere.onnx"))


def test_another_onnx_model_is_no_voice(folder: Path):
    import faster_whisper

    assets = Path(faster_whisper.__file__).parent / "assets"
    shutil.copy(next(assets.glob("*.onnx")), folder / VOICE.name)
    with pytest.raises(ModelError, match="no Piper voice"):
        piper(folder)


async def test_a_change_of_pace_counts_from_the_next_clause_on(real_voice: Synthesizer):
    lengths = []
    for pace in (1.0, 0.5, 1.0):
        real_voice.rate = pace
        lengths.append(len((await speak_one(real_voice, "This is said slower, then faster.")).samples))
    normal, slow, again = lengths
    assert slow > 1.2 * normal
    assert abs(again - normal) < 100


async def test_kokoros_word_times_are_those_of_its_sounds():
    chunk = await speak_one(kokoro(), "Hello there")
    loud = np.flatnonzero(np.abs(chunk.samples) > SILENCE_LEVEL) / chunk.rate_hz
    gaps = np.flatnonzero(np.diff(loud) > 0.04)  # the tiny model is silent for spaces, 50 ms each
    assert len(gaps) == 1
    first, second = chunk.words
    assert first.start_s == pytest.approx(loud[0], abs=0.01)
    assert second.start_s == pytest.approx(loud[gaps[0] + 1], abs=0.01)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda folder: (folder / "voices-tiny.bin").unlink(), "has no voices"),
        (lambda folder: (folder / "voices-tiny.bin").write_bytes(b"nonsense"), "holds no voices"),
        (lambda folder: truncate_by_one(folder / "voices-tiny.bin"), "is cut off"),
        (lambda folder: (folder / "kokoro-tiny.onnx").write_bytes(b"nonsense"), "corrupt or no ONNX model"),
        (lambda folder: (folder / "kokoro-tiny.onnx").unlink(), "holds no model"),
        (lambda folder: shutil.copy(VOICE, folder / "kokoro-tiny.onnx"), "is no Kokoro model"),
    ],
)
def test_a_damaged_kokoro_is_a_model_error_with_a_way_out(
    tmp_path: Path, broken: Callable[[Path], object], reason: str
):
    folder = tmp_path / "kokoro"
    shutil.copytree(KOKORO, folder)
    broken(folder)
    with pytest.raises(ModelError, match=reason) as caught:
        kokoro(folder)
    assert "localvoice models download kokoro-v1.0" in str(caught.value)


def test_kokoro_names_the_voices_it_has():
    with pytest.raises(ConfigError, match="kokoro has no voice 'zz_nobody'; it has af_heart, bm_george"):
        KokoroSynthesizer(KOKORO, "zz_nobody")
