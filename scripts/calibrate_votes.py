"""Writes the weights of the votes on the end of a turn: `python -m scripts.calibrate_votes [--people DIR ...]`.

The weight of the words where no sound votes is fitted on the choosing half of the labelled pauses
(benchmarks/turns/corpus.py). Its synthetic voices say nothing about melody (smart-turn cannot tell their ends from
their pauses: AUC 0.51), so what smart-turn hears (localvoice/audio/smart_turn.npz), and all votes together, are fitted
on recordings of people (benchmarks/turns/people.py): on the choosing half of those of which figures are told, and on
all of those in `--whole`. Folders weigh the same. Without a folder those weights stay as they are. How they are fitted:
docs/decisions/058-what-smart-turn-hears.md.

The weights here are of four folders: 115 orders of coffee by some of 50 people (the repository
Picovoice/speech-to-intent-benchmark; words decoded with a grammar made of its labels), 167 telephone prompts of one
speaker (Debian's asterisk-core-sounds-en-wav, with its punctuation), 18 sentences of three readers (LJ Speech in the
tests of coqui-ai-TTS, LibriVox in those of pocketsphinx and in moonshine-voice), and whole, 272 sentences of 20 readers
(LibriSpeech's dev-clean, 3 to 9 s long, up to 14 each, in the repository felixbastian/Speaker_partition_module).
Needs espeak-ng and flite for the corpus, and smart-turn from scripts/ensure_smart_turn.sh for the sound; no network.
The same input gives the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.turns.corpus import pauses
from benchmarks.turns.dialogue import SMART_TURN, Ear
from benchmarks.turns.people import turns_of_people
from localvoice.audio import pooled_vote
from localvoice.skills.catalog import Skills
from localvoice.turn import vote_weights
from localvoice.turn.votes import WORDS_KEPT, log_odds
from localvoice.turn.words import ends_in_number, is_instant, turn_words
from scripts.people_pauses import Column, Marks, Pauses, gathered

WEIGHTS = Path(vote_weights.__file__)
POOLED = Path(str(pooled_vote.WEIGHTS))
_ROUNDS = 50
_PRIOR = 1e-3
_PRIOR_OF_POOLED = 300.0
"""Of each of the 384 features, all of the same spread. Every folder told by the others: 100 and 1000 are as good on
people's own pauses to 0.01 of AUC."""

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
    """Fitted on some rows, on what is heard alone."""
    pooled = rows.pooled[where].astype(np.float64)
    middle, spread = pooled.mean(0), pooled.std(0) + 1e-6
    features = np.column_stack((rows.answers[where], np.ones(where.sum()), (pooled - middle) / spread))
    prior = np.r_[_PRIOR, _PRIOR, np.full(pooled.shape[1], _PRIOR_OF_POOLED)]
    slope, bias, *weights = fitted(features, rows.is_end[where], rows.weights[where], prior)
    return Hearing(slope, np.array(weights) / spread, bias - float(np.array(weights) / spread @ middle))


class Votes(NamedTuple):
    """What people teach: slopes and biases as in `vote_weights`, and what smart-turn hears on its own scale."""

    sound: Fit
    both: Fit
    loudness: Fit
    heard: Hearing


def of_people(rows: Pauses, folders: int) -> Votes:
    """All of it. What is heard is fitted on all rows, the votes on the first `folders`.

    Votes are weighed beside smart-turn's own answer, and what is heard is put on its scale: the weights hold for
    any file of smart-turn. The scale comes from how well each folder is told by weights fitted on the others.
    """
    told = np.zeros(len(rows.words))
    for folder in set(rows.folders.tolist()):
        own = rows.folders == folder
        told[own] = hearing(rows, ~own).of(rows)[own]
    beside = np.column_stack((rows.loudness_db, np.ones(len(told))))
    slope, _, bias = fitted(np.column_stack((told, beside)), rows.is_end, rows.weights)
    own_slope, _, own_bias = fitted(np.column_stack((rows.answers, beside)), rows.is_end, rows.weights)
    votes, first = np.column_stack((rows.words, rows.answers, beside)), rows.folders < folders
    words, sound, loudness, both_bias = fitted(votes[first], rows.is_end[first], rows.weights[first])
    heard = hearing(rows, np.ones(len(told), bool)).scaled(slope / own_slope, (bias - own_bias) / own_slope)
    return Votes(np.array((own_slope, own_bias)), np.array((words, sound, both_bias)), np.array((loudness,)), heard)


def module(*weights: Fit) -> str:
    """The file of weights: of words, sound, both and loudness."""
    told = [", ".join(str(round(float(one), 2) + 0.0) for one in each) for each in weights]
    return f'''"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = ({told[0]})
"""Slope and bias of the word model's log-odds, where no sound votes."""

SOUND = ({told[1]})
"""Slope and bias of what smart-turn hears, as log-odds, where no words vote."""

BOTH = ({told[2]})
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = {told[3]}
"""Slope of how loud the last half second was, per dB, beside any other vote."""
'''


def keep(heard: Hearing) -> None:
    """Write what smart-turn hears into the package."""
    sha256 = hashlib.sha256(SMART_TURN.read_bytes()).hexdigest()
    answer = np.array((heard.slope, heard.bias))
    np.savez(POOLED, weights=heard.weights.astype(np.float16), answer=answer, sha256=sha256)


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=Path, nargs="+", help="folders of recordings, as benchmarks/turns/people.py")
    parser.add_argument("--whole", type=Path, nargs="+", default=[], help="folders that no figure is told of")
    options = parser.parse_args()
    words, count = of_words()
    print(f"words: {count} pauses, slope, bias {words.round(3)}")
    people = [np.array(one) for one in (vote_weights.SOUND, vote_weights.BOTH, [vote_weights.LOUDNESS])]
    if options.people is not None:
        halves = [turns_of_people(folder, "choosing") for folder in options.people]
        rows = gathered([*halves, *map(turns_of_people, options.whole)], Ear(SMART_TURN))
        *people, heard = of_people(rows, len(options.people))
        sound, both, loudness = (one.round(3) for one in people)
        print(f"people: {len(rows.words)} pauses, sound, bias {sound}")
        print(f"words, sound, bias {both}, loudness {loudness}, smart-turn's answer {heard.slope:.3f}")
        keep(heard)
    WEIGHTS.write_text(module(words, *people), encoding="utf-8")
    print(f"written to {WEIGHTS.name}")


if __name__ == "__main__":
    main()
