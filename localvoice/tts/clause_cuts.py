"""Where clauses end in sound that came without times: at its pauses, as far as it has any."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from localvoice.audio.samples import AUDIBLE, Samples

_PAUSE_S = 0.03
"""Silence of at least so long is a pause; inside words it is shorter, but for the closure of some plosives."""
_SEARCHED = 0.5
"""Share of the shorter clause beside a boundary in which its pause is looked for: paces differ."""
_FAR = 0.25
"""Seconds by which a pause has to be longer for each second that it lies further from where it is expected."""


class Cut(NamedTuple):
    """The end of a clause."""

    frame: int
    is_pause: bool
    """Whether there is silence; else it is a guess."""


def cuts(sound: Samples, weights: Sequence[int], rate_hz: int) -> list[Cut]:
    """The ends of clauses that take up `sound` together, by how long each is (letters): the last is its end."""
    if not weights:
        return []
    per_letter = len(sound) / max(1, sum(weights))
    pauses, found, begin = _pauses(sound, round(_PAUSE_S * rate_hz)), [], 0
    for letters, shorter in zip(accumulate(weights[:-1]), map(min, weights, weights[1:]), strict=False):
        wanted, reach = round(letters * per_letter), shorter * per_letter * _SEARCHED
        near = [pause for pause in pauses if pause[0] > begin and _distance(pause, wanted) <= reach]
        if near:
            start, end = max(near, key=lambda pause: pause[1] - pause[0] - _FAR * _distance(pause, wanted))
            begin = (start + end) // 2
        else:
            begin = max(begin, wanted)
        found.append(Cut(begin, bool(near)))
    return [*found, Cut(len(sound), is_pause=True)]


def _distance(pause: tuple[int, int], frame: int) -> int:
    return max(0, pause[0] - frame, frame - pause[1])


def _pauses(sound: Samples, least: int) -> list[tuple[int, int]]:
    """Stretches of silence between sounds: start and end."""
    loud = np.flatnonzero(np.abs(sound) > AUDIBLE)
    gaps = np.flatnonzero(np.diff(loud) > least)
    return [(int(loud[gap]) + 1, int(loud[gap + 1])) for gap in gaps]
