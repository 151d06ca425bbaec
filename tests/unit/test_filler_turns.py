"""A filler has a number of its own; the turn whose answer it precedes goes on behind it."""

from __future__ import annotations

import pytest

from localvoice.config import Config
from localvoice.messages import Origin
from localvoice.turn.decisions import SpeakUnasked, ThoughtCancelled, TurnEnded, TurnResumed, TurnState
from localvoice.turn.observations import Interrupted, ReplyEnded, ReplyStarted, SpeakRequested, ToolRan, Window
from localvoice.turn.taking import TurnTaking

WINDOW_S = 0.032


class Conversation:
    """The user has finished turn 1, and a filler is asked for."""

    def __init__(self) -> None:
        self.taking = TurnTaking(Config())
        self.now_s = 0.0
        self.hear(0.9, 1.0)
        assert [one for one in self.hear(0.0, 0.8) if isinstance(one, TurnEnded)]

    def hear(self, probability: float, seconds: float) -> list:
        decisions = []
        for _ in range(round(seconds / WINDOW_S)):
            self.now_s += WINDOW_S
            decisions += self.taking.step(Window(self.now_s, probability))
        return decisions

    def ask_for(self, origin: Origin) -> list:
        return self.taking.step(SpeakRequested(self.now_s, origin, "Let me think."))

    def fill(self) -> int:
        [said] = self.ask_for(Origin.FILLER)
        assert isinstance(said, SpeakUnasked)
        return said.turn


def test_speech_before_the_filler_sounds_resumes_the_users_turn():
    talk = Conversation()
    assert talk.fill() == 2
    [resumed] = [one for one in talk.hear(0.9, 0.3) if isinstance(one, TurnResumed)]
    assert resumed.turn == 1
    [ended] = [one for one in talk.hear(0.0, 0.8) if isinstance(one, TurnEnded)]
    assert ended.turn == 1


def test_a_key_before_the_filler_sounds_calls_the_users_turn_off():
    talk = Conversation()
    talk.fill()
    [cancelled] = [one for one in talk.taking.step(Interrupted(talk.now_s)) if isinstance(one, ThoughtCancelled)]
    assert cancelled.turn == 1


def test_the_answer_follows_under_the_users_number_and_the_next_turn_has_a_new_one():
    talk = Conversation()
    filler = talk.fill()
    states = []
    for seen in (ReplyStarted, ReplyEnded):
        talk.taking.step(seen(talk.now_s, filler))
        states.append(talk.taking.state)
    for seen in (ReplyStarted, ReplyEnded):
        talk.taking.step(seen(talk.now_s, 1))
        states.append(talk.taking.state)
    assert states == [TurnState.SPEAKING, TurnState.THINKING, TurnState.SPEAKING, TurnState.IDLE]
    talk.hear(0.9, 1.0)
    [ended] = [one for one in talk.hear(0.0, 0.8) if isinstance(one, TurnEnded)]
    assert ended.turn == 3


def test_a_tool_that_runs_during_the_filler_commits_the_users_turn():
    talk = Conversation()
    talk.taking.step(ReplyStarted(talk.now_s, filler := talk.fill()))
    talk.taking.step(ToolRan(talk.now_s, 1, has_effect=True))
    talk.taking.step(ReplyEnded(talk.now_s, filler))
    assert not [one for one in talk.hear(0.9, 0.5) if isinstance(one, TurnResumed)]


@pytest.mark.parametrize("origin", [Origin.FILLER, Origin.PROMPT])
def test_what_is_meant_for_a_silence_is_not_said_behind_the_sound_that_ended_it(origin):
    talk = Conversation()
    talk.taking.step(ReplyStarted(talk.now_s, 1))
    talk.taking.step(ReplyEnded(talk.now_s, 1))
    talk.hear(0.9, 0.032)
    assert not talk.ask_for(origin)
    assert not [one for one in talk.hear(0.0, 1.0) if isinstance(one, SpeakUnasked)]


def test_a_filler_that_comes_too_late_is_ignored():
    talk = Conversation()
    talk.taking.step(ReplyStarted(talk.now_s, 1))
    assert not talk.ask_for(Origin.FILLER)
    assert talk.taking.state is TurnState.SPEAKING
