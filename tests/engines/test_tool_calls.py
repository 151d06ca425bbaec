from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.errors import ProviderBroken
from localvoice.llm.reply_parser import ReplyParser
from localvoice.llm.tool_calls import ToolCallDeltas, tool_call_from_json
from localvoice.messages import ToolCall

CALL = '<tool_call>{"name": "set_timer", "arguments": {"minutes": 10}}</tool_call>'
TIMER = ToolCall("set_timer", {"minutes": 10}, "call00001")


def parsed(*pieces, is_thinking=False):
    parser = ReplyParser("test", is_thinking=is_thinking)
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    said = "".join(part for part in parts if isinstance(part, str))
    return said, [part for part in parts if isinstance(part, ToolCall)]


@pytest.mark.parametrize(
    ("raw", "said", "calls"),
    [
        ("Hello there.", "Hello there.", []),
        ("\n\n Hello", "Hello", []),
        ("<think>\nthe user greets\n</think>\n\nHello", "Hello", []),
        ("One <think>hm</think>two", "One two", []),
        ("<think>never ends", "", []),
        (CALL, "", [TIMER]),
        (f"<think>a timer, I think <tool_call></think>{CALL}", "", [TIMER]),
        (f"One moment. {CALL} It is set.", "One moment. ", [TIMER]),
        (CALL.removesuffix("</tool_call>"), "", [TIMER]),
        ("3 < 4 and <thin> paper", "3 < 4 and <thin> paper", []),
        ("it ends with <tool_c", "it ends with <tool_c", []),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_reply_is_the_same_however_it_is_cut(raw, said, calls, size):
    assert parsed(*(raw[i : i + size] for i in range(0, len(raw), size))) == (said, calls)


def test_two_calls_have_different_ids():
    _, calls = parsed(CALL + "\n" + CALL)
    assert [call.id for call in calls] == ["call00001", "call00002"]


def test_thoughts_opened_by_the_prompt_are_not_spoken():
    assert parsed("they greet", " me </thi", "nk> Hello", is_thinking=True) == ("Hello", [])


def test_text_before_a_possible_marker_is_given_out_at_once():
    parser = ReplyParser("test")
    assert parser.feed("Sure, <tool") == ["Sure, "]
    assert parser.feed("box") == ["<toolbox"]


@pytest.mark.parametrize(
    "call",
    [
        "<tool_call>{broken</tool_call>",
        "<tool_call>[1]</tool_call>",
        '<tool_call>{"arguments": {}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": 3}</tool_call>',
        '<tool_call>{"name": "f", "argum',
    ],
)
def test_unreadable_call_fails_and_is_never_spoken(call):
    parser = ReplyParser("test")
    given_out = parser.feed("Well ")
    with pytest.raises(ProviderBroken, match="tool call"):
        given_out += [*parser.feed(call), *parser.finish()]
    assert given_out == ["Well "]


@given(st.text(alphabet="ab <>/thinktool_c"), st.lists(st.integers(0, 40)))
def test_any_text_without_markers_comes_out_as_it_went_in(text, cuts):
    if any(marker in text for marker in ("<think>", "<tool_call>")):
        return
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert parsed(*pieces) == (text.lstrip(), [])


def test_arguments_may_be_json_in_a_string():
    call = tool_call_from_json('{"name": "f", "arguments": "{\\"a\\": 1}"}', provider="test")
    assert call == ToolCall("f", {"a": 1})


def test_deltas_are_put_together_by_index():
    deltas = ToolCallDeltas("test")
    deltas.feed([{"index": 0, "id": "x", "function": {"name": "get_time", "arguments": ""}}])
    deltas.feed([{"index": 1, "id": "y", "function": {"name": "get_weather", "arguments": '{"city"'}}])
    deltas.feed([{"index": 1, "function": {"arguments": ': "Paris"}'}}])
    assert deltas.finish() == (ToolCall("get_time", {}, "x"), ToolCall("get_weather", {"city": "Paris"}, "y"))


@pytest.mark.parametrize(
    "function", [{"arguments": "{}"}, {"name": "f", "arguments": "{"}, {"name": "f", "arguments": "[]"}]
)
def test_unfinished_deltas_fail(function):
    deltas = ToolCallDeltas("test")
    deltas.feed([{"index": 0, "function": function}])
    with pytest.raises(ProviderBroken):
        deltas.finish()
