"""What ends that stand for a stream say of it: those that outlive their device, and a loudspeaker at another rate.

Rule of this file: it only hands on; what an end makes of its stream is said where the end is.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from localvoice.audio.device_path import OpenLoudspeaker, OpenMicrophone, PathName
from localvoice.audio.native_rings import FarSound

S = TypeVar("S", bound=OpenMicrophone | OpenLoudspeaker)


class PresentStream(Generic[S]):
    """Stands for the present stream, or for the last one while there is none."""

    def __init__(self, stream: S) -> None:
        self._stream = stream

    @property
    def path(self) -> PathName:
        """Whose callback it is."""
        return self._stream.path

    @property
    def name(self) -> str:
        """The device's."""
        return self._stream.name

    @property
    def latency_s(self) -> float:
        """As `device_path.Microphone` and `device_path.Loudspeaker` say."""
        return self._stream.latency_s


class PresentLoudspeaker(PresentStream[OpenLoudspeaker]):
    """The same of a loudspeaker."""

    @property
    def played(self) -> FarSound | None:
        """What the device was given, at its own rate."""
        return self._stream.played

    @property
    def block_s(self) -> float:
        """Length of a block."""
        return self._stream.block_s

    @property
    def has_gain(self) -> bool:
        """Whether it can play at a lower level."""
        return self._stream.has_gain

    def gone(self) -> Exception:
        """The error that says so."""
        return self._stream.gone()
