"""What a reply sounds like at the loudspeaker: a counter as signal shows every sample lost, doubled or invented."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from virtual_card import RATE_HZ, Monitor, SoundServer

from localvoice.audio.device import open_player
from localvoice.audio.device_player import DevicePlayer
from localvoice.config import AudioConfig
from localvoice.messages import SpeechChunk

pytestmark = pytest.mark.devices

TRIES = 3
"""The machine may be shared, and its card stall: a time has to be kept in one of three tries, a count in each."""


EDGE = 240
"""Frames of the ramp at pauses and cuts, where there is one."""


@pytest.fixture
def player(card: SoundServer, path: str) -> Iterator[DevicePlayer]:
    player = open_player("", AudioConfig(sample_rate=RATE_HZ), time.monotonic)
    assert player.path == path
    yield player
    player.close()


def counter(frames: int, first: int = 0) -> NDArray[np.int16]:
    """Values that say which sample they are (up to 0.4 s), never 0."""
    return (1000 + (first + np.arange(frames)) % 20_000).astype(np.int16)


def chunk(values: NDArray[np.int16]) -> SpeechChunk:
    return SpeechChunk("x", (values / 32768).astype(np.float32), RATE_HZ)


async def heard(monitor: Monitor, start_s: float) -> NDArray[np.int16]:
    """Everything but silence since `start_s`, once nothing sounds any more."""
    await monitor.silence()
    samples = monitor.samples(start_s - 0.02)
    return samples[samples != 0]


def assert_heard(samples: NDArray[np.int16], expected: NDArray[np.int16], edges: tuple[int, ...], path: str) -> None:
    """That each sample was heard once and in order; within an edge of a place in `edges` it may be lower."""
    assert len(samples) == len(expected)
    at_edge = np.zeros(len(expected), dtype=bool)
    if path == "native":
        for edge in edges:
            at_edge[max(0, edge - EDGE) : edge + EDGE] = True
    np.testing.assert_array_equal(samples[~at_edge], expected[~at_edge])
    assert (samples[at_edge] <= expected[at_edge]).all()


def ramps(samples: NDArray[np.int16], expected: NDArray[np.int16]) -> tuple[int, ...]:
    """Where the sound was lowest, for each stretch of it that is another than expected."""
    other = np.flatnonzero(samples != expected)
    stretches = np.split(other, np.flatnonzero(np.diff(other) > EDGE) + 1)
    return tuple(int(stretch[np.argmin(samples[stretch] / expected[stretch])]) for stretch in stretches if len(stretch))


async def test_everything_written_is_heard_once_and_in_order(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    for part in range(10):
        await player.write(1, chunk(counter(4800, part * 4800)))
    await player.drain(1)
    np.testing.assert_array_equal(await heard(monitor, start_s), counter(48_000))


async def test_a_reply_goes_on_after_its_queue_ran_empty(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, chunk(counter(4800)))
    await player.reached(1, 4799)
    await asyncio.sleep(0.05)
    assert player.position().frames == 4800
    await player.write(1, chunk(counter(4800, 4800)))
    np.testing.assert_array_equal(await heard(monitor, start_s), counter(9600))
    assert (await player.drain(1)).frames == 9600


async def test_short_chunks_at_the_edge_of_emptiness_are_all_heard(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    for part in range(40):
        await player.write(1, chunk(counter(480, part * 480)))
        await asyncio.sleep(0.009)
    await player.drain(1)
    np.testing.assert_array_equal(await heard(monitor, start_s), counter(40 * 480))


async def test_drain_returns_when_the_tail_has_sounded(player: DevicePlayer, monitor: Monitor) -> None:
    early_s = []
    for turn in range(1, TRIES + 1):
        start_s = time.monotonic()
        player.begin(turn)
        await player.write(turn, chunk(counter(9600)))
        position = await player.drain(turn)
        drained_s = time.monotonic()
        assert player.cut().frames == position.frames == 9600
        assert len(await heard(monitor, start_s)) == 9600
        samples = monitor.samples(start_s)
        end_s = max(start_s, monitor.zero_s) + int(np.flatnonzero(samples)[-1]) / RATE_HZ
        early_s.append(end_s - drained_s)
    assert min(early_s) < 0.02


async def test_pause_and_resume_lose_no_sample(player: DevicePlayer, monitor: Monitor, path: str) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, chunk(counter(28_800)))
    await player.reached(1, 9600)
    player.pause()
    await asyncio.sleep(0.2)
    held = player.position().frames
    assert_heard(await heard(monitor, start_s), counter(held), (held,), path)
    assert 9600 < held < 28_800
    player.resume()
    assert (await player.drain(1)).frames == 28_800
    assert_heard(await heard(monitor, start_s), counter(28_800), (held,), path)


async def test_resume_at_once_loses_no_sample(player: DevicePlayer, monitor: Monitor) -> None:
    """Where the device asks for its next block between the two calls it has begun the ramp down, and turns there."""
    start_s, pauses = time.monotonic(), range(1000, 16_000, 1500)
    player.begin(1)
    await player.write(1, chunk(counter(19_200)))
    for frame in pauses:
        await player.reached(1, frame)
        player.pause()
        player.resume()
    await player.drain(1)
    samples, expected = await heard(monitor, start_s), counter(19_200)
    assert len(samples) == len(expected)
    edges = ramps(samples, expected)
    assert len(edges) < len(pauses) / 2
    assert_heard(samples, expected, edges, player.path)


async def test_resume_goes_back_to_the_beginning_of_a_word(player: DevicePlayer, monitor: Monitor, path: str) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, chunk(counter(19_200)))
    await player.reached(1, 9600)
    player.pause()
    await asyncio.sleep(0.1)
    held = player.position().frames
    player.resume(back_to=7000)
    assert player.position().frames == 7000
    written = await player.write(1, chunk(counter(4800, 19_200)))
    assert (await player.drain(1)).frames == written == 24_000
    expected = np.concatenate((counter(held), counter(24_000)[7000:]))
    assert_heard(await heard(monitor, start_s), expected, (held,), path)


@pytest.mark.parametrize("path", ["rtmixer"], indirect=True)
async def test_without_a_gain_a_duck_is_a_pause_until_full_level(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, chunk(counter(9600)))
    player.duck(-20.0, 10.0)
    await asyncio.sleep(0.1)
    assert len(await heard(monitor, start_s)) < 9600
    player.duck(0.0, 10.0)
    await player.drain(1)
    np.testing.assert_array_equal(await heard(monitor, start_s), counter(9600))


@pytest.mark.parametrize("path", ["native"], indirect=True)
async def test_a_duck_lowers_what_sounds_until_the_reply_is_resumed(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, SpeechChunk("x", np.full(38_400, 0.5, dtype=np.float32), RATE_HZ))
    await player.reached(1, 4800)
    player.duck(-20.0, 10.0)
    await player.reached(1, 19_200)
    player.resume()
    assert (await player.drain(1)).frames == 38_400
    samples = (await heard(monitor, start_s)) / 32768
    assert len(samples) == 38_400
    levels, counts = np.unique(samples.round(3), return_counts=True)
    share = dict(zip(levels.tolist(), (counts / len(samples)).tolist(), strict=True))
    assert share[0.05] > 0.2
    assert share[0.05] + share[0.5] > 0.97
    assert np.abs(np.diff(samples)).max() < 0.5 / EDGE + 0.001
    assert samples[-1] == pytest.approx(0.5)


@pytest.mark.parametrize("path", ["native"], indirect=True)
async def test_the_reference_is_what_sounds_sample_by_sample(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    assert player.played is not None
    clock = player.played.clock
    player.begin(1)
    await player.write(1, chunk(counter(28_800)))
    await player.reached(1, 4800)
    player.duck(-6.0, 20.0)
    await player.reached(1, 9600)
    player.pause()
    await asyncio.sleep(0.1)
    player.resume(back_to=7000)
    await player.reached(1, 20_000)
    player.cut()
    samples = await heard(monitor, start_s)
    played = player.played.at(clock, player.played.clock - clock)
    assert len(samples) > 20_000
    np.testing.assert_allclose(samples, played[np.abs(played) * 32768 >= 0.5] * 32768, atol=1.0)
    assert player.xruns == 0


async def test_a_cut_is_silent_within_100_ms_and_says_what_was_heard(
    player: DevicePlayer, monitor: Monitor, path: str
) -> None:
    tails_s, errors_s = [], []
    for turn in range(1, TRIES + 1):
        start_s = time.monotonic()
        player.begin(turn)
        await player.write(turn, chunk(counter(48_000)))
        await player.reached(turn, 4800 + 200 * turn)
        cut_s = time.monotonic()
        position = player.cut()
        samples = await heard(monitor, start_s)
        assert_heard(samples, counter(len(samples)), (len(samples),), path)
        undecided = 480 if path == "rtmixer" else 0  # a block that was being taken at that moment
        assert abs(position.frames - len(samples)) <= undecided
        assert player.cut() == position
        last = int(np.flatnonzero(monitor.samples(start_s))[-1])
        silent_s = max(start_s, monitor.zero_s) + last / RATE_HZ
        tails_s.append(silent_s - cut_s)
        errors_s.append(abs(position.silent_at_s - silent_s))
    assert min(tails_s) <= 0.1
    assert min(errors_s) <= 0.02


async def test_nothing_of_an_old_reply_follows_a_cut_or_a_new_one(player: DevicePlayer, monitor: Monitor) -> None:
    start_s = time.monotonic()
    player.begin(1)
    await player.write(1, chunk(counter(4800)))
    position = player.cut()
    await player.write(1, chunk(counter(4800, 10_000)))
    player.resume()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(player.reached(1, 4799), 0.15)
    assert player.cut() == position
    player.begin(2)
    await player.write(1, chunk(counter(4800, 10_000)))
    await player.write(2, chunk(counter(480, 5000)))
    await player.drain(2)
    samples = await heard(monitor, start_s)
    np.testing.assert_array_equal(samples[-480:], counter(480, 5000))
    assert samples.max() < 10_000


async def test_a_sample_is_reported_when_it_sounds(player: DevicePlayer, monitor: Monitor) -> None:
    errors_s = []
    for turn in range(1, TRIES + 1):
        start_s = time.monotonic()
        player.begin(turn)
        await player.write(turn, chunk(counter(9600)))
        told_s = await player.reached(turn, 0)
        assert told_s <= time.monotonic()
        await player.drain(turn)
        await heard(monitor, start_s)
        first = int(np.flatnonzero(monitor.samples(start_s))[0])
        errors_s.append(abs(max(start_s, monitor.zero_s) + first / RATE_HZ - told_s))
    assert min(errors_s) <= 0.02


async def test_the_position_only_grows_and_ends_with_the_reply(player: DevicePlayer) -> None:
    player.begin(1)
    seen = [player.position().frames]
    await player.write(1, chunk(counter(19_200)))
    draining = asyncio.create_task(player.drain(1))
    while not draining.done():
        await asyncio.sleep(0.003)
        seen.append(player.position().frames)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 19_200
    assert len(set(seen)) > 20


async def test_writing_waits_while_400_ms_are_queued(player: DevicePlayer) -> None:
    player.begin(1)
    start_s = time.monotonic()
    await player.write(1, chunk(counter(48_000)))
    assert time.monotonic() - start_s < 0.3
    await player.write(1, chunk(counter(480)))
    assert 0.5 < time.monotonic() - start_s < 1.0
    player.cut()


async def test_other_rates_come_out_at_the_devices(player: DevicePlayer) -> None:
    player.begin(1)
    assert await player.write(1, SpeechChunk("x", np.zeros(2205, dtype=np.float32), 22_050)) == 4800
    player.cut()
