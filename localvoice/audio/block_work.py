"""What is done with the sound of every block: two cancellers and the linear model, in C or in Python.

Rule of this file: the same sound gives the same answer, whichever of both does the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from localvoice.audio.echo import SLEEPS_AFTER_BLOCKS, AudioProcessing, EchoCanceller, load_processing
from localvoice.audio.echo_filter import EchoFilter, Spectrum
from localvoice.audio.native_canceller import NativeProcessing, refused
from localvoice.audio.native_reflex import ReflexLibrary
from localvoice.audio.residue import Residue, draws
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100
_SILENCE = silence(_BLOCK)

_ROW = 168
"""LV_ROW of reflex.h."""

_BEFORE = 6
"""Blocks before it wakes that are worked on then, so that nothing of what was heard last is heard again: a module's
window and its high pass hold 60 ms of it. A user's last word was, over the first sample of our reply (docs/echo.md)."""

_HEARD_FROM = 10 ** (-80 / 20)
"""Peak of the far end from which it wakes, as EchoCanceller and reflex.c have it."""


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """A block of 160 samples as it was worked on, four times over."""

    for_detection: Samples
    """Without the echo and with noise suppressed."""
    for_recognition: Samples
    """Without the echo."""
    left: Samples
    """What the linear model leaves, suppressed and under noise, 10 ms late; the block itself without a model."""
    excess: float
    """By how much the block is louder than the model should leave it, in tens of dB."""
    is_astray: bool = False
    """What the model took out made the last 40 ms louder."""


class BlockWork(Protocol):
    """It stays adapted to the room, and sleeps while nothing is played. Not thread-safe."""

    @property
    def runtime(self) -> str:
        """What does it: `native` or `python`."""

    @property
    def is_awake(self) -> bool:
        """Whether the last block was worked on."""

    def process(self, near: Samples, far: Samples, steady: Samples | None) -> Worked:
        """The next 10 ms of both ends, and of the far end as the linear model wants it; None while it cannot have it.

        Raises `DeviceError` where a canceller fails.
        """

    def rest(self, near: Samples) -> None:
        """Whole blocks in which nothing is played, instead of `process`: what leads up to waking."""

    def mute(self) -> None:
        """Sleep: the microphone is off, and what was heard before is not given out once it is on again."""

    def forget(self) -> None:
        """Our voice comes back another way: what cancellers have learned of the one before is worse than nothing."""


def load_work() -> BlockWork:
    """By way of C where the library and livekit are there. Raises `DeviceError` without a canceller."""
    detecting, recognising = (load_processing(suppress_noise=noise) for noise in (True, False))
    if isinstance(detecting, NativeProcessing) and isinstance(recognising, NativeProcessing):
        return NativeWork(detecting, recognising)
    return PythonWork(detecting, recognising)


class _Before:
    """The last blocks."""

    def __init__(self) -> None:
        self._near = silence(0)
        """None at first: noise suppression would learn from digital silence that there is no noise."""

    def keep(self, near: Samples) -> None:
        """Whole blocks."""
        self._near = np.concatenate((self._near, near))[-_BEFORE * _BLOCK :]

    def mute(self) -> None:
        """As if silence had been heard."""
        self._near = np.zeros_like(self._near)

    def lead_up(self) -> Iterator[Samples]:
        """The blocks, oldest first."""
        return (self._near[at : at + _BLOCK] for at in range(0, len(self._near), _BLOCK))


class PythonWork:
    """Call by call from Python."""

    runtime = "python"

    def __init__(self, detecting: AudioProcessing, recognising: AudioProcessing) -> None:
        self._cancellers = EchoCanceller(detecting), EchoCanceller(recognising)
        self._filter, self._residue = EchoFilter(), Residue()
        self._before = _Before()

    @property
    def is_awake(self) -> bool:
        """Whether the last block was worked on."""
        return self._cancellers[0].is_awake

    def process(self, near: Samples, far: Samples, steady: Samples | None) -> Worked:
        """As the protocol says."""
        if not self.is_awake and _is_heard(far):
            for canceller in self._cancellers:
                canceller.wake()
            for before in self._before.lead_up():
                self._work(before, _SILENCE, None if steady is None else _SILENCE)
        worked = self._work(near, far, steady)
        self._before.keep(near)
        return worked

    def _work(self, near: Samples, far: Samples, steady: Samples | None) -> Worked:
        detection, recognition = (canceller.process(near, far) for canceller in self._cancellers)
        if steady is None or not self.is_awake:
            return Worked(detection, recognition, near, 0.0)
        left, excess = self._residue.feed(*self._filter.process(near, steady))
        return Worked(detection, recognition, left, excess, self._filter.is_astray)

    def rest(self, near: Samples) -> None:
        """As the protocol says."""
        self._before.keep(near)

    def mute(self) -> None:
        """As the protocol says."""
        for canceller in self._cancellers:
            canceller.sleep()
        self._before.mute()

    def forget(self) -> None:
        """As the protocol says."""
        for canceller in self._cancellers:
            canceller.forget()


class NativeWork:
    """One call for all of it, without the GIL."""

    runtime = "native"

    def __init__(self, detecting: NativeProcessing, recognising: NativeProcessing) -> None:
        library: ReflexLibrary = detecting.library
        self._call = library.lib.lv_block_work
        self._modules = detecting, recognising
        self._linear, self._draws = library.ffi.new("lv_linear *"), _rows(draws())
        self._linear.draws_re, self._linear.draws_im = (library.pointer(part) for part in self._draws)
        library.lib.lv_linear_begin(self._linear)
        self._block = library.ffi.new("lv_block *")
        self._block.detecting, self._block.recognising = detecting.state, recognising.state
        self._block.linear, self._block.silent_blocks = self._linear, SLEEPS_AFTER_BLOCKS
        self._given = [library.view(getattr(self._block, name)) for name in ("near", "far", "steady")]
        self._got = [library.view(getattr(self._block, name)) for name in ("for_detection", "for_recognition", "left")]
        self.is_awake = False
        self._before = _Before()

    def process(self, near: Samples, far: Samples, steady: Samples | None) -> Worked:
        """As the protocol says."""
        if not self.is_awake and _is_heard(far):
            self._block.silent_blocks = 0
            for before in self._before.lead_up():
                self._work(before, _SILENCE, None if steady is None else _SILENCE)
        worked = self._work(near, far, steady)
        self._before.keep(near)
        return worked

    def rest(self, near: Samples) -> None:
        """As the protocol says."""
        self._before.keep(near)

    def mute(self) -> None:
        """As the protocol says."""
        self._block.silent_blocks = SLEEPS_AFTER_BLOCKS
        self.is_awake = False
        self._before.mute()

    def forget(self) -> None:
        """As the protocol says."""
        for module in self._modules:
            module.forget()

    def _work(self, near: Samples, far: Samples, steady: Samples | None) -> Worked:
        self._given[0][:], self._given[1][:] = near, far
        self._block.has_steady = steady is not None
        if steady is not None:
            self._given[2][:] = steady
        done = self._call(self._block)
        if done < 0:
            raise refused()
        self.is_awake = done > 0
        detection, recognition, left = (part.copy() for part in self._got)
        return Worked(detection, recognition, left, self._block.excess, bool(self._block.is_astray))


def _is_heard(far: Samples) -> bool:
    return bool(np.abs(far).max() > _HEARD_FROM)


def _rows(spectra: Spectrum) -> tuple[Samples, Samples]:
    """Real and imaginary parts, their rows as far apart as C has them."""
    padded = np.zeros((2, len(spectra), _ROW), dtype=np.float32)
    padded[0, :, : spectra.shape[1]], padded[1, :, : spectra.shape[1]] = spectra.real, spectra.imag
    return padded[0], padded[1]
