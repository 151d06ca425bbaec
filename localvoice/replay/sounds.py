"""The recorded sound of both sides, read through once: its outline, and a copy small enough to lie in a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.replay.tracks import track_blocks

COLUMN_S = 0.02
"""Of sound for a column of the outline, where the session is short enough."""

_COLUMNS_MOST = 12_000
"""Four minutes at full detail; a longer session has longer columns."""

_AUDIO_MOST_S = 30 * 60
"""Of sound in the page: 7 kB a second at most, so 12 MB, and 17 as text."""

_BLOCK = SPEECH_RATE_HZ // 50


@dataclass(slots=True)
class Sides:
    """Both sides at 16 kHz."""

    seconds: float = 0.0
    columns_s: float = COLUMN_S
    outlines: dict[str, list[float]] = field(default_factory=dict)
    """The loudest sample of every column, 0..1, by track (`mic`, `output`)."""
    audio: str = ""
    """A data URI: the user left, the assistant right. Empty where nothing was recorded."""
    audio_s: float = 0.0


def read_sides(folder: Path) -> Sides:
    """Raises `FileError` where a track is damaged."""
    present = [track for track in ("mic", "output") if (folder / f"{track}.flac").exists()]
    if not present:
        return Sides()
    outlines: dict[str, list[float]] = {track: [] for track in present}
    blocks = [track_blocks(folder / f"{track}.flac", _BLOCK) for track in present]
    copy = _Copy()
    count = 0
    for parts in zip_longest(*blocks, fillvalue=silence(_BLOCK)):
        count += 1
        for track, part in zip(present, parts, strict=True):
            outlines[track].append(float(np.abs(part).max()))
        if count * COLUMN_S <= _AUDIO_MOST_S:
            copy.write(parts[present.index("mic")] if "mic" in present else None, parts[-1])
    if count == 0:  # a session that ended as it began
        return Sides()
    merge = -(-count // _COLUMNS_MOST)
    merged = {track: _merged(values, merge) for track, values in outlines.items()}
    seconds = count * COLUMN_S
    return Sides(seconds, COLUMN_S * merge, merged, copy.data_uri(), min(seconds, _AUDIO_MOST_S))


def _merged(values: list[float], merge: int) -> list[float]:
    return [max(values[at : at + merge]) for at in range(0, len(values), merge)]


class _Copy:
    """Opus in an Ogg file in memory: what browsers play, a twentieth of the recording's size."""

    def __init__(self) -> None:
        import soundfile

        self._bytes = io.BytesIO()
        self._file: Any = soundfile.SoundFile(self._bytes, "w", SPEECH_RATE_HZ, 2, format="OGG", subtype="OPUS")

    def write(self, left: Samples | None, right: Samples) -> None:
        self._file.write(np.stack((silence(len(right)) if left is None else left, right), axis=1))

    def data_uri(self) -> str:
        self._file.close()
        return "data:audio/ogg;codecs=opus;base64," + base64.b64encode(self._bytes.getvalue()).decode("ascii")
