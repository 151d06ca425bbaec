"""The words of a turn while it is spoken, from the real program with the tiny Whisper."""

from __future__ import annotations

import os

import pytest

from tests.e2e.spoken import TINY_ENGINES, SpokenSession, read_events

QUESTION = "What is the capital of France?"


@pytest.mark.timeout(120)
def test_the_words_of_a_turn_are_told_before_it_ends_and_are_those_of_its_transcript(tmp_path):
    # a wait that leaves even a busy machine the time for one reading in the pause
    waits = {f"LOCALVOICE_TURN__{name}_MS": "3000" for name in ("SURE", "SILENCE", "LIMIT")}
    session = SpokenSession(tmp_path, *TINY_ENGINES, "--no-skills", environ=os.environ | waits)
    session.wait_for(bool, "start")
    session.say(QUESTION)
    session.wait_for(lambda events: any(event["type"] == "reply_finished" for event in events), "the reply")
    session.finish()
    kinds = [event["type"] for event in read_events(session.events_file)]
    partials = [event for event in read_events(session.events_file) if event["type"] == "partial"]
    assert partials[-1]["text"] == QUESTION
    assert all(event["text"].startswith(event["stable"]) for event in partials)
    assert max(at for at, kind in enumerate(kinds) if kind == "partial") < kinds.index("turn_ended")
    [transcript] = [event for event in read_events(session.events_file) if event["type"] == "transcript"]
    assert transcript["text"] == QUESTION
