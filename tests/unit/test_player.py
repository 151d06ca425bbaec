"""The player of a file, seen from the event loop."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.player import QUEUE_S, QueuePlayer
from localvoice.messages import SpeechChunk
from tests.virtual_time import run

RATE_HZ = 16_000


def chunk(seconds: float, rate_hz: int = RATE_HZ) -> SpeechChunk:
    return SpeechChunk("words", np.full(round(seconds * rate_hz), 0.5, dtype=np.float32), rate_hz)


def playing(work) -> None:
    """`work(player)` while the queue is rendered in virtual time."""

    async def both() -> None:
        queue = PlaybackQueue(RATE_HZ)

        async def room() -> None:
            while True:
                await asyncio.sleep(0.01)
                queue.render(160)

        rendering = asyncio.create_task(room())
        try:
            await work(QueuePlayer(queue))
        finally:
            rendering.cancel()
            await asyncio.wait((rendering,))

    run(both())


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_writing_waits_until_little_is_queued():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        assert await player.write(1, chunk(2.0)) == 2 * RATE_HZ
        assert now_s() == 0.0, "the first chunk does not wait"
        assert await player.write(1, chunk(0.5)) == 2.5 * RATE_HZ
        assert now_s() == pytest.approx(2.0 - QUEUE_S, abs=0.011)

    playing(work)


def test_a_chunk_is_converted_to_the_players_rate():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        assert await player.write(1, chunk(0.2, 22_050)) == pytest.approx(0.2 * RATE_HZ, abs=2)

    playing(work)


@pytest.mark.parametrize("gone", ["cut", "begin"])
def test_writing_to_a_reply_that_is_gone_neither_waits_nor_sounds(gone):
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        await player.write(1, chunk(3.0))
        if gone == "cut":
            player.cut()
        else:
            player.begin(2)
            await player.write(2, chunk(3.0))
        length = player.position().frames
        async with asyncio.timeout(0.001):
            await player.write(1, chunk(3.0))
        assert player.position().frames == length

    playing(work)


def test_reaching_a_sample_tells_when_it_sounded():
    async def work(player: QueuePlayer) -> None:
        await asyncio.sleep(0.5)
        player.begin(1)
        await player.write(1, chunk(1.0))
        assert await player.reached(1, 8_000) == pytest.approx(1.0, abs=0.011)

    playing(work)


def test_draining_waits_for_the_last_sample():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        await player.drain(1)
        await player.write(1, chunk(0.5))
        position = await player.drain(1)
        assert position.frames == 8_000
        assert position.silent_at_s == pytest.approx(0.5, abs=0.011)
        assert now_s() == pytest.approx(0.5, abs=0.011)

    playing(work)


def test_draining_waits_as_long_as_the_reply_is_held():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        await player.write(1, chunk(0.5))
        await asyncio.sleep(0.2)
        player.pause()
        asyncio.get_running_loop().call_later(5.0, player.resume)
        await player.drain(1)
        assert now_s() == pytest.approx(5.5, abs=0.03)

    playing(work)


def test_ducking_is_in_decibels():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        await player.write(1, chunk(1.0))
        player.duck(-20.0, 10.0)
        await asyncio.sleep(0.1)
        assert player.position().frames == pytest.approx(0.1 * RATE_HZ, abs=161)

    playing(work)


def test_a_reader_who_gives_up_does_no_harm():
    async def work(player: QueuePlayer) -> None:
        player.begin(1)
        await player.write(1, chunk(0.5))
        waiting = asyncio.create_task(player.reached(1, 100))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((waiting,))
        await player.drain(1)

    playing(work)
