"""Which compiled callback runs a device, ours or rtmixer's, and what both offer to all above.

`microphone` and `loudspeaker` open with ours where the library is there, else with rtmixer's.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Literal, Protocol

from localvoice.audio import native
from localvoice.audio.device import DeviceInfo
from localvoice.audio.native_rings import FarSound
from localvoice.audio.samples import Samples
from localvoice.config import AudioConfig

PathName = Literal["native", "rtmixer"]


class Microphone(Protocol):
    """A microphone that records from construction on, into a ring of at least 8 s."""

    @property
    def path(self) -> PathName:
        """Whose callback it is."""

    @property
    def name(self) -> str:
        """The device's."""

    @property
    def rate_hz(self) -> int:
        """Of what `take` returns next."""

    @property
    def latency_s(self) -> float:
        """From the microphone to the ring, as PortAudio says it."""

    @property
    def xruns(self) -> int:
        """Times sound was lost, as far as it was noticed."""

    def take(self) -> Samples:
        """What has been recorded since the last call, mono, perhaps nothing; what was lost as zeros.

        Belongs to one thread. Raises `DeviceError` when the device is gone.
        """

    def wait(self, first_s: float, looks: int) -> int:
        """Wait for `first_s`, then for 80 ms again and again, until something stands out or somebody calls.

        Returns after how many of `looks` that was; behind the first one where nobody can look.
        """

    def call(self) -> None:
        """Let `wait` end with its next look. Any thread."""

    def rest(self, *, is_resting: bool) -> None:
        """Say whether nobody talks: sound may come 40 ms at a time then. The thread of `take`."""

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""


class ReplySound(Protocol):
    """The sound of one reply, written by us and read by a callback; frames are counted from its beginning."""

    @property
    def written(self) -> int:
        """Frames written so far."""

    @property
    def taken(self) -> int:
        """Frames the callback has taken."""

    @property
    def unread(self) -> int:
        """Frames the callback has not yet taken."""

    def append(self, samples: Samples) -> int:
        """Write mono samples, as many as fit; returns how many those were."""

    def since(self, frame: int) -> Samples:
        """A copy of what was written from `frame` on, as far back as memory goes (a second before `taken`)."""

    def rewound(self, frame: int) -> ReplySound:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more."""

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        """Say whether more is to come, and whether it waits for room already: what running empty then means."""


class Loudspeaker(Protocol):
    """A loudspeaker that runs from construction on, with zeros where no reply is played. All of it: one thread."""

    @property
    def path(self) -> PathName:
        """Whose callback it is."""

    @property
    def name(self) -> str:
        """The device's."""

    @property
    def rate_hz(self) -> int:
        """Of the frames that are counted."""

    @property
    def block_s(self) -> float:
        """Length of a block."""

    @property
    def has_gain(self) -> bool:
        """Whether it can play at a lower level."""

    @property
    def played(self) -> FarSound | None:
        """What it was given, sample by sample; None where nobody knows."""

    @property
    def latency_s(self) -> float:
        """From a block being taken to its end sounding."""

    @property
    def xruns(self) -> int:
        """Times it ran out of sound that was there, as far as it was noticed."""

    @property
    def is_playing(self) -> bool:
        """Whether the callback takes, or will take, what is appended to the reply played last."""

    def new_ring(self) -> Any:
        """An empty `ReplySound`, of this loudspeaker's own kind."""

    def play(self, ring: Any) -> None:
        """Take from `ring`, and from no other, from the next block on; goes on with one that was stopped."""

    def stop(self, ring: Any) -> int:
        """Take nothing more from `ring`, from the next block on; the first frame that does not sound."""

    def level(self, ring: Any, gain: float, ramp_s: float) -> None:
        """Move to a linear gain; only where `has_gain`."""

    def check(self) -> None:
        """Raise `DeviceError` when the device is gone."""

    def gone(self) -> Exception:
        """The error that says so."""

    def follow(self, ring: Any, lost_at: Callable[[float], int]) -> None:
        """Let `ring` go with the loudspeaker where that was lost, or is another one now.

        `lost_at` says how many of its frames had sounded by the last sign of life (monotonic time).
        """

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""


class Watched(Protocol):
    """A stream as the one thread sees it that uses PortAudio."""

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""


class OpenMicrophone(Microphone, Watched, Protocol):
    """One device's stream; it can only be lost once."""

    def read_new(self) -> Samples:
        """What `take` returns, whatever has become of the device: PortAudio is not asked."""


class OpenLoudspeaker(Loudspeaker, Watched, Protocol):
    """One device's stream; it can only be lost once."""

    def rest(self, *, is_resting: bool) -> None:
        """Say whether nothing will be played soon: what is may sound 80 ms later then. The thread of `played`."""


def path_name() -> PathName:
    """The callback that devices opened from now on will have."""
    return "rtmixer" if native.load() is None else "native"


def microphone(device: DeviceInfo, config: AudioConfig) -> OpenMicrophone:
    """Open a microphone. Raises `DeviceError`."""
    library = native.load()
    if library is None:
        from localvoice.audio import device_streams

        return device_streams.InputStream(device, config)
    from localvoice.audio import native_streams

    return native_streams.InputStream(library, device, config)


def loudspeaker(device: DeviceInfo, config: AudioConfig) -> OpenLoudspeaker:
    """Open a loudspeaker, after the microphone. Raises `DeviceError`."""
    library = native.load()
    if library is None:
        from localvoice.audio import device_streams

        return device_streams.OutputStream(device, config)
    from localvoice.audio import native_streams

    return native_streams.OutputStream(library, device, config)
