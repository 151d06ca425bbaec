"""Writes the weights of the turn reader: `python -m scripts.calibrate_reader --people DIR ... [--prompts ...]`.

Fitted on the choosing half of recordings of people, beside the words and what is heard by weights of the other folders:
run it behind scripts/calibrate_votes.py, which says what was in the folders, and takes the same ones. Needs smart-turn
and the turn reader (`make smart-turn turn-reader`); no network. The same input gives the same weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.turns.dialogue import SMART_TURN, TURN_READER, Ear, Reader
from localvoice.turn import read_weights
from localvoice.turn.vote_weights import LOUDNESS
from localvoice.turn.votes import READ_KEPT, SOUND_KEPT, log_odds
from scripts.calibrate_votes import Fit, rows_of, takes_recordings, told_by_others, votes_on
from scripts.people_pauses import FOREIGN, Column, Marks, Pauses

WEIGHTS = Path(read_weights.__file__)

WORDS = 0.3
"""Slope of the word model's log-odds, chosen: people's pauses would have it at 0.06, but none of these people says
"um", breaks off or dictates, which the language model knows little of. With 0.3 it has an AUC of 0.969 on the cases of
scripts/turnwords, without 0.916, and of 0.935 to 0.952 on people, without 0.936 to 0.950."""

_MOST_ODDS = log_odds(1 - SOUND_KEPT)


def module(read: Fit, both: Fit) -> str:
    """The file of weights."""
    told = [", ".join(str(round(float(one), 2) + 0.0) for one in each) for each in (read, both)]
    return f'''"""Weights of the turn reader beside the other votes, written by scripts/calibrate_reader.py."""

READ = ({told[0]})
"""Slopes of the word model's log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = ({told[1]})
"""Slopes of what they come to and of the sound, and bias, where both vote."""
'''


def of_reader(rows: Pauses, where: Marks, odds: Column) -> tuple[Fit, Fit]:
    """`READ` and `READ_BOTH`, from some rows and what was read of them; the sound is told by weights of the others."""
    told = np.clip(told_by_others(rows)[where], -_MOST_ODDS, _MOST_ODDS)
    given, ones = WORDS * rows.words[where] + LOUDNESS * rows.loudness_db[where], np.ones(len(odds))
    slope, bias = votes_on(rows, np.column_stack((odds, ones)), where, given)
    said = WORDS * rows.words[where] + slope * odds + bias
    both = votes_on(rows, np.column_stack((said, told, ones)), where, LOUDNESS * rows.loudness_db[where])
    return np.array((WORDS, slope, bias)), both


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    takes_recordings(parser)
    options = parser.parse_args()
    if not options.people:
        parser.error("--people: the weights are of their pauses")
    reader = Reader(TURN_READER)
    rows = rows_of(options, Ear(SMART_TURN))
    where = (rows.folders > FOREIGN) & (rows.folders < len(options.people))
    odds = np.array([log_odds(reader.probability(text), READ_KEPT) for text in rows.texts[where]])
    reader.keep()
    read, both = of_reader(rows, where, odds)
    print(f"{len(odds)} pauses: words, read, bias {read.round(3)}; those, sound, bias {both.round(3)}")
    WEIGHTS.write_text(module(read, both), encoding="utf-8")


if __name__ == "__main__":
    main()
