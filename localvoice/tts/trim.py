"""The silence around a clause: none in front, a natural pause behind. Word times move along.

Rule of this file: samples above -50 dBFS are sound, everything else is silence (product contract, event `first_audio`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.samples import Samples, silence
from localvoice.messages import WordTime

SILENCE_LEVEL = 10 ** (-50 / 20)
LEAD_S = 0.005
"""Kept in front of the first sound, as the product contract has it."""

# espeak-ng 1.52 pauses this long at these marks inside a text (en-us, measured at -50 dBFS, Nov 2026)
_PAUSES_S = {".": 0.30, "?": 0.30, "!": 0.30, "…": 0.30, ";": 0.24, ":": 0.24, "—": 0.24, "\u2013": 0.24, ",": 0.16}
_WORD_GAP_S = 0.03
_CLOSERS = "\"'\u201d\u2019»)]}*_` \t\r\n"


def pause_after(text: str) -> float:
    """Seconds of silence that belong behind `text`, by its last mark; that of a word's end where it has none."""
    return _PAUSES_S.get(text.rstrip(_CLOSERS)[-1:], _WORD_GAP_S)


def trimmed(
    samples: Samples, rate_hz: int, words: Sequence[WordTime], pause_s: float
) -> tuple[Samples, tuple[WordTime, ...]]:
    """`samples` with `LEAD_S` of silence at most in front and exactly `pause_s` behind, and `words` to go with it.

    Every word's end is set to its last sound, where a synthesiser tells only when the next word begins. All silence
    gives no samples and no words.
    """
    loud = np.flatnonzero(np.abs(samples) > SILENCE_LEVEL)
    if not len(loud):
        return silence(0), ()
    begin = max(0, int(loud[0]) - round(LEAD_S * rate_hz))
    sound = samples[begin : int(loud[-1]) + 1]
    return (
        np.concatenate((sound, silence(round(pause_s * rate_hz)))),
        tuple(_settled(word, loud, rate_hz, begin) for word in words),
    )


def _settled(word: WordTime, loud: NDArray[np.intp], rate_hz: int, begin: int) -> WordTime:
    """`word` with its end at its last loud sample, counted from sample `begin`, inside the sound."""
    last = int(np.searchsorted(loud, round(word.end_s * rate_hz))) - 1
    end = int(loud[last]) + 1 if last >= 0 else begin
    start = min(max(round(word.start_s * rate_hz), begin), end)
    return WordTime(word.start, word.end, (start - begin) / rate_hz, max(end - begin, 0) / rate_hz)
