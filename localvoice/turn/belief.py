"""How far a recogniser's words are believed, by how sure it is of them."""

from __future__ import annotations

import numpy as np

from localvoice.turn.observations import OverlapJudged, OverlapRead

DOUBTED, BELIEVED = 0.45, 0.67
"""A recogniser's confidence (`Transcript.confidence`) with which its words tell nothing, and from which on they tell
all that they say. Their logarithms are -0.8, where Whisper's larger models doubt a text (`localvoice.stt.invented`),
and -0.4, which models of it reach in clear speech. Chosen: no full-size one was measured
(docs/decisions/065-words-as-far-as-they-are-sure.md)."""

_UNKNOWN = 0.5
"""Probability of words where nobody has judged the sound."""


def believed(confidence: float | None) -> float:
    """From 0 (as if nothing had been read) to 1; who does not say how sure they are is believed."""
    return 1.0 if confidence is None else float(np.interp(confidence, (DOUBTED, BELIEVED), (0.0, 1.0)))


def is_doubtful(read: OverlapRead, judged: OverlapJudged | None) -> bool:
    """Whether a sound over the reply counts as one that nobody could read.

    The less it sounds like words, the surer the recogniser has to be. `judged`: None: nobody has said what it is like.
    """
    content = _UNKNOWN if judged is None else judged.content
    return read.rejected or believed(read.confidence) + content < 1.0
