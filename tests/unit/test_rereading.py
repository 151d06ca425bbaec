"""A recogniser of whole utterances made one that hears along: when it reads, what, and what it tells. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from itertools import pairwise

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ProviderBroken
from localvoice.messages import Partial, Transcript
from localvoice.stt.growing_sound import GrowingSound
from localvoice.stt.rereading import Pace, Rereader
from tests.virtual_time import run

BLOCK_S = 0.032
PAUSE = "pause"
Part = tuple[str, float] | str


def sound(kind: str, seconds: float, level: float = 0.1) -> Samples:
    """Speech is noise here, quiet is next to nothing."""
    amount = level if kind == "speech" else 1e-5
    return np.random.default_rng(1).normal(0, amount, int(seconds * SPEECH_RATE_HZ)).astype(np.float32)


class Clock:
    """A recogniser that writes one word per second of loud sound, `pass_s` after it was asked."""

    def __init__(self, pass_s: float = 0.1, *, fails: bool = False, word_s: float = 0.5) -> None:
        self.pass_s = pass_s
        self.lengths: list[float] = []
        self.began: list[float] = []
        self.running = self.most = 0
        self._fails = fails
        self._word_s = word_s

    async def transcribe(self, samples: Samples) -> Transcript:
        self.began.append(asyncio.get_running_loop().time())
        self.lengths.append(len(samples) / SPEECH_RATE_HZ)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.pass_s)
        finally:
            self.running -= 1
        if self._fails:
            raise ProviderBroken("it broke", provider="clock")
        loud = np.count_nonzero(np.abs(samples) > 1e-3) / SPEECH_RATE_HZ
        return Transcript(" ".join(f"w{n}" for n in range(1, round(loud / self._word_s) + 1)), "en", "clock")


async def spoken(parts: Sequence[Part]) -> AsyncIterator[Samples]:
    """The parts as they are captured."""
    for part in parts:
        if isinstance(part, str):
            yield silence(0)
            continue
        samples = sound(*part)
        for at in range(0, len(samples), 512):
            await asyncio.sleep(BLOCK_S)
            yield samples[at : at + 512]


def heard(clock: Clock, parts: Sequence[Part], pace: Pace | None = None) -> list[tuple[float, Partial]]:
    async def follow() -> list[tuple[float, Partial]]:
        partials = Rereader(clock.transcribe, pace or Pace(clock.pass_s)).partials(spoken(parts))
        return [(asyncio.get_running_loop().time(), partial) async for partial in partials]

    return run(follow())


def test_a_growing_turn_is_read_again_and_again_and_each_reading_has_all_of_it():
    clock = Clock()
    told = heard(clock, [("speech", 4.0), ("quiet", 0.1), PAUSE])
    assert len(clock.lengths) >= 6
    assert clock.lengths == sorted(clock.lengths)
    assert told[-1][1].is_final
    assert told[-1][1].text == "w1 w2 w3 w4 w5 w6 w7 w8"
    stables = [partial.stable for _, partial in told]
    assert any(stables[1:-2]), "readings agree while speech goes on"
    assert all(later.startswith(earlier) for earlier, later in pairwise(stables))


@pytest.mark.parametrize("pass_s", [0.05, 0.2, 0.28])
def test_no_two_readings_at_once_and_the_recogniser_is_busy_two_fifths_of_the_time_at_most(pass_s):
    clock = Clock(pass_s)
    heard(clock, [("speech", 8.0)])
    assert clock.most == 1
    starts = clock.began[:-1]  # the last one is made when all is over
    assert all(later - earlier >= max(0.5, pass_s / 0.4) - 0.04 for earlier, later in pairwise(starts))


def test_a_machine_that_cannot_afford_it_reads_at_pauses_and_at_the_end_only():
    clock = Clock(0.6)
    told = heard(clock, [("speech", 3.0), ("quiet", 0.1), PAUSE, ("quiet", 0.6), ("speech", 2.0)])
    assert clock.lengths == pytest.approx([3.1, 5.8], abs=0.2)
    texts = dict.fromkeys(partial.text for _, partial in told)
    assert list(texts) == ["w1 w2 w3 w4 w5 w6", "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10"]


def test_a_machine_that_gets_slower_stops_reading_while_speech_goes_on():
    clock, pace = Clock(0.1), Pace(0.1)
    heard(clock, [("speech", 3.0)], pace)
    assert pace.interval_s is not None
    clock.pass_s = 1.5
    heard(clock, [("speech", 3.0)], pace)
    assert pace.interval_s is None
    clock.pass_s = 0.1
    for _ in range(4):
        heard(clock, [("speech", 1.0)], pace)
    assert pace.interval_s is not None


def test_a_pause_settles_the_words_up_to_it():
    clock = Clock()
    told = heard(clock, [("speech", 1.0), ("quiet", 0.096), PAUSE, ("quiet", 1.0)])
    settled = [(at_s, partial) for at_s, partial in told if partial.settled_s and partial.settled_s >= 1.0]
    assert settled[0][1].text == "w1 w2"
    assert settled[0][0] <= 1.1 + 0.1 + 0.1


def test_the_end_of_the_turn_behind_a_pause_costs_nothing():
    clock = Clock(0.3)
    told = heard(clock, [("speech", 1.0), ("quiet", 0.1), PAUSE, ("quiet", 0.5)], Pace(9.0))
    assert len(clock.lengths) == 1
    assert told[-1][1].is_final
    assert told[-1][0] == pytest.approx(1.6, abs=0.1)


def test_a_reading_that_had_all_of_the_speech_serves_the_pause():
    clock = Clock(0.1)
    told = heard(clock, [("speech", 1.0), ("quiet", 0.1), PAUSE, ("quiet", 0.3), PAUSE, ("quiet", 0.3)])
    [first, second] = [partial for _, partial in told if partial.settled_s is not None][-2:]
    assert first.text == second.text
    assert second.settled_s == pytest.approx(1.4, abs=0.04)
    assert sum(length > 1.1 for length in clock.lengths) == 1, "nothing is read a second time"


def test_silence_is_not_read_again():
    clock = Clock()
    heard(clock, [("speech", 1.0), ("quiet", 0.1), PAUSE, ("quiet", 20.0)])
    assert max(clock.lengths) < 1.5
    assert len(clock.lengths) <= 3


def test_a_turn_without_pauses_for_the_recogniser_ends_with_little_of_the_silence_behind_it():
    clock = Clock(0.6)
    heard(clock, [("speech", 1.0), ("quiet", 3.0)])
    assert clock.lengths == pytest.approx([1.0 + 0.2 + 0.1], abs=0.03)


def test_a_long_turn_is_cut_at_a_pause_and_no_word_is_lost():
    clock = Clock(0.1)
    minute = [("speech", 14.0), ("quiet", 0.1), PAUSE, ("quiet", 0.3)] * 3
    told = heard(clock, minute)
    assert max(clock.lengths) < 15.5
    words = told[-1][1].text.split()
    assert len(words) == 84
    behind = [partial for at_s, partial in told if at_s > 16]
    assert all(partial.stable.startswith(" ".join(words[:28])) for partial in behind)
    assert all(partial.settled_s is None or partial.settled_s >= 13.5 for partial in behind), "times go on"


def test_a_turn_without_any_pause_is_cut_where_it_is_quietest():
    clock = Clock(0.1)
    dip = [("speech", 17.0), ("quiet", 0.25)]
    told = heard(clock, [*dip, ("speech", 20.0)])
    assert max(clock.lengths) < 24.5
    assert len(told[-1][1].text.split()) == pytest.approx(74, abs=1)


def test_a_reading_that_fails_ends_the_stream_with_its_error():
    with pytest.raises(ProviderBroken):
        heard(Clock(fails=True), [("speech", 2.0)])


def test_a_stream_that_is_closed_leaves_no_reading_behind():
    clock = Clock(5.0)

    async def closed() -> None:
        async with aclosing(Rereader(clock.transcribe, Pace(0.1)).partials(spoken([("speech", 9.0)]))) as partials:
            await anext(partials)

    run(closed())
    assert clock.running == 0


def test_a_turn_without_sound_ends_with_an_empty_final():
    [(_, final)] = heard(Clock(), [])
    assert (final.text, final.is_final) == ("", True)


def test_quiet_speech_counts_as_speech():
    growing = GrowingSound()
    growing.add(sound("speech", 1.0, level=0.2))
    growing.add(sound("speech", 0.1, level=0.02))
    assert growing.has_speech_after(SPEECH_RATE_HZ)
    assert not growing.is_quiet_now
    growing.add(sound("quiet", 0.5))
    assert growing.is_quiet_now
    assert not growing.has_speech_after(int(1.2 * SPEECH_RATE_HZ))
    assert growing.end_of_speech == pytest.approx(1.3 * SPEECH_RATE_HZ, abs=400)
