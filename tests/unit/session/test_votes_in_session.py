"""What a conversation has been like so far has a say in when the user's turn is over."""

from __future__ import annotations

import pytest

from tests.fakes import FakeChatModel, FakeRecognizer
from tests.virtual_time import Setting, Talk, hold, of

ASKS = "There are two. The red one or the blue one?"


async def answers_a_reply(talk: Talk) -> None:
    for _ in range(2):
        await talk.speak(1.0)
        await talk.until("reply_finished")


def second_wait_ms(reply: str) -> float:
    setting = Setting(stt=FakeRecognizer("the blue one"), llm=FakeChatModel(reply))
    return of(hold(answers_a_reply, setting).events, "turn_ended")[1]["silence_ms"]


def test_an_answer_that_we_asked_for_ends_the_turn_sooner():
    assert second_wait_ms(ASKS) < second_wait_ms("There are two.") - 100


@pytest.mark.parametrize("cut_at_s", [0.3, None])
def test_only_what_was_heard_of_a_question_counts(cut_at_s):
    async def cuts_in(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio")
        if cut_at_s is None:
            await talk.until("reply_finished")
        else:
            await talk.quiet(cut_at_s)
        await talk.speak(1.5)
        await talk.until("reply_finished", count=1 if cut_at_s is None else 2)

    talk = hold(cuts_in, Setting(stt=FakeRecognizer("the blue one"), llm=FakeChatModel(ASKS)))
    first, second = (event["probability"] for event in of(talk.events, "turn_ended"))
    assert (second > first) == (cut_at_s is None)


def test_brief_pauses_inside_the_turns_before_make_the_wait_shorter():
    async def speaks_with_pauses(talk: Talk) -> None:
        for _ in range(6):
            await talk.speak(1.0)
            await talk.quiet(0.3)
            await talk.speak(1.0)
            await talk.until("reply_finished")

    talk = hold(speaks_with_pauses, Setting(stt=FakeRecognizer("xyzzy plugh")))
    waits = [event["silence_ms"] for event in of(talk.events, "turn_ended")]
    assert len(waits) == 6
    assert waits[0] > waits[-1] >= 400
