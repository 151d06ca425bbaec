"""Shares of the wait, and their percentiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.messages import Stage, Turn
from localvoice.metrics import STAGES, LatencyLog, PreparedAnswers, nearest_rank, saved_ms, stage_shares


def turn(**times: float) -> Turn:
    return Turn(1, times={Stage(name): at_s for name, at_s in times.items()})


def test_each_stage_gets_its_share():
    shares = stage_shares(
        turn(
            speech_stopped=10.0,
            turn_ended=10.2,
            transcript=10.25,
            first_token=10.35,
            first_sentence=10.4,
            first_speech=10.44,
            first_audio=10.45,
        )
    )
    assert shares == {
        "endpoint_ms": 200.0,
        "stt_ms": 50.0,
        "llm_first_token_ms": 100.0,
        "llm_first_sentence_ms": 50.0,
        "tts_first_audio_ms": 40.0,
        "playback_ms": 10.0,
        "total_ms": 450.0,
    }


def test_work_hidden_in_the_wait_counts_nothing():
    shares = stage_shares(
        turn(speech_stopped=10.0, turn_ended=10.6, transcript=10.3, first_token=10.5, first_audio=10.7)
    )
    assert shares["stt_ms"] == shares["llm_first_token_ms"] == 0.0
    assert shares["playback_ms"] == 100.0
    assert shares["total_ms"] == 700.0


def test_without_a_user_nobody_waited():
    assert set(stage_shares(turn(first_audio=3.0)).values()) == {0.0}


def test_a_reply_cut_before_it_sounded_has_the_stages_it_reached():
    shares = stage_shares(turn(speech_stopped=1.0, turn_ended=1.6, transcript=1.7))
    assert (shares["endpoint_ms"], shares["stt_ms"], shares["total_ms"]) == (600.0, 100.0, 700.0)


@given(st.dictionaries(st.sampled_from([stage for _, stage in STAGES]), st.floats(1.0, 20.0)), st.floats(0.0, 1.0))
def test_the_shares_add_up_to_the_latency(times, start_s):
    times = {Stage.SPEECH_STOPPED: start_s} | times
    shares = stage_shares(Turn(1, times=times))
    total_ms = shares.pop("total_ms")
    assert min(shares.values()) >= 0.0
    assert sum(shares.values()) == pytest.approx(total_ms, abs=0.01)
    if Stage.FIRST_AUDIO in times:
        assert total_ms == round((times[Stage.FIRST_AUDIO] - start_s) * 1000, 1)


@pytest.mark.parametrize(
    ("count", "share", "value"),
    [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (4, 0.5, 2), (20, 0.95, 19), (100, 0.95, 95), (21, 0.95, 20), (5, 1.0, 5)],
)
def test_percentiles_by_nearest_rank(count, share, value):
    assert nearest_rank([float(number) for number in range(count, 0, -1)], share) == value


def test_percentiles_per_stage():
    log = LatencyLog()
    assert log.percentiles() == {"p50": {}, "p95": {}}
    for total in (100.0, 300.0, 200.0):
        log.add({"total_ms": total})
    assert log.percentiles() == {"p50": {"total_ms": 200.0}, "p95": {"total_ms": 300.0}}


def test_a_long_session_keeps_the_latest_thousand_turns():
    log = LatencyLog()
    for total in range(3000):
        log.add({"total_ms": float(total)})
    assert log.percentiles()["p50"]["total_ms"] == 2499.0


def test_what_was_done_in_the_wait_was_saved():
    prepared = turn(prepared=1.1, transcript=1.15, first_token=1.23, first_speech=1.27, turn_ended=1.6)
    assert saved_ms(prepared) == 170.0
    half_done = turn(prepared=1.1, transcript=1.15, first_token=1.23, first_speech=1.27, turn_ended=1.2)
    assert saved_ms(half_done) == 100.0
    assert saved_ms(turn(turn_ended=1.2, first_speech=1.4)) == 0.0


def test_a_session_counts_what_it_prepared():
    prepared = PreparedAnswers()
    prepared.use(turn(prepared=1.0, first_speech=1.2, turn_ended=1.5))
    prepared.use(turn(prepared=1.0, first_speech=1.1, turn_ended=1.5))
    prepared.drop(4)
    assert prepared.told() == {"used": 2, "saved_ms": 300.0, "dropped": 1, "dropped_characters": 4}
