"""OpenAI's speech: clause by clause over HTTP, as its sound comes; the stream tells no word times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from localvoice.audio.samples import Samples, from_int16
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.http_bodies import as_json
from localvoice.messages import SpeechChunk
from localvoice.remote import Connection
from localvoice.tts.paced_speech import Pace, PacedSpeech

_RATE_HZ = 24_000
"""Of `pcm`: the one format without a header or a decoder's delay."""
_SLOWEST, _FASTEST = 0.25, 4.0
_OTHER = frozenset({"text/html", "application/json", "audio/mpeg", "audio/wav", "audio/ogg", "audio/flac"})
"""As samples these would be a loud noise."""


def load(order: EngineOrder) -> OpenAISpeechSynthesizer:
    """The voice of `order`."""
    return OpenAISpeechSynthesizer(order)


class OpenAISpeechSynthesizer:
    """`engines.Synthesizer` over HTTP: chunks that end between words as far as that can be heard."""

    def __init__(self, order: EngineOrder) -> None:
        """Raises `ConfigError` for a bad dictionary of words."""
        self.name = order.service.name
        self.is_remote = order.service.is_remote
        self.rate = order.config.speech.rate
        self.model = order.model
        self._connection = Connection(order.service)
        self._voice = order.voice
        self._verbalizer = order.verbalizer
        self._pace = Pace()

    async def check(self) -> None:
        """Whether it would work; opens the connection. Costs nothing."""
        await self._connection.check()

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is not closed."""
        self._pace.rate = self.rate
        speech = PacedSpeech(_RATE_HZ, self._verbalizer, self._pace, asyncio.get_running_loop().time)
        async for clause in text:
            if spoken := speech.expect(clause):
                pieces = self._sound(spoken)
                try:
                    async for samples in pieces:
                        speech.take(samples)
                        for chunk in speech.ready():
                            yield chunk
                finally:
                    await pieces.aclose()
                if not speech.end_clause():
                    raise ProviderUnavailable(f"{self.name} broke off in the middle of a reply", provider=self.name)
            for chunk in speech.ready():
                yield chunk

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

    async def _sound(self, text: str) -> AsyncGenerator[Samples, None]:
        """The sound of `text`, piece by piece."""
        request = {
            "model": self.model,
            "input": text,
            "voice": self._voice,
            "response_format": "pcm",
            "speed": min(max(self.rate, _SLOWEST), _FASTEST),
        }
        answer = await self._connection.post("/audio/speech", as_json(request))
        odd = b""
        try:
            if answer.media_type in _OTHER:
                what = f"{self.name} sent {answer.media_type}, which cannot be read as PCM"
                raise ProviderBroken(what, provider=self.name)
            while (piece := await answer.piece()) is not None:
                sound = odd + piece
                whole = len(sound) // 2 * 2
                odd = sound[whole:]
                yield from_int16(sound[:whole])
        finally:
            await answer.close()
