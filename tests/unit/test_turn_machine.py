"""The table of the turn machine: every pair of state and signal has exactly one meaning."""

from __future__ import annotations

from itertools import product

import pytest

from localvoice.turn.decisions import TurnState
from localvoice.turn.machine import IGNORED, TRANSITIONS, Action, IllegalSignal, Signal, TurnMachine

IDLE, USER, THINKING, SPEAKING, OVERLAP, CLOSED = TurnState
PAIRS = list(product(TurnState, Signal))

OVERLAP_ENDS = (Signal.OVERLAP_CONFIRMED, Signal.OVERLAP_DISMISSED)
IMPOSSIBLE = {
    # endpointing is asked only while the user has the floor
    *((state, Signal.TURN_ENDED) for state in (IDLE, THINKING, SPEAKING, OVERLAP)),
    # an overlap is judged only while there is one
    *((state, signal) for state in (IDLE, USER, THINKING, SPEAKING) for signal in OVERLAP_ENDS),
    # a reply that sounds has been transcribed and has started
    *((state, signal) for state in (SPEAKING, OVERLAP) for signal in (Signal.NOTHING_SAID, Signal.REPLY_STARTED)),
}
"""Each of them a bug of ours, with the reason why it cannot happen."""


def at(state: TurnState) -> TurnMachine:
    machine = TurnMachine()
    machine.state = state
    return machine


@pytest.mark.parametrize(("state", "signal"), PAIRS, ids=lambda value: value.value)
def test_every_pair_is_decided_ignored_or_impossible(state, signal):
    meanings = [(state, signal) in kind for kind in (TRANSITIONS, IGNORED, IMPOSSIBLE)]
    assert sum(meanings) == 1


@pytest.mark.parametrize(("state", "signal"), sorted(IMPOSSIBLE), ids=lambda value: value.value)
def test_an_impossible_signal_changes_nothing(state, signal):
    machine = at(state)
    with pytest.raises(IllegalSignal) as caught:
        machine.step(signal)
    assert machine.state is state
    assert (caught.value.signal, caught.value.state) == (signal, state)


@pytest.mark.parametrize(("state", "signal"), sorted(IGNORED), ids=lambda value: value.value)
def test_an_ignored_signal_changes_nothing(state, signal):
    machine = at(state)
    assert machine.step(signal) == ()
    assert machine.state is state


@pytest.mark.parametrize(("state", "signal"), sorted(TRANSITIONS), ids=lambda value: value.value)
def test_a_decided_signal_leads_where_the_table_says(state, signal):
    machine = at(state)
    after, actions = TRANSITIONS[state, signal]
    assert machine.step(signal) == actions
    assert machine.state is after


def test_nothing_opens_a_closed_conversation():
    assert all(to is not CLOSED or Action.CLOSE in actions for to, actions in TRANSITIONS.values())
    assert not any(state is CLOSED for state, _ in TRANSITIONS)


def test_whatever_leaves_a_reply_that_sounds_cuts_it_or_has_heard_it_end():
    for (state, signal), (after, actions) in TRANSITIONS.items():
        if state in {SPEAKING, OVERLAP} and after not in {SPEAKING, OVERLAP, CLOSED}:
            assert Action.CUT in actions or signal in {Signal.REPLY_ENDED, Signal.FILLER_ENDED}


def test_every_state_can_be_left_towards_idle():
    leads_to: dict[TurnState, set[TurnState]] = {state: set() for state in TurnState}
    for (state, _), (after, _) in TRANSITIONS.items():
        leads_to[state].add(after)
    reached = {IDLE}
    while more := {state for state, after in leads_to.items() if after & reached} - reached:
        reached |= more
    assert reached == set(TurnState) - {CLOSED}
