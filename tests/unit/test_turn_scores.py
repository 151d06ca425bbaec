"""How the benchmarks of turn-taking count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.turns.corpus import Phrase, SpokenTurn, frames
from benchmarks.turns.dialogue import Dialogue, Taking, Votes, dialogues
from benchmarks.turns.intervals import quantile_ms, share_95
from benchmarks.turns.over_reply import Outcome, OverReply, Played, Reader
from benchmarks.turns.overlap_sounds import OverSound, Stream, stream
from benchmarks.turns.scores import BETWEEN, INSIDE, REPLY_S, Score
from benchmarks.turns.systems import fixed, ours, silences
from localvoice.audio.vad import WINDOW_S
from localvoice.config import Config, TurnConfig
from localvoice.turn.decisions import BargeIn, Dismissal, OverlapDismissed, OverlapStarted
from localvoice.turn.observations import Window

CALL = (Phrase("call my mother and", 0.5, 1.5), Phrase("tell her i will be late", 2.0, 3.5))


def talk(turns: int = 2) -> Dialogue:
    """Turns of 3.5 s, 8 s apart, with a pause of 500 ms inside; heard without a fault."""
    spoken = SpokenTurn(np.zeros(frames(3.5), dtype=np.float32), CALL, "en-us", "espeak-ng", "command")
    placed = [(8.0 * number, spoken) for number in range(turns)]
    windows = int(8.0 * turns / WINDOW_S)
    middles = (np.arange(windows) + 0.5) * WINDOW_S % 8.0
    speaks = [any(phrase.start_s <= middle < phrase.end_s for phrase in CALL) for middle in middles]
    sound = np.zeros(frames(8.0 * turns), dtype=np.float32)
    heard = [Window(number * WINDOW_S, 0.95 if one else 0.01) for number, one in enumerate(speaks, 1)]
    return Dialogue("en-us", sound, placed, heard)


def test_a_speakers_turns_are_one_conversation_and_a_strangers_one_each():
    (_, turn), (_, other) = talk().turns
    assert [len(one.turns) for one in dialogues([turn, other])] == [2]
    assert [len(one.turns) for one in dialogues([turn, other], of_strangers=True)] == [1, 1]


def test_an_end_inside_a_thought_is_early_and_the_one_behind_it_has_a_delay():
    score = Score()
    score.add(talk(), [1.5 + 0.3, 3.5 + 0.2, 8.0 + 3.5 + 0.4])
    figures = score.figures()
    assert (figures["pauses"], figures["early"], figures["ends"], figures["missed"]) == (2, 1, 2, 0)
    assert (figures["delay_ms_p50"], figures["delay_ms_mean"]) == (300, 300)
    assert figures["early_by"]["pause < 600 ms"] == "1 of 2"


def test_pauses_between_sentences_are_counted_apart():
    first, last = CALL
    dialogue = talk(1)
    dialogue.turns = [(0.0, replace(dialogue.turns[0][1], phrases=(replace(first, ends_sentence=True), last)))]
    score = Score()
    score.add(dialogue, [1.8, 3.7])
    assert score.figures()["early_by"][BETWEEN] == "1 of 1"
    assert INSIDE not in score.figures()["early_by"]


@pytest.mark.parametrize(("end_s", "heard"), [(2.0 - REPLY_S - 0.05, 50.0), (2.0 - REPLY_S + 0.05, 0.0)])
def test_an_early_end_is_heard_where_the_reply_sounds_before_the_user_goes_on(end_s, heard):
    score = Score()
    score.add(talk(), [end_s, 3.7, 11.7])
    assert score.figures()["early_and_heard_per_100"] == heard


def test_a_turn_that_never_ends_is_missed():
    score = Score()
    score.add(talk(), [3.7])
    assert score.figures()["missed"] == 1


def test_a_fixed_silence_ends_every_longer_pause():
    cut, waited = Score(), Score()
    cut.add(talk(), fixed(300)(talk()))
    waited.add(talk(), fixed(700)(talk()))
    assert (cut.early["all"], waited.early["all"]) == (2, 0)
    assert cut.delays_s == pytest.approx([0.3, 0.3], abs=0.05), "the gate's own error"
    assert waited.delays_s == pytest.approx([0.7, 0.7], abs=0.05)


def test_words_that_want_more_outlast_the_pause():
    without, with_words = Score(), Score()
    turn = TurnConfig(silence_ms=300)
    without.add(talk(), ours(turn, Votes())(talk()))
    with_words.add(talk(), ours(turn, Votes(words_s=0.05))(talk()))
    assert without.early["all"] == 2
    assert with_words.early["all"] == 0, "`call my mother and` is no thought"


class Misreads:
    """In place of a Whisper model."""

    def read(self, sound: np.ndarray) -> tuple[str, float]:
        return "i would like to", 0.3


@pytest.mark.parametrize(("is_doubted", "early"), [(True, 2), (False, 0)])
def test_what_a_model_reads_counts_as_far_as_it_is_sure(is_doubted, early):
    score = Score()
    votes = Votes(words_s=0.05, whispered=Misreads(), is_doubted=is_doubted)
    score.add(talk(), ours(TurnConfig(silence_ms=300), votes)(talk()))
    assert score.early["all"] == early


@pytest.mark.parametrize(("is_doubted", "cuts"), [(True, 0), (False, 2)])
def test_what_a_model_reads_over_a_reply_counts_as_far_as_it_is_sure(is_doubted, cuts):
    spoken = np.zeros(frames(12.0), dtype=np.float32)
    sounds = Stream(spoken, [(6.0, 6.19, ""), (9.0, 9.19, "")])
    played = OverReply(sounds)
    speaks = [(0.5, 1.5), *((start_s, end_s) for start_s, end_s, _ in sounds.sounds)]
    played.windows = [
        Window((n + 1) * WINDOW_S, 0.95 if any(a <= (n + 0.5) * WINDOW_S < b for a, b in speaks) else 0.01)
        for n in range(int(12.0 / WINDOW_S))
    ]
    outcome = played.run(TurnConfig(), Reader(0.06, whispered=Misreads(), is_doubted=is_doubted))
    assert (outcome.holds, outcome.cuts) == (2, cuts)


def test_a_turn_is_one_however_often_it_seemed_over():
    ends = Taking(talk(1), Config(turn=TurnConfig(silence_ms=200)), Votes()).run()
    assert [end.turn for end in ends] == [1, 1]


def test_silences_lie_between_the_stretches_of_speech():
    (_, end_s, until_s), (_, last_s, ever) = silences(talk(1))
    assert (end_s, until_s, last_s) == pytest.approx((1.5, 2.0, 3.5), abs=0.06)
    assert ever == float("inf")


def test_a_share_has_an_interval():
    assert share_95(3, 100) == pytest.approx((0.0103, 0.0845), abs=1e-4), "as Wilson's tables have it"
    assert share_95(0, 0) == (0.0, 1.0)
    assert quantile_ms([], 0.5) is None


def test_a_sound_over_a_reply_gets_the_decisions_that_follow_it():
    played = Played([Outcome(4.0, 4.5), Outcome(9.0, 9.8)])
    played.note(OverlapStarted(4.1, 1, 4.0))
    played.note(OverlapDismissed(4.6, 1, 4.0, Dismissal.NOISE))
    played.note(OverlapStarted(9.1, 1, 9.0))
    played.note(BargeIn(9.4, 1, 9.0))
    assert played.outcomes == [Outcome(4.0, 4.5, held_s=4.1, resumed_s=4.6), Outcome(9.0, 9.8, held_s=9.1, cut_s=9.4)]
    assert (played.holds, played.cuts) == (2, 1)


def test_a_recogniser_reads_what_has_sounded_between_two_times():
    sounds = stream([OverSound(np.ones(frames(1.0), dtype=np.float32), "be quiet now")], "choosing")
    onset_s, end_s, _ = sounds.sounds[0]
    assert sounds.words_at(onset_s, onset_s + 0.5) == "be"
    assert sounds.words_at(onset_s - 0.3, end_s + 0.2) == "be quiet now"
    assert not sounds.words_at(end_s + 1.0, end_s + 2.0)
