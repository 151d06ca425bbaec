"""`localvoice say` through a loudspeaker."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from virtual_card import RATE_HZ, Monitor, SoundServer

from localvoice.audio.samples import SPEECH_RATE_HZ, resample
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from tests.e2e.spoken import MODELS

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


async def test_the_whole_text_is_heard(card, monitor: Monitor):
    process = say(card, SENTENCE)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"", b"")
    played = monitor.samples().astype(np.float32) / 32768
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    heard = await recognizer.transcribe(resample(played, RATE_HZ, SPEECH_RATE_HZ))
    recognizer.close()
    assert heard.text == SENTENCE


def test_ctrl_c_stops_the_sound(card, monitor: Monitor):
    process = say(card, "This is a long story, and it goes on and on. " * 5)
    waiting = threading.Event()
    for _ in range(400):
        if np.abs(monitor.samples()).max(initial=0) > 1000:
            break
        waiting.wait(0.05)
    process.send_signal(signal.SIGINT)
    sent_s = time.monotonic()
    assert process.wait(5) == 130
    assert time.monotonic() - sent_s < 1.5
    waiting.wait(0.5)
    assert not np.any(monitor.samples(sent_s + 1.0))
    assert process.communicate()[1] == b""
