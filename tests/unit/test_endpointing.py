"""How long a pause may last before the turn is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import PATIENCE_MS, TurnConfig
from localvoice.turn.decisions import EndReason
from localvoice.turn.endpointing import MOST_UNFINISHED, SURE, Endpointing, Pace
from localvoice.turn.votes import AS_READ, HEARD, NUMBER_LIMIT

chances = st.floats(0, 1)
paces = st.builds(Pace, st.floats(0.1, 10), st.floats(0.5, 0.9), st.booleans(), st.floats(0.0, HEARD + AS_READ))

PLAIN = 0.5
"""Neither sure nor doubtful."""


@pytest.mark.parametrize("preset", PATIENCE_MS)
def test_presets_give_their_three_waits(preset):
    endpointing = Endpointing(TurnConfig(patience=preset))
    sure, silence, limit = PATIENCE_MS[preset]
    assert endpointing.wait_ms(1.0) == sure
    assert endpointing.wait_ms(None) == silence
    assert endpointing.wait_ms(0.0) == limit


@pytest.mark.parametrize("wait_ms", [300, 900])
def test_a_fixed_wait_is_possible(wait_ms):
    endpointing = Endpointing(TurnConfig(sure_ms=wait_ms, silence_ms=wait_ms, limit_ms=wait_ms))
    assert {endpointing.wait_ms(chance) for chance in (None, 0.0, 0.3, 0.55, 0.68, 0.8, 1.0)} == {wait_ms}


@given(st.sampled_from(list(PATIENCE_MS)), chances, chances, paces)
def test_the_surer_the_shorter(preset, one, other, pace):
    endpointing = Endpointing(TurnConfig(patience=preset))
    less, more = sorted((one, other))
    assert endpointing.wait_ms(more, pace) <= endpointing.wait_ms(less, pace)
    sure, _, limit = PATIENCE_MS[preset]
    assert sure <= endpointing.wait_ms(one, pace) <= limit


def test_the_wait_has_no_jump_where_its_parts_meet():
    endpointing = Endpointing(TurnConfig())
    for percent in range(1, 100):
        chance = percent / 100
        assert endpointing.wait_ms(chance - 1e-9) == pytest.approx(endpointing.wait_ms(chance + 1e-9), abs=1e-3)


@pytest.mark.parametrize(
    ("silence_s", "probability", "reason"),
    [
        (0.199, 0.95, None),
        (0.2, 0.95, EndReason.COMPLETE),
        (0.6, 0.3, EndReason.COMPLETE),
        (0.6, 0.22, EndReason.SILENCE),
        (0.599, None, None),
        (0.6, None, EndReason.SILENCE),
        (1.999, 0.05, None),
        (2.0, 0.05, EndReason.LIMIT),
        (None, 1.0, None),
    ],
)
def test_the_turn_is_over_when_the_wait_is(silence_s, probability, reason):
    assert Endpointing(TurnConfig()).decide(silence_s, 5.0, probability) is reason


def test_a_vote_on_its_way_is_not_overtaken_by_a_shorter_wait_than_the_plain_one():
    endpointing = Endpointing(TurnConfig())
    assert endpointing.decide(0.599, 5.0, 0.99, is_complete=False) is None
    assert endpointing.decide(0.6, 5.0, 0.99, is_complete=False) is EndReason.COMPLETE
    assert endpointing.decide(1.9, 5.0, 0.01, is_complete=False) is None


@given(st.sampled_from(list(PATIENCE_MS)), chances | st.none(), paces)
def test_however_one_pauses_the_waits_stay_between_the_preset_s(preset, chance, pace):
    sure, _, limit = PATIENCE_MS[preset]
    assert sure <= Endpointing(TurnConfig(patience=preset)).wait_ms(chance, pace) <= limit


def test_who_pauses_long_waits_longer_where_nothing_is_sure_and_no_longer_where_it_is():
    endpointing = Endpointing(TurnConfig())
    slow = Pace(stretch=1.5)
    assert endpointing.wait_ms(None, slow) == 900
    assert endpointing.wait_ms(MOST_UNFINISHED, slow) == endpointing.wait_ms(PLAIN, slow) == pytest.approx(900)
    assert endpointing.wait_ms(SURE, slow) == endpointing.wait_ms(SURE)


def test_what_is_sure_is_what_is_so_for_this_speaker():
    endpointing = Endpointing(TurnConfig())
    assert endpointing.wait_ms(0.75, Pace(sure=0.85)) == 600
    assert endpointing.wait_ms(0.75, Pace(sure=0.6)) == 240


def test_nothing_but_what_can_hardly_be_more_gets_the_shortest_wait():
    endpointing = Endpointing(TurnConfig())
    assert endpointing.wait_ms(0.9) == 240
    assert endpointing.wait_ms(0.96) == 200


@pytest.mark.parametrize(("preset", "least"), [("fast", 400), ("normal", 400), ("patient", 900)])
def test_who_pauses_briefly_is_answered_sooner_where_that_was_not_ruled_out(preset, least):
    assert Endpointing(TurnConfig(patience=preset)).wait_ms(PLAIN, Pace(stretch=0.1)) == pytest.approx(least)


def test_whose_ends_are_surer_is_waited_for_longer_where_less_speaks_for_one():
    endpointing = Endpointing(TurnConfig())
    assert endpointing.wait_ms(0.2, Pace(sure=0.6)) == 600
    assert endpointing.wait_ms(0.2, Pace(sure=0.85)) == 2000
    assert endpointing.wait_ms(NUMBER_LIMIT, Pace(sure=0.9)) == 600, "a dictated number never waits for the limit"


def test_where_the_sound_votes_what_is_sure_has_to_be_surer():
    endpointing = Endpointing(TurnConfig())
    heard = Pace(surer=HEARD)
    assert endpointing.wait_ms(0.8) == endpointing.wait_ms(0.92, heard) == 240
    assert endpointing.wait_ms(0.8, heard) == 600
    assert endpointing.wait_ms(0.96) == endpointing.wait_ms(0.96, heard) == 200


def test_whose_ends_are_the_surest_are_not_all_answered_at_once():
    endpointing, surest = Endpointing(TurnConfig()), Pace(sure=0.88, surer=HEARD)
    assert [endpointing.wait_ms(chance, surest) for chance in (0.95, 0.98, 0.99)] == [600, 240, 200]


@pytest.mark.parametrize(("sure", "unfinished"), [(0.55, 0.27), (0.62, 0.33), (0.8, 0.4), (0.88, 0.4)])
def test_where_the_sound_votes_the_longest_wait_is_for_what_hardly_anything_speaks_for(sure, unfinished):
    endpointing, pace = Endpointing(TurnConfig()), Pace(sure=sure, surer=HEARD)
    assert endpointing.wait_ms(unfinished, pace) == 2000 > endpointing.wait_ms(unfinished + 0.02, pace)


@given(chances | st.none(), paces)
def test_a_fixed_wait_is_fixed_for_every_speaker(chance, pace):
    endpointing = Endpointing(TurnConfig(sure_ms=300, silence_ms=300, limit_ms=300))
    assert endpointing.wait_ms(chance, pace) == 300


def test_the_longest_turn_ends_while_speech_goes_on():
    endpointing = Endpointing(TurnConfig(max_turn_s=10))
    assert endpointing.decide(None, 9.99, None) is None
    assert endpointing.decide(None, 10.0, None) is EndReason.LIMIT
