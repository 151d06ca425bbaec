"""The second pair of ears: a linear canceller whose reference keeps its place, and what it says of a user."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from localvoice.audio.alignment import Alignment
from localvoice.audio.block_work import PythonWork, Worked
from localvoice.audio.echo_filter import EchoFilter
from localvoice.audio.linear_branch import Hint, LinearBranch
from localvoice.audio.residue import Residue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.steady_far_end import SteadyFarEnd

BLOCK = 160
SECOND = SPEECH_RATE_HZ


def babble(seconds: float, seed: int = 1) -> Samples:
    """Coloured noise in syllables."""
    random = np.random.default_rng(seed)
    frames = int(seconds * SPEECH_RATE_HZ)
    dull = np.convolve(random.standard_normal(frames), 0.9 ** np.arange(40), "same")
    syllables = np.repeat(random.uniform(0.1, 1.0, frames // 2400 + 1), 2400)[:frames]
    return (0.03 * dull * syllables).astype(np.float32)


def blocks(sound: Samples) -> list[Samples]:
    return [sound[at : at + BLOCK] for at in range(0, len(sound) - BLOCK + 1, BLOCK)]


def energy_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


def filtered(spec: RoomSpec, played: Samples, user: Samples) -> tuple[Samples, Samples]:
    """(microphone, what the filter leaves)."""
    room, echo_filter = Room(spec), EchoFilter()
    near = [room.hear(said, far) for said, far in zip(blocks(user), blocks(played), strict=True)]
    left = [echo_filter.process(heard, far)[0] for heard, far in zip(near, blocks(played), strict=True)]
    return np.concatenate(near), np.concatenate(left)


ROOM = RoomSpec(15.0, -12.0, 150.0, noise_dbfs=-75.0)


def test_the_filter_takes_a_linear_echo_out():
    played = babble(6.0)
    near, left = filtered(ROOM, played, silence(len(played)))
    assert energy_db(near[3 * SECOND :]) - energy_db(left[3 * SECOND :]) > 18.0


def test_a_model_that_knows_nothing_does_not_make_our_voice_louder():
    played = babble(1.0)
    near, left = filtered(ROOM, played, silence(len(played)))
    assert energy_db(left[: SECOND // 2]) < energy_db(near[: SECOND // 2])


def test_most_of_the_tail_of_a_living_room_is_in_the_model():
    played = babble(10.0)
    near, left = filtered(RoomSpec(15.0, -8.0, 550.0, noise_dbfs=-75.0), played, silence(len(played)))
    assert energy_db(near[6 * SECOND :]) - energy_db(left[6 * SECOND :]) > 21.0


def test_another_path_is_learned_although_the_old_one_was_well_known():
    played = babble(14.0)
    moved = RoomSpec(15.0, -6.0, 500.0, noise_dbfs=-75.0, moves_at_s=11.0)
    near, left = filtered(moved, played, silence(len(played)))
    last = slice(13 * SECOND, 14 * SECOND)
    assert energy_db(near[last]) - energy_db(left[last]) > 16.0


def test_the_path_is_kept_while_nothing_is_played():
    played = babble(7.0)
    played[4 * SECOND : 6 * SECOND] = 0.0
    near, left = filtered(ROOM, played, silence(len(played)))
    before, again = slice(round(3.8 * SECOND), 4 * SECOND), slice(6 * SECOND, round(6.2 * SECOND))
    taken = energy_db(near[before]) - energy_db(left[before])
    assert energy_db(near[again]) - energy_db(left[again]) > taken - 3.0


def test_a_user_who_speaks_stays_and_does_not_spoil_the_path():
    played, user = babble(8.0), silence(8 * SECOND)
    user[4 * SECOND : 6 * SECOND] = 0.3 * babble(2.0, seed=5)
    near, left = filtered(ROOM, played, user)
    both, after = slice(4 * SECOND, 6 * SECOND), slice(6 * SECOND, 8 * SECOND)
    assert energy_db(left[both]) > energy_db(user[both]) - 1.5
    assert energy_db(near[after]) - energy_db(left[after]) > 15.0


def test_the_residue_rises_with_a_user_and_is_hidden_under_noise_without_one():
    played, user = babble(8.0), silence(8 * SECOND)
    user[6 * SECOND :] = 0.3 * babble(2.0, seed=5)
    room, echo_filter, residue = Room(ROOM), EchoFilter(), Residue()
    heard = [
        residue.feed(*echo_filter.process(room.hear(said, far), far))
        for said, far in zip(blocks(user), blocks(played), strict=True)
    ]
    alone, both = [np.mean([excess for _, excess in heard[first:last]]) for first, last in ((400, 600), (610, 800))]
    assert both > 5 * alone
    suppressed = np.concatenate([sound for sound, _ in heard])
    assert energy_db(suppressed[4 * SECOND : 6 * SECOND]) < energy_db(user[6 * SECOND :]) - 15.0
    assert energy_db(suppressed[6 * SECOND :]) > energy_db(user[6 * SECOND :]) - 3.0


@pytest.mark.parametrize("ppm", [0.0, 100.0, -100.0])
def test_the_far_end_keeps_its_place_though_the_clocks_run_apart(ppm):
    room, alignment = Room(RoomSpec(80.0, 0.0, drift_ppm=ppm)), Alignment()
    steady = SteadyFarEnd(alignment)
    near, far = [], []
    for block in blocks(babble(24.0)):
        near.append(room.hear(silence(BLOCK), block))
        alignment.feed(near[-1], block)
        far.append(steady.feed(block))
    assert far[100] is None
    for first in (1200, 2200):
        heard, handed = (np.concatenate(part[first : first + 200]) for part in (near, far))
        cross = np.fft.irfft(np.fft.rfft(heard, 2**16) * np.conj(np.fft.rfft(handed, 2**16)))
        assert int(np.argmax(cross)) == pytest.approx(BLOCK, abs=1)
        assert cross.max() > 0.98 * np.linalg.norm(heard) * np.linalg.norm(handed)


@pytest.mark.parametrize("delay_ms", [0.0, 3.0])
def test_an_echo_at_once_needs_no_sound_that_was_not_played_yet(delay_ms):
    room, alignment = Room(RoomSpec(delay_ms, -6.0)), Alignment()
    steady = SteadyFarEnd(alignment)
    handed = []
    for block in blocks(babble(5.0)):
        alignment.feed(room.hear(silence(BLOCK), block), block)
        handed.append(steady.feed(block))
    assert np.concatenate(handed[-100:]).std() > 0.01


class Untouched:
    """A canceller that does nothing."""

    def process(self, near, far):
        return near

    def forget(self):
        """There is nothing to forget."""


class Level:
    """A detector that hears loudness, and counts."""

    name = "level"

    def __init__(self) -> None:
        self.windows = 0
        self.resets = 0

    def probability(self, window: Samples) -> float:
        self.windows += 1
        return float(np.sqrt(np.mean(window**2)) > 1e-3)

    def reset(self) -> None:
        """Nothing is kept."""
        self.resets += 1


LIVING_ROOM = RoomSpec(60.0, -12.0, 150.0, noise_dbfs=-80.0)


def hints(
    seconds: float, user: Samples | None = None, *, is_awake: bool = True, spec: RoomSpec = LIVING_ROOM
) -> tuple[list[Hint | None], Level]:
    vad, alignment = Level(), Alignment()
    branch, work, room = (
        LinearBranch(alignment, vad),
        PythonWork(Untouched(), Untouched()),
        Room(spec),
    )
    heard = []
    for at, far in enumerate(blocks(babble(seconds))):
        said = silence(BLOCK) if user is None else user[at * BLOCK : (at + 1) * BLOCK]
        near = room.hear(said, far)
        alignment.feed(near, far)
        branch.feed(work.process(near, far, branch.reference(far)), far, is_awake=is_awake)
        if (at + 1) * BLOCK % 512 < BLOCK:
            heard.append(branch.hear(is_audible=is_awake))
    return heard, vad


def test_there_are_no_hints_before_the_drift_is_known():
    heard, _ = hints(8.0)
    first = next(number for number, hint in enumerate(heard) if hint is not None)
    assert 2.5 < first * 0.032 < 6.0
    assert all(hint is not None for hint in heard[first:])


def test_a_user_stands_out_of_what_is_usual_within_two_windows():
    user = silence(8 * SECOND)
    user[7 * SECOND :] = 0.02 * np.random.default_rng(5).standard_normal(SECOND)
    heard, _ = hints(8.0, user)
    onset = int(7.0 / 0.032)
    usual = max(hint.against_usual for hint in heard[onset - 30 : onset - 1])
    assert max(hint.against_usual for hint in heard[onset : onset + 3]) > 2 * usual + 1
    assert not any(hint.voice for hint in heard[onset - 30 : onset - 1])
    assert all(hint.voice for hint in heard[onset + 2 : onset + 6])


def test_a_laptop_that_is_moved_is_known_within_three_windows():
    heard, _ = hints(8.0, spec=replace(LIVING_ROOM, moves_at_s=6.0))
    moved = int(6.0 / 0.032)
    assert not any(hint is not None and hint.is_lost for hint in heard[:moved])
    assert any(hint is not None and hint.is_lost for hint in heard[moved : moved + 3])


@pytest.mark.parametrize("level", [0.01, 0.03, 0.1])
def test_a_user_is_no_laptop_that_is_moved(level):
    user = silence(9 * SECOND)
    user[6 * SECOND :] = level / 0.03 * babble(3.0, seed=5)
    heard, _ = hints(9.0, user)
    assert not any(hint is not None and hint.is_lost for hint in heard)


def test_it_sleeps_with_the_canceller():
    heard, vad = hints(4.0, is_awake=False)
    assert not any(heard)
    assert vad.windows == 0


class Known(Alignment):
    """Where the echo is has been measured."""

    drift_ppm = 0.0
    place = 320.0


def test_a_user_who_was_heard_before_a_rest_is_no_excess_after_it():
    branch, loud = LinearBranch(Known(), Level()), np.full(BLOCK, 0.1, dtype=np.float32)
    for _ in range(8):
        branch.reference(loud)
        branch.feed(Worked(loud, loud, loud, 2.0), loud, is_awake=True)
    before = branch.hear(is_audible=True)
    branch.rest(silence(BLOCK))
    branch.reference(loud)
    branch.feed(Worked(loud, loud, loud, 0.1), loud, is_awake=True)
    after = branch.hear(is_audible=True)
    assert before is not None
    assert after is not None
    assert before.excess > 1.0 > after.excess


def test_a_hint_tells_how_loud_we_were_against_our_loudest_word_for_as_long_as_that_is_heard():
    branch = LinearBranch(Known(), Level())
    told = []
    for level in 16 * [0.4] + 16 * [0.1]:
        far = np.full(BLOCK, level, dtype=np.float32)
        branch.reference(far)
        branch.feed(Worked(far, far, far, 0.1), far, is_awake=True)
        hint = branch.hear(is_audible=True)
        told.append(0.0 if hint is None else hint.loudness)
    assert told[15] == pytest.approx(1.0, abs=0.01)
    assert told[20] == pytest.approx(1.0, abs=0.01)
    assert told[-1] == pytest.approx(0.25, abs=0.05)


def test_one_chime_does_not_make_our_voice_low_for_ever():
    branch = LinearBranch(Known(), Level())
    chime, word = (np.full(BLOCK, level, dtype=np.float32) for level in (0.8, 0.2))
    for far in [chime, *[word] * 14000]:
        branch.reference(far)
        branch.feed(Worked(far, far, far, 0.1), far, is_awake=True)
    hint = branch.hear(is_audible=True)
    assert hint is not None
    assert hint.loudness > 0.9


def test_its_detector_forgets_what_it_has_not_heard_the_end_of():
    vad, alignment = Level(), Alignment()
    branch, loud = LinearBranch(alignment, vad), np.full(2 * 512, 0.1, dtype=np.float32)
    branch.rest(loud)
    resets = []
    for is_audible in (True, True, False, True, True):
        branch.hear(is_audible=is_audible)
        resets.append(vad.resets)
    assert resets == [1, 1, 1, 2, 2]
