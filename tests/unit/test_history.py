"""What the model remembers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import HistoryConfig
from localvoice.messages import Message, Role, ToolCall
from localvoice.text.history import History, tool_exchange


def said(history: History, user: str = "now", system: str = "") -> list[tuple[str, str]]:
    return [(message.role.value, message.text) for message in history.messages(system, user)]


def history(**settings) -> History:
    return History(HistoryConfig(**settings))


def test_exchanges_follow_the_system_prompt():
    past = history()
    past.commit("hello", "Hi there.")
    assert said(past, "how are you", "Be kind.") == [
        ("system", "Be kind."),
        ("user", "hello"),
        ("assistant", "Hi there."),
        ("user", "how are you"),
    ]
    assert past.last_reply == "Hi there."


def test_an_interrupted_reply_is_kept_as_heard():
    past = history()
    past.commit("tell me", "Once upon ", interrupted=True)
    assert said(past) == [("user", "tell me"), ("assistant", "Once upon"), ("user", "now")]


def test_a_reply_of_which_nothing_was_heard_leaves_the_words_waiting():
    past = history()
    past.commit("tell me", " ", interrupted=True)
    assert said(past, "a joke") == [("user", "tell me a joke")]
    past.commit("a joke", "Knock knock.")
    assert said(past) == [("user", "tell me a joke"), ("assistant", "Knock knock."), ("user", "now")]


def test_two_unheard_replies_in_a_row_lose_no_word():
    past = history()
    past.commit("one", "", interrupted=True)
    past.commit("two", "", interrupted=True)
    assert said(past, "three") == [("user", "one two three")]


@pytest.mark.parametrize("heard", ["Once upon", ""])
def test_interrupted_replies_may_be_dropped(heard):
    past = history(keep_interrupted="none")
    past.commit("tell me", heard, interrupted=True)
    assert said(past, "a joke") == [("user", "tell me a joke")]
    past.commit("a joke", "Knock knock.")
    assert [text for role, text in said(past) if role == "assistant"] == ["Knock knock."]


def test_a_tool_call_and_its_result_stand_before_the_answer():
    past = history()
    call = ToolCall("clock", {}, id="7")
    past.commit("what time is it", "Noon.", tools=tool_exchange(call, "12:00"))
    roles = [message.role for message in past.messages("", "thanks")]
    assert roles == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT, Role.USER]
    assert past.messages("", "thanks")[2].tool_call_id == "7"


def test_at_least_ten_exchanges_are_remembered():
    past = history()
    for number in range(30):
        past.commit(f"question {number}", f"answer {number}")
    assert ("user", "question 20") in said(past)
    assert 2 * 10 < len(said(past)) <= 2 * 20 + 1


def test_the_oldest_go_when_the_budget_is_spent():
    past = history(token_budget=100)
    for number in range(10):
        past.commit(f"{number}" * 80, "yes " * 20)
    texts = [text for role, text in said(past) if role == "user"]
    assert texts[0][0] == "8"
    past.commit("x" * 5000, "y")
    assert ("assistant", "y") in said(past), "the latest stays, whatever it takes"


def test_the_beginning_changes_once_in_several_turns():
    past = history(max_turns=20, token_budget=100_000)
    first = []
    for number in range(60):
        past.commit(f"question {number}", "yes")
        first.append(said(past)[0])
        assert len(said(past)) > 2 * min(number, 10)
    changes = sum(one != other for one, other in pairwise(first))
    assert changes <= 7


@pytest.mark.parametrize("turns", [1, 3, 10])
def test_few_exchanges_are_kept_to_the_last_one(turns):
    past = history(max_turns=turns)
    for number in range(15):
        past.commit(f"question {number}", "yes")
    assert len([one for one in said(past) if one[1].startswith("question")]) == turns


def test_everything_can_be_forgotten():
    past = history()
    past.commit("hello", "Hi.")
    past.commit("more", "", interrupted=True)
    past.clear()
    assert said(past) == [("user", "now")]
    assert past.last_reply == ""


@given(
    st.lists(
        st.tuples(st.sampled_from(["alpha", "beta", ""]), st.sampled_from(["Yes.", "No. ", "", " "]), st.booleans()),
        max_size=15,
    ),
    st.sampled_from(["heard", "none"]),
)
def test_no_model_gets_two_users_or_two_assistants_in_a_row(exchanges, keep):
    past = history(keep_interrupted=keep)
    for user, heard, interrupted in exchanges:
        past.commit(user, heard, interrupted=interrupted)
    messages: list[Message] = past.messages("Be kind.", "now")
    roles = [message.role for message in messages]
    assert roles[0] is Role.SYSTEM
    assert roles[-1] is Role.USER
    assert all(before is not after for before, after in pairwise(roles))
