"""What smart-turn hears, weighed anew on people: its answer together with the features behind it.

Before its last layers smart-turn pools 384 features over the turn. Weighed on recordings of people they tell a pause
inside a thought from the end better than its answer alone. The weights are of one file of smart-turn and mean nothing
for another one. How they were made: scripts/calibrate_votes.py.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POOLED = "sum_1"
"""Name of the features in the graph of the file that the weights are of."""

WEIGHTS = resources.files("localvoice.audio") / "smart_turn.npz"

MOST_SURE = 0.97
"""smart-turn's own answer counts no further than to here, either way (`turn/votes.py` does the same)."""

Pooled = NDArray[np.float32]
"""Shape (384,)."""


class PooledVote:
    """The weights of the package."""

    def __init__(self) -> None:
        """Load them."""
        with resources.as_file(WEIGHTS) as path, np.load(path) as stored:
            self._weights = stored["weights"].astype(np.float32)
            self._slope, self._bias = stored["answer"].tolist()
            self.sha256 = str(stored["sha256"])
            """Of the file that they are for."""

    def is_of(self, model: Path) -> bool:
        """Whether they are for this file; not for one that cannot be read: whoever loads it says so."""
        try:
            return hashlib.sha256(model.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False

    def probability(self, answer: float, pooled: Pooled) -> float:
        """0..1 that the turn sounds finished, on the scale of smart-turn's own `answer`."""
        heard = min(max(answer, 1.0 - MOST_SURE), MOST_SURE)
        odds = self._slope * np.log(heard / (1.0 - heard)) + float(self._weights @ pooled) + self._bias
        return float(1.0 / (1.0 + np.exp(-odds)))
