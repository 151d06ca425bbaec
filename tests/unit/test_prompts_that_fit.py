"""What of a conversation is given to a model whose window is small."""

from __future__ import annotations

import pytest

from localvoice.errors import ProviderBroken
from localvoice.llm.llama_setup import fitting, words_so_far
from localvoice.messages import Message, Role, ToolCall
from tests.fakes import assistant, user

SYSTEM = Message(Role.SYSTEM, "s" * 10)


def length(messages):
    return sum(len(message.text) for message in messages)


def exchanges(count):
    return [message for n in range(count) for message in (user(f"{n}" * 10), assistant("a" * 10))]


def test_what_fits_is_left_as_it_is():
    history = [SYSTEM, *exchanges(3), user("q")]
    assert fitting(history, length, 71) == history


def test_the_oldest_exchanges_go_and_more_of_them_than_need_be():
    kept = fitting([SYSTEM, *exchanges(9), user("q" * 10)], length, 150)
    assert kept == [SYSTEM, *exchanges(9)[10:], user("q" * 10)]


def test_a_tool_goes_with_its_question():
    call = Message(Role.ASSISTANT, "", (ToolCall("t", {}),))
    history = [user("a" * 50), call, Message(Role.TOOL, "b"), assistant("c"), user("d")]
    assert fitting(history, length, 20) == [user("d")]


def test_a_last_exchange_that_fits_barely_is_kept():
    assert fitting([user("a" * 50), assistant("b"), user("d" * 95)], length, 100) == [user("d" * 95)]


def test_what_cannot_fit_is_said():
    with pytest.raises(ProviderBroken, match=r"token_budget"):
        fitting([SYSTEM, user("q" * 95)], length, 100)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (user("Hello there "), "<u>Hello there"),
        (assistant("Hello there"), "<u>Hello there</u>\n"),
        (user("Something else"), "<u>Hello there</u>\n"),
        (user(" "), "<u>Hello there</u>\n"),
    ],
)
def test_a_prompt_ends_with_the_words_that_may_go_on(last, expected):
    assert words_so_far("<u>Hello there</u>\n", [last]) == expected
