"""A conversation over a sound card is recorded on one clock, from the first captured frame on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from talking import Talk
from virtual_card import SoundServer

from localvoice.replay.differing import compared
from localvoice.replay.folder import read_folder

pytestmark = pytest.mark.devices


def audible_from(path: Path, after_s: float) -> float:
    """When the first audible sample behind a moment sounds."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    first = round(after_s * rate_hz)
    return float(np.flatnonzero(np.abs(samples[first:]) > 0.02)[0] + first) / rate_hz


def test_a_conversation_over_a_sound_card_is_recorded(card: SoundServer, tmp_path: Path):
    folder = tmp_path / "kept"
    talk = Talk(card, tmp_path, f"import sys; sys.argv += ['--record', {str(folder)!r}]")
    try:
        greeting = talk.count("first_audio", 1)[0]
        talk.count("reply_finished", 1)
        talk.say("What is the capital of France?")
        answer = talk.count("first_audio", 2)[1]
        talk.count("reply_finished", 2)
        events = talk.interrupt()
    finally:
        talk.stop()
    recorded = read_folder(folder)
    assert recorded.meta["tracks"].keys() == {"mic", "clean", "output", "reference"}
    lengths = [soundfile.info(folder / f"{track}.flac").duration for track in recorded.meta["tracks"]]
    assert max(lengths) - min(lengths) < 0.05
    assert lengths[0] == pytest.approx(events[-1]["t"], abs=0.5)
    for event in (greeting, answer):  # a device is given its sound before it can be heard
        given_s = audible_from(folder / "output.flac", event["t"] - 0.5)
        assert event["t"] - 0.3 < given_s <= event["t"] + 0.05
    speech = next(event for event in events if event["type"] == "speech_started" and event["t"] > greeting["t"])
    assert audible_from(folder / "mic.flac", speech["t"] - 0.3) == pytest.approx(speech["t"], abs=0.15)
    made, found = compared(recorded)
    assert (made, [one.told() for one in found]) == (len(events), [])
