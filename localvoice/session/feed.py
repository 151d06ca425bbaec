"""The sound of a turn as a stream, read out of the utterance buffer while that is being filled, and its words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.messages import Partial


class Feed:
    """The blocks for `StreamingRecognizer.stream`. Read late it gives longer blocks, and loses none.

    All methods are called from the event loop; none but the iteration waits.
    """

    def __init__(self, utterances: UtteranceBuffer, start_s: float) -> None:
        self._utterances = utterances
        self._begin = self._at = round(start_s * SPEECH_RATE_HZ)
        """In samples, so that block follows block exactly."""
        self._until_s = start_s
        self._asks = False
        self._news = asyncio.Event()
        self.is_over = False
        """No more sound is to come."""

    @property
    def end_s(self) -> float:
        """Capture time up to which sound has been, or will be, given."""
        return self._until_s

    def time_of(self, seconds: float) -> float:
        """The capture time at `seconds` of the stream."""
        return self._begin / SPEECH_RATE_HZ + seconds

    def extend(self, until_s: float) -> None:
        """Sound up to `until_s` has been captured."""
        if not self.is_over:
            self._until_s = max(self._until_s, until_s)
            self._news.set()

    def ask(self) -> None:
        """The user pauses: an empty block follows the sound so far."""
        self._asks = True
        self._news.set()

    def finish(self) -> None:
        """The sound so far is all."""
        self.is_over = True
        self._news.set()

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Samples:
        while True:
            block = self._utterances.read(self._at / SPEECH_RATE_HZ, self._until_s)
            self._at += len(block)
            if len(block):
                return block
            if self.is_over:
                raise StopAsyncIteration
            if self._asks:
                self._asks = False
                return silence(0)
            await self._news.wait()
            self._news.clear()


@dataclass(slots=True)
class Part:
    """One stream. A turn has a second one where the user went on behind the end of the first."""

    feed: Feed
    engine: str
    latest: Partial = field(default_factory=lambda: Partial("", ""))
    task: asyncio.Task[None] | None = None

    def take(self, partial: Partial) -> None:
        """The stream says this now. What is said again stays settled."""
        if partial.settled_s is None and partial.text == self.latest.text:
            partial = replace(partial, settled_s=self.latest.settled_s)
        self.latest = partial

    def covers(self, end_s: float) -> bool:
        """Whether all words up to `end_s` are known."""
        if self.latest.is_final:
            return True
        settled_s = self.latest.settled_s
        return settled_s is not None and self.feed.time_of(settled_s) >= end_s
