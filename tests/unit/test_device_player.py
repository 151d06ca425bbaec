"""Who waits for a loudspeaker, and when it counts as lost, on one that is made up."""

from __future__ import annotations

import asyncio
import time

import pytest

from localvoice.audio import device_player
from localvoice.audio.device_player import DevicePlayer
from localvoice.errors import DeviceError
from localvoice.messages import SpeechChunk

RATE_HZ = 48_000
BLOCK = 480


class Ring:
    """A reply of which the loudspeaker takes a block whenever it likes."""

    def __init__(self) -> None:
        self.written = 0
        self.taken = 0

    @property
    def unread(self) -> int:
        return self.written - self.taken

    def append(self, samples) -> int:
        self.written += len(samples)
        return len(samples)

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        pass


class Loudspeaker:
    """Takes a block at every so-manieth look of anybody; never where that is 0."""

    rate_hz = RATE_HZ
    block_s = 0.01
    latency_s = 0.05
    is_playing = True

    def __init__(self, every: int) -> None:
        self._every = every
        self._looks = 0
        self.ring = Ring()

    def new_ring(self) -> Ring:
        self.ring = Ring()
        return self.ring

    def play(self, ring: Ring) -> None:
        pass

    def stop(self, ring: Ring) -> int:
        return ring.taken

    def follow(self, ring: Ring, lost_at) -> None:
        pass

    def check(self) -> None:
        self._looks += 1
        if self._every and self._looks % self._every == 0:
            self.ring.taken += BLOCK

    def gone(self) -> DeviceError:
        return DeviceError("the loudspeaker does not answer any more")


async def two_wait(loudspeaker: Loudspeaker) -> None:
    """For the end of a long reply, in step with each other."""
    player = DevicePlayer(loudspeaker, time.monotonic)
    player.begin(1)
    await player.write(1, SpeechChunk("x", [0.0] * 10 * RATE_HZ, RATE_HZ))
    async with asyncio.timeout(0.3), asyncio.TaskGroup() as waiting:
        for _ in range(2):
            waiting.create_task(player.reached(1, 10 * RATE_HZ - 1))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_player, "_STALLED_AFTER_S", 0.1)


async def test_what_one_call_has_seen_move_another_one_sees_too() -> None:
    with pytest.raises(TimeoutError):
        await two_wait(Loudspeaker(every=2))


async def test_a_loudspeaker_that_takes_nothing_is_lost() -> None:
    with pytest.raises(ExceptionGroup, match="unhandled") as caught:
        await two_wait(Loudspeaker(every=0))
    assert "does not answer" in str(caught.value.exceptions[0])
