"""Writes the weights of the votes on the end of a turn: `python -m scripts.calibrate_votes [--people DIR ...]`.

The weight of the words where no sound votes is fitted on the choosing half of the labelled pauses
(benchmarks/turns/corpus.py). Its synthetic voices say nothing about melody (smart-turn cannot tell their ends from
their pauses: AUC 0.51), so what smart-turn hears (localvoice/audio/smart_turn.npz), and all votes together, are fitted
on recordings of people (benchmarks/turns/people.py): on the choosing half of those of which figures are told, and on
all of those in `--whole`. Telephone prompts (benchmarks/turns/prompts.py) are heard as well: beginnings of sentences,
spoken alone, sound much as ends do, and are none. Without a folder those weights stay as they are. How they are fitted:
docs/decisions/058-what-smart-turn-hears.md, 061-the-last-second-layer-by-layer.md and 062-beginnings-are-no-ends.md.

The weights here are of four folders: 522 orders of coffee by some 50 people (the repository
Picovoice/speech-to-intent-benchmark; words decoded with a bigram model of its labels, kept where they hold each of the
recording's own), 227 telephone prompts of one speaker (Debian's asterisk-core-sounds-en-wav, with its punctuation;
without beginnings of sentences), 8 sentences of two readers (LJ Speech in the tests of coqui-ai-TTS, LibriVox in those
of pocketsphinx), and whole, 1313 sentences of 20 readers (LibriSpeech's dev-clean, in the repository
felixbastian/Speaker_partition_module). And of prompts: the beginnings of that speaker, of the choosing half, and all
of asterisk-core-sounds-es, -fr, -it and -ru. Needs espeak-ng and flite for the corpus, and smart-turn from
scripts/ensure_smart_turn.sh for the sound; no network.
The same input gives the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.turns.corpus import pauses
from benchmarks.turns.dialogue import SMART_TURN, Ear
from benchmarks.turns.people import turns_of_people
from benchmarks.turns.prompts import LEARNED, prompts, turns
from localvoice.audio import pooled_vote
from localvoice.skills.catalog import Skills
from localvoice.turn import vote_weights
from localvoice.turn.votes import SOUND_KEPT, WORDS_KEPT, log_odds
from localvoice.turn.words import ends_in_number, is_instant, turn_words
from scripts.people_pauses import BEGINNINGS, FOREIGN, Column, Marks, Pauses, gathered, joined, of_folder

WEIGHTS = Path(vote_weights.__file__)
POOLED = Path(str(pooled_vote.WEIGHTS))
_ROUNDS = 50
_PRIOR = 1e-3
_PRIOR_OF_POOLED = 1000.0
"""Of each feature, all of the same spread. Every folder told by the others: 300 and 3000 are as good on people's own
pauses to 0.03 of AUC."""

ANSWER = 0.4
"""Slope of smart-turn's own log-odds beside the features, chosen: on people who read and order it would be below 0. But
smart-turn has learned from people who talk to each other, and in two telephone calls (41 ends, 178 pauses) features and
answer have an AUC of 0.67 and 0.75, both with this slope 0.77, with 1.0 0.80. With 1.0 three times as many pauses laid
between LibriSpeech's words are told no better than the last ends."""

_MOST_ODDS = log_odds(1 - SOUND_KEPT)

_PROMPTS = 0.5
"""Weight of what is said in other languages than English. With 0.25 and 1 people's own pauses are told as well."""

Fit = NDArray[np.float64]


def fitted(
    features: Fit,
    is_end: Marks,
    weights: Column | None = None,
    prior: Fit | None = None,
    *,
    given: Column | float = 0.0,
) -> Fit:
    """Logistic regression, ends and pauses weighing the same in all.

    `weights` of each row beside that, `given` log-odds that are there already.
    """
    own = np.ones(len(is_end)) if weights is None else weights
    share = np.average(is_end, weights=own)
    counts = np.where(is_end, 0.5 / share, 0.5 / (1 - share)) * own
    held = np.full(features.shape[1], _PRIOR) if prior is None else prior
    slopes = np.zeros(features.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(features @ slopes + given, -30, 30)))
        gradient = features.T @ (counts * (is_end - chance)) - held * slopes
        curvature = (features * (counts * chance * (1 - chance))[:, None]).T @ features
        step = np.linalg.solve(curvature + np.diag(held), gradient)
        slopes += step
        if np.abs(step).max() < 1e-6:
            break
    return slopes


def of_words() -> tuple[Fit, int]:
    """Slope and bias; and from how many pauses. Words with a rule of their own are left out."""
    skills, rows, is_end = Skills(), [], []
    for pause in pauses("choosing"):
        likely = turn_words().probability(pause.words)
        has_rule = is_instant(pause.words) or ends_in_number(pause.words) or skills.match(pause.words) is not None
        if likely is not None and not has_rule:
            rows.append((log_odds(likely, WORDS_KEPT), 1.0))
            is_end.append(pause.is_finished)
    return fitted(np.array(rows), np.array(is_end)), len(rows)


class Hearing(NamedTuple):
    """Log-odds that a turn has finished: `slope` of smart-turn's own log-odds, `weights` of its features."""

    slope: float
    weights: Fit
    bias: float

    def of(self, rows: Pauses) -> Column:
        """Of each row."""
        odds: Column = self.slope * rows.answers + rows.pooled @ self.weights + self.bias
        return odds

    def scaled(self, slope: float, bias: float) -> Hearing:
        """The one whose log-odds are `slope` times these, and `bias`."""
        return Hearing(slope * self.slope, slope * self.weights, slope * self.bias + bias)


def hearing(rows: Pauses, where: Marks) -> Hearing:
    """Fitted on some rows, on what is heard alone; the answer counts beside it."""
    pooled = rows.pooled[where].astype(np.float64)
    middle, spread = pooled.mean(0), pooled.std(0) + 1e-6
    features = np.column_stack((np.ones(where.sum()), (pooled - middle) / spread))
    prior = np.r_[_PRIOR, np.full(pooled.shape[1], _PRIOR_OF_POOLED)]
    bias, *weights = fitted(features, rows.is_end[where], rows.weights[where], prior)
    return Hearing(ANSWER, np.array(weights) / spread, bias - float(np.array(weights) / spread @ middle))


def told_by_others(rows: Pauses) -> Column:
    """What is heard of each folder by weights that were fitted on the others; 0 of foreign prompts."""
    told = np.zeros(len(rows.words))
    for folder in set(rows.folders.tolist()) - {FOREIGN}:
        own = rows.folders == folder
        told[own] = hearing(rows, ~own).of(rows)[own]
    return told


class Votes(NamedTuple):
    """What people teach: slopes and biases as in `vote_weights`, and what smart-turn hears."""

    both: Fit
    loudness: float
    sureness: float
    heard: Hearing
    alone: Fit
    """Slope and bias of smart-turn's answer that make it as sure as it is right: for scripts/calibrate_reader.py."""


def of_people(rows: Pauses, folders: int) -> Votes:
    """All of it. What is heard is fitted on all rows, the shares of the votes on the first `folders`.

    What is heard is as sure as it is right about each folder by weights fitted on the others. Words and sound share as
    they do beside smart-turn's own answer: fitted beside what is heard, words would be worth a quarter of it, since
    part of what it tells of a pause that was laid between words is the cut. All are then as sure as they are right.
    """
    told = told_by_others(rows)
    everything, first = np.ones(len(told), bool), (rows.folders >= 0) & (rows.folders < folders)
    slope, _, bias = _votes(rows, told, rows.loudness_db)
    own_slope, _, own_bias = _votes(rows, rows.answers, rows.loudness_db)
    heard = np.clip(slope * told + bias, -_MOST_ODDS, _MOST_ODDS)
    answers = own_slope * rows.answers + own_bias
    shares = _votes(rows, rows.words, answers, rows.loudness_db, where=first)[:3]
    sureness, common = _votes(rows, np.column_stack((rows.words, heard, rows.loudness_db)) @ shares)
    words, sound, loudness = sureness * shares
    return Votes(
        np.array((words, sound, common)),
        float(loudness),
        float(sureness),
        hearing(rows, everything).scaled(slope, bias),
        np.array((own_slope, own_bias)),
    )


def _votes(rows: Pauses, *columns: Column, where: Marks | None = None) -> Fit:
    """Their slopes, and the bias, on some rows, or all of a folder; a folder weighs as the root of its rows."""
    kept = rows.folders >= 0 if where is None else where
    return votes_on(rows, np.column_stack((*columns, np.ones(len(rows.words))))[kept], kept)


def votes_on(rows: Pauses, features: Fit, where: Marks, given: Column | float = 0.0) -> Fit:
    """The slopes of the features of some rows, beside log-odds that are there already; folders weigh as above."""
    folders = rows.folders[where] - rows.folders[where].min()
    weights = rows.weights[where] * np.sqrt(len(folders) / np.bincount(folders)[folders])
    return fitted(features, rows.is_end[where], weights, given=given)


def module(words: Fit, both: Fit, loudness: float, sureness: float) -> str:
    """The file of weights."""
    told = [", ".join(str(round(float(one), 2) + 0.0) for one in each) for each in (words, both)]
    return f'''"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = ({told[0]})
"""Slope and bias of the word model's log-odds, where no sound votes."""

BOTH = ({told[1]})
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = {loudness:.2f}
"""Slope of how loud the last half second was, per dB, beside any other vote."""

SURENESS = {sureness:.2f}
"""By which slopes that were fitted beside smart-turn's own answer were multiplied."""
'''


def keep(people: Votes) -> None:
    """Write what smart-turn hears into the package."""
    sha256 = hashlib.sha256(SMART_TURN.read_bytes()).hexdigest()
    heard = people.heard
    beside, weights = np.array((heard.slope, heard.bias)), heard.weights.astype(np.float16)
    np.savez(POOLED, weights=weights, beside=beside, alone=people.alone, sha256=sha256)


def takes_recordings(parser: argparse.ArgumentParser) -> None:
    """The arguments that say of what the weights are."""
    parser.add_argument("--people", type=Path, nargs="+", help="folders of recordings, as benchmarks/turns/people.py")
    parser.add_argument("--whole", type=Path, nargs="+", default=[], help="folders that no figure is told of")
    names = ("LANGUAGE", "TEXTS", "SOUNDS")
    parser.add_argument("--prompts", nargs=3, action="append", default=[], metavar=names, help="of each language")


def rows_of(options: argparse.Namespace, ear: Ear) -> Pauses:
    """All that these recordings teach; the folders of `--people` come first."""
    halves = [turns_of_people(folder, "choosing") for folder in options.people]
    of_folders = gathered([*halves, *map(turns_of_people, options.whole)], ear)
    return joined((of_folders, *_of_prompts(options.prompts, ear)))


def _of_prompts(corpora: list[list[str]], ear: Ear) -> Iterator[Pauses]:
    """Of English the beginnings of the choosing half, of other languages everything."""
    for language, texts, sounds in corpora:
        spoken = list(turns(list(prompts(Path(texts), Path(sounds))), language, draws=1))
        if language == "en":
            yield of_folder((turn for turn in spoken if turn.kind == LEARNED), ear, BEGINNINGS)
        else:
            rows = of_folder(spoken, ear, FOREIGN, is_english=False)
            yield replace(rows, weights=_PROMPTS * rows.weights)


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    takes_recordings(parser)
    options = parser.parse_args()
    words, count = of_words()
    print(f"words: {count} pauses, slope, bias {words.round(3)}")
    votes = (np.array(vote_weights.BOTH), vote_weights.LOUDNESS, vote_weights.SURENESS)
    if options.people is not None:
        rows = rows_of(options, Ear(SMART_TURN))
        people = of_people(rows, len(options.people))
        votes = people[:3]
        print(f"people: {len(rows.words)} pauses, words, sound, bias {people.both.round(3)}")
        print(f"loudness {people.loudness:.3f}, sureness {people.sureness:.3f}, answer alone {people.alone.round(3)}")
        keep(people)
    WEIGHTS.write_text(module(words, *votes), encoding="utf-8")
    print(f"written to {WEIGHTS.name}")


if __name__ == "__main__":
    main()
