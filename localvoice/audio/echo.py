"""The echo canceller: takes what the loudspeaker played out of what the microphone heard.

WebRTC's AEC3 from a wheel: livekit's, else aec-audio-processing's (docs/decisions/011-echo-canceller.md).
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from localvoice.audio import native_reflex
from localvoice.audio.native_canceller import DIFFERS, NativeProcessing, livekit_module
from localvoice.audio.samples import SPEECH_RATE_HZ, Pcm, Samples, from_int16, to_int16
from localvoice.errors import DeviceError

_FRAMES = SPEECH_RATE_HZ // 100

SLEEPS_AFTER_BLOCKS = 200
"""2 s: the longest path we take (0.4 s) and the longest reverberation are over long before."""

_SILENT = 10 ** (-80 / 20)
"""Peak under which nothing is played: a dithered zero is one, a quiet consonant is not."""

_SUPPRESSION_LEVEL = 2
"""Of aec-audio-processing: "high", which is what livekit's module is fixed to."""


class AudioProcessing(Protocol):
    """One instance of WebRTC's audio processing: echo canceller, high pass and perhaps noise suppression."""

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """`near` without the echo of `far`; 10 ms each, in order, every block."""

    def forget(self) -> None:
        """Begin anew, as if nothing had been heard: 2 to 4 ms."""


class LiveKitProcessing:
    """The module inside the package livekit."""

    def __init__(self, *, suppress_noise: bool) -> None:
        from livekit import rtc

        logging.getLogger("livekit").setLevel(logging.ERROR)
        self._suppress_noise = suppress_noise
        self.forget()
        # both frames are kept and written into: what the module sees are these two buffers
        buffers = bytearray(2 * _FRAMES), bytearray(2 * _FRAMES)
        self._near_frame, self._far_frame = (rtc.AudioFrame(one, SPEECH_RATE_HZ, 1, _FRAMES) for one in buffers)
        self._near, self._far = (np.frombuffer(one, dtype="<i2") for one in buffers)

    def forget(self) -> None:
        """As the protocol says."""
        self._module = livekit_module(suppress_noise=self._suppress_noise)

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """The far end first: the canceller has to know a sound before it comes back."""
        self._far[:] = far
        self._module.process_reverse_stream(self._far_frame)
        self._near[:] = near
        self._module.process_stream(self._near_frame)
        return self._near.copy()


class CompactProcessing:
    """The module inside the package aec-audio-processing, a tenth of the size."""

    def __init__(self, *, suppress_noise: bool) -> None:
        self._package = import_module("aec_audio_processing")  # it has no types
        self._suppress_noise = suppress_noise
        self.forget()

    def forget(self) -> None:
        """As the protocol says."""
        self._module: Any = self._package.AudioProcessor(
            enable_aec=True,
            enable_ns=self._suppress_noise,
            ns_level=_SUPPRESSION_LEVEL,
            enable_agc=False,
            enable_vad=False,
        )
        self._module.set_stream_format(SPEECH_RATE_HZ, 1, SPEECH_RATE_HZ, 1)
        self._module.set_reverse_stream_format(SPEECH_RATE_HZ, 1)

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """The far end first."""
        self._module.process_reverse_stream(far.tobytes())
        return np.frombuffer(self._module.process_stream(near.tobytes()), dtype="<i2")


def load_processing(*, suppress_noise: bool = True) -> AudioProcessing:
    """The first of both that is installed, by way of C where that is there. Raises `DeviceError` without either."""
    library = native_reflex.load()
    if library is not None:
        try:
            return NativeProcessing(library, suppress_noise=suppress_noise)
        except DIFFERS:
            pass  # there is no livekit, or it has changed inside
    try:
        return LiveKitProcessing(suppress_noise=suppress_noise)
    except (ImportError, OSError):
        pass  # there is none, or its library cannot be loaded here
    try:
        return CompactProcessing(suppress_noise=suppress_noise)
    except (ImportError, OSError) as error:
        raise DeviceError(
            "there is no echo canceller on this machine: run `pip install livekit`, or use headphones and "
            '`localvoice config set audio.echo "off"`'
        ) from error


class EchoCanceller:
    """One canceller for the whole session: it stays adapted to the room. Not thread-safe.

    It sleeps while nothing is played, handing `near` through, and wakes with the block that is played again, before
    its echo can be heard.
    """

    def __init__(self, processing: AudioProcessing) -> None:
        self._processing = processing
        self._silent_blocks = SLEEPS_AFTER_BLOCKS

    @property
    def is_awake(self) -> bool:
        """Whether the last block was worked on."""
        return self._silent_blocks < SLEEPS_AFTER_BLOCKS

    def wake(self) -> None:
        """Work on the next block, whatever is played with it."""
        self._silent_blocks = 0

    def sleep(self) -> None:
        """Until something is played again."""
        self._silent_blocks = SLEEPS_AFTER_BLOCKS

    def forget(self) -> None:
        """The room is another one."""
        self._processing.forget()

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` (160 samples at 16 kHz) without what came of `far` or of what was played in the half second before."""
        self._silent_blocks = 0 if np.abs(far).max() > _SILENT else self._silent_blocks + 1
        if not self.is_awake:
            return near
        return from_int16(self._processing.process(to_int16(near), to_int16(far)))
