"""A conversation through a microphone and a loudspeaker: greeted, answered, interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from talking import Talk
from virtual_card import RATE_HZ, Monitor, SoundServer

from localvoice.audio import native

pytestmark = pytest.mark.devices


@pytest.fixture
def talking(card: SoundServer, tmp_path: Path):
    talk = Talk(card, tmp_path)
    yield talk
    talk.stop()


def test_a_conversation_over_a_sound_card(talking: Talk, monitor: Monitor):
    started = talking.count("session_started", 1)[0]
    assert started["t"] > 0
    assert started["callbacks"] == ("rtmixer" if native.load() is None else "native")
    greeting = talking.count("reply_finished", 1)[0]
    assert greeting["heard"] == greeting["text"] != ""

    talking.say("What is the capital of France?")
    answer = talking.count("reply_finished", 2)[1]
    assert answer["heard"] == "The capital of France is Paris."

    talking.say("Tell me a story.")
    talking.count("first_audio", 3)
    talking.say("What is the capital of Germany?")
    barge_in = talking.count("barge_in", 1)[0]
    assert (barge_in["heard"] + barge_in["unsaid"]).startswith("Once upon a time there was a little fox.")
    assert talking.count("reply_finished", 4)[3]["heard"] == "The capital of Germany is Berlin."

    last = talking.interrupt()[-1]
    assert (last["type"], last["reason"]) == ("session_ended", "interrupt")
    played = monitor.samples().astype(np.float32) / 32768
    assert np.abs(played).max() > 0.05
    assert len(played) > 5 * RATE_HZ
