"""The playback queue on arrays: what the loudspeaker gets, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.samples import AUDIBLE, silence

RATE_HZ = 16_000
EDGE = 80
"""Samples of the 5 ms ramp at 16 kHz."""
LARGEST_STEP = 1.001 / EDGE
"""Between neighbours, where a constant signal of level 1 is ramped over one edge."""


def ones(count: int) -> np.ndarray:
    return np.ones(count, dtype=np.float32)


def numbered(count: int, start: int = 0) -> np.ndarray:
    """Samples that say which frame they are."""
    return (np.arange(start, start + count, dtype=np.float32) + 1) / 100_000


def queue_with(samples: np.ndarray, turn: int = 1) -> PlaybackQueue:
    queue = PlaybackQueue(RATE_HZ)
    queue.begin(turn)
    queue.append(turn, samples)
    return queue


def steps(*blocks: np.ndarray) -> float:
    return float(np.max(np.abs(np.diff(np.concatenate(blocks)))))


def test_samples_come_out_as_they_went_in():
    queue = queue_with(numbered(1000))
    assert np.array_equal(queue.render(1000), numbered(1000))
    assert queue.position().frames == 1000


def test_silence_before_between_and_behind():
    queue = PlaybackQueue(RATE_HZ)
    assert not queue.render(160).any()
    queue.begin(1)
    queue.append(1, numbered(100))
    assert np.array_equal(queue.render(160), np.concatenate((numbered(100), silence(60))))
    queue.append(1, numbered(50, 100))
    assert np.array_equal(queue.render(160)[:50], numbered(50, 100))
    assert queue.queued(1) == 0


@given(st.lists(st.integers(1, 700), min_size=1, max_size=40), st.lists(st.integers(0, 900), max_size=6))
def test_any_block_sizes_give_the_same_stream(blocks, chunks):
    queue = PlaybackQueue(RATE_HZ)
    queue.begin(1)
    for chunk in chunks:
        queue.append(1, numbered(chunk, queue.queued(1)))
    rendered = np.concatenate([queue.render(size) for size in blocks])
    written = min(sum(chunks), sum(blocks))
    assert np.array_equal(rendered[:written], numbered(written))
    assert not rendered[written:].any()
    assert queue.position().frames == written


@given(st.lists(st.integers(1, 300), min_size=3, max_size=20), st.integers(0, 2), st.integers(0, 2))
def test_ramps_do_not_depend_on_block_sizes(sizes, pause_at, more):
    """The same calls at the same clock give the same samples, however the clock is divided."""
    first = sum(sizes[: pause_at + 1])
    resume = first + 200 + 50 * more
    total = resume + 500

    def stream(divided: list[int]) -> np.ndarray:
        queue = queue_with(numbered(total))
        out, clock = [], 0
        for size in divided:
            if clock == first:
                queue.pause()
            if clock == resume:
                queue.resume()
            out.append(queue.render(size))
            clock += size
        return np.concatenate(out)

    odd = [*sizes[: pause_at + 1], 37, resume - first - 37, 1, 499]
    assert np.allclose(stream(odd), stream([first, resume - first, 500]), atol=1e-8)


def test_pause_and_resume_are_without_a_click_and_lose_no_sample():
    queue = queue_with(ones(4000))
    before = queue.render(160)
    queue.pause()
    held = queue.render(320)
    at = queue.position().frames
    assert not held[EDGE:].any()
    assert at == 160 + EDGE - 1, "the ramp's last sample is silent and waits for the resume"
    assert not queue.render(160).any()
    assert queue.position().frames == at
    queue.resume()
    after = queue.render(320)
    assert queue.position().frames == at + 320
    assert after[EDGE:].min() == 1.0
    assert steps(before, held, silence(160), after) <= LARGEST_STEP


def test_resume_goes_on_at_the_next_sample():
    queue = queue_with(numbered(2000))
    queue.render(160)
    queue.pause()
    queue.render(320)
    at = queue.position().frames
    queue.resume()
    assert np.array_equal(queue.render(400)[EDGE:], numbered(400 - EDGE, at + EDGE))


def test_resume_back_to_a_word_plays_it_again():
    queue = queue_with(numbered(2000))
    queue.render(800)
    queue.pause()
    queue.render(160)
    queue.resume(back_to=500)
    assert queue.position().frames == 500
    assert np.array_equal(queue.render(400)[EDGE:], numbered(400 - EDGE, 500 + EDGE))


def test_resume_never_jumps_forward():
    queue = queue_with(numbered(2000))
    queue.render(160)
    queue.pause()
    queue.render(160)
    at = queue.position().frames
    queue.resume(back_to=1900)
    assert queue.position().frames == at


@pytest.mark.parametrize("lower", ["duck", "fresh pause"])
def test_jumping_back_while_it_sounds_makes_no_click(lower):
    """A ducked reply goes on sounding: leaving its place for the word's beginning must not jump."""
    rising = np.sin(np.linspace(0, np.pi, 4000)).astype(np.float32)
    queue = queue_with(rising)
    blocks = [queue.render(2000)]
    if lower == "duck":
        queue.duck(0.3, 0.005)
        blocks.append(queue.render(400))
    else:
        queue.pause()
        blocks.append(queue.render(EDGE // 2))
    queue.resume(back_to=200)
    blocks.append(queue.render(600))
    assert steps(*blocks) <= 2 * LARGEST_STEP


def test_a_pause_between_two_chunks_lets_nothing_of_the_second_through():
    queue = queue_with(ones(100))
    queue.render(160)
    queue.pause()
    queue.append(1, ones(1000))
    assert not queue.render(480).any()
    assert queue.position().frames == 100


@pytest.mark.parametrize("clock", [0, 160])
@pytest.mark.parametrize("written", [0, 100])
def test_a_reply_held_before_its_first_sample_is_silent_until_it_is_resumed(clock, written):
    queue = PlaybackQueue(RATE_HZ)
    queue.begin(1)
    queue.append(1, numbered(written))
    queue.pause()
    queue.render(clock)
    queue.append(1, numbered(1000 - written, written))
    assert not queue.render(320).any()
    queue.resume()
    assert np.array_equal(queue.render(400)[EDGE:], numbered(400 - EDGE, EDGE))


def test_duck_lowers_and_restores_without_a_click():
    queue = queue_with(ones(4000))
    blocks = [queue.render(160)]
    queue.duck(0.1, 0.010)
    blocks.append(queue.render(480))
    assert blocks[-1][160:] == pytest.approx(0.1)
    queue.resume()
    blocks.append(queue.render(480))
    assert blocks[-1][EDGE:] == pytest.approx(1.0)
    assert steps(*blocks) <= LARGEST_STEP


@given(st.integers(0, 400), st.integers(1, 350), st.sampled_from(["plain", "paused", "pausing", "ducked", "resumed"]))
def test_cut_position_is_what_really_sounded(before, block, how):
    """Told before it is rendered: the last sample that can be heard, and how many differ from silence, bit by bit."""
    signal = numbered(1000) * 100
    queue = queue_with(signal)
    rendered = [queue.render(before)]
    if how in {"paused", "pausing", "resumed"}:
        queue.pause()
        rendered.append(queue.render(20 if how == "pausing" else 200))
    if how == "resumed":
        queue.resume()
        rendered.append(queue.render(30))
    if how == "ducked":
        queue.duck(0.1, 0.005)
        rendered.append(queue.render(13))
    cut = queue.cut()
    assert cut == queue.cut(), "idempotent"
    rendered += [queue.render(block) for _ in range(1 + 400 // block)]
    assert cut == queue.position() == queue.cut(), "the same when it has happened"
    stream = np.concatenate(rendered)
    sounding = np.flatnonzero(stream)
    audible = np.flatnonzero(np.abs(stream) > AUDIBLE)
    last = int(audible[-1]) + 1 if len(audible) else 0
    assert cut.silent_at_s * RATE_HZ == pytest.approx(last)
    assert cut.frames == len(sounding)
    assert cut.frames <= before + 2 * EDGE + 30


def test_cut_is_without_a_click_and_within_5_ms():
    queue = queue_with(ones(4000))
    before = queue.render(160)
    queue.cut()
    after = queue.render(320)
    assert steps(before, after) <= LARGEST_STEP
    assert not after[EDGE:].any()


def test_nothing_brings_a_cut_reply_back():
    queue = queue_with(ones(4000))
    queue.render(160)
    queue.cut()
    queue.append(1, ones(500))
    queue.resume()
    queue.duck(1.0, 0.001)
    assert steps(ones(1), queue.render(EDGE)) <= LARGEST_STEP
    queue.pause()
    queue.resume(back_to=0)
    assert not queue.render(1000).any()


def test_a_cut_paused_reply_is_silent_since_the_pause():
    queue = queue_with(ones(4000))
    queue.render(160)
    queue.pause()
    queue.render(800)
    cut = queue.cut()
    assert cut.frames == 160 + EDGE - 1
    assert cut.silent_at_s == pytest.approx((160 + EDGE - 1) / RATE_HZ)
    assert not queue.render(800).any()


@pytest.mark.parametrize("held", [False, True])
def test_a_reply_cut_between_two_words_is_silent_since_the_first_one(held):
    queue = queue_with(np.concatenate((ones(160), 0.9 * AUDIBLE * ones(400), ones(1000))))
    queue.render(300)
    if held:
        queue.pause()
        queue.render(480)
    cut = queue.cut()
    assert cut.silent_at_s == pytest.approx(160 / RATE_HZ)
    assert cut.frames == 300 + EDGE - 1
    assert np.abs(queue.render(800)).max() <= AUDIBLE


def test_a_cut_before_the_first_sample_heard_nothing():
    queue = PlaybackQueue(RATE_HZ)
    queue.begin(1)
    assert queue.cut().frames == 0
    queue.append(1, ones(100))
    assert not queue.render(160).any()


def test_samples_of_another_turn_are_ignored():
    queue = queue_with(ones(100))
    queue.begin(2)
    queue.append(1, ones(100))
    assert queue.queued(2) == queue.queued(1) == 0
    assert not queue.render(160).any()


def test_a_new_reply_right_behind_a_cut_leaves_the_old_one_its_fade():
    queue = queue_with(ones(4000))
    blocks = [queue.render(160)]
    cut = queue.cut()
    blocks.append(queue.render(EDGE // 2))
    queue.begin(2)
    queue.append(2, silence(2000))
    blocks.append(queue.render(400))
    assert steps(*blocks) <= LARGEST_STEP
    assert np.flatnonzero(np.concatenate(blocks))[-1] + 1 == round(cut.silent_at_s * RATE_HZ)


def test_a_new_reply_starts_at_full_level_after_a_ducked_one():
    queue = queue_with(ones(400))
    queue.duck(0.1, 0.005)
    queue.render(400)
    queue.begin(2)
    queue.append(2, ones(400))
    assert queue.render(400)[EDGE:] == pytest.approx(1.0)


def test_waiters_are_told_once_with_the_clock_of_their_sample():
    queue = PlaybackQueue(RATE_HZ)
    queue.render(1000)
    queue.begin(1)
    queue.append(1, ones(500))
    told: list[float] = []
    queue.when_reached(1, 300, told.append)
    queue.render(300)
    assert not told, "sample 300 is the next one"
    queue.render(300)
    assert told == [pytest.approx(1300 / RATE_HZ)]
    queue.render(300)
    assert len(told) == 1


def test_a_waiter_for_the_past_is_told_at_once():
    queue = queue_with(ones(500))
    queue.render(400)
    told: list[float] = []
    queue.when_reached(1, 100, told.append)
    assert told == [pytest.approx(100 / RATE_HZ)]


def test_a_waiter_behind_a_pause_is_told_with_the_time_after_it():
    queue = queue_with(ones(500))
    told: list[float] = []
    queue.when_reached(1, 200, told.append)
    queue.render(100)
    queue.pause()
    queue.render(1600)
    assert not told
    queue.resume()
    queue.render(500)
    frames_before = 100 + EDGE - 1
    assert told == [pytest.approx((1700 + 200 - frames_before) / RATE_HZ)]


@pytest.mark.parametrize("end", ["cut", "begin"])
def test_nobody_is_told_of_samples_that_never_sound(end):
    queue = queue_with(ones(500))
    told: list[float] = []
    queue.when_reached(1, 200, told.append)
    queue.render(160)
    if end == "cut":
        queue.cut()
    else:
        queue.begin(2)
    queue.when_reached(1, 10, told.append)
    queue.when_reached(1, 400, told.append)
    queue.append(2, ones(500))
    queue.render(1000)
    assert not told


@given(
    st.lists(
        st.tuples(
            st.integers(1, 300),
            st.sampled_from(["go on", "pause", "resume", "back", "duck", "cut", "begin"]),
        ),
        max_size=30,
    )
)
def test_whatever_is_called_the_stream_never_jumps(calls):
    """Every step is that of a ramp, or of two that cross, or of as many as there are replies that end at once."""
    queue = queue_with(ones(10_000))
    blocks = [queue.render(100)]
    turn, at = 1, 0
    ends: list[int] = []
    for frames, call in calls:
        if call in {"cut", "begin"}:
            ends.append(at)
        match call:
            case "pause":
                queue.pause()
            case "resume":
                queue.resume()
            case "back":
                queue.resume(back_to=50)
            case "duck":
                queue.duck(0.1, 0.005)
            case "cut":
                queue.cut()
            case "begin":
                turn += 1
                queue.begin(turn)
                queue.append(turn, np.minimum(1, np.arange(10_000, dtype=np.float32) / EDGE))
        blocks.append(queue.render(frames))
        at += frames
        fading = max((sum(0 <= last - one < 2 * EDGE for one in ends) for last in ends), default=0)
        assert steps(*blocks) <= max(2, fading + 1) * LARGEST_STEP
