"""A recording heard again: which edges belong together, and how new windows take the place of old ones."""

from __future__ import annotations

from localvoice.audio.vad import WINDOW_S
from localvoice.replay.moved import edges, overlaps
from localvoice.replay.recomputing import Row, show
from localvoice.replay.rehear import with_windows
from localvoice.session.tape import Noted
from localvoice.turn.observations import ReplyStarted, Typed, Window


def starts(*times: float) -> list[dict]:
    return [{"type": "speech_started", "t": at_s} for at_s in times] + [{"type": "state", "t": 9.0}]


def test_each_edge_goes_with_the_nearest_one():
    found = edges("speech_started", starts(1.0, 2.0, 5.0), starts(1.1, 1.96, 7.0))
    assert found.moved_ms == (100.0, -40.0)
    assert (found.lost_s, found.new_s) == ((5.0,), (7.0,))
    assert not found.is_same


def test_a_window_of_the_detector_is_no_difference():
    assert edges("speech_started", starts(1.0, 2.0), starts(1.032, 1.968)).is_same
    assert not edges("speech_started", starts(1.0), starts(1.04)).is_same
    assert not edges("speech_started", starts(), starts(1.0)).is_same


def test_two_edges_never_share_one():
    found = edges("speech_started", starts(1.0, 1.1), starts(1.05))
    assert (len(found.moved_ms), found.lost_s) == (1, (1.1,))


def test_overlaps_are_told_by_turn_and_outcome():
    events = [
        {"type": "overlap_started", "t": 1.0, "turn": 1, "action": "pause"},
        {"type": "false_alarm", "t": 1.4, "turn": 1, "reason": "noise"},
        {"type": "overlap_started", "t": 2.0, "turn": 1, "action": "pause"},
        {"type": "barge_in", "t": 2.3, "turn": 1, "stop_ms": 50.0},
        {"type": "barge_in", "t": 5.0, "turn": 2, "stop_ms": 10.0},
    ]
    assert overlaps(events) == [(1, "noise"), (1, "barge_in"), (2, "barge_in")]


def test_new_windows_stand_where_the_old_ones_stood():
    typed, started = Typed(0.05, "hello", interrupts=True), ReplyStarted(0.2, 1)
    old = [Window(WINDOW_S, 0.1), typed, Window(4 * WINDOW_S, 0.1), started, Window(5 * WINDOW_S, 0.1)]
    new = [Window(number * WINDOW_S, 0.9) for number in range(1, 9)]
    changed = [noted.seen for noted in with_windows([Noted(one) for one in old], new)]
    assert changed == [new[0], typed, *new[1:4], started, new[4]], "the ones that rested are there as well"


def test_for_a_program_a_row_is_a_line_whatever_was_said(capsys):
    said = "all the words of a long turn " * 20
    show([Row("words, turn 1", said, f"\x1b[31m{said}\n", differs=True), Row("not asked", "", "nothing")])
    _, words, rest, count = capsys.readouterr().out.splitlines()
    assert words.startswith("words, turn 1")
    assert words.count(said.strip()) == 2
    assert words.endswith("differs")
    assert "\x1b" not in words
    assert (rest.split(), count) == (["not", "asked", "nothing"], "1 of 2 differ.")
