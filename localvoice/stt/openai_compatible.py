"""Recognisers behind OpenAI's audio transcriptions: Groq and OpenAI. The turn is sent whole, once it is over."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, first_audible, silence, to_int16
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken
from localvoice.http_bodies import File, as_form
from localvoice.languages import language_code, language_tag
from localvoice.messages import Segment, Transcript
from localvoice.remote import Connection, Service
from localvoice.stt.invented import Disbelief, Evidence
from localvoice.stt.prompt import last_words

_SHORTEST = SPEECH_RATE_HZ // 5
"""Frames sent at least: OpenAI refuses less than 0.1 s."""

_PROMPT_CHARS = 400
"""Of what was said last: Whisper reads the last 224 tokens of a prompt, and in some scripts a token is two letters."""


def load(order: EngineOrder) -> OpenAICompatibleRecognizer:
    """The recogniser of `order`."""
    hotwords = [word for _, word in order.hotword_fields]
    return OpenAICompatibleRecognizer(order.service, order.model, order.language, hotwords)


class OpenAICompatibleRecognizer:
    """`engines.Recognizer` over HTTP. What is silent is not sent."""

    def __init__(self, service: Service, model: str, language: str = "", hotwords: Sequence[str] = ()) -> None:
        """`language`: a code such as `en` or `en-GB`; empty = the service finds out. `hotwords`: to expect."""
        self.name = service.name
        self.is_remote = service.is_remote
        self.language = language_code(language)
        self._connection = Connection(service)
        self.model = model
        self.prompt = ""
        self._hotwords = ", ".join(hotwords)
        self._disbelief = Disbelief.of_model("whisper-large", self._hotwords)

    async def check(self) -> None:
        """Whether it would work; opens the connection. Costs nothing."""
        await self._connection.check()

    async def transcribe(self, samples: Samples) -> Transcript:
        """See `Recognizer.transcribe`."""
        if first_audible(samples) is None:
            return Transcript("", self.language, self.name)
        form = {"model": self.model, "temperature": "0", "response_format": self._format}
        if self.language:
            form["language"] = self.language
        said = last_words(self.prompt, _PROMPT_CHARS - len(self._hotwords))
        if self._hotwords or said:
            form["prompt"] = f"{self._hotwords} {said}".strip()
        sound = File("file", "turn.wav", "audio/wav", _wav(samples))
        answer = await self._connection.post("/audio/transcriptions", as_form(form, sound))
        try:
            return self._transcript(await answer.whole())
        finally:
            await answer.close()

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

    @property
    def _format(self) -> str:
        """Whisper's own models say how sure they are; the later ones of OpenAI take nothing but `json`."""
        return "verbose_json" if self.model.startswith(("whisper", "distil-whisper")) else "json"

    def _transcript(self, body: bytes) -> Transcript:
        try:
            answer = json.loads(body)
            spoken = [one for one in answer.get("segments") or () if self._is_speech(one)]
            segments, confidence = tuple(map(_segment, spoken)), _confidence(spoken)
            text = answer["text"]
            if answer.get("segments"):
                text = " ".join(one.text for one in segments)
            said = str(answer.get("language") or "")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderBroken(f"{self.name} sent a transcript that cannot be read", provider=self.name) from error
        if not isinstance(text, str):
            raise ProviderBroken(f"{self.name} sent a transcript without text", provider=self.name)
        return Transcript(text.strip(), self.language or language_tag(said), self.name, segments, confidence=confidence)

    def _is_speech(self, segment: Mapping[str, Any]) -> bool:
        """Whether somebody said it. Whisper's own decoder looks at these scores; here that is left to us."""
        scores = (segment.get(name) for name in ("no_speech_prob", "avg_logprob", "compression_ratio"))
        return not self._disbelief.why(Evidence(str(segment.get("text", "")), None, *scores))


def _segment(segment: Mapping[str, Any]) -> Segment:
    return Segment(float(segment["start"]), float(segment["end"]), str(segment["text"]).strip())


def _confidence(segments: Sequence[Mapping[str, Any]]) -> float | None:
    """See `Transcript.confidence`; None where the service does not score every segment."""
    scores = [score for segment in segments if (score := segment.get("avg_logprob")) is not None]
    if not scores or len(scores) < len(segments):
        return None
    weights = [max(1, len(segment.get("tokens") or ())) for segment in segments]
    return float(np.exp(min(0.0, np.average(scores, weights=weights))))


def _wav(samples: Samples) -> bytes:
    """16 kHz, 16 bit: what the services convert to anyway."""
    missing = max(0, _SHORTEST - len(samples))
    sound = to_int16(np.concatenate((samples, silence(missing))) if missing else samples).tobytes()
    form = (b"fmt ", 16, 1, 1, SPEECH_RATE_HZ, 2 * SPEECH_RATE_HZ, 2, 16)  # PCM of one channel
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(sound), b"WAVE", *form, b"data", len(sound)) + sound
