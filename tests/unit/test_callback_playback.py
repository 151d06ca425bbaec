"""The playback callback, block by block: what PortAudio gets, and what is said about it."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.audio.native_rings import FarSound, ReplyRing
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.samples import Samples, silence
from tests.unit.callback_rig import BLOCK, EDGE, RATE_HZ, Playback, numbered, ones

LARGEST_STEP = 1.001 / EDGE
"""Between neighbours, where a constant signal of level 1 is ramped over one edge."""

OUTPUT_UNDERFLOW = 4
"""`paOutputUnderflow` in portaudio.h."""


def steps(*blocks: Samples) -> float:
    return float(np.max(np.abs(np.diff(np.concatenate(blocks)))))


def test_samples_come_out_as_they_went_in_with_silence_around() -> None:
    playback = Playback()
    assert not playback.render(BLOCK).any()
    ring = playback.begin(numbered(100))
    assert np.array_equal(playback.render(BLOCK), np.concatenate((numbered(100), silence(60))))
    ring.append(numbered(50, 100))
    assert np.array_equal(playback.render(BLOCK)[:50], numbered(50, 100))
    assert (ring.written, ring.taken, ring.unread) == (150, 150, 0)


def test_every_channel_gets_the_same_clipped_and_without_what_is_no_number() -> None:
    playback = Playback(channels=2)
    playback.begin(np.array([0.5, 3.0, -3.0, np.nan, np.inf], dtype=np.float32))
    out = playback.render(5)
    np.testing.assert_array_equal(out[:, 0], [0.5, 1.0, -1.0, 0.0, 1.0])
    np.testing.assert_array_equal(out[:, 1], out[:, 0])
    np.testing.assert_array_equal(playback.played.read(0, 5)[0], out[:, 0])


def test_a_pause_is_a_straight_line_to_silence_and_a_resume_one_back() -> None:
    playback = Playback()
    ring = playback.begin(ones(4000))
    before = playback.render(BLOCK)
    assert playback.hold(ring) == BLOCK + EDGE - 1, "the ramp's last sample is silent and waits for the resume"
    down = playback.render(2 * BLOCK)
    np.testing.assert_allclose(down[:EDGE], 1 - np.arange(1, EDGE + 1) / EDGE, atol=1e-5)
    assert not down[EDGE - 1 :].any()
    assert not playback.render(BLOCK).any()
    assert ring.taken == BLOCK + EDGE - 1
    playback.level(ring, 1.0)
    up = playback.render(2 * BLOCK)
    np.testing.assert_allclose(up[:EDGE], np.arange(1, EDGE + 1) / EDGE, atol=1e-5)
    assert (up[EDGE - 1 :] == 1.0).all()
    assert steps(before, down, silence(BLOCK), up) <= LARGEST_STEP
    assert ring.taken == 3 * BLOCK + EDGE - 1


def test_a_resume_goes_on_at_the_very_next_sample() -> None:
    playback = Playback()
    ring = playback.begin(numbered(2000))
    playback.render(BLOCK)
    held = playback.hold(ring)
    playback.render(320)
    playback.level(ring, 1.0)
    assert np.array_equal(playback.render(400)[EDGE:], numbered(400 - EDGE, held + EDGE))


def test_a_duck_moves_within_its_own_time_and_stays() -> None:
    playback = Playback()
    ring = playback.begin(ones(4000))
    playback.render(BLOCK)
    playback.level(ring, 0.1, 300)
    out = playback.render(400)
    np.testing.assert_allclose(out[:300], 1 - 0.9 * np.arange(1, 301) / 300, atol=1e-5)
    assert out[300:] == pytest.approx(0.1)
    assert ring.taken == 560


def test_a_reply_held_before_its_first_sample_is_silent_until_it_is_resumed() -> None:
    playback = Playback()
    ring = playback.begin(numbered(1000))
    assert playback.hold(ring) == 0
    assert not playback.render(320).any()
    playback.level(ring, 1.0)
    assert np.array_equal(playback.render(400)[EDGE:], numbered(400 - EDGE, EDGE))


def test_two_commands_between_two_blocks_are_the_later_one() -> None:
    playback = Playback()
    ring = playback.begin(numbered(2000))
    playback.render(BLOCK)
    playback.hold(ring)
    playback.level(ring, 1.0)
    assert np.array_equal(playback.render(BLOCK), numbered(BLOCK, BLOCK))


@given(st.integers(1, 400), st.integers(1, 350), st.sampled_from(["plain", "paused", "pausing", "ducked", "resumed"]))
def test_a_cut_says_before_it_happens_what_will_have_sounded(before: int, block: int, how: str) -> None:
    playback = Playback()
    ring = playback.begin(numbered(1000))
    rendered = [playback.render(before)]
    if how in {"paused", "pausing", "resumed"}:
        playback.hold(ring)
        rendered.append(playback.render(20 if how == "pausing" else 200))
    if how == "resumed":
        playback.level(ring, 1.0)
        rendered.append(playback.render(30))
    if how == "ducked":
        playback.level(ring, 0.1)
        rendered.append(playback.render(13))
    cut = playback.hold(ring)
    assert cut == playback.hold(ring)
    rendered += [playback.render(block) for _ in range(1 + 400 // block)]
    assert cut == playback.hold(ring) == ring.taken == np.count_nonzero(np.concatenate(rendered))
    assert cut <= before + 2 * EDGE + 30


def test_a_cut_near_the_end_is_not_behind_it() -> None:
    playback = Playback()
    ring = playback.begin(numbered(200))
    playback.render(BLOCK)
    assert playback.hold(ring) == 200
    playback.render(BLOCK)
    assert ring.taken == 200


def test_a_cut_position_is_exact_while_blocks_are_being_played() -> None:
    """The callback runs in a thread of its own, without the GIL; the position is told at some point of its block."""
    playback = Playback()
    ending = threading.Event()

    def run() -> None:
        while not ending.is_set():
            playback.render(BLOCK)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(100):
            ring = playback.begin(ones(64_000))
            while not ring.taken:
                time.sleep(0)
            told = playback.hold(ring)
            done = playback.state.done
            while playback.state.done < done + 3:
                time.sleep(0)
            assert ring.taken == told
    finally:
        ending.set()
        thread.join()


def test_nothing_of_a_reply_follows_the_next_one_but_its_fade() -> None:
    playback = Playback()
    old = playback.begin(ones(4000))
    blocks = [playback.render(BLOCK)]
    playback.begin(silence(2000))
    old.append(ones(500))
    playback.level(old, 1.0)
    blocks.append(playback.render(BLOCK))
    assert steps(*blocks) <= LARGEST_STEP
    assert not blocks[1][EDGE - 1 :].any()
    assert not playback.render(1000).any()


def test_a_reply_given_up_before_a_block_was_played_is_never_heard() -> None:
    playback = Playback()
    playback.begin(ones(1000))
    waiting = playback.begin()
    assert not playback.render(BLOCK).any()
    waiting.append(ones(1000))
    playback.begin(numbered(500))
    assert np.array_equal(playback.render(BLOCK), numbered(BLOCK))


def test_going_back_plays_from_there_once_more() -> None:
    playback = Playback()
    ring = playback.begin(numbered(2000))
    playback.render(800)
    playback.hold(ring)
    playback.render(BLOCK)
    again = ring.rewound(500)
    playback.want(again)
    again.append(numbered(100, 2000))
    assert np.array_equal(playback.render(1700)[EDGE:1600], numbered(1600 - EDGE, 500 + EDGE))
    assert again.taken == 2100


def test_a_long_reply_wraps_around_its_ring() -> None:
    playback = Playback()
    ring = playback.begin()
    for part in range(40):
        assert ring.append(numbered(RATE_HZ, part)) == RATE_HZ
        assert np.array_equal(playback.render(RATE_HZ), numbered(RATE_HZ, part))
    assert ring.append(ones(10_000_000)) < 31 * 2**20 // 16
    assert ring.taken == 40 * RATE_HZ


def test_gaps_are_counted_where_a_reply_runs_empty_before_it_is_complete() -> None:
    playback = Playback()
    ring = playback.begin()
    playback.render(BLOCK)
    assert playback.state.gaps == 0, "nothing has begun"
    ring.append(ones(400))
    for _ in range(5):
        playback.render(BLOCK)
    assert (playback.state.gaps, playback.state.gap_frames, playback.state.underruns) == (1, 400, 0)
    ring.append(ones(100))
    ring.expect(more=True, waiting=True)
    playback.render(BLOCK)
    assert (playback.state.gaps, playback.state.underruns) == (2, 1), "sound waited for room"
    ring.append(ones(100))
    ring.expect(more=False)
    playback.render(BLOCK)
    playback.render(BLOCK)
    assert playback.state.gaps == 2, "it was the end"


def test_a_held_reply_has_no_gaps() -> None:
    playback = Playback()
    ring = playback.begin(ones(1000))
    playback.render(BLOCK)
    playback.hold(ring)
    for _ in range(20):
        playback.render(BLOCK)
    assert playback.state.gaps == 0


def test_what_portaudio_says_of_late_blocks_is_counted() -> None:
    playback = Playback()
    playback.render(BLOCK)
    playback.render(BLOCK, flags=OUTPUT_UNDERFLOW)
    assert playback.state.underflows == 1
    assert (playback.state.begun, playback.state.done) == (2, 2)


class Twin:
    """A reply in both players, the callback's and that of files, told the same."""

    def __init__(self) -> None:
        self.queue = PlaybackQueue(RATE_HZ)
        self.playback = Playback()
        self.turn = 0
        self.start(numbered(6000) * 10)

    def start(self, samples: Samples) -> None:
        self.turn += 1
        self.queue.begin(self.turn)
        self.queue.append(self.turn, samples)
        self.ring: ReplyRing = self.playback.begin(samples)
        self.is_held, self.gain = False, 1.0

    def pause(self) -> None:
        if not self.is_held:
            self.queue.pause()
            self.playback.hold(self.ring)
            self.is_held = True

    def resume(self, back_to: int | None = None) -> None:
        if back_to is not None and back_to < self.ring.taken:
            self.ring = self.ring.rewound(back_to)
            self.playback.want(self.ring)
        elif self.is_held or self.gain < 1.0:
            self.playback.level(self.ring, 1.0)
            back_to = None
        else:
            return
        self.queue.resume(back_to)
        self.is_held, self.gain = False, 1.0

    def duck(self, gain: float, frames: int) -> None:
        if not self.is_held and gain != self.gain:
            self.queue.duck(gain, frames / RATE_HZ)
            self.playback.level(self.ring, gain, frames)
            self.gain = gain

    def render(self, frames: int) -> None:
        np.testing.assert_allclose(self.playback.render(frames), self.queue.render(frames), atol=2e-5)
        assert self.ring.taken == self.queue.position().frames


CALLS = st.sampled_from(["go on", "pause", "resume", "back", "duck", "lower", "begin"])


@given(st.lists(st.tuples(st.one_of(st.integers(1, EDGE), st.integers(1, 300)), CALLS), max_size=30))
def test_a_device_plays_what_a_file_would_get(calls: list[tuple[int, str]]) -> None:
    twin = Twin()
    twin.render(100)
    for frames, call in calls:
        match call:
            case "pause":
                twin.pause()
            case "resume":
                twin.resume()
            case "back":
                twin.resume(back_to=50)
            case "duck":
                twin.duck(0.1, 200)
            case "lower":
                twin.duck(0.5, 3)
            case "begin":
                twin.start(numbered(4000, 300) * 10)
        twin.render(frames)


@given(st.lists(st.tuples(st.integers(1, 2000), CALLS), max_size=15))
def test_the_played_ring_holds_the_output_sample_by_sample(calls: list[tuple[int, str]]) -> None:
    playback = Playback()
    ring = playback.begin(numbered(9000))
    out = []
    for frames, call in calls:
        match call:
            case "pause":
                playback.hold(ring)
            case "resume":
                playback.level(ring, 1.0)
            case "duck" | "lower":
                playback.level(ring, 0.3)
            case "begin" | "back":
                ring = playback.begin(numbered(3000, 5))
        out.append(playback.render(frames))
    everything = np.concatenate([*out, silence(0)])
    samples, there = playback.played.read(0, len(everything))
    assert there == len(everything) == playback.played.written
    assert np.array_equal(samples, everything)


def test_the_reference_leads_with_a_margin_and_never_comes_before_what_was_played() -> None:
    playback = Playback()
    playback.begin(numbered(8000))
    playback.render(1000)
    far = FarSound(playback.played, rate_hz=16_000)
    first = far.next(BLOCK)
    assert np.array_equal(first, numbered(BLOCK, 1000 - 320 - BLOCK))
    assert np.array_equal(far.next(320), numbered(320, 1000 - 320))
    assert np.array_equal(far.next(BLOCK), first), "the next has not been played yet: back behind the margin"
    playback.render(2 * BLOCK)
    assert np.array_equal(far.next(BLOCK), numbered(BLOCK, 1000 - 320)), "and on from there"
    assert np.array_equal(far.at(-10, 20), np.concatenate((silence(10), numbered(10))))
    assert far.clock == 1000 + 2 * BLOCK
