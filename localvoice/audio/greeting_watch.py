"""The short form of the self-test: looks on while the first words of a conversation are said.

Rule of this file: it runs in the thread that listens, keeps references only, and is over with those words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from localvoice.audio.samples import Samples
from localvoice.audio.self_test import Take

_BEFORE_BLOCKS = 100
"""Kept from before we speak, for the noise of the room: 1 s."""

_QUIET_BLOCKS = 80
"""Silence of ours that ends it: longer than a reply is held for a sound over it (0.4 s), and the room's echo behind."""

_MOST_BLOCKS = 1200
"""12 s: a long greeting has been heard well enough by then."""

_SPEECH_POWER = 10 ** (-50 / 10)
"""Mean square from which we speak (alignment.py)."""

_Block = tuple[Samples, Samples, Samples]


class GreetingWatch:
    """Feed it blocks and windows. `finished` is called once, from the thread that listens, and must not wait."""

    def __init__(self, finished: Callable[[Take], None]) -> None:
        self._finished = finished
        self._before: deque[_Block] = deque(maxlen=_BEFORE_BLOCKS)
        self._blocks: list[_Block] = []
        self._voices: list[tuple[int, float]] = []
        self._samples = 0
        self._quiet = 0

    def block(self, near: Samples, far: Samples, clean: Samples) -> None:
        """Keep 10 ms; the last one hands everything over."""
        speaks = float(np.dot(far, far)) >= _SPEECH_POWER * len(far)
        if not self._blocks and not speaks:
            self._before.append((near, far, clean))
            return
        if not self._blocks:
            self._blocks.extend(self._before)
            self._samples = len(self._blocks) * len(near)
        self._blocks.append((near, far, clean))
        self._samples += len(near)
        self._quiet = 0 if speaks else self._quiet + 1
        if self._quiet == _QUIET_BLOCKS or len(self._blocks) == _MOST_BLOCKS:
            self._finished(self._take())

    def window(self, probability: float) -> None:
        """Keep what the VAD says of the window that ends with the last block."""
        if self._blocks:
            self._voices.append((self._samples, probability))

    def _take(self) -> Take:
        near, far, clean = (np.concatenate(sound) for sound in zip(*self._blocks, strict=True))
        return Take(near, far, clean, tuple(self._voices))
