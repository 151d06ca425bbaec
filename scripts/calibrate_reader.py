"""Writes the weights of the turn reader: `python -m scripts.calibrate_reader --people DIR ...`.

Fitted on the choosing half of recordings of people, beside the votes as they are and smart-turn's own answer: run it
behind scripts/calibrate_votes.py, which says why, and what was in the folders. Needs smart-turn and the turn reader
(`make smart-turn turn-reader`); no network. The same input gives the same weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.turns.dialogue import SMART_TURN, TURN_READER, Ear, Reader
from benchmarks.turns.people import turns_of_people
from localvoice.audio import pooled_vote
from localvoice.turn import read_weights
from localvoice.turn.vote_weights import LOUDNESS, SURENESS
from localvoice.turn.votes import READ_KEPT, SOUND_FROM_S, SOUND_KEPT, WORDS_KEPT, log_odds
from localvoice.turn.words import turn_words
from scripts.calibrate_votes import Fit, fitted
from scripts.people_pauses import OWN, paused

WEIGHTS = Path(read_weights.__file__)

WORDS = 0.3
"""Slope of the word model's log-odds, chosen: people's pauses would have it at 0.06, but none of these people says
"um", breaks off or dictates, which the language model knows little of. With 0.3 it has an AUC of 0.969 on the cases of
scripts/turnwords, without 0.916, and of 0.935 to 0.952 on people, without 0.936 to 0.950."""


def rows_of(folder: Path, ear: Ear, reader: Reader) -> tuple[Fit, Fit]:
    """(votes, what they were): log-odds of words, of reading and of sound, loudness; end or not, and its weight."""
    votes, truth = [], []
    with np.load(str(pooled_vote.WEIGHTS)) as stored:
        slope, bias = stored["alone"].tolist()
    for turn in turns_of_people(folder, "choosing"):
        for pause, stop in paused(turn):
            words = turn_words().probability(pause.words)
            if words is None or stop.turn_s < SOUND_FROM_S:
                continue
            heard = slope * log_odds(ear.opinion(stop.sound).answer, SOUND_KEPT) + bias
            read = log_odds(reader.probability(pause.words), READ_KEPT)
            votes.append((log_odds(words, WORDS_KEPT), read, heard, stop.loudness_db))
            is_own = pause.kind == "natural" and not pause.is_finished
            truth.append((pause.is_finished, OWN if is_own else 1.0))
    ear.keep()
    reader.keep()
    return np.array(votes), np.array(truth, float)


def module(read: Fit, both: Fit) -> str:
    """The file of weights."""
    told = [", ".join(str(round(float(one), 2) + 0.0) for one in each) for each in (read, both)]
    return f'''"""Weights of the turn reader beside the other votes, written by scripts/calibrate_reader.py."""

READ = ({told[0]})
"""Slopes of the word model's log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = ({told[1]})
"""Slopes of what they come to and of the sound, and bias, where both vote."""
'''


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    ear, reader = Ear(SMART_TURN), Reader(TURN_READER)
    parts = [rows_of(folder, ear, reader) for folder in options.people]
    votes, (is_end, own) = np.vstack([rows for rows, _ in parts]), np.vstack([truth for _, truth in parts]).T
    folders = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows, _ in parts])
    weights, ends = own * folders * len(votes) / len(parts), is_end > 0
    loudness = LOUDNESS / SURENESS * votes[:, 3]
    given = WORDS * votes[:, 0] + loudness
    slope, bias = fitted(np.column_stack((votes[:, 1], np.ones(len(votes)))), ends, weights, given=given)
    said = WORDS * votes[:, 0] + slope * votes[:, 1] + bias
    features = np.column_stack((said, votes[:, 2], np.ones(len(votes))))
    both = SURENESS * fitted(features, ends, weights, given=loudness)
    read = np.array((WORDS, slope, bias))
    print(f"{len(votes)} pauses: words, read, bias {read.round(3)}; those, sound, bias {both.round(3)}")
    WEIGHTS.write_text(module(read, both), encoding="utf-8")


if __name__ == "__main__":
    main()
