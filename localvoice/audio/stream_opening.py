"""What the streams of both callbacks have in common: how much they hold, how they are opened, when they are lost."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from localvoice.audio.portaudio import load_sounddevice
from localvoice.audio.samples import Samples
from localvoice.errors import DeviceError

CAPTURE_RING_S = 8.0
"""Sound kept while nobody reads: imports and model loading can hold the GIL that long (house.md 4)."""

REPLY_RING_S = 30.0
"""Sound a reply can have waiting: the longest chunk a synthesiser returns at once. Memory is touched as it is used."""

HISTORY_S = 1.0
"""Of it, kept behind the present sample, for going back to the beginning of a word."""

EDGE_S = 0.005
"""Ramp at pauses and cuts where the callback has a gain, as of files (playback.py)."""

_LOST_AFTER_S = 0.3
_SILENT_AFTER_S = 2.0
"""Without a new frame: when to ask whether the stream still runs, and when it is lost whatever it says (audio.md 9)."""

_STARTS_WITHIN_S = 3.0
"""First blocks came 7 to 35 ms after the start of a stream (audio.md 5), seconds later on a stalled sound server."""

_INVALID_CHANNEL_COUNT = -9998
"""`paInvalidChannelCount` in portaudio.h."""


def open_stream(stream_type: Callable[..., Any], channels: int, most_channels: int, **options: Any) -> Any:
    """Open with `channels`, or with all the device has where it knows no fewer (some ALSA hardware)."""
    try:
        return stream_type(channels=channels, **options)
    except load_sounddevice().PortAudioError as error:
        if channels == most_channels or _INVALID_CHANNEL_COUNT not in error.args:
            raise
    return stream_type(channels=most_channels, **options)


def has_started(is_running: Callable[[], bool], poll_s: float) -> bool:
    """Wait for a stream's first block; False when it does not come within 3 s."""
    deadline_s = time.monotonic() + _STARTS_WITHIN_S
    while not is_running():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(poll_s)
    return True


def is_lost(silent_s: float, is_active: Callable[[], bool]) -> bool:
    """Whether a stream that gave nothing for so long will give nothing any more."""
    return silent_s > _SILENT_AFTER_S or (silent_s > _LOST_AFTER_S and not is_active())


def microphone_gone(name: str) -> DeviceError:
    """The error that says so."""
    return DeviceError(f'the microphone "{name}" does not answer any more: check it with `localvoice devices`')


def loudspeaker_gone(name: str) -> DeviceError:
    """The error that says so."""
    return DeviceError(f'the loudspeaker "{name}" does not answer any more: check it with `localvoice devices`')


def microphone_does_not_start(name: str) -> DeviceError:
    """The error that says so."""
    return DeviceError(
        f'the microphone "{name}" does not start: check it with `localvoice devices`, or use `--input FILE.wav`'
    )


def loudspeaker_does_not_start(name: str) -> DeviceError:
    """The error that says so."""
    return DeviceError(
        f'the loudspeaker "{name}" does not start: check it with `localvoice devices`, or use `--output FILE.wav`'
    )


def ring_memory(frames: int) -> Samples:
    """Zeros for a ring, from the system: they cost nothing until they are touched, and go back to it at once.

    `numpy.zeros` of 8 MB cleans memory of C's allocator that had been used before, at the beginning of a reply: 0.3 to
    40 ms on a busy machine, and all of it stays with the process (2026-11-22, docs/audio.md).
    """
    return np.frombuffer(mmap.mmap(-1, frames * np.dtype(np.float32).itemsize), dtype=np.float32)


def power_of_2(frames: float) -> int:
    """The least power of 2 that is not less."""
    return 1 << (int(frames) - 1).bit_length()
