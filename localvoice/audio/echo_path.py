"""Takes our own voice out of the near end: alignment, two cancellers, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.audio.alignment import Alignment
from localvoice.audio.duplex import Block
from localvoice.audio.echo import EchoCanceller, load_processing
from localvoice.audio.own_voice import Bars, OwnVoice
from localvoice.audio.samples import Samples


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
