"""What every chat model keeps to, whatever its service does: each test runs over all of them, and over a new one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.engines import ChatModel
from localvoice.errors import ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.fallback import FallbackChatModel
from localvoice.messages import ToolCall, ToolSpec, Usage
from tests import anthropic_server
from tests.cloud_orders import PLANTED, order
from tests.fakes import FakeChatModel, user
from tests.scripted_server import (
    DONE,
    END,
    USAGE,
    Answer,
    Peer,
    Request,
    delta,
    event,
    failure,
    gone,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
    stalled,
)

STORY = "Once there was a fox — naïve, but kind. It lived near a river. One day it found a golden key. "
WORDS = [f"{word} " for word in STORY.split()]
HELLO = [user("hello")]
WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
GGUF = Path(__file__).parents[1] / "models" / "llm" / "localvoice-tiny-test.gguf"


def openai_reply(*pieces: str) -> list[bytes]:
    start = delta("", delta={"role": "assistant"})
    return [start, *map(delta, pieces), END, event(choices=[], usage=USAGE), DONE]


def openai_call(name: str, *arguments: str) -> list[bytes]:
    begin = {"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [begin, *({"index": 0, "function": {"arguments": part}} for part in arguments)]
    calls = [delta(None, delta={"tool_calls": [piece]}) for piece in pieces]
    return [*calls, delta(finish_reason="tool_calls"), DONE]


def anthropic_call(name: str, *arguments: str) -> list[bytes]:
    return [anthropic_server.BEGIN, *anthropic_server.tool_use(name, *arguments), *anthropic_server.end("tool_use")]


@dataclass(frozen=True)
class Wire:
    """A service's name and how it writes."""

    name: str
    reply: Callable[..., list[bytes]] = openai_reply
    call: Callable[..., list[bytes]] = openai_call

    @asynccontextmanager
    async def open(self, *script: Answer, timeout_s: float = 5.0, listing: Answer | None = None) -> AsyncIterator:
        answers = script or (raw(*self.reply(*WORDS)),)
        async with serving(*answers, listing=listing) as server:
            made = order(self.name, server.url, stage="llm", model="m-1", timeout_s=timeout_s)
            model = import_module(made.provider.module("llm")).load(made)
            try:
                yield model, server
            finally:
                model.close()


WIRES = [
    *map(Wire, ("groq", "openai", "cerebras", "gemini", "ollama", "openai-compatible")),
    Wire("anthropic", anthropic_server.whole, anthropic_call),
]
SERVICE = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)


async def parts(model: ChatModel, history=HELLO, tools: Sequence[ToolSpec] = ()) -> list:
    async with aclosing(model.reply(history, tools)) as reply:
        return [part async for part in reply]


def text_of(found: list) -> str:
    return "".join(part for part in found if isinstance(part, str))


# what is written


@SERVICE
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_text_is_whole_however_the_bytes_are_cut(wire: Wire, size: int):
    stream = b"".join(wire.reply(*WORDS))
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    async with wire.open(raw(*pieces)) as (model, _):
        found = await parts(model)
    assert text_of(found) == STORY
    assert [part for part in found if isinstance(part, Usage)] == found[-1:]
    assert found[-1].completion_tokens == 7


@SERVICE
async def test_an_empty_reply_is_a_reply(wire: Wire):
    async with wire.open(raw(*wire.reply(""))) as (model, _):
        found = await parts(model)
    assert (text_of(found), len(found)) == ("", 1)


@SERVICE
async def test_empty_and_huge_input(wire: Wire):
    async with wire.open() as (model, server):
        for text in ("", "word " * 100_000):
            assert text_of(await parts(model, [user("hi"), user(text)])) == STORY
        assert len(server.requests[1].body) > 500_000


@SERVICE
async def test_a_call_is_a_call(wire: Wire):
    async with wire.open(raw(*wire.call("get_weather", '{"ci', 'ty": "Paris"}'))) as (model, _):
        call, usage = await parts(model, tools=(WEATHER,))
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"})
    assert isinstance(usage, Usage)


@SERVICE
async def test_a_slow_drip_is_read_to_the_end(wire: Wire):
    drip = [part for chunk in wire.reply(*WORDS) for part in (0.005, chunk)]
    async with wire.open(raw(*drip)) as (model, _):
        assert text_of(await parts(model)) == STORY


# how it ends


@asynccontextmanager
async def llama() -> AsyncIterator[ChatModel]:
    from localvoice.llm.llama_cpp import load_llama

    model = load_llama(GGUF, EngineOptions(), ReplyConfig(temperature=0.0))
    try:
        yield model
    finally:
        model.close()


@asynccontextmanager
async def skills() -> AsyncIterator[ChatModel]:
    from localvoice.llm.skills import SkillsModel
    from localvoice.skills.catalog import Skills

    yield SkillsModel(Skills())


def opened(wire: Wire) -> Callable[[], AbstractAsyncContextManager[ChatModel]]:
    @asynccontextmanager
    async def one() -> AsyncIterator[ChatModel]:
        async with wire.open() as (model, _):
            yield model

    return one


EVERY = pytest.mark.parametrize(
    "case", [*map(opened, WIRES), llama, skills], ids=[*(wire.name for wire in WIRES), "llama-cpp", "skills"]
)


@EVERY
async def test_cancelled_at_any_await_it_ends_and_the_next_reply_is_right(case):
    async with case() as model, asyncio.timeout(30):
        right = text_of(await parts(model, [user("Hello.")]))
        for steps in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
            replying = asyncio.create_task(parts(model, [user("Tell me a story.")]))
            for _ in range(steps):
                await asyncio.sleep(0)
            replying.cancel()
            await asyncio.wait([replying])
        assert text_of(await parts(model, [user("Hello.")])) == right


@EVERY
@pytest.mark.parametrize("read", [0, 1, 2])
async def test_closed_anywhere_the_next_reply_is_right(case, read: int):
    async with case() as model:
        right = text_of(await parts(model, [user("Hello.")]))
        reply = model.reply([user("Tell me a story.")])
        for _ in range(read):
            await anext(reply)
        await reply.aclose()
        assert text_of(await parts(model, [user("Hello.")])) == right


@EVERY
async def test_it_closes_twice(case):
    async with case() as model:
        await parts(model, [user("Hello.")])
        model.close()
        model.close()
        if model.name != "skills":  # which has nothing to free
            with pytest.raises(ProviderError):
                await parts(model)


# what goes wrong at the service


@SERVICE
async def test_a_lost_connection_is_made_anew(wire: Wire):
    async with wire.open() as (model, server):
        await parts(model)
        server.drop()
        await asyncio.sleep(0.02)
        assert text_of(await parts(model)) == STORY
        assert server.connections == 2


def dying(chunks: list[bytes], at: int) -> Answer:
    async def answer(_: Request, peer: Peer) -> None:
        await peer.begin_stream()
        for chunk in chunks[:at]:
            await peer.chunk(chunk)
        await asyncio.sleep(0.005)
        peer.hang_up()

    return answer


def continuing(history) -> str:
    """A local model that goes on where it was told that another broke off."""
    told = [message.text for message in history if message.role == "assistant"]
    return STORY[len(told[-1]) :].lstrip() if told else STORY


@SERVICE
async def test_dying_at_any_message_every_word_is_said_once(wire: Wire):
    chunks = wire.reply(*WORDS)
    for at in range(len(chunks)):
        async with wire.open(dying(chunks, at)) as (model, _), asyncio.timeout(10):
            both = FallbackChatModel([model, FakeChatModel(continuing, name="local")], lambda *_: None)
            assert text_of(await parts(both)).split() == STORY.split(), at


@SERVICE
@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        (failure(401, f"bad {PLANTED}"), ProviderRefused, "refused the key"),
        (failure(402, "pay"), ProviderRefused, "402"),
        (failure(429, "slow", retry_after="7"), ProviderUnavailable, "enough of us"),
        (failure(500, PLANTED), ProviderUnavailable, "500"),
        (stalled(), ProviderUnavailable, "does not answer"),
        (gone(), ProviderUnavailable, "cannot be reached"),
        (raw(b"data: {half\n\n"), ProviderError, "cannot be read"),
        (raw(b""), ProviderUnavailable, "broke off"),
    ],
)
async def test_failures_are_ours_in_one_line_without_the_key(wire: Wire, script, kind, said, caplog):
    caplog.set_level(logging.DEBUG)
    async with wire.open(script, timeout_s=0.5 if "does not" in said else 5.0) as (model, _), asyncio.timeout(10):
        with pytest.raises(kind, match=said) as caught:
            await parts(model)
    assert PLANTED not in str(caught.value)
    assert "\n" not in str(caught.value)
    if "enough" in said:
        assert caught.value.retry_after_s == 7.0
    assert not [record for record in caplog.records if PLANTED in record.getMessage()]


@SERVICE
@pytest.mark.parametrize("padding", ["", "x" * 150])
async def test_a_failure_told_in_the_stream_is_a_line_without_the_key(wire: Wire, padding):
    said = f"overloaded\n{padding} {PLANTED}"
    told = json.dumps({"type": "error", "error": {"type": "overloaded", "message": said}})
    async with wire.open(raw(f"data: {told}\n\n".encode())) as (model, _):
        with pytest.raises(ProviderUnavailable, match="overloaded") as caught:
            await parts(model)
    assert PLANTED[:6] not in str(caught.value)
    assert "\n" not in str(caught.value)


@SERVICE
async def test_a_check_finds_out_about_the_key(wire: Wire):
    async with wire.open(listing=failure(401, "no")) as (model, _):
        with pytest.raises(ProviderRefused):
            await model.check()
