"""A spoken conversation of ten turns through the real engines on tiny models, with the words checked at both ends."""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from tests.e2e.spoken import MODELS, TINY_ENGINES, Event, SpokenSession, read_events

AUDIBLE = 10 ** (-50 / 20)
STORY = (
    "Once upon a time there was a little fox. The fox lived in a green forest near a river. "
    "One day the fox found a golden key under a tree. The key opened a small door in the old stone wall. "
    "Behind the door was a garden full of singing birds. The fox stayed in the garden and was happy ever after."
)

DIALOGUE = [
    ("My name is Emma.", "Nice to meet you, Emma."),
    ("What is my name?", "Your name is Emma."),
    ("What is the capital of France?", "The capital of France is Paris."),
    ("What about Germany?", "The capital of Germany is Berlin."),
    ("Set a timer for five minutes.", "Timer set for five minutes."),
    ("What is seven plus eight?", "Seven plus eight is fifteen."),
    ("Who wrote Hamlet?", "Shakespeare wrote Hamlet."),
]


def finished(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "reply_finished"]


def ask(session: SpokenSession, question: str, replies_before: int) -> Event:
    session.say(question)
    events = session.wait_for(lambda seen: len(finished(seen)) > replies_before, f"reply to {question!r}")
    return finished(events)[replies_before]


@pytest.fixture(scope="module")
def conversation(tmp_path_factory) -> tuple[list[Event], Samples]:
    """The events of the whole conversation, and what the loudspeaker played, at 16 kHz."""
    environ = dict(os.environ, LOCALVOICE_REPLY__TEMPERATURE="0")
    arguments = (*TINY_ENGINES, "--no-skills", "--patience", "fast")
    session = SpokenSession(tmp_path_factory.mktemp("talk"), *arguments, environ=environ)
    session.wait_for(bool, "start")
    for turn, (question, _) in enumerate(DIALOGUE):
        ask(session, question, turn)
    story = len(DIALOGUE)
    session.say("Tell me a story.")
    session.wait_for(lambda seen: said(seen, "first_audio") > story and said(seen, "sentence") > story + 1, "story")
    session.say("Please continue.")
    session.wait_for(lambda seen: len(finished(seen)) > story + 1, "the rest of the story")
    ask(session, "Thank you.", story + 2)
    session.finish()
    played, rate_hz = soundfile.read(session.output_file, dtype="float32")
    return read_events(session.events_file), resample(played, rate_hz, SPEECH_RATE_HZ)


def said(events: list[Event], kind: str) -> int:
    return sum(event["type"] == kind for event in events)


@pytest.mark.timeout(240)
def test_ten_spoken_turns_are_understood_and_answered(conversation):
    events, _ = conversation
    heard = [event["text"] for event in events if event["type"] == "transcript"]
    assert heard == [question for question, _ in DIALOGUE] + ["Tell me a story.", "Please continue.", "Thank you."]
    replies = [event["text"] for event in finished(events)]
    assert replies[: len(DIALOGUE)] == [answer for _, answer in DIALOGUE]
    assert replies[-1] == "You are welcome."


def test_the_model_calls_a_tool_and_says_what_came_of_it(conversation):
    events, _ = conversation
    (tool,) = [event for event in events if event["type"] == "tool"]
    assert (tool["name"], tool["arguments"]) == ("set_timer", {"minutes": 5})


def test_a_story_that_was_cut_goes_on_with_the_sentence_that_was_cut(conversation):
    events, _ = conversation
    story, rest = finished(events)[-3:-1]
    (barge_in,) = [event for event in events if event["type"] == "barge_in"]
    assert barge_in["heard"] + barge_in["unsaid"] == story["text"]
    assert story["interrupted"]
    sentences = [sentence.strip() for sentence in STORY.split(".") if sentence.strip()]
    whole = [sentence for sentence in sentences if f"{sentence}." in story["heard"]]
    assert rest["text"].startswith(sentences[len(whole)])
    assert rest["text"].endswith("The fox stayed in the garden and was happy ever after.")


def test_the_loudspeaker_says_the_words_of_the_replies(conversation):
    events, played = conversation
    recogniser = FasterWhisperRecognizer(MODELS / "stt")
    starts = {event["turn"]: event["t"] for event in events if event["type"] == "first_audio"}
    for reply, (_, answer) in zip(finished(events), DIALOGUE, strict=False):
        sound = played[int((starts[reply["turn"]] - 0.05) * SPEECH_RATE_HZ) : int(reply["t"] * SPEECH_RATE_HZ)]
        assert asyncio.run(recogniser.transcribe(sound)).text == answer


def test_replies_begin_where_the_events_say(conversation):
    events, played = conversation
    for event in events:
        if event["type"] == "first_audio":
            at = int(event["t"] * SPEECH_RATE_HZ)
            assert np.abs(played[at - 1600 : at - 320]).max() < AUDIBLE
            assert np.abs(played[at - 320 : at + 320]).max() > AUDIBLE
