"""A line typed beside the microphone while an answer is being made: it does not wait for that."""

from __future__ import annotations

import pytest

from localvoice.config import Config
from localvoice.messages import Origin, Role
from localvoice.turn.decisions import SpeakUnasked, ThoughtCancelled, TurnEnded
from localvoice.turn.observations import ReplyEnded, ReplyStarted, SpeakRequested, Typed
from localvoice.turn.taking import TurnTaking
from tests.event_rules import check_events
from tests.fakes import FakeChatModel
from tests.virtual_time import Setting, Talk, hold, of


def test_the_answer_in_the_making_is_called_off_and_both_lines_are_one_question():
    model = FakeChatModel("Never said.", "Both answered.", first_token_s=2.0)

    async def user(talk: Talk) -> None:
        talk.type("what is the weather")
        await talk.until("transcript")
        await talk.quiet(0.5)
        talk.type("in Paris", over_thought=True)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=model))
    check_events(talk.events)
    [finished] = of(talk.events, "reply_finished")
    assert finished["turn"] == 2
    assert [one.text for one in model.histories[-1] if one.role is Role.USER] == ["what is the weather in Paris"]


@pytest.mark.parametrize(("over_thought", "answered"), [(True, [2]), (False, [1, 2])])
def test_with_text_only_a_line_waits(over_thought, answered):
    async def user(talk: Talk) -> None:
        talk.type("alpha")
        await talk.until("transcript")
        talk.type("beta", over_thought=over_thought)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(llm=FakeChatModel("One.", "Two.", first_token_s=1.0)))
    assert [event["turn"] for event in of(talk.events, "reply_finished")] == answered


def test_a_timer_that_was_about_to_ring_rings_behind_the_answer():
    taking = TurnTaking(Config())
    taking.step(SpeakRequested(1.0, Origin.TIMER, "Time is up."))
    decisions = taking.step(Typed(1.1, "hello", interrupts=True, over_thought=True))
    assert [type(one) for one in decisions] == [ThoughtCancelled, TurnEnded]
    taking.step(ReplyStarted(1.2, 2))
    after = taking.step(ReplyEnded(2.0, 2))
    assert [one.text for one in after if isinstance(one, SpeakUnasked)] == ["Time is up."]
