"""From both ends of a block to the probability that the user speaks, at whatever pace the blocks come."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from localvoice.audio.detector import Detector
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.echo_path import Cleaned, EchoPath
from localvoice.audio.samples import Reblocker, Samples
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, SileroVad, VoiceActivity


class Hearing:
    """Canceller, utterance buffer and voice detector in a row. Not thread-safe."""

    def __init__(
        self,
        vad: VoiceActivity | None,
        utterances: UtteranceBuffer,
        echo_path: EchoPath | None = None,
        second_ear: UtteranceBuffer | None = None,
    ) -> None:
        """`second_ear` gets what sounds over the reply are judged by, besides what the recogniser hears."""
        self.detects_natively = isinstance(vad, SileroVad) and vad.runtime == "native"
        """Whether our own C tells a voice from other sound."""
        self._detector = None if vad is None else Detector(vad)
        """None where nobody listens (typed conversations): windows then only carry the time."""
        self._utterances = utterances
        self._second_ear = second_ear
        self._echo_path = echo_path
        """None where our own voice cannot be heard."""
        self._windows = Reblocker(WINDOW)
        self._near: deque[Samples] = deque(maxlen=3)
        self.tape: Callable[[Samples, Samples | None, Samples], None] | None = None
        """Told of near, far and clean, 10 ms or several times that; must not wait."""

    @property
    def is_resting(self) -> bool:
        """Whether nothing has been heard for a while: sound may then wait for a few blocks."""
        return self._detector is None or (self._detector.is_quiet and not self._hears_us)

    @property
    def _hears_us(self) -> bool:
        return self._echo_path is not None and self._echo_path.own_voice.is_audible

    @property
    def level_db(self) -> float | None:
        """Of the loudest 10 ms of the last 30 at the microphone, dBFS; None while our voice may come back to it."""
        if self._echo_path is not None and self._hears_us and not self._echo_path.is_isolated:
            return None
        powers = (float(np.dot(block, block)) / len(block) for block in self._near)
        return 10 * math.log10(max(powers, default=0.0) + 1e-12)

    def feed(self, block: Block) -> list[float]:
        """The probability of the user's voice in every window (32 ms) that is complete now."""
        self._near.extend(block.near.reshape(-1, BLOCK))
        clean = Cleaned.untouched(block.near) if self._echo_path is None else self._echo_path.clean(block)
        self._utterances.append(clean.for_recognition)
        if self._second_ear is not None:
            self._second_ear.append(clean.for_judging)
        if self.tape is not None:
            self.tape(block.near, block.far, clean.for_recognition)
        return [self._probability(window) for window in self._windows.feed(clean.for_detection)]

    def _probability(self, window: Samples) -> float:
        if self._detector is None:
            return 0.0
        probability = self._detector.probability(window, may_rest=not self._hears_us)
        return probability if self._echo_path is None else self._echo_path.users(probability)
