"""ElevenLabs over plain HTTP: a request per clause, its sound and the times of its characters line by line."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

from localvoice.audio.samples import from_int16
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.http_bodies import as_json
from localvoice.messages import SpeechChunk
from localvoice.remote import Connection
from localvoice.tts.aligned_speech import AlignedSpeech
from localvoice.tts.elevenlabs import FORMAT, key_header, pcm_rate_hz, voice_settings
from localvoice.tts.letter_spans import Mark


class ElevenLabsHttpSynthesizer:
    """`engines.Synthesizer` over HTTP: where no WebSocket gets through."""

    def __init__(self, order: EngineOrder) -> None:
        self.name = order.service.name
        self.is_remote = order.service.is_remote
        self.rate = order.config.speech.rate
        self.model = order.model
        self._order = order
        self._verbalizer = order.verbalizer
        self._connection = Connection(order.service, key_header(order.service))

    async def check(self) -> None:
        """Whether it would work; opens the connection. Costs nothing."""
        await self._connection.check("/v1/models")

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it: a clause is asked for when the one before has been spoken."""
        speech = AlignedSpeech(pcm_rate_hz(self._order.options), self._verbalizer)
        async for clause in text:
            spoken = speech.expect(clause).strip()
            if spoken:
                answer = await self._connection.post(self._path(), as_json(self._request(spoken)))
                try:
                    lines = _Lines()
                    while (piece := await answer.piece()) is not None:
                        for line in lines.feed(piece):
                            self._take(speech, line)
                        for chunk in speech.ready():
                            yield chunk
                finally:
                    await answer.close()
                if not speech.end_clause():
                    raise ProviderUnavailable(f"{self.name} broke off in the middle of a reply", provider=self.name)
            for chunk in speech.ready():
                yield chunk

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

    def _take(self, speech: AlignedSpeech, line: bytes) -> None:
        try:
            fields = json.loads(line)
            sound = base64.b64decode(fields["audio_base64"] or "", validate=True)
            speech.take(from_int16(sound[: len(sound) // 2 * 2]), _marks(fields))
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            raise ProviderBroken(f"{self.name} sent a line that cannot be read", provider=self.name) from error

    def _request(self, text: str) -> dict[str, Any]:
        options = self._order.options
        request: dict[str, Any] = {
            "text": text,
            "model_id": self.model,
            "voice_settings": voice_settings(options, self.rate),
        }
        return request | ({"language_code": options.language} if options.language else {})

    def _path(self) -> str:
        options = self._order.options
        query = {"output_format": options.output_format or FORMAT}
        if options.optimize_streaming_latency:
            query["optimize_streaming_latency"] = str(options.optimize_streaming_latency)
        voice = quote(self._order.voice, safe="")
        return f"/v1/text-to-speech/{voice}/stream/with-timestamps?{urlencode(query)}"


class _Lines:
    """Bytes in pieces of any size to whole lines; each of them ends with a line feed."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that are complete now and not empty."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [line for line in lines if line.strip()]


def _marks(fields: dict[str, Any]) -> list[Mark]:
    """The times of a line, in seconds from its own first sample."""
    aligned = fields.get("alignment") or fields.get("normalized_alignment") or {}
    times = (aligned.get(f"character_{edge}_times_seconds") or () for edge in ("start", "end"))
    return [Mark(*found) for found in zip(aligned.get("characters") or (), *times, strict=True)]
