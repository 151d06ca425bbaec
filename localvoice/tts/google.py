"""Google Cloud's voices: clause by clause over HTTP, each word marked in SSML, so that its time comes back."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from collections.abc import AsyncIterator, Iterator
from typing import Any
from xml.sax.saxutils import escape

from localvoice.audio.samples import from_int16
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.http_bodies import as_json
from localvoice.messages import SpeechChunk
from localvoice.remote import Connection, Service
from localvoice.tts.aligned_speech import AlignedSpeech
from localvoice.tts.word_marks import WordMarks, WordSound
from localvoice.voice_entry import VoiceEntry

_RATE_HZ = 24_000
_SLOWEST, _FASTEST = 0.25, 2.0
_WITHOUT_MARKS = re.compile(r"Chirp|Journey|Studio", re.IGNORECASE)
"""Voices that refuse `<mark>`: they get plain text, and their words no times."""


def load(order: EngineOrder) -> GoogleSynthesizer:
    """The voice of `order`."""
    return GoogleSynthesizer(order)


async def voices(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """All voices. Raises `ProviderError`."""
    del wanted
    connection = Connection(order.service, _headers(order.service))
    try:
        found = await connection.check("/v1beta1/voices")
    finally:
        await connection.close()
    name, listed = order.service.name, (found or {}).get("voices", ())
    return [
        VoiceEntry(name, one["name"], one.get("ssmlGender", "").lower(), one["languageCodes"][0], is_cloud=True)
        for one in listed
    ]


def _headers(service: Service) -> dict[str, str]:
    return {"X-Goog-Api-Key": service.key.reveal() if service.key else "none"}


class GoogleSynthesizer:
    """`engines.Synthesizer` over HTTP: one chunk per clause."""

    def __init__(self, order: EngineOrder) -> None:
        """Raises `ConfigError` for a bad dictionary of words."""
        self.name = order.service.name
        self.is_remote = order.service.is_remote
        self.rate = order.config.speech.rate
        self.model = order.model
        self._voice = order.voice
        self._verbalizer = order.verbalizer
        self._connection = Connection(order.service, _headers(order.service))

    async def check(self) -> None:
        """Whether it would work; opens the connection. Costs nothing."""
        await self._connection.check("/v1beta1/voices?languageCode=" + _language(self._voice))

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is not closed."""
        speech = AlignedSpeech(_RATE_HZ, self._verbalizer)
        async for clause in text:
            spoken = speech.expect(clause).strip()
            if spoken:
                await self._say(speech, spoken)
                if not speech.end_clause():
                    raise ProviderUnavailable(f"{self.name} broke off in the middle of a reply", provider=self.name)
            for chunk in speech.ready():
                yield chunk

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

    async def _say(self, speech: AlignedSpeech, text: str) -> None:
        answer = await self._connection.post("/v1beta1/text:synthesize", as_json(self._request(text)))
        try:
            body = await answer.whole()
        finally:
            await answer.close()
        try:
            fields = json.loads(body)
            with wave.open(io.BytesIO(base64.b64decode(fields["audioContent"], validate=True))) as sound:
                samples = from_int16(sound.readframes(sound.getnframes()))
            marks = WordMarks()
            marks.expect(text)
            speech.take(samples, marks.take(_words(text, fields.get("timepoints") or (), len(samples) / _RATE_HZ)))
        except (ValueError, TypeError, KeyError, AttributeError, EOFError, wave.Error) as error:
            raise ProviderBroken(f"{self.name} sent an answer that cannot be read", provider=self.name) from error

    def _request(self, text: str) -> dict[str, Any]:
        takes_marks = _WITHOUT_MARKS.search(self._voice) is None
        return {
            "input": {"ssml": _marked(text)} if takes_marks else {"text": text},
            "voice": {"languageCode": _language(self._voice), "name": self._voice},
            "audioConfig": {
                "audioEncoding": "LINEAR16",
                "sampleRateHertz": _RATE_HZ,
                "speakingRate": min(max(self.rate, _SLOWEST), _FASTEST),
            },
            **({"enableTimePointing": ["SSML_MARK"]} if takes_marks else {}),
        }


def _language(voice: str) -> str:
    """Voices begin with it: `en-US-Neural2-F`."""
    return "-".join(voice.split("-")[:2])


def _marked(text: str) -> str:
    words = (f'<mark name="{at}"/>{escape(word)}' for at, word in enumerate(text.split()))
    return f"<speak>{' '.join(words)}</speak>"


def _words(text: str, timepoints: Any, length_s: float) -> Iterator[WordSound]:
    """Each word sounds until the next one's mark; marks that did not come back leave the rest without times."""
    starts = {str(point["markName"]): float(point["timeSeconds"]) for point in timepoints}
    for at, word in enumerate(text.split()):
        if str(at) not in starts:
            return
        yield WordSound(word, starts[str(at)], starts.get(str(at + 1), length_s))
