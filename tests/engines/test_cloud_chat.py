"""The client of OpenAI's chat completions, against a service on this machine that does what the test says."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest

from localvoice.config import ReplyConfig
from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.llm.openai_compatible import OpenAICompatibleModel
from localvoice.messages import Message, Role, ToolCall, ToolSpec, Usage
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from tests.fakes import user
from tests.scripted_server import (
    DONE,
    END,
    USAGE,
    completion,
    cut_after,
    delta,
    event,
    failure,
    gone,
    models,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
    stalled,
    status,
)
from tests.waiting import until

KEY = "gsk_planted0123456789"
HELLO = completion("Hel", "lo", " there.")
WEATHER = ToolSpec("get_weather", "The weather in a city.", {"type": "object", "properties": {"city": {}}})


def model(server, name="groq", model_name="m-1", timeout_s=5.0, reply=None) -> OpenAICompatibleModel:
    provider = PROVIDERS[name]
    service = Service(name, provider.root(f"{server.url}/v1" if name != "groq" else server.url), Secret(KEY), timeout_s)
    return OpenAICompatibleModel(service, model_name, provider.chat, reply or ReplyConfig())


async def answer(chat, *history, tools=()):
    """Text, calls and usage of a reply."""
    async with aclosing(chat.reply(history or [user("hello")], tools)) as reply:
        parts = [part async for part in reply]
    assert [one for one in parts if isinstance(one, Usage)] == parts[-1:]
    text = "".join(one for one in parts if isinstance(one, str))
    return text, [one for one in parts if isinstance(one, ToolCall)], parts[-1]


async def test_a_reply_and_what_it_cost():
    async with serving(HELLO) as server:
        assert await answer(model(server)) == ("Hello there.", [], Usage(11, 7, 4))
        (request,) = server.requests
    assert request.path == "/openai/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    body = request.json
    assert body["messages"] == [{"role": "user", "content": "hello"}]
    assert (body["model"], body["stream"], body["max_completion_tokens"]) == ("m-1", True, 150)
    assert "stream_options" not in body


async def test_text_comes_as_it_is_written():
    came = asyncio.Event()

    async def first_word_then_wait(_, peer):
        await peer.begin_stream()
        await peer.chunk(delta("One "))
        await came.wait()
        await peer.chunk(delta("two.") + END + DONE)
        await peer.end_stream()

    async with serving(first_word_then_wait) as server, aclosing(model(server).reply([user("hi")])) as reply:
        assert await anext(reply) == "One "
        came.set()
        assert await anext(reply) == "two."


async def test_every_cut_of_the_stream_gives_the_same_reply():
    whole = (
        delta("Wha\u2028t ") + b": a comment\n\n" + delta("is \u00fcber?") + END + event(choices=[], usage=USAGE) + DONE
    )
    for at in range(1, len(whole), 7):
        async with serving(raw(whole[:at], 0.0, whole[at:])) as server:
            assert await answer(model(server)) == ("Wha\u2028t is \u00fcber?", [], Usage(11, 7, 4))


@pytest.mark.parametrize(
    "parts",
    [
        [event(choices=None), event(choices=[{"index": 0, "delta": None}]), delta("Yes."), END],
        [delta(None, delta={"content": None}), delta("Yes."), END, DONE],
        [delta(None, delta={"reasoning": "Hm."}), delta(None, delta={"reasoning_content": "Hm."}), delta("Yes."), END],
        [delta("<think>Hm.</think>Yes."), END, DONE],
        [delta("Yes.", finish_reason="stop"), event(choices=[], usage=USAGE)],
        [delta("Yes.", finish_reason="length", usage=None), DONE],
        [b"event: message\nid: 3\n" + delta("Yes."), b"data:" + END[6:], b"retry: 5\r\n\r\n", DONE],
        [delta("Yes.").replace(b"\n", b"\r\n"), END.replace(b"\n", b"\r\n")],
    ],
)
async def test_what_services_leave_out_or_add_is_tolerated(parts):
    async with serving(raw(*parts)) as server:
        assert (await answer(model(server)))[0] == "Yes."


async def test_the_cost_that_groq_tells_in_its_own_place():
    end = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], x_groq={"id": "r", "usage": USAGE})
    async with serving(raw(delta("Yes."), end, DONE)) as server:
        assert (await answer(model(server)))[2] == Usage(11, 7, 4)


async def test_a_tool_call_in_pieces():
    pieces = [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"ci'}},
        {"index": 0, "function": {"arguments": 'ty": "Paris"}'}},
        {"index": 1, "id": "call_2", "type": "function", "function": {"name": "get_weather", "arguments": ""}},
    ]
    calls = [delta(None, delta={"tool_calls": [piece]}) for piece in pieces]
    async with serving(raw(*calls, delta(finish_reason="tool_calls"), DONE)) as server:
        text, found, _ = await answer(model(server), tools=(WEATHER,))
        sent = server.requests[0].json["tools"]
    assert (text, found) == (
        "",
        [ToolCall("get_weather", {"city": "Paris"}, "call_1"), ToolCall("get_weather", {}, "call_2")],
    )
    assert sent[0]["function"]["name"] == "get_weather"


async def test_a_tools_result_goes_back_as_text():
    call = ToolCall("get_weather", {"city": "Paris"}, "call_1")
    history = [user("?"), Message(Role.ASSISTANT, "", (call,)), Message(Role.TOOL, "rainy", tool_call_id="call_1")]
    async with serving(HELLO) as server:
        await answer(model(server), *history)
        asked, told = server.requests[0].json["messages"][1:]
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}
    assert (told["role"], told["tool_call_id"], told["content"]) == ("tool", "call_1", "rainy")


# connections


async def test_one_connection_serves_check_and_replies():
    async with serving(HELLO) as server:
        chat = model(server)
        await chat.check()
        for _ in range(3):
            await answer(chat)
        assert (server.connections, len(server.requests), len(server.checks)) == (1, 3, 1)


async def test_the_connection_is_tried_before_the_turn_and_not_when_it_is_fresh():
    async with serving(HELLO) as server:
        chat = model(server)
        await chat.prefill([user("hi")])
        await chat.prefill([user("hi there")])
        assert (len(server.checks), len(server.requests)) == (1, 0)


@pytest.mark.parametrize("read", [0, 1, 2])
async def test_a_closed_reply_hangs_up_at_once(read):
    async with serving(raw(delta("word "), delta("word "), 3600.0)) as server:
        reply = model(server).reply([user("hi")])
        for _ in range(read):
            await anext(reply)
        await reply.aclose()
        if read:
            await until(server.hung_up.is_set)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.2])
async def test_a_cancelled_reply_leaves_the_next_one_unharmed(after_s):
    async with serving(completion(*["word "] * 50, pause_s=0.02), HELLO) as server:
        chat = model(server)
        asking = asyncio.create_task(answer(chat))
        await asyncio.sleep(after_s)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        server.requests[:] = server.requests or [None]  # cancelled before it was asked: the script goes on all the same
        assert (await answer(chat))[0] == "Hello there."


async def test_two_replies_at_once():
    async with serving(HELLO) as server:
        chat = model(server)
        assert [text for text, _, _ in await asyncio.gather(answer(chat), answer(chat))] == ["Hello there."] * 2


async def test_after_close_nothing_is_asked():
    async with serving(HELLO) as server:
        chat = model(server)
        chat.close()
        chat.close()
        with pytest.raises(ProviderError):
            await answer(chat)
        with pytest.raises(ProviderError):
            await chat.prefill([user("hi")])
        assert (server.requests, server.checks) == ([], [])


# what goes wrong


@pytest.mark.parametrize(
    ("script", "kind", "said", "may_retry"),
    [
        (failure(401, f"Incorrect API key {KEY}"), ProviderRefused, "refused the key", None),
        (failure(403, "no"), ProviderRefused, "GROQ_API_KEY", None),
        (failure(402, "pay"), ProviderRefused, "pay", None),
        (failure(404, "no model m-1"), ProviderRefused, "no model m-1", None),
        (status(429, {"error": {"code": "insufficient_quota", "message": "x"}}), ProviderRefused, "quota", None),
        (failure(429, "slow down", retry_after="7"), ProviderUnavailable, "slow down", False),
        (failure(500, f"oops {KEY}"), ProviderUnavailable, "oops ***", True),
        (failure(503, "Loading model"), ProviderUnavailable, "Loading model", True),
        (failure(503, "later", retry_after="2"), ProviderUnavailable, "later", False),
        (status(502, "<html>Bad gateway</html>"), ProviderUnavailable, "502", True),
        (failure(400, "context too long"), ProviderBroken, "context too long", None),
        (gone(), ProviderUnavailable, "cannot be reached", True),
        (status(200, {"choices": []}), ProviderBroken, "does not stream", None),
        (raw(b"<html>Log in</html>", media_type="text/html; charset=utf-8"), ProviderBroken, "a web page", None),
        (raw(b"data: {half\n\n"), ProviderBroken, "cannot be read", None),
        (raw(b"data: [1]\n\n"), ProviderBroken, "cannot be read", None),
        (raw(b"data: " + b"x" * 5_000_000), ProviderBroken, "no stream of events", None),
        (raw(delta("One ")), ProviderUnavailable, "broke off", False),
        (raw(b""), ProviderUnavailable, "broke off", False),
        (cut_after(400, delta("One "), delta("two ") * 9), ProviderUnavailable, "broke off", False),
        (
            raw(delta("One "), b'data: {"error": {"message": "overloaded"}}\n\n'),
            ProviderUnavailable,
            "overloaded",
            False,
        ),
        (raw(delta("A"), b'event: error\ndata: {"error": "bad"}\n\n'), ProviderUnavailable, "bad", False),
    ],
)
async def test_failures_have_one_plain_line_and_no_key_in_it(script, kind, said, may_retry):
    async with serving(script) as server:
        with pytest.raises(kind) as caught:
            await answer(model(server))
    message = str(caught.value)
    assert said in message
    assert KEY not in message
    assert "\n" not in message
    assert caught.value.provider == "groq"
    if may_retry is not None:
        assert caught.value.may_retry is may_retry


async def test_how_long_to_wait_is_known():
    async with serving(failure(429, "slow down", retry_after="7")) as server:
        with pytest.raises(ProviderUnavailable) as caught:
            await answer(model(server))
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("script", [stalled(), raw(delta("One "), 60.0)])
async def test_a_service_that_does_not_answer_is_given_up(script):
    async with serving(script) as server:
        with pytest.raises(ProviderUnavailable, match="does not answer"):
            await answer(model(server, timeout_s=0.2))


async def test_nobody_listens_there():
    async with serving(HELLO) as server:
        chat = model(server)
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await answer(chat)


@pytest.mark.parametrize("tail", [[60.0], [DONE, 60.0], [b"data: ", 60.0]])
async def test_a_whole_reply_does_not_wait_for_the_end_of_the_transmission(tail):
    async with serving(raw(delta("Yes."), END, *tail)) as server, asyncio.timeout(3):
        assert (await answer(model(server)))[0] == "Yes."


async def test_a_connection_lost_behind_the_reply_does_no_harm():
    whole = delta("Yes.") + END
    async with serving(cut_after(len(whole), whole)) as server:
        assert (await answer(model(server)))[0] == "Yes."


# differences


@pytest.mark.parametrize(
    ("name", "model_name", "has", "lacks"),
    [
        ("openai", "gpt-4o-mini", {"max_completion_tokens": 150, "temperature": 0.7, "top_p": 0.9}, {"max_tokens"}),
        ("openai", "gpt-5-mini", {"reasoning_effort": "minimal"}, {"temperature", "top_p"}),
        ("groq", "openai/gpt-oss-20b", {"reasoning_effort": "low", "include_reasoning": False}, {"stream_options"}),
        ("cerebras", "llama3.1-8b", {"max_completion_tokens": 150}, {"stream_options"}),
        ("ollama", "qwen3", {"max_tokens": 150, "stream_options": {"include_usage": True}}, {"reasoning_effort"}),
    ],
)
async def test_differences_of_services_are_data(name, model_name, has, lacks):
    async with serving(HELLO) as server:
        await answer(model(server, name, model_name))
        body = server.requests[0].json
    assert {key: body.get(key) for key in has} == has
    assert not lacks & body.keys()


async def test_where_no_model_is_named_the_first_listed_one_answers():
    async with serving(HELLO, listing=models("qwen3:4b", "other")) as server:
        await answer(model(server, "openai-compatible", ""))
        assert server.requests[0].json["model"] == "qwen3:4b"


async def test_a_server_without_any_model_says_how_to_name_one():
    async with serving(HELLO, listing=status(200, {"data": []})) as server:
        with pytest.raises(ProviderRefused, match=r"engines\.ollama\.llm_model"):
            await answer(model(server, "ollama", ""))


@pytest.mark.parametrize(
    ("listing", "kind"),
    [
        (failure(401, "no"), ProviderRefused),
        (failure(500, "no"), ProviderUnavailable),
        (failure(429, "no"), ProviderUnavailable),
        (failure(404, "no such path"), None),
        (status(200, "not json"), None),
    ],
)
async def test_a_check_fails_only_where_a_reply_would(listing, kind):
    async with serving(HELLO, listing=listing) as server:
        chat = model(server)
        if kind is None:
            await chat.check()
        else:
            with pytest.raises(kind):
                await chat.check()
