"""What every recogniser keeps to, starters and services alike: one that does not pass this does not exist."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from localvoice.engines import StreamingRecognizer
from localvoice.errors import ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.messages import Partial
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from localvoice.skills.catalog import Skills
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.stt.openai_compatible import OpenAICompatibleRecognizer
from localvoice.stt.parakeet import ParakeetRecognizer
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer
from tests.engines.test_parakeet import said as tones
from tests.scripted_server import (
    no_connection_left,  # noqa: F401 - a fixture for every test here
    serving,
    status,
)
from tests.stt_servers.ears import KEY, TEXT, WORDS, listening, spoken
from tests.stt_servers.table import STREAMED
from tests.waiting import until

TESTS = Path(__file__).parents[1]
FRANCE = "What is the capital of France?"


@dataclass
class Case:
    """A recogniser, a sound and its words."""

    engine: Any
    sound: Samples
    text: str


@lru_cache
def france() -> Samples:
    from piper import PiperVoice

    voice = PiperVoice.load(TESTS / "models" / "tts" / "en_US-tiny-test.onnx")
    sound = np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(FRANCE)]).astype(np.float32)
    return resample(sound, 22_050, SPEECH_RATE_HZ)


@lru_cache
def timer() -> Samples:
    samples, _ = soundfile.read(TESTS / "data" / "flite_set_a_timer.flac", dtype="float32")
    edge = silence(SPEECH_RATE_HZ * 3 // 10)
    return np.concatenate((edge, samples, edge))


@lru_cache
def whisper_engine() -> FasterWhisperRecognizer:
    return FasterWhisperRecognizer(TESTS / "models" / "stt")


@lru_cache
def parakeet_engine() -> ParakeetRecognizer:
    return ParakeetRecognizer(TESTS / "models" / "stt-parakeet")


@lru_cache
def sphinx_engine() -> PocketsphinxRecognizer:
    return PocketsphinxRecognizer(Skills().jsgf())


@asynccontextmanager
async def whisper() -> AsyncIterator[Case]:
    yield Case(whisper_engine(), france(), FRANCE)


@asynccontextmanager
async def sphinx() -> AsyncIterator[Case]:
    yield Case(sphinx_engine(), timer(), "set a timer for five minutes")


@asynccontextmanager
async def parakeet() -> AsyncIterator[Case]:
    yield Case(parakeet_engine(), tones("what time is it"), "what time is it")


@asynccontextmanager
async def upload() -> AsyncIterator[Case]:
    async with serving(status(200, {"text": TEXT})) as server:
        service = Service("groq", PROVIDERS["groq"].root(server.url), Secret(KEY), 5.0)
        yield Case(OpenAICompatibleRecognizer(service, "whisper-large-v3-turbo", "en"), spoken(), TEXT)


def streamed(name: str) -> Callable[[], Any]:
    @asynccontextmanager
    async def case() -> AsyncIterator[Case]:
        async with listening(STREAMED[name].dialect) as ears:
            yield Case(STREAMED[name].engine(ears.url), spoken(), TEXT)

    return case


CASES = {"faster-whisper": whisper, "pocketsphinx": sphinx, "parakeet": parakeet, "groq": upload} | {
    name: streamed(name) for name in STREAMED
}


@pytest.fixture(scope="module", autouse=True)
def closing():
    yield
    for engine_of in (whisper_engine, sphinx_engine, parakeet_engine):
        engine_of().close()
        engine_of.cache_clear()


@pytest.fixture(params=CASES)
async def case(request):
    async with CASES[request.param]() as made:
        yield made
        if request.param in {"groq", *STREAMED}:
            made.engine.close()
            await asyncio.sleep(0)


@pytest.fixture(params=STREAMED)
def one(request):
    return STREAMED[request.param]


async def blocks(sound: Samples, pause_at: int | None = None, frames: int = 1600) -> AsyncIterator[Samples]:
    """The sound as it is captured; the speaker pauses once."""
    for start in range(0, len(sound), frames):
        if start == pause_at:
            yield silence(0)
        yield sound[start : start + frames]
        await asyncio.sleep(0)


async def followed(engine: Any, sound: Samples, pause_at: int | None = None) -> list[Partial]:
    async with aclosing(engine.stream(blocks(sound, pause_at))) as partials:
        return [partial async for partial in partials]


# all of them


async def test_words_are_right_and_the_sound_is_left_as_it_was(case):
    sound = case.sound.copy()
    transcript = await case.engine.transcribe(sound)
    assert (transcript.text, transcript.language, transcript.rejected) == (case.text, "en", False)
    assert transcript.engine == case.engine.name
    assert np.array_equal(sound, case.sound)


async def test_silence_has_no_words(case):
    for seconds in (0.0, 0.01, 1.0):
        transcript = await case.engine.transcribe(silence(round(seconds * SPEECH_RATE_HZ)))
        assert (transcript.text, transcript.rejected) == ("", False)


async def test_a_call_cancelled_anywhere_ends_and_the_next_one_is_right(case):
    for steps in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
        call = asyncio.ensure_future(case.engine.transcribe(case.sound))
        for _ in range(steps):
            await asyncio.sleep(0)
        call.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait((call,))
        assert call.cancelled() or call.result().text == case.text
    assert (await case.engine.transcribe(case.sound)).text == case.text


async def test_closed_twice_it_does_no_more_work(case):
    whisper_engine.cache_clear()  # the others get new ones
    sphinx_engine.cache_clear()
    parakeet_engine.cache_clear()
    case.engine.close()
    case.engine.close()
    with pytest.raises(ProviderError):
        await case.engine.transcribe(case.sound)


# those that hear along


@pytest.fixture(params=[name for name in CASES if name != "groq"])
async def along(request):
    async with CASES[request.param]() as made:
        assert isinstance(made.engine, StreamingRecognizer)
        yield made
        if request.param in STREAMED:
            made.engine.close()
            await asyncio.sleep(0)


async def test_partials_grow_into_the_whole(along):
    seen = await followed(along.engine, along.sound)
    assert [partial.is_final for partial in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].text == along.text
    assert len(seen) > 1
    for partial, later in pairwise(seen):
        assert partial.text.startswith(partial.stable)
        assert later.text.startswith(partial.stable)
        assert (partial.settled_s or 0.0) <= (later.settled_s or len(along.sound) / SPEECH_RATE_HZ)


async def test_nothing_said_gives_an_empty_final_one(along):
    assert [(partial.text, partial.is_final) for partial in await followed(along.engine, silence(0))] == [("", True)]


async def test_a_stream_left_anywhere_leaves_nothing_behind(along):
    for count in (0, 1, 2, 4):
        async with aclosing(along.engine.stream(blocks(along.sound))) as partials:
            for _ in range(count):
                await anext(partials, None)
    assert (await followed(along.engine, along.sound))[-1].text == along.text


async def test_sound_that_fails_is_nobody_elses_fault(along):
    async def failing() -> AsyncIterator[Samples]:
        yield along.sound[:8000]
        raise FileNotFoundError("the microphone")

    async with asyncio.timeout(5):
        with pytest.raises(FileNotFoundError):
            _ = [partial async for partial in along.engine.stream(failing())]
    assert (await along.engine.transcribe(along.sound)).text == along.text


# services that hear along: what may go wrong with a socket

GARBAGE = [
    "",
    "{half",
    "null",
    "[]",
    "{}",
    '"x"',
    b"\xff\x00\xfe",
    '{"type": "Results"}',
    '{"event": "transcript.final"}',
]


async def heard(engine: Any, sound: Samples) -> str:
    """The words, or "" where the engine says that it failed; anything else fails the test."""
    try:
        return (await engine.transcribe(sound)).text
    except ProviderError as error:
        return str(error) if KEY in str(error) else ""


async def test_a_pause_brings_the_words_so_far(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url)
        first, rest = spoken(5), spoken(6, first=5)
        gap = silence(SPEECH_RATE_HZ // 2)
        seen = await followed(engine, np.concatenate((first, gap, rest)), pause_at=len(first) + 3200)
        engine.close()
    assert seen[-1].text == TEXT
    if one.provider != "azure":  # it cannot be asked
        settled = next(partial for partial in seen if partial.settled_s is not None)
        assert settled.text == " ".join(WORDS[:5])
        assert settled.settled_s is not None
        assert settled.settled_s >= len(first) / SPEECH_RATE_HZ


@pytest.mark.parametrize("how", ["lost", "closed", "refused"])
async def test_one_that_dies_at_any_message_fails_and_the_next_turn_is_right(one, how):
    close_with = {"lost": (0, ""), "closed": (1000, ""), "refused": (1011, f"internal {KEY}")}[how]
    async with listening(one.dialect, close_with=close_with) as ears:
        engine = one.engine(ears.url)
        for at in range(14):
            ears.dies_at = at
            assert await heard(engine, spoken()) in {"", TEXT}
        ears.dies_at = None
        await heard(engine, spoken())  # a socket made ahead may be dead
        assert (await engine.transcribe(spoken())).text == TEXT
        engine.close()


@pytest.mark.parametrize("at", [0, 3])
async def test_what_cannot_be_read_is_a_failure_or_nothing(one, at):
    async with listening(one.dialect, dies_at=at) as ears:
        for message in GARBAGE:
            ears.garbage = message or " "
            engine = one.engine(ears.url, timeout_s=0.3)
            assert await heard(engine, spoken()) in {"", TEXT}
            engine.close()


async def test_a_wrong_key_is_refused_and_not_repeated(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url, key="wrong_planted")
        for call in (engine.check, lambda: engine.transcribe(spoken())):
            with pytest.raises(ProviderRefused, match=r"check [A-Z_]+_KEY") as caught:
                await call()
            assert "planted" not in str(caught.value)
        engine.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [(401, ProviderRefused), (402, ProviderRefused), (429, ProviderUnavailable), (500, ProviderUnavailable)],
)
async def test_a_refused_handshake_says_why(one, code, kind):
    async with listening(one.dialect, refuses=code, refusal_headers={"retry-after": "7"}) as ears:
        engine = one.engine(ears.url)
        with pytest.raises(kind) as caught:
            await engine.transcribe(spoken())
        engine.close()
    if kind is ProviderUnavailable:
        assert (caught.value.retry_after_s, caught.value.may_retry) == (7.0, False)
    assert KEY not in str(caught.value)


async def test_nobody_there_is_unavailable(one):
    engine = one.engine("http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable) as caught:
        await engine.transcribe(spoken())
    assert caught.value.may_retry
    engine.close()


@pytest.mark.parametrize("fault", [{"stalls": True}, {"is_rude": True}, {"is_deaf": True}])
async def test_silence_of_the_service_is_not_waited_for_without_end(one, fault):
    async with listening(one.dialect, **fault) as ears:
        engine = one.engine(ears.url, timeout_s=0.2)
        with pytest.raises(ProviderUnavailable):
            async with asyncio.timeout(5):
                await engine.transcribe(np.tile(spoken(), 40))
        engine.close()


async def test_a_slow_drip_arrives_whole(one):
    async with listening(one.dialect, delay_s=0.02) as ears:
        engine = one.engine(ears.url)
        assert (await followed(engine, spoken()))[-1].text == TEXT
        engine.close()


async def test_a_minute_without_a_breath_is_heard(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url)
        text = (await engine.transcribe(np.tile(spoken(), 55))).text
        engine.close()
    assert text.split() == WORDS * 55


async def test_a_socket_that_died_while_it_waited_costs_no_turn(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url)
        await engine.check()
        for _ in range(3):
            assert (await engine.transcribe(spoken())).text == TEXT
            await asyncio.sleep(0.02)
            for socket in ears.server.connections:
                socket.transport.abort()
            await asyncio.sleep(0.02)
        engine.close()


async def test_a_turn_that_is_left_hangs_up(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url)
        stream = engine.stream(blocks(np.tile(spoken(), 20)))
        await anext(stream)
        await stream.aclose()
        engine.close()
        await until(ears.empty.is_set)


async def test_each_sample_is_sent_once_with_the_key_in_a_header(one):
    async with listening(one.dialect) as ears:
        engine = one.engine(ears.url)
        await followed(engine, spoken(), pause_at=8000)
        engine.close()
    sound = next(sound for sound in ears.sounds if sound.bytes)
    assert sound.words == WORDS
    assert all(KEY not in path for path in ears.paths)
    assert all(KEY not in str(message) for message in ears.received)


async def test_random_faults_end_in_the_words_or_an_error(one):
    dice = random.Random(one.provider)
    for _ in range(20):
        faults: dict[str, Any] = {
            "dies_at": dice.choice([None, dice.randrange(20)]),
            "close_with": dice.choice([(0, ""), (1000, ""), (1008, "no"), (1011, "x"), (4029, "fast")]),
            "garbage": dice.choice(["", "", *GARBAGE]),
            "refuses": dice.choice([0] * 8 + [401, 429, 503]),
            "delay_s": dice.choice([0.0, 0.001, 0.005]),
            "jitter_s": dice.choice([0.0, 0.01]),
            "stalls": dice.random() < 0.1,
        }
        async with listening(one.dialect, **faults) as ears:
            engine = one.engine(ears.url, timeout_s=0.3)
            async with asyncio.timeout(5):
                assert await heard(engine, spoken()) in {"", TEXT}, faults
            engine.close()


async def test_scribe_is_told_what_was_said_before_once():
    async with listening(STREAMED["elevenlabs"].dialect) as ears:
        engine = STREAMED["elevenlabs"].engine(ears.url)
        engine.prompt = "The first one is the long one, and the second one is in Reykjavik."
        assert (await engine.transcribe(spoken())).text == TEXT
        engine.close()
    told = [json.loads(message).get("previous_text") for message in ears.received]
    assert told[0] == "the long one, and the second one is in Reykjavik."
    assert set(told[1:]) == {None}


def test_every_recogniser_of_the_table_is_tested_here():
    rows = {name for name, row in PROVIDERS.items() if "stt" in row.models}
    assert rows == {one.provider for one in STREAMED.values()} | {"groq", "openai"}
