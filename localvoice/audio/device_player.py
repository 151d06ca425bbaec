"""A loudspeaker as `engines.Player`: one ring per reply, positions from what the device has taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from localvoice.audio.device_path import Loudspeaker, PathName, ReplySound
from localvoice.audio.native_rings import FarSound
from localvoice.audio.playout import Anchor, Playout
from localvoice.audio.samples import resample
from localvoice.audio.stream_opening import EDGE_S
from localvoice.messages import Position, SpeechChunk

_QUEUE_S = 0.4
"""Sound held ready before `write` waits: enough for a slow clause, little enough to keep model and voice in step."""

_POLL_S = 0.01
"""How often a waiting call looks; nothing looks while none waits."""

_STALLED_AFTER_S = 2.0
"""A device that takes nothing for so long is lost, whatever it says (audio.md 9)."""


class DevicePlayer:
    """A loudspeaker. Duck, pause, resume and cut act with the device's next block; without a gain, ducking is a pause.

    `now_s` is the capture clock: the time of what sounds at the microphone at this moment. Not thread-safe.
    """

    def __init__(self, stream: Loudspeaker, now_s: Callable[[], float]) -> None:
        self._stream = stream
        self._now_s = now_s
        self._turn = 0
        self._ring: ReplySound = stream.new_ring()
        self._playout = Playout(stream.rate_hz)
        self._captured = Anchor()
        self._is_held = False
        self._final: Position | None = None

    @property
    def rate_hz(self) -> int:
        """Rate at which positions are counted: the device's."""
        return self._stream.rate_hz

    @property
    def name(self) -> str:
        """The device's name."""
        return self._stream.name

    @property
    def path(self) -> PathName:
        """Whose callback plays."""
        return self._stream.path

    @property
    def played(self) -> FarSound | None:
        """What the device was given, sample by sample at `rate_hz`; None where nobody knows (rtmixer)."""
        return self._stream.played

    @property
    def xruns(self) -> int:
        """Times the device ran out of sound that was there, as far as it was noticed."""
        return self._stream.xruns

    def begin(self, turn: int) -> None:
        """Start an empty reply; what an earlier one still held is dropped."""
        self._stream.stop(self._ring)
        self._turn = turn
        self._ring = self._stream.new_ring()
        self._playout = Playout(self.rate_hz)
        self._captured = Anchor()
        self._is_held = False
        self._final = None

    async def write(self, turn: int, chunk: SpeechChunk) -> int:
        """Queue a chunk once less than 400 ms are waiting; returns the reply's length so far.

        Raises `DeviceError` when the device is gone.
        """
        self._stream.check()
        self._follow()
        samples = resample(chunk.samples, chunk.rate_hz, self.rate_hz)
        wait = _Patience()
        while self._is_current(turn) and self._ring.unread > _QUEUE_S * self.rate_hz:
            self._ring.expect(more=True, waiting=True)
            await self._poll(wait)
        while self._is_current(turn) and len(samples):
            was_running_dry = self._ring.unread < 2 * self._stream.block_s * self.rate_hz
            samples = samples[self._ring.append(samples) :]
            is_idle = was_running_dry or not self._stream.is_playing  # perhaps it saw it empty a moment ago
            if is_idle and not self._is_held:
                self._play()
            self._ring.expect(more=True, waiting=len(samples) > 0)
            if len(samples):
                await self._poll(wait)
        return self._ring.written

    async def reached(self, turn: int, frame: int) -> float:
        """Wait until a sample sounds; its time on the capture clock. Raises `DeviceError` when the device is gone."""
        wait = _Patience()
        while self._is_current(turn):
            self._look()
            at_s = self._playout.when(frame)
            if at_s is not None and at_s <= time.monotonic():
                return self._on_capture_clock(at_s)
            await self._poll(wait)
        return await _never()

    async def drain(self, turn: int) -> Position:
        """Wait until everything written has sounded, the device's buffers included; it goes on with zeros."""
        written = self._ring.written
        if not written or not self._is_current(turn):
            return self.position()
        self._ring.expect(more=False)
        return Position(written, self.rate_hz, await self.reached(turn, written - 1))

    def position(self) -> Position:
        """How far the reply has come at the loudspeaker, which is some 50 ms behind what the device has taken."""
        if self._final is not None:
            return self._final
        self._follow()
        self._look()
        now_s = time.monotonic()
        frames = self._playout.sounded(now_s)
        last_s = self._playout.when(frames - 1) if frames else None
        return Position(frames, self.rate_hz, self._on_capture_clock(now_s if last_s is None else last_s))

    def duck(self, gain_db: float, ramp_ms: float) -> None:
        """Move to that level, unless the reply is held. Without a gain: pause, or go on for 0 dB."""
        if self._stream.has_gain:
            if self._final is None and not self._is_held:
                self._stream.level(self._ring, 10.0 ** (gain_db / 20.0), ramp_ms / 1000)
        elif gain_db < 0.0:
            self.pause()
        else:
            self.resume()

    def pause(self) -> None:
        """Hold the reply; what the device has taken still sounds."""
        if self._final is None and not self._is_held:
            self._follow()
            self._is_held = True
            self._stream.stop(self._ring)
            self._look()

    def resume(self, back_to: int | None = None) -> None:
        """Go on at full level, from frame `back_to` when it lies before the present one (a second back at most)."""
        if self._final is not None:
            return
        self._follow()
        if back_to is not None and back_to < self._ring.taken:
            self._stream.stop(self._ring)
            self._ring = self._ring.rewound(back_to)
        elif not self._is_held:
            if self._stream.has_gain:
                self._stream.level(self._ring, 1.0, EDGE_S)
            return
        self._is_held = False
        self._play()

    def cut(self) -> Position:
        """Take nothing more from the reply; says what sounds to the end of the device's buffers."""
        if self._final is None:
            self._follow()
            frames = self._stream.stop(self._ring)
            self._look()
            self._final = Position(frames, self.rate_hz, self._on_capture_clock(self._sounds_at(frames - 1)))
        return self._final

    def _sounds_at(self, frame: int) -> float:
        """When a frame sounds that the device has taken, or takes right behind those; now for none."""
        taken = min(frame, self._ring.taken - 1)
        at_s = self._playout.when(taken) if taken >= 0 else None
        return time.monotonic() if at_s is None else at_s + (frame - taken) / self.rate_hz

    def close(self) -> None:
        """Stop the loudspeaker; waits 0.3 s at most for a device that hangs."""
        self._stream.close()

    def _is_current(self, turn: int) -> bool:
        return turn == self._turn and self._final is None

    def _play(self) -> None:
        if self._ring.unread:
            self._playout.start(self._ring.taken, self._stream.latency_s)
            self._stream.play(self._ring)

    def _follow(self) -> None:
        """Where the loudspeaker was lost, the reply stands where it was heard last, and goes on there on the next."""
        self._stream.follow(self._ring, self._sounded_at_loss)

    def _sounded_at_loss(self, alive_s: float) -> int:
        self._look()
        was_taking = self._ring.unread > 0 and not self._is_held
        return self._playout.sounded_at_loss(alive_s, was_taking=was_taking)

    def _look(self) -> None:
        now_s = time.monotonic()
        self._captured.look(self._now_s(), now_s)
        self._playout.look(self._ring.taken, now_s)

    def _on_capture_clock(self, at_s: float) -> float:
        if not self._captured.is_known:
            self._look()
        return at_s - self._captured.zero_s

    async def _poll(self, patience: _Patience) -> None:
        """Let 10 ms pass; see that the device goes on taking."""
        await asyncio.sleep(_POLL_S)
        self._stream.check()
        self._follow()
        self._look()
        if patience.sees(self._ring.taken) or self._is_held or not self._ring.unread:
            patience.restart()
        elif not self._stream.is_playing:
            self._play()
            patience.restart()
        elif patience.is_over:
            raise self._stream.gone()


class _Patience:
    """How long a waiting call has seen nothing move; a look that comes late proves little: we had no processor."""

    def __init__(self) -> None:
        self._still_s = 0.0
        self._looked_s = time.monotonic()
        self._taken = -1

    def sees(self, taken: int) -> bool:
        """Whether the device has taken something since this call looked last; others may have looked in between."""
        before, self._taken = self._taken, taken
        return taken != before

    def restart(self) -> None:
        """Something moved, or nothing has to."""
        self._still_s = 0.0
        self._looked_s = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the device counts as lost; asked once a look."""
        since_s, self._looked_s = time.monotonic() - self._looked_s, time.monotonic()
        self._still_s += min(since_s, 1.5 * _POLL_S)
        return self._still_s > _STALLED_AFTER_S


async def _never() -> float:
    """What a reply that was cut has to wait for: the caller is cancelled."""
    nothing: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    return await nothing
