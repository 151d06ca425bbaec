"""ElevenLabs' socket, against a service on this machine that speaks a tone per letter."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest

from localvoice.engines import Synthesizer
from localvoice.errors import ConfigError, ProviderBroken, ProviderRefused, ProviderUnavailable
from localvoice.fallback import FallbackSynthesizer
from localvoice.messages import SpeechChunk
from localvoice.tts.elevenlabs import load
from tests.cloud_orders import order
from tests.elevenlabs_server import KEY, LETTER_S, RATE_HZ, Mortal, query, speaking, timed_lines
from tests.fakes import FakeSynthesizer
from tests.scripted_server import failure, no_connection_left, serving, stalled, status  # noqa: F401 - a fixture for every test here
from tests.waiting import until

REPLY = ["Hello there,", " how are you?", " It is 25 °C — see **this**.", " \n", " Good bye."]


SOCKETS = pytest.mark.parametrize("transport", ["stream-input", "multi-context"])


@asynccontextmanager
async def voice(server, transport="stream-input", **options) -> AsyncIterator[Synthesizer]:
    options = {"voice": "VOICE", "transport": transport, **options}
    synthesizer = load(order("elevenlabs", server.url, **options))
    try:
        yield synthesizer
    finally:
        synthesizer.close()
        await asyncio.sleep(0)


async def texts(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


async def speak(synthesizer, *clauses: str) -> list[SpeechChunk]:
    async with aclosing(synthesizer.synthesize(texts(*clauses))) as chunks:
        return [chunk async for chunk in chunks]


def text_of(chunks) -> str:
    return "".join(chunk.text for chunk in chunks)


@SOCKETS
@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("spelling", ["charDurationsMs", "charsDurationsMs"])
async def test_every_word_has_its_sound_and_its_time(transport, pieces, spelling):
    async with speaking(pieces=pieces, spelling=spelling) as server, voice(server, transport) as synthesizer:
        chunks = await speak(synthesizer, *REPLY)
    assert text_of(chunks) == "".join(REPLY)
    assert {chunk.rate_hz for chunk in chunks} == {RATE_HZ}
    words = [(chunk.text[word.start : word.end], chunk, word) for chunk in chunks for word in chunk.words]
    said = ["Hello", "there,", "how", "are", "you?", "It", "is", "25", "°C", "—", "see", "this**.", "Good", "bye."]
    assert [text for text, _, _ in words] == said
    for text, chunk, word in words:
        assert 0 <= word.start_s < word.end_s <= chunk.duration_s + 1e-6, text
        middle = chunk.samples[round(word.start_s * RATE_HZ) : round(word.end_s * RATE_HZ)]
        assert np.abs(middle).max() > 0.1, text


@SOCKETS
async def test_the_sentence_is_named_where_it_begins(transport):
    async with speaking(pieces=3) as server, voice(server, transport) as synthesizer:
        chunks = await speak(synthesizer, *REPLY)
    assert [chunk.clause for chunk in chunks if chunk.clause] == REPLY
    assert len(chunks) > len(REPLY)


@SOCKETS
async def test_without_alignment_nothing_is_lost(transport):
    async with speaking(aligned=False) as server, voice(server, transport) as synthesizer:
        chunks = await speak(synthesizer, "Hello there,", " how are you?")
    assert text_of(chunks) == "Hello there, how are you?"
    assert sum(chunk.duration_s for chunk in chunks) > 20 * LETTER_S


async def test_what_is_asked_for():
    options = {"stability": 0.4, "similarity": 0.8, "speed": 1.1, "language": "de", "output_format": "pcm_24000"}
    async with speaking() as server, voice(server, rate=0.9, **options) as synthesizer:
        await speak(synthesizer, "Hello.", " Go.")
    first, *rest = server.sent
    assert first["text"] == " "
    assert first["voice_settings"] == {"stability": 0.4, "similarity_boost": 0.8, "speed": pytest.approx(0.99)}
    assert rest == [{"text": "Hello. ", "flush": True}, {"text": "Go. ", "flush": True}, {"text": ""}]
    assert server.connections[0].startswith("/v1/text-to-speech/VOICE/stream-input?")
    asked = query(server.connections[0])
    assert (asked["model_id"], asked["output_format"], asked["language_code"]) == (
        "eleven_flash_v2_5",
        "pcm_24000",
        "de",
    )
    assert server.keys[0] == KEY


@SOCKETS
async def test_a_clause_is_sent_while_the_one_in_front_is_not_read(transport):
    async with speaking() as server, voice(server, transport) as synthesizer:
        chunks = synthesizer.synthesize(texts("One.", " Two."))
        assert (await anext(chunks)).text == "One."
        await until(lambda: server.sent_texts() == ["One. ", "Two. "])  # nobody asks for the second chunk
        await chunks.aclose()


async def test_replies_share_a_socket_and_a_cut_one_is_closed_by_name():
    async with speaking(pieces=9, delay_s=0.01) as server, voice(server, "multi-context") as synthesizer:
        for _ in range(9):  # more than may be open at once
            chunks = synthesizer.synthesize(texts("one two three four", " five six"))
            await anext(chunks)
            await chunks.aclose()
        assert text_of(await speak(synthesizer, "Next.")) == "Next."
        assert len(server.connections) == 1
        assert not server.contexts
    closed = {message["context_id"] for message in server.sent if message.get("close_context")}
    assert closed == {message["context_id"] for message in server.sent if message.get("voice_settings")}
    assert len(closed) == 10


async def test_a_sixth_reply_waits_for_a_context():
    async with speaking() as server, voice(server, "multi-context", timeout_s=1.0) as synthesizer:
        open_replies = [synthesizer.synthesize(texts("One.", " Two.")) for _ in range(5)]
        for chunks in open_replies:
            await anext(chunks)
        with pytest.raises(ProviderUnavailable, match="busy with earlier replies"):
            await speak(synthesizer, "Six.")
        await open_replies[2].aclose()
        assert text_of(await speak(synthesizer, "Six.")) == "Six."
        for chunks in open_replies:
            await chunks.aclose()


async def test_two_replies_on_one_socket_do_not_mix():
    async with speaking(pieces=3, delay_s=0.01) as server, voice(server, "multi-context") as synthesizer:
        one, two = await asyncio.gather(speak(synthesizer, "One two three."), speak(synthesizer, "Four five."))
    assert (text_of(one), text_of(two)) == ("One two three.", "Four five.")
    assert sum(chunk.duration_s for chunk in one) > sum(chunk.duration_s for chunk in two)


@pytest.mark.parametrize(("transport", "sent"), [("stream-input", {"text": " "}), ("multi-context", {"text": ""})])
async def test_a_waiting_socket_is_kept_open(transport, sent, monkeypatch):
    monkeypatch.setattr("localvoice.tts.lines._KEEP_ALIVE_S", 0.02)
    async with speaking() as server, voice(server, transport) as synthesizer:
        await synthesizer.check()
        await until(lambda: len(server.sent) >= 2)
        assert server.sent[:2] == [sent, sent]
        assert text_of(await speak(synthesizer, "Hello.")) == "Hello."
        assert [message["voice_settings"]["speed"] for message in server.sent if "voice_settings" in message] == [1.0]


async def test_the_next_socket_is_there_before_the_next_reply():
    async with speaking() as server, voice(server) as synthesizer:
        await synthesizer.check()
        assert len(server.connections) == 1
        await speak(synthesizer, "One.")
        await until(lambda: len(server.connections) == 2)
        await speak(synthesizer, "Two.")
        assert len(server.connections) == 2


async def test_the_next_socket_is_made_while_the_first_sound_of_this_reply_is_heard():
    async with speaking(pieces=4) as server, voice(server) as synthesizer:
        chunks = synthesizer.synthesize(texts("one two three four"))
        await anext(chunks)  # and nothing more is asked for: this reply may be cut
        await until(lambda: len(server.connections) == 2)
        await chunks.aclose()


@SOCKETS
async def test_a_socket_that_was_closed_meanwhile_is_made_anew(transport):
    async with speaking() as server, voice(server, transport) as synthesizer:
        await synthesizer.check()
        server.sockets[0].transport.abort()
        await asyncio.sleep(0.02)
        assert text_of(await speak(synthesizer, "One.")) == "One."


@SOCKETS
@pytest.mark.parametrize("read", [0, 1, 2])
async def test_a_closed_reply_hangs_up_and_the_next_one_is_right(transport, read):
    async with speaking(pieces=4, delay_s=0.01) as server, voice(server, transport) as synthesizer:
        chunks = synthesizer.synthesize(texts("one two three four five six", " seven"))
        for _ in range(read):
            await anext(chunks)
        await chunks.aclose()
        if read and transport == "stream-input":
            await until(server.gone.is_set)
        assert text_of(await speak(synthesizer, "Next.")) == "Next."


@SOCKETS
@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.05, 0.1])
async def test_a_cancelled_reply_leaves_the_next_one_unharmed(transport, after_s):
    async with speaking(pieces=4, delay_s=0.02) as server, voice(server, transport) as synthesizer:
        speaking_task = asyncio.create_task(speak(synthesizer, "one two three four", " five six"))
        await asyncio.sleep(after_s)
        speaking_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking_task
        assert text_of(await speak(synthesizer, "Next.")) == "Next."


@SOCKETS
async def test_no_text_gives_no_sound(transport):
    async with speaking() as server, voice(server, transport) as synthesizer:
        assert await speak(synthesizer) == []
        assert text_of(await speak(synthesizer, " \n")) == " \n"


@SOCKETS
async def test_what_goes_wrong_with_the_text_is_raised_behind_what_was_said(transport):
    async def broken() -> AsyncIterator[str]:
        yield "One."
        raise ZeroDivisionError

    said = []
    async with speaking() as server, voice(server, transport) as synthesizer:
        chunks = synthesizer.synthesize(broken())
        said.append((await anext(chunks)).text)
        with pytest.raises(ZeroDivisionError):
            await anext(chunks)
    assert said == ["One."]


# over HTTP


async def test_a_clause_is_a_request_and_every_word_has_its_time():
    async with serving(timed_lines(pieces=3)) as server, voice(server, "http", language="de") as synthesizer:
        chunks = await speak(synthesizer, *REPLY)
    assert text_of(chunks) == "".join(REPLY)
    said = [chunk.text[word.start : word.end] for chunk in chunks for word in chunk.words]
    assert said[:5] == ["Hello", "there,", "how", "are", "you?"]
    assert [chunk.clause for chunk in chunks if chunk.clause] == REPLY
    request = server.requests[0]
    assert request.path == "/v1/text-to-speech/VOICE/stream/with-timestamps?output_format=pcm_24000"
    assert request.headers["xi-api-key"] == KEY
    assert (request.json["text"], request.json["model_id"], request.json["language_code"]) == (
        "Hello there,",
        "eleven_flash_v2_5",
        "de",
    )


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        (failure(401, KEY), ProviderRefused, "ELEVENLABS_API_KEY"),
        (status(401, {"detail": {"status": "quota_exceeded", "message": "spent"}}), ProviderRefused, "quota_exceeded"),
        (failure(429, "busy", retry_after="3"), ProviderUnavailable, "enough of us"),
        (failure(500, KEY), ProviderUnavailable, "500"),
        (stalled(), ProviderUnavailable, "does not answer"),
        (status(200, "{half\n"), ProviderBroken, "cannot be read"),
        (status(200, '{"audio_base64": "???"}\n'), ProviderBroken, "cannot be read"),
        (status(200, ""), ProviderUnavailable, "broke off"),
    ],
)
async def test_failures_over_http_are_ours_and_hold_no_key(script, kind, said):
    async with serving(script) as server, voice(server, "http", timeout_s=0.3) as synthesizer:
        with pytest.raises(kind, match=said) as caught:
            await speak(synthesizer, "Hello.")
    assert KEY not in str(caught.value)


# what goes wrong

FAR = {"chars": ["a"], "charDurationsMs": [1], "charStartTimesMs": [10**400]}


@SOCKETS
@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"refuses": 401}, ProviderRefused, "ELEVENLABS_API_KEY"),
        ({"refuses": 403}, ProviderRefused, "refused the key"),
        ({"refuses": 429}, ProviderUnavailable, "enough of us"),
        ({"refuses": 503}, ProviderUnavailable, "503"),
        ({"garbage": "{half"}, ProviderBroken, "cannot be read"),
        ({"garbage": "[1]"}, ProviderBroken, "cannot be read"),
        ({"garbage": '{"audio": "???"}'}, ProviderBroken, "cannot be read"),
        (
            {"garbage": '{"audio": "AAAA", "alignment": {"chars": ["a"], "charStartTimesMs": []}}'},
            ProviderBroken,
            "read",
        ),
        (
            {"garbage": json.dumps({"audio": "AAAA", "alignment": FAR})},
            ProviderBroken,
            "cannot be read",
        ),
        ({"garbage": '{"message": "no", "error": "quota_exceeded", "code": 1008}'}, ProviderRefused, "quota"),
        ({"garbage": f'{{"message": "{KEY}", "error": "system_busy", "code": 1008}}'}, ProviderUnavailable, "busy"),
        ({"garbage": '{"audio": null, "isFinal": true}'}, ProviderUnavailable, "broke off"),
        ({"dies_after": 0, "close_after": (1008, "quota_exceeded")}, ProviderRefused, "quota_exceeded"),
        ({"dies_after": 0, "close_after": (1008, "input_timeout_exceeded")}, ProviderUnavailable, "timeout"),
        ({"dies_after": 0, "close_after": (1000, "")}, ProviderUnavailable, "broke off"),
        ({"dies_after": 0}, ProviderUnavailable, "broke off"),
        ({"stalls": True}, ProviderUnavailable, "does not answer"),
    ],
)
async def test_failures_are_ours_and_hold_no_key(transport, options, kind, said):
    timeout_s = 0.3 if "stalls" in options else 10.0  # a machine that stalls is no service that does
    async with speaking(**options) as server, voice(server, transport, timeout_s=timeout_s) as synthesizer:

        async def and_then_waiting() -> AsyncIterator[str]:
            yield "Hello."
            await asyncio.sleep(60)

        with pytest.raises(kind, match=said) as caught:
            async for _ in synthesizer.synthesize(and_then_waiting()):
                pass
    assert KEY not in str(caught.value)


@SOCKETS
async def test_nobody_listens_there(transport):
    async with speaking() as server:
        pass
    async with voice(server, transport) as synthesizer:
        with pytest.raises(ProviderUnavailable, match="cannot be reached") as caught:
            await synthesizer.check()
    assert caught.value.may_retry


async def test_the_key_is_in_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    async with speaking() as server, voice(server) as synthesizer:
        await speak(synthesizer, "Hello.")
    ours = [record for record in caplog.records if record.name != "websockets.server"]  # the test's own server
    assert not [record for record in ours if KEY in record.getMessage()]


@SOCKETS
async def test_a_slow_text_is_waited_for_however_long_it_takes(transport):
    async def slowly() -> AsyncIterator[str]:
        yield "One."
        await asyncio.sleep(1.3)
        yield " Two."

    async with speaking() as server, voice(server, transport, timeout_s=1.0) as synthesizer:
        assert [chunk.text async for chunk in synthesizer.synthesize(slowly())] == ["One.", " Two."]


def test_a_format_that_would_need_a_decoder_is_refused():
    with pytest.raises(ConfigError, match="pcm_16000"):
        load(order("elevenlabs", "https://api.elevenlabs.io", output_format="mp3_44100_128"))


async def test_after_close_nothing_is_left():
    async with speaking() as server, voice(server) as synthesizer:
        await synthesizer.check()
        synthesizer.close()
        synthesizer.close()
        await until(server.gone.is_set)


# hand-over

SENTENCE = ["One two three,", " four five six", " seven eight."]
WHOLE = "".join(SENTENCE)
BYTES = round(LETTER_S * RATE_HZ) * 2 * (len(WHOLE) + 3)


@asynccontextmanager
async def dying(transport: str, pieces: int, dies_after: int) -> AsyncIterator[Synthesizer]:
    """A voice whose service goes away after so many bytes of sound, each time anew."""
    if transport == "http":
        async with serving(timed_lines(pieces, Mortal(dies_after))) as server, voice(server, "http") as synthesizer:
            yield synthesizer
    else:
        async with (
            speaking(pieces=pieces, dies_after=dies_after) as server,
            voice(server, transport) as synthesizer,
        ):
            yield synthesizer


@pytest.mark.parametrize("transport", ["stream-input", "multi-context", "http"])
@pytest.mark.parametrize("pieces", [1, 20])
async def test_wherever_it_dies_each_word_is_spoken_once(transport, pieces):
    """The sound of each chunk is that of its words: the share of the dead voice by length, the other's by its words."""
    for dies_after in range(0, BYTES, BYTES // 100):
        other = FakeSynthesizer(name="other")
        async with dying(transport, pieces, dies_after) as synthesizer:
            # the second try of the same voice is the next one's work here: it dies again at the same place
            both = FallbackSynthesizer([synthesizer, other], lambda *_: None)
            chunks = await speak(both, *SENTENCE)
        assert text_of(chunks) == WHOLE, dies_after
        cloud = [chunk for chunk in chunks if chunk.rate_hz == RATE_HZ]
        for chunk in cloud:
            letters = sum(not character.isspace() for character in chunk.text)
            assert chunk.duration_s >= letters * LETTER_S - 0.02, (dies_after, chunk.text)
        local = "".join(other.clauses)
        assert text_of(cloud) + local == WHOLE, dies_after


@SOCKETS
async def test_a_reply_that_was_cut_off_before_any_sound_is_tried_once_more(transport):
    async with speaking(dies_after=0) as server, voice(server, transport) as synthesizer:
        other = FakeSynthesizer(name="other")
        both = FallbackSynthesizer([synthesizer, other], lambda *_: None)
        assert text_of(await speak(both, "Hello.")) == "Hello."
        assert server.sent_texts() == ["Hello. ", "Hello. "]
