"""Edges of speech from probabilities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import VadConfig
from localvoice.turn.speech_gate import END_BIAS_S, HANGOVER_S, ONSET_BIAS_S, WINDOW_S, Edge, SpeechGate


def edges(probabilities, *, eager=False, config=None):
    """(edge, time of the window in windows, onset, end) of each edge."""
    gate = SpeechGate(config or VadConfig())
    found = []
    for count, probability in enumerate(probabilities, start=1):
        edge = gate.step(count * WINDOW_S, probability, eager=eager)
        if edge is not None:
            found.append((edge, count, gate.onset_s, gate.end_s))
    return found


def test_speech_starts_at_its_first_window_and_is_known_after_the_shortest_length():
    [(edge, count, onset_s, _)] = edges([0.0] * 10 + [0.9] * 3)
    assert (edge, count) == (Edge.STARTED, 12), "64 ms are two windows"
    assert onset_s == pytest.approx(10 * WINDOW_S - ONSET_BIAS_S)


def test_one_loud_window_is_not_speech():
    assert not edges([0.0, 0.9, 0.0, 0.9, 0.0])


@pytest.mark.parametrize(("min_speech_ms", "known_at"), [(32, 1), (64, 2), (100, 4)])
def test_the_shortest_length_is_a_setting(min_speech_ms, known_at):
    [(_, count, *_)] = edges([0.9] * 8, config=VadConfig(min_speech_ms=min_speech_ms))
    assert count == known_at


def test_speech_never_begins_before_the_session():
    [(_, _, onset_s, _)] = edges([0.9] * 3)
    assert onset_s == 0.0


def test_speech_stops_where_its_last_window_ended():
    _, (edge, count, _, end_s) = edges([0.9] * 10 + [0.0] * 5)
    assert edge is Edge.STOPPED
    assert count * WINDOW_S == pytest.approx(10 * WINDOW_S + HANGOVER_S)
    assert end_s == pytest.approx(10 * WINDOW_S - END_BIAS_S)


def test_a_gap_shorter_than_the_hangover_belongs_to_the_speech():
    assert [edge for edge, *_ in edges([0.9] * 5 + [0.0] * 2 + [0.9] * 5)] == [Edge.STARTED]


def test_speech_is_released_at_a_lower_level_than_it_starts():
    assert [edge for edge, *_ in edges([0.9] * 3 + [0.4] * 10)] == [Edge.STARTED]
    assert not edges([0.4] * 10)


def test_over_a_reply_one_doubtful_window_is_enough():
    [(edge, count, onset_s, _)] = edges([0.0] * 5 + [0.31], eager=True)
    assert (edge, count) == (Edge.STARTED, 6)
    assert onset_s == pytest.approx(5 * WINDOW_S - ONSET_BIAS_S)


@pytest.mark.parametrize(
    ("over_reply", "ends_after"),
    [([0.31], 3), ([0.4] * 20, 3), ([0.4, 0.6, 0.4], None), ([0.6], None)],
)
def test_what_only_a_reply_made_speech_of_ends_with_the_reply(over_reply, ends_after):
    gate = SpeechGate(VadConfig())
    for count, probability in enumerate(over_reply, start=1):
        gate.step(count * WINDOW_S, probability, eager=True)
    assert gate.is_speech
    behind = [gate.step((len(over_reply) + count) * WINDOW_S, 0.4) for count in range(1, 40)]
    assert [count for count, edge in enumerate(behind, start=1) if edge] == ([ends_after] if ends_after else [])


def test_who_speaks_up_behind_the_reply_is_heard_to_the_last_soft_syllable():
    gate = SpeechGate(VadConfig())
    gate.step(WINDOW_S, 0.4, eager=True)
    assert not any(gate.step(count * WINDOW_S, probability) for count, probability in [(2, 0.4), (3, 0.7), (4, 0.4)])
    assert not any(gate.step(count * WINDOW_S, 0.4) for count in range(5, 40))


def test_what_may_become_speech_is_not_quiet():
    gate = SpeechGate(VadConfig())
    assert gate.is_quiet
    gate.step(WINDOW_S, 0.9)
    assert not gate.is_quiet
    gate.step(2 * WINDOW_S, 0.0)
    assert gate.is_quiet


@given(st.lists(st.floats(0, 1), max_size=120), st.booleans())
def test_edges_alternate_and_lie_in_the_past(probabilities, eager):
    found = edges(probabilities, eager=eager)
    assert [edge for edge, *_ in found] == ([Edge.STARTED, Edge.STOPPED] * len(found))[: len(found)]
    for edge, count, onset_s, end_s in found:
        assert 0.0 <= onset_s <= end_s <= count * WINDOW_S
        assert edge is Edge.STARTED or end_s <= count * WINDOW_S - HANGOVER_S + 1e-9
