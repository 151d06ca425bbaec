"""What smart-turn hears, weighed anew on people: its answer, the features behind it, what its layers hear at the end.

smart-turn pools 384 features over the whole turn and answers from these. Beside that answer, what two of its layers
hear in the last second tells a pause inside a thought from the end, weighed on recordings of people. The weights are of
one file of smart-turn and mean nothing for another one, of which the answer alone is taken. How they were made:
scripts/calibrate_votes.py.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

INNER = ("sum_1", "add_268", "layer_norm_8")
"""Names in the graph of the file that the weights are of: what it pools over the turn, and what its second and its last
layer (of four) make of each 20 ms."""

_WIDTH = 384
"""Features of each."""
_WINDOWS = (slice(-6, None), slice(-12, -6), slice(-24, -12), slice(-48, -24))
"""Frames of 20 ms whose means are weighed: the silence, the last syllable, and twice as much before each."""

FEATURES = _WIDTH * (1 + 2 * len(_WINDOWS))

WEIGHTS = resources.files("localvoice.audio") / "smart_turn.npz"

_UNKNOWN = (0.57, 1.5)
"""Slope and bias of the answer of any other file, as log-odds: the waits that follow are those that followed from the
answer before features were weighed (docs/decisions/058-what-smart-turn-hears.md), to 0.1 log-odds."""

MOST_SURE = 0.97
"""smart-turn's own answer counts no further than to here, either way (`turn/votes.py` does the same)."""

Pooled = NDArray[np.float32]
"""Shape (FEATURES,)."""


def features(pooled: NDArray[np.float32], *layers: NDArray[np.float32]) -> Pooled:
    """What is weighed, of the values in `INNER`: shapes (1, 384), and (1, 400, 384) each for the layers."""
    means = (layer[0, window].mean(axis=0) for layer in layers for window in _WINDOWS)
    return np.concatenate((pooled.reshape(-1), *means))


class PooledVote:
    """The weights of the package."""

    def __init__(self) -> None:
        """Load them."""
        with resources.as_file(WEIGHTS) as path, np.load(path) as stored:
            self._weights = stored["weights"].astype(np.float32)
            self._beside = stored["beside"]
            """Slope of the answer's log-odds beside the features, and bias."""
            self.sha256 = str(stored["sha256"])
            """Of the file that they are for."""

    def is_of(self, model: Path) -> bool:
        """Whether they are for this file; not for one that cannot be read: whoever loads it says so."""
        try:
            return hashlib.sha256(model.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False

    def probability(self, answer: float, pooled: Pooled | None) -> float:
        """0..1 that the turn sounds finished. `pooled`: None of a file that the weights are not of."""
        heard = min(max(answer, 1.0 - MOST_SURE), MOST_SURE)
        told = np.log(heard / (1.0 - heard)), 1.0
        odds = np.dot(_UNKNOWN, told) if pooled is None else self._beside @ told + self._weights @ pooled
        return float(1.0 / (1.0 + np.exp(-odds)))
