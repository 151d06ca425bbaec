"""A voice whose service takes text as it is written: the engine around a `Dialect` and its `Lines`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from localvoice.beside import start, stop
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken
from localvoice.messages import SpeechChunk
from localvoice.text.speakable import Verbalizer
from localvoice.tts.aligned_speech import AlignedSpeech
from localvoice.tts.lines import Lines
from localvoice.tts.paced_speech import Pace, PacedSpeech
from localvoice.tts.speaking import Dialect, Speaking


class LineSynthesizer:
    """`engines.Synthesizer` over lines: chunks of whole words, or whole clauses, as their sound arrives."""

    def __init__(self, order: EngineOrder, lines: Lines, dialect: Callable[[float], Dialect]) -> None:
        """`dialect` makes the one of a reply from the pace. Raises `ConfigError` for a bad dictionary of words."""
        self.name = order.service.name
        self.is_remote = order.service.is_remote
        self.rate = order.config.speech.rate
        self.model = order.model
        self._service = order.service
        self._speech_for = _speech_maker(order.verbalizer)
        self._lines = lines
        self._dialect = dialect
        self._is_closed = False

    async def check(self) -> None:
        """Whether a line can be had; keeps it for the next reply. Costs nothing."""
        self._check_open()
        await self._lines.ready()

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it, but `text` is read as it comes: the service gathers the sound meanwhile."""
        self._check_open()
        dialect = self._dialect(self.rate)
        line = await self._lines.take(dialect.context)
        speaking = Speaking(line, self._service, dialect, self._speech_for(dialect))
        sending = start(speaking.send(text))
        try:
            while (chunks := await speaking.next()) is not None:
                # the next reply may follow at once; that this one is heard comes before it
                asyncio.get_running_loop().call_soon(self._prepare)
                for chunk in chunks:
                    yield chunk
            await sending
        finally:
            await stop(sending)
            speaking.hang_up()
            self._prepare()

    def close(self) -> None:
        """Hang up."""
        self._is_closed = True
        self._lines.close()

    def _prepare(self) -> None:
        if not self._is_closed:
            self._lines.prepare()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ProviderBroken(f"{self.name} was closed", provider=self.name)


def _speech_maker(verbalizer: Verbalizer) -> Callable[[Dialect], AlignedSpeech | PacedSpeech]:
    """What makes the speech of one reply; the pace of a voice without word times is kept from reply to reply."""
    pace = Pace()

    def made(dialect: Dialect) -> AlignedSpeech | PacedSpeech:
        if dialect.tells_times:
            return AlignedSpeech(dialect.rate_hz, verbalizer)
        return PacedSpeech(dialect.rate_hz, verbalizer, pace, asyncio.get_running_loop().time)

    return made
