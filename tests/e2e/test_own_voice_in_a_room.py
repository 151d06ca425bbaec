"""`--room`: files that hear each other, in real time, through the program as its users have it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from tests.e2e.spoken import MODELS, Event, read_events, speech

ROOM = "60,-10,200"
LEVEL = 0.25


def at_level(sound: Samples, peak: float) -> Samples:
    return (sound * (peak / np.abs(sound).max())).astype(np.float32)


def write(path, *parts: Samples | float):
    sound = [silence(int(part * SPEECH_RATE_HZ)) if isinstance(part, float) else part for part in parts]
    soundfile.write(path, np.concatenate(sound), SPEECH_RATE_HZ, subtype="PCM_16")
    return path


def talk(localvoice, *parts: Samples | float, options: tuple[str, ...] = ()) -> list[Event]:
    question = write(localvoice.folder / "question.wav", *parts)
    files = ("--input", question, "--output", "reply.wav", "--events", "events.jsonl")
    outcome = localvoice(*files, "--room", ROOM, "--once", *options)
    assert outcome.code == 0, outcome
    return read_events(localvoice.folder / "events.jsonl")


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


@pytest.mark.parametrize(
    "voice", ["espeak", f"piper:{MODELS / 'tts' / 'en_US-tiny-test.onnx'}"], ids=["espeak", "piper"]
)
def test_a_whole_reply_is_played_without_interrupting_itself(localvoice, voice):
    question = at_level(speech("What can you do?"), LEVEL)
    events = talk(localvoice, 0.5, question, 1.0, options=("--tts", voice, "--stt", "pocketsphinx", "--llm", "skills"))
    (finished,) = of(events, "reply_finished")
    assert (finished["interrupted"], finished["heard"]) == (False, finished["text"])
    assert finished["t"] - of(events, "first_audio")[0]["t"] > 4.0
    assert not of(events, "overlap_started")


def test_a_user_as_loud_as_the_echo_interrupts(localvoice):
    question = at_level(speech("What can you do?"), LEVEL)
    over = at_level(
        speech("Wait, I meant something else, please tell me about Germany.", "en-gb+m1"), 0.5 * 10 ** (-10 / 20)
    )
    events = talk(localvoice, 0.5, question, 6.0, over, 2.0, options=("--tts", "espeak", "--llm", "skills"))
    (barge_in,) = of(events, "barge_in")
    onset_s = 0.5 + 6.0 + len(question) / SPEECH_RATE_HZ
    assert onset_s < barge_in["t"] < onset_s + 1.0
    assert barge_in["cut_ms"] <= 25
    assert of(events, "reply_finished")[0]["interrupted"]


def test_with_the_canceller_off_the_reply_interrupts_itself(localvoice):
    localvoice.environ["LOCALVOICE_AUDIO__ECHO"] = "off"
    write(localvoice.folder / "question.wav", 0.3, at_level(speech("What time is it?"), LEVEL), 1.0)
    files = ("--input", "question.wav", "--output", "reply.wav", "--events", "events.jsonl")
    running = localvoice.start(*files, "--room", ROOM, "--tts", "espeak", "--stt", "pocketsphinx")
    overlap = running.wait_for("overlap_started")
    assert overlap["t"] > running.wait_for("first_audio")["t"]
    running.stop()


@pytest.mark.parametrize("ends", [("--input", "-", "--output", "none"), ("--input", "q.wav"), ("--output", "r.wav")])
def test_a_room_needs_two_files(localvoice, ends):
    assert "--room" in localvoice.refusal("--room", ROOM, *ends, code=2)


def test_a_room_that_is_none_is_refused(localvoice):
    said = localvoice.refusal("--room", "60,loud", "--input", "q.wav", "--output", "r.wav", code=2)
    assert "'loud' is not a number" in said
