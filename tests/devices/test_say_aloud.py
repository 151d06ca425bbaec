"""`localvoice say` through a loudspeaker."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from virtual_card import RATE_HZ, Monitor, SoundServer

from localvoice.audio.samples import resample
from tests.waiting import seconds_to_end, wait_until

pytestmark = pytest.mark.devices

SENTENCE = "The capital of France is Paris."


def say(card: SoundServer, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "localvoice", "say", "--tts", "espeak", *words],
        env=card.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def synthesized(text: str, wav: Path) -> np.ndarray:
    """The same words by the same voice, at the card's rate; by a new process, since espeak remembers what it said."""
    subprocess.run([sys.executable, "-m", "localvoice", "say", "--tts", "espeak", text, "-o", str(wav)], check=True)
    sound, rate_hz = soundfile.read(wav, dtype="float32")
    return resample(sound, rate_hz, RATE_HZ)


def audible(sound: np.ndarray) -> np.ndarray:
    """From the first sample that sounds to the last one."""
    heard = np.flatnonzero(np.abs(sound) > 0.003)
    return sound[heard[0] : heard[-1] + 1]


def test_the_whole_text_is_heard(card, monitor: Monitor, tmp_path: Path):
    process = say(card, SENTENCE)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"", b"")
    played = audible(monitor.samples().astype(np.float32) / 32768)
    spoken = audible(synthesized(SENTENCE, tmp_path / "said.wav"))
    slack = RATE_HZ // 1000  # rounding to 16 bits moves the first and the last sample that count as audible
    assert len(played) == pytest.approx(len(spoken), abs=slack)
    length = min(len(played), len(spoken)) - 2 * slack
    middle = spoken[slack : slack + length]
    assert max(np.corrcoef(played[at : at + length], middle)[0, 1] for at in range(2 * slack)) > 0.98


def test_ctrl_c_stops_the_sound(card, monitor: Monitor):
    process = say(card, "This is a long story, and it goes on and on. " * 5)
    wait_until(lambda: np.abs(monitor.samples()).max(initial=0) > 1000)
    assert seconds_to_end(process, signal.SIGINT) < 1.5
    silent_s = time.monotonic() + 0.2  # what the card has taken already
    assert process.wait() == 130
    time.sleep(0.5)
    assert not np.any(monitor.samples(silent_s))
    assert process.communicate()[1] == b""
