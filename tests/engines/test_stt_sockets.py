"""What the streaming recognisers do with their sockets: what they ask for, what waits, how they leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ProviderUnavailable
from localvoice.fallback import FallbackRecognizer
from localvoice.providers import PROVIDERS
from localvoice.stt import socket_line
from tests.stt_servers.deepgram_server import Nova
from tests.stt_servers.ears import KEY, TEXT, WORDS, listening, query, spoken
from tests.stt_servers.table import STREAMED
from tests.waiting import until

ALL = pytest.mark.parametrize("one", STREAMED.values(), ids=STREAMED)
WARM = {"deepgram", "cartesia"}
"""Those whose sockets cost nothing while they wait."""


async def blocks(*parts: Samples | float) -> AsyncIterator[Samples]:
    """Sound, and pauses in which there is none (seconds)."""
    for part in parts:
        if isinstance(part, float):
            await asyncio.sleep(part)
        else:
            yield part


async def final(engine, *parts: Samples | float) -> str:
    async with aclosing(engine.stream(blocks(*parts))) as partials:
        return [partial async for partial in partials][-1].text


# what they ask for

ASKED = {
    "deepgram": ("/v1/listen", {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000", "language": "de"}),
    "flux": ("/v2/listen", {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}),
    "assemblyai": (
        "/v3/ws",
        {"sample_rate": "16000", "encoding": "pcm_s16le", "speech_model": "universal-streaming-multilingual"},
    ),
    "elevenlabs": (
        "/v1/speech-to-text/realtime",
        {
            "model_id": "scribe_v2_realtime",
            "audio_format": "pcm_16000",
            "commit_strategy": "manual",
            "language_code": "de",
        },
    ),
    "cartesia": (
        "/stt/websocket",
        {"model": "ink-whisper", "encoding": "pcm_s16le", "sample_rate": "16000", "language": "de"},
    ),
    "sarvam": (
        "/speech-to-text-realtime/ws",
        {"model": "saaras:v3-realtime", "language_code": "de-IN", "endpointing": "manual", "encoding": "linear16"},
    ),
    "azure": ("/speech/recognition/conversation/cognitiveservices/v1", {"language": "de-DE"}),
}
UNKNOWN = {
    "deepgram": {"language": "multi"},
    "assemblyai": {"speech_model": "universal-streaming-multilingual"},
    "sarvam": {"language_code": "auto"},
    "azure": {"language": "en-US"},
}
"""What is asked for where nobody has said which language it is."""


@pytest.mark.parametrize("name", STREAMED)
async def test_it_is_asked_for_in_the_vendors_words(name):
    path, asked = ASKED[name]
    async with listening(STREAMED[name].dialect) as server:
        for language in ("de-DE" if name == "azure" else "de", ""):
            engine = STREAMED[name].engine(server.url, language=language)
            await engine.check()
            engine.close()
    told, untold = server.paths[0], server.paths[-1]
    assert told.partition("?")[0] == path
    assert query(told).items() >= asked.items()
    assert query(untold).items() >= UNKNOWN.get(name, {}).items()
    if name in {"elevenlabs", "cartesia"}:
        assert not {"language", "language_code"} & query(untold).keys()


TOLD = {
    "deepgram": {"keyterm": ["Kokoro", "Anna B"]},
    "flux": {"keyterm": ["Kokoro", "Anna B"]},
    "assemblyai": {"keyterms_prompt": ['["Kokoro", "Anna B"]']},
    "elevenlabs": {"keyterms": ["Kokoro", "Anna B"]},
    "cartesia": {"keyterm": ["Kokoro", "Anna B"]},
}
"""How each is told of rare words; the others take none."""


@pytest.mark.parametrize("name", STREAMED)
async def test_rare_words_are_told_in_the_vendors_fields(name):
    async with listening(STREAMED[name].dialect) as server:
        for hotwords in (("Kokoro", "Anna B", "x" * 60), ()):
            engine = STREAMED[name].engine(server.url, hotwords=hotwords)
            await engine.check()
            engine.close()
    told, untold = (parse_qs(urlsplit(path).query) for path in (server.paths[0], server.paths[-1]))
    assert {field: told[field] for field in told.keys() - untold.keys()} == TOLD.get(name, {})


def test_no_more_rare_words_are_told_than_a_service_takes():
    words = [f"word{number:02d}" for number in range(90)]
    fields = PROVIDERS["elevenlabs"].hotword_fields(["", "x" * 21, *words], "scribe_v2_realtime")
    assert fields == [("keyterms", word) for word in words[:50]]
    assert sum(len(word) for _, word in PROVIDERS["cartesia"].hotword_fields(["y" * 40] * 90, "ink-2")) == 1200
    assert PROVIDERS["deepgram"].hotword_fields(words, "nova-2") == []


# what is sent


@ALL
@pytest.mark.parametrize("words", [1, 2])
async def test_a_short_word_is_sent_at_a_length_that_is_taken(one, words):
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        assert await final(engine, spoken(words)) == " ".join(WORDS[:words])
        engine.close()
    assert max(sound.seconds for sound in server.sounds) == pytest.approx(0.5, abs=0.05)


@ALL
async def test_pieces_have_a_size_that_is_taken_whatever_comes(one):
    ragged = [spoken()[start : start + 1] for start in range(37)] + [spoken()[37:9001], silence(0), spoken()[9001:]]
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        assert await final(engine, *ragged) == TEXT
        engine.close()


@ALL
async def test_questions_in_pauses_add_nothing_to_the_sound(one):
    """The service's times are those of the sound it was sent."""
    paused = [part for _ in range(5) for part in (silence(8256), silence(0))]
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        assert await final(engine, spoken(), *paused, silence(8256)) == TEXT
        engine.close()
    fed_s = (len(spoken()) + 6 * 8256) / SPEECH_RATE_HZ
    assert max(sound.seconds for sound in server.sounds) == pytest.approx(fed_s, abs=0.051)


# what waits


@ALL
async def test_a_socket_waits_only_where_that_is_free(one):
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        await engine.check()
        is_warm = one.provider in WARM and not one.model
        await until(lambda: server.open == is_warm)
        assert await final(engine, spoken()) == TEXT
        assert bool(server.sounds[0].bytes) == is_warm
        engine.close()
        await until(server.empty.is_set)


@pytest.fixture
def awake_soon(monkeypatch):
    """Signs of life at once, so that nobody has to wait for them."""
    put = socket_line.Listening.__init__

    def hurried(listening, line, wire, *further):
        put(listening, line, replace(wire, keep_alive_s=0.03) if wire.keep_alive else wire, *further)

    monkeypatch.setattr(socket_line.Listening, "__init__", hurried)


@pytest.mark.usefixtures("awake_soon")
@pytest.mark.parametrize("name", ["deepgram", "assemblyai"])
async def test_a_service_is_kept_awake_while_there_is_no_sound(name):
    async with listening(STREAMED[name].dialect) as server:

        async def pausing() -> AsyncIterator[Samples]:
            yield spoken(5)
            await until(lambda: kinds(server).count("KeepAlive") >= 2)
            yield spoken(6, first=5)

        engine = STREAMED[name].engine(server.url)
        async with aclosing(engine.stream(pausing())) as partials:
            seen = [partial async for partial in partials]
        engine.close()
    assert kinds(server).count("KeepAlive") >= 2
    assert seen[-1].text == TEXT


async def test_a_waiting_socket_is_kept_awake_and_not_for_ever(monkeypatch):
    monkeypatch.setattr("localvoice.stt.deepgram._AWAKE_S", 0.02)
    monkeypatch.setattr("localvoice.stt.socket_line._WARM_S", 0.1)
    async with listening(STREAMED["deepgram"].dialect) as server:
        engine = STREAMED["deepgram"].engine(server.url)
        await engine.check()
        await until(server.empty.is_set)
        assert set(kinds(server)) == {"KeepAlive"}
        assert 2 <= len(server.received) <= 6
        assert await final(engine, spoken()) == TEXT
        engine.close()


def kinds(server) -> list[str]:
    return [json.loads(message)["type"] for message in server.received if isinstance(message, str)]


# how they leave


@pytest.mark.parametrize("how", ["left", "whole", "checked", "failing"])
async def test_a_session_that_is_paid_by_time_is_always_ended_in_words(how):
    one = STREAMED["assemblyai"]
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        if how == "checked":
            await engine.check()
        elif how == "whole":
            assert await final(engine, spoken()) == TEXT
        elif how == "left":
            async with aclosing(engine.stream(blocks(spoken(), 5.0))) as partials:
                await anext(partials)
        else:
            with pytest.raises(TypeError):
                await final(engine, spoken(), "no sound")
        engine.close()
        await until(server.empty.is_set)
    assert "Terminate" in kinds(server)


async def test_cancelling_does_not_wait_for_the_farewell():
    one = STREAMED["assemblyai"]
    async with listening(one.dialect, stalls=True) as server:
        engine = one.engine(server.url)
        call = asyncio.ensure_future(engine.transcribe(np.tile(spoken(), 3)))
        await server.arrived.wait()
        call.cancel()
        for _ in range(20):  # steps of the loop, and no time
            await asyncio.sleep(0)
        assert call.cancelled()
        engine.close()


# what their failures are worth


@pytest.mark.parametrize(("at", "may_retry"), [(0, True), (1, False), (4, False)])
async def test_only_what_was_not_answered_is_tried_again(at, may_retry):
    one = STREAMED["deepgram"]
    async with listening(one.dialect, dies_at=at) as server:
        engine = one.engine(server.url)
        with pytest.raises(ProviderUnavailable) as caught:
            await final(engine, spoken())
        engine.close()
    assert caught.value.may_retry is may_retry


class Wordless(Nova):
    """Takes the sound, and hangs up in good order without having said a word about it."""

    def hear(self, message: str | bytes) -> Iterable[str]:
        for said in super().hear(message):
            if "Results" not in said:
                yield said


async def test_a_service_that_never_answered_has_not_heard_nothing():
    async with listening(Wordless) as server:
        engine = STREAMED["deepgram"].engine(server.url)
        with pytest.raises(ProviderUnavailable):
            await final(engine, spoken())
        engine.close()


@pytest.mark.parametrize("name", ["deepgram", "cartesia"])
async def test_a_waiting_socket_that_died_is_no_reason_to_change_the_engine(name):
    told = []
    async with listening(STREAMED[name].dialect) as server:
        engine = STREAMED[name].engine(server.url)
        ears = FallbackRecognizer([engine], lambda *news: told.append(news))
        await engine.check()
        server.dies_at = 0  # the next one that speaks is cut off, as a router does that has forgotten it
        call = asyncio.ensure_future(final(ears, spoken(5), 0.1, spoken(6, first=5)))
        await server.arrived.wait()
        server.dies_at = None
        assert await call == TEXT
        ears.close()
    assert told == []


async def test_a_request_that_azure_ends_too_early_is_a_failure():
    one = STREAMED["azure"]
    early = "X-RequestId:1\r\nPath:turn.end\r\n\r\n{}"
    async with listening(one.dialect, dies_at=3, garbage=early) as server:
        engine = one.engine(server.url)
        with pytest.raises(ProviderUnavailable, match=r"turn\.end"):
            await final(engine, spoken(5), 0.2, spoken(6, first=5))
        engine.close()


# what they believe


@ALL
async def test_silence_behind_the_words_changes_nothing(one):
    """Flux has ended its turn by then, and there is none to force to its end."""
    async with listening(one.dialect) as server:
        engine = one.engine(server.url)
        assert await final(engine, spoken(), *[silence(1600)] * 10) == TEXT
        engine.close()


async def test_fluxs_own_end_of_turn_comes_along():
    gap = silence(SPEECH_RATE_HZ * 3 // 10)
    async with listening(STREAMED["flux"].dialect) as server:
        engine = STREAMED["flux"].engine(server.url)
        async with aclosing(engine.stream(blocks(spoken(5), gap, silence(0), gap, spoken(6, first=5)))) as partials:
            seen = [partial async for partial in partials]
        engine.close()
    assert {partial.end_of_turn for partial in seen} == {0.1, 0.5, 0.9}
    settled = next(partial for partial in seen if partial.settled_s is not None)
    assert (settled.text, settled.end_of_turn) == (" ".join(WORDS[:5]), 0.5)
    assert settled.settled_s is not None
    assert 0.5 <= settled.settled_s <= 1.1
    assert "ForceEndTurn" not in kinds(server)[:-2]
    assert seen[-1].text == TEXT


@pytest.mark.parametrize(("name", "has_vote"), [("deepgram", False), ("assemblyai", True), ("cartesia", False)])
async def test_only_who_has_an_idea_of_it_votes(name, has_vote):
    async with listening(STREAMED[name].dialect) as server:
        engine = STREAMED[name].engine(server.url)
        async with aclosing(engine.stream(blocks(spoken()))) as partials:
            votes = {partial.end_of_turn async for partial in partials}
        engine.close()
    assert (votes != {None}) is has_vote
    assert KEY not in str(votes)
