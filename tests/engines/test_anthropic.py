"""Anthropic's models, against a service on this machine."""

from __future__ import annotations

import asyncio

import pytest

from localvoice.errors import ProviderBroken, ProviderRefused, ProviderUnavailable
from localvoice.llm.anthropic import load
from localvoice.messages import Message, Role, ToolCall, ToolSpec, Usage
from tests import anthropic_server as wire
from tests.cloud_orders import PLANTED, order
from tests.fakes import assistant, user
from tests.scripted_server import (
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
)

HOW = "pip install 'localvoice[dev]'"
WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def model(server, name="", timeout_s=5.0):
    return load(order("anthropic", server.url, stage="llm", model=name, timeout_s=timeout_s))


async def answer(chat, *history, tools=()):
    parts = [part async for part in chat.reply(history or [user("hi")], tools)]
    text = "".join(part for part in parts if isinstance(part, str))
    return text, [part for part in parts if isinstance(part, ToolCall)], parts[-1]


async def test_text_and_what_it_cost_with_the_cached_tokens():
    async with serving(wire.message("Hello ", "there.")) as server:
        text, calls, usage = await answer(model(server))
    assert (text, calls) == ("Hello there.", [])
    assert usage == Usage(prompt_tokens=17, completion_tokens=7, cached_tokens=4)


async def test_thinking_is_not_spoken():
    stream = [wire.BEGIN, *wire.thinking("He wants tea."), *wire.text("Tea?", " <think>hm</think>Yes.", index=1)]
    async with serving(raw(*stream, *wire.end())) as server:
        assert (await answer(model(server)))[0] == "Tea? Yes."


async def test_a_tool_call_in_pieces():
    calls = [*wire.tool_use("get_weather", "", '{"ci', 'ty": "Paris"}'), *wire.tool_use("now", index=2, call_id="b")]
    async with serving(raw(wire.BEGIN, *wire.text("Let me see."), *calls, *wire.end("tool_use"))) as server:
        text, found, _ = await answer(model(server), tools=(WEATHER,))
        sent = server.requests[0].json["tools"]
    assert (text, found) == (
        "Let me see.",
        [ToolCall("get_weather", {"city": "Paris"}, "toolu_1"), ToolCall("now", {}, "b")],
    )
    assert sent == [{"name": "get_weather", "description": "The weather.", "input_schema": dict(WEATHER.parameters)}]


async def test_what_is_asked_for():
    async with serving(wire.message("Yes.")) as server:
        await answer(model(server), Message(Role.SYSTEM, "Be short."), user("hi"))
        request = server.requests[0]
    assert request.path == "/v1/messages"
    assert request.headers["authorization"] == f"Bearer {PLANTED}"
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert request.json == {
        "model": "claude-haiku-4-5",
        "max_tokens": 150,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "stream": True,
        "system": "Be short.",
        "thinking": {"type": "disabled"},
    }


async def test_a_model_that_decides_itself_about_thinking_is_left_alone():
    async with serving(wire.message("Yes.")) as server:
        await answer(model(server, "claude-fable-5"))
        assert "thinking" not in server.requests[0].json


async def test_history_is_put_into_the_form_that_the_service_takes():
    calls = (ToolCall("now", {}, ""), ToolCall("get_weather", {"city": "Rome"}, "b"))
    history = [
        Message(Role.SYSTEM, "Be short."),
        assistant("Hello, I am here."),
        user("What time is it,"),
        user("and the weather?"),
        Message(Role.ASSISTANT, "", calls),
        Message(Role.TOOL, "noon", tool_call_id=""),
        Message(Role.TOOL, "rain", tool_call_id="b"),
    ]
    async with serving(wire.message("Noon.")) as server:
        await answer(model(server), *history)
        sent = server.requests[0].json
    assert sent["system"] == "Be short.\n\nYou have begun the conversation with: Hello, I am here."
    asked, called, told = sent["messages"]
    assert [block["text"] for block in asked["content"]] == ["What time is it,", "and the weather?"]
    assert [(block["type"], block["id"]) for block in called["content"]] == [("tool_use", "call_1"), ("tool_use", "b")]
    assert [(block["tool_use_id"], block["content"]) for block in told["content"]] == [
        ("call_1", "noon"),
        ("b", "rain"),
    ]
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("script", "kind", "said", "may_retry"),
    [
        (wire.failure(401, "authentication_error", f"bad {PLANTED}"), ProviderRefused, "ANTHROPIC_API_KEY", None),
        (wire.failure(403, "permission_error", "no"), ProviderRefused, "refused the key", None),
        (wire.failure(402, "billing_error", "credit is spent"), ProviderRefused, "credit is spent", None),
        (wire.failure(404, "not_found_error", "model: x"), ProviderRefused, "model: x", None),
        (wire.failure(429, "rate_limit_error", "slow", retry_after="3"), ProviderUnavailable, "slow", False),
        (wire.failure(529, "overloaded_error", "Overloaded"), ProviderUnavailable, "Overloaded", True),
        (wire.failure(500, "api_error", f"oops {PLANTED}"), ProviderUnavailable, r"oops \*\*\*", True),
        (wire.failure(400, "invalid_request_error", "too long"), ProviderBroken, "too long", None),
        (raw(wire.BEGIN, wire.error("overloaded_error", "Overloaded")), ProviderUnavailable, "Overloaded", False),
        (raw(wire.BEGIN, *wire.text("One ")), ProviderUnavailable, "broke off", False),
        (raw(b"data: {half\n\n"), ProviderBroken, "cannot be read", None),
        (raw(b'data: {"no": "type"}\n\n'), ProviderBroken, "cannot be read", None),
        (raw(wire.BEGIN, *wire.tool_use("now", '{"half'), *wire.end("tool_use")), ProviderBroken, "tool call", None),
        (raw(wire.BEGIN, *wire.end("refusal")), ProviderBroken, "will not answer", None),
    ],
)
async def test_failures_have_one_plain_line_and_no_key_in_it(script, kind, said, may_retry):
    async with serving(script) as server:
        with pytest.raises(kind, match=said) as caught:
            await answer(model(server))
    assert PLANTED not in str(caught.value)
    if may_retry is not None:
        assert caught.value.may_retry is may_retry


@pytest.mark.parametrize("reason", ["max_tokens", "stop_sequence", "refusal", "model_context_window_exceeded"])
async def test_what_was_written_before_an_early_end_is_said(reason):
    async with serving(raw(wire.BEGIN, *wire.text("As far as"), *wire.end(reason))) as server:
        assert (await answer(model(server)))[0] == "As far as"


# the vendor's own client on the same server


def client_of(server):
    anthropic = pytest.importorskip("anthropic", reason=HOW)
    return anthropic.Anthropic(api_key=PLANTED, base_url=server.url, max_retries=0, timeout=5), anthropic


def asked(client):
    kind = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
    with client.messages.stream(**kind) as stream:
        return stream.get_final_message()


async def test_the_vendor_s_client_reads_the_same_reply():
    pieces = [*wire.thinking("hm"), *wire.text("Hello ", "there.", index=1)]
    call = wire.tool_use("get_weather", '{"city": ', '"Paris"}', index=2)
    async with serving(raw(wire.BEGIN, wire.PING, *pieces, *call, *wire.end("tool_use"))) as server:
        client, _ = client_of(server)
        found = await asyncio.to_thread(asked, client)
        headers = server.requests[0].headers
        text, calls, usage = await answer(model(server))
    assert [block.type for block in found.content] == ["thinking", "text", "tool_use"]
    assert found.content[1].text == text == "Hello there."
    assert found.content[2].input == calls[0].arguments == {"city": "Paris"}
    assert found.usage.output_tokens == usage.completion_tokens
    assert found.usage.cache_read_input_tokens == usage.cached_tokens
    ours = server.requests[1].headers
    for name in ("authorization", "anthropic-version", "content-type"):
        assert ours[name] == headers[name]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (wire.failure(401, "authentication_error", "no"), "AuthenticationError"),
        (wire.failure(429, "rate_limit_error", "slow", retry_after="1"), "RateLimitError"),
        (wire.failure(529, "overloaded_error", "Overloaded"), "APIStatusError"),
        (raw(wire.BEGIN, wire.error("overloaded_error", "Overloaded")), "APIStatusError"),
    ],
)
async def test_failures_are_failures_to_the_vendor_s_client_too(script, kind):
    async with serving(script) as server:
        client, module = client_of(server)
        with pytest.raises(getattr(module, kind)):
            await asyncio.to_thread(asked, client)


async def test_the_vendor_s_client_lists_the_models():
    async with serving(wire.message("x"), listing=wire.models("claude-haiku-4-5")) as server:
        client, _ = client_of(server)
        assert [one.id for one in await asyncio.to_thread(lambda: list(client.models.list()))] == ["claude-haiku-4-5"]
        await model(server).check()
        assert server.checks[-1].path == "/v1/models"
