"""What of a reply was handed to the player, and so what of it was heard at any sample.

Rule of this file: whatever is asked, the answer is an exact beginning of the text as written. The unit is the word
between two spaces, with its punctuation; the space belongs to the word after it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localvoice.messages import SpeechChunk

_WORD = re.compile(r"\S+")
_ASKS = re.compile(r"[?\uff1f][\"'\u201d\u2019\u00bb)\]]*$")
"""A word that ends a question, maybe a quoted one."""
_ROUNDING_S = 0.001
"""A word whose last sample is this near counts as heard: resampling moves the end of a chunk by a few samples."""


@dataclass(slots=True)
class _Word:
    """Where a word stands in the text, and the frames between which it sounds."""

    start: int
    end: int
    first_frame: int
    last_frame: int
    is_timed: bool
    """By the engine, not in proportion."""


class SpokenLedger:
    """The record of one reply, written while its chunks are queued. Frames are the player's, from the reply's first."""

    def __init__(self) -> None:
        self._text = ""
        self._words: list[_Word] = []
        self._end_frame = 0
        self._rounding_frames = 0

    @property
    def text(self) -> str:
        """Everything handed to the player so far, as written."""
        return self._text

    def add(self, chunk: SpeechChunk, start_frame: int, rate_hz: int) -> None:
        """Record that the first sample of `chunk` is the player's frame `start_frame`; `rate_hz` is the player's."""
        self._end_frame = max(self._end_frame, start_frame + math.floor(chunk.duration_s * rate_hz))
        self._rounding_frames = math.floor(_ROUNDING_S * rate_hz)
        offset = len(self._text)
        goes_on = bool(re.search(r"\S$", self._text) and re.match(r"\S", chunk.text))
        for start, end, first, last in _word_frames(chunk, start_frame, rate_hz):
            word = _Word(offset + start, offset + end, first, last, is_timed=bool(chunk.words))
            if goes_on and start == 0:
                self._words[-1].end = word.end
                self._words[-1].last_frame = max(self._words[-1].last_frame, last)
            else:
                self._words.append(word)
        self._text += chunk.text

    def heard(self, frames: int) -> str:
        """The beginning of the text whose words have sounded to their last sample when `frames` frames have.

        Text without sound counts as heard when the position has passed it: nothing is at 0 frames, unless the whole
        reply is silent.
        """
        if frames + self._rounding_frames >= self._end_frame:
            return self._text
        end = 0
        for word in self._words:
            if frames <= 0 or word.last_frame > frames + self._rounding_frames:
                break
            end = word.end
        return self._text[:end]

    def split(self, full_text: str, frames: int) -> tuple[str, str]:
        """`full_text`, which begins with `text`, as what was heard at `frames` and what was not.

        Raises:
            ValueError: the ledger belongs to another text.
        """
        heard = self.heard(frames)
        if not full_text.startswith(heard):
            raise ValueError("the text handed to the player is not the beginning of the reply")
        return heard, full_text[len(heard) :]

    def said_between(self, first_frame: int, last_frame: int) -> str:
        """The words that sound somewhere between two frames, as written."""
        words = [word for word in self._words if word.first_frame < last_frame and word.last_frame > first_frame]
        return self._text[words[0].start : words[-1].end] if words else ""

    def asks_between(self, first_frame: int, last_frame: int) -> bool:
        """Whether a question comes to its end between two frames."""
        ended = (word for word in self._words if first_frame <= word.last_frame <= last_frame)
        return any(_ASKS.search(self._text[word.start : word.end]) for word in ended)

    def word_edge_before(self, frames: int, at_most_back_frames: int) -> int:
        """Where to resume after a pause at `frames`: the first frame of the word that was interrupted.

        `frames` itself in a gap, where the word began too long ago, or where the engine gave no word times.
        """
        for word in self._words:
            if word.is_timed and word.first_frame < frames < word.last_frame:
                return word.first_frame if frames - word.first_frame <= at_most_back_frames else frames
        return frames


def _word_frames(chunk: SpeechChunk, start_frame: int, rate_hz: int) -> Iterator[tuple[int, int, int, int]]:
    """Start, end, first and last frame of every word of the chunk's text.

    A word without a time of its own (a dash, an emoji) goes with the word after it, or with the chunk's end.
    """
    length_s = chunk.duration_s
    silent: list[tuple[int, int]] = []
    for match in _WORD.finditer(chunk.text):
        start, end = match.span()
        if chunk.words:
            times = [word for word in chunk.words if word.start < end and word.end > start]
            if not times:
                silent.append((start, end))
                continue
            first_s, last_s = times[0].start_s, max(word.end_s for word in times)
        else:
            first_s, last_s = (length_s * at / len(chunk.text) for at in (start, end))
        first = start_frame + math.floor(min(first_s, length_s) * rate_hz)
        last = start_frame + math.floor(min(last_s, length_s) * rate_hz)
        yield from ((*span, first, last) for span in silent)
        silent.clear()
        yield start, end, first, last
    end_frame = start_frame + math.floor(length_s * rate_hz)
    yield from ((*span, end_frame, end_frame) for span in silent)
