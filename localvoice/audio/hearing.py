"""From both ends of a block to the probability that the user speaks, at whatever pace the blocks come."""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.audio.alignment import Alignment
from localvoice.audio.duplex import Block
from localvoice.audio.echo import EchoCanceller, load_processing
from localvoice.audio.own_voice import Bars, OwnVoice
from localvoice.audio.samples import Reblocker, Samples
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity

_RESET_AFTER_S = 2.0
"""Silence after which the VAD forgets: a stale state delayed onsets to p95 393 ms, with resets 130 (latency.md 2)."""

_SILENCE = 0.1
"""Probability below which a window counts as silence for that."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """10 ms of the microphone without our own voice."""

    for_detection: Samples
    """Noise is suppressed as well: what is left of the echo looks like noise."""
    for_recognition: Samples
    """Noise is left in: taking it out costs the starter recogniser half of its sentences (docs/echo.md)."""


class EchoPath:
    """Takes our own voice out of what the microphone hears, and knows how far that can be trusted."""

    def __init__(
        self, detecting: EchoCanceller, recognising: EchoCanceller, noticed_from: float, bars: Bars | None = None
    ) -> None:
        self.alignment = Alignment()
        self.own_voice = OwnVoice(noticed_from, self.alignment, bars or Bars())
        self._detecting = detecting
        self._recognising = recognising

    def clean(self, block: Block) -> Cleaned:
        """The near end without our own voice; as it is where nothing is known of the far end."""
        if block.far is None:
            return Cleaned(block.near, block.near)
        far = self.alignment.feed(block.near, block.far)
        self.own_voice.play(block.far)
        return Cleaned(self._detecting.process(block.near, far), self._recognising.process(block.near, far))


def open_echo_path(noticed_from: float, bars: Bars | None = None) -> EchoPath:
    """The path with the installed canceller. Raises `DeviceError` where there is none."""
    detecting, recognising = (EchoCanceller(load_processing(suppress_noise=noise)) for noise in (True, False))
    return EchoPath(detecting, recognising, noticed_from, bars)


class Hearing:
    """Canceller, utterance buffer and VAD in a row. Not thread-safe."""

    def __init__(
        self, vad: VoiceActivity | None, utterances: UtteranceBuffer, echo_path: EchoPath | None = None
    ) -> None:
        self._vad = vad
        """None where nobody listens (typed conversations): windows then only carry the time."""
        self._utterances = utterances
        self._echo_path = echo_path
        """None where our own voice cannot be heard."""
        self._windows = Reblocker(WINDOW)
        self._quiet_s = 0.0

    def feed(self, block: Block) -> list[float]:
        """The probability of the user's voice in every window (32 ms) that is complete now."""
        clean = Cleaned(block.near, block.near) if self._echo_path is None else self._echo_path.clean(block)
        self._utterances.append(clean.for_recognition)
        return [self._probability(window) for window in self._windows.feed(clean.for_detection)]

    def _probability(self, window: Samples) -> float:
        if self._vad is None:
            return 0.0
        probability = self._vad.probability(window)
        self._quiet_s = self._quiet_s + WINDOW_S if probability < _SILENCE else 0.0
        if self._quiet_s >= _RESET_AFTER_S:
            self._vad.reset()
            self._quiet_s = 0.0
        return probability if self._echo_path is None else self._echo_path.own_voice.users(probability)
