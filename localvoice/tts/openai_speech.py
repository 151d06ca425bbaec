"""OpenAI's speech: clause by clause over HTTP, each one whole, because the stream tells no word times."""

from __future__ import annotations

from collections.abc import AsyncIterator

from localvoice.audio.samples import from_int16, silence
from localvoice.engine_order import EngineOrder
from localvoice.messages import SpeechChunk
from localvoice.remote import Connection, Service
from localvoice.text.speakable import speakable
from localvoice.tts.trim import pause_after, trimmed

_RATE_HZ = 24_000
"""Of `pcm`: the one format without a header or a decoder's delay."""
_SLOWEST, _FASTEST = 0.25, 4.0


def load(order: EngineOrder) -> OpenAISpeechSynthesizer:
    """The voice of `order`."""
    return OpenAISpeechSynthesizer(order.service, order.voice, order.model, rate=order.config.speech.rate)


class OpenAISpeechSynthesizer:
    """`engines.Synthesizer` over HTTP: one chunk per clause."""

    def __init__(self, service: Service, voice: str, model: str, *, rate: float = 1.0) -> None:
        self.name = service.name
        self.is_remote = service.is_remote
        self.rate = rate
        self._connection = Connection(service)
        self._voice = voice
        self.model = model

    async def check(self) -> None:
        """Whether it would work; opens the connection. Costs nothing."""
        await self._connection.check()

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is not closed."""
        async for clause in text:
            yield await self._chunk(clause)

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

    async def _chunk(self, clause: str) -> SpeechChunk:
        spoken = speakable(clause)
        if not spoken.text:
            return SpeechChunk(clause, silence(0), _RATE_HZ)
        request = {
            "model": self.model,
            "input": spoken.text,
            "voice": self._voice,
            "response_format": "pcm",
            "speed": min(max(self.rate, _SLOWEST), _FASTEST),
        }
        answer = await self._connection.post("/audio/speech", json=request)
        try:
            sound = await answer.whole()
        finally:
            await answer.close()
        samples, _ = trimmed(from_int16(sound[: len(sound) // 2 * 2]), _RATE_HZ, (), pause_after(clause))
        return SpeechChunk(clause, samples, _RATE_HZ)
