"""The checks of the engines: each stage's is loaded and given something to do, and the time it takes is judged."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from localvoice.config import Config, EnginesConfig
from localvoice.doctor.examination import Check, Finding, Outcome, advice, fine, skipped
from localvoice.engine_choice import EngineChoice
from localvoice.engines import ChatModel, Recognizer, Synthesizer
from localvoice.loading import Loaded, load_stage
from localvoice.messages import Message, Role, SpeechChunk
from localvoice.model_store.store import ModelStore
from localvoice.providers import PROVIDERS
from localvoice.secrets_store import KEY_VARIABLES
from localvoice.skills.catalog import SKILLS, Skills, check_disabled
from localvoice.streams import close_iterator
from localvoice.text.corrections import corrections_of
from localvoice.text.pronunciation import pronunciation_of

_SENTENCE = "What time is it?"
"""Which the starter's grammar holds too."""
_TOKENS = 40
"""Parts of a reply that are waited for: enough for a rate, short on a slow machine."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From when a stage is advised against (product contract, section 7)."""

    figure: str
    most_ms: float
    change: str
    """What makes it faster."""


LIMITS = {
    "stt": Limit("latency_ms", 250.0, "take a smaller model (`--stt faster-whisper:base.en`), or a service"),
    "llm": Limit("first_token_ms", 300.0, "take a smaller model (`localvoice models list`), or a service"),
    "tts": Limit("first_speech_ms", 150.0, "take a voice of quality medium or low, or `--tts espeak`"),
}


class Stages:
    """The engines that are looked at, and the speech that one of them makes for another."""

    def __init__(self, config: Config, store: ModelStore) -> None:
        self._config = config
        skills = Skills(language=config.session.language)  # all of them: a name that is none is a finding as well
        self._named = EngineChoice(config, store, skills)
        self._choice = EngineChoice(replace(config, engines=_local_only(config.engines)), store, skills)
        self._speech: Samples = silence(0)
        """The sentence, 16 kHz; empty until a voice has spoken it."""

    def checks(self) -> Iterator[Check]:
        """The voice before the recogniser, which gets what it says."""
        yield Check("skills", self._skills)
        yield Check("dictionaries", self._dictionaries)
        yield Check("voice", self._voice)
        yield Check("recogniser", self._recogniser)
        yield Check("language model", self._language_model)

    async def _skills(self) -> Finding:
        disabled = self._config.skills.disabled
        check_disabled(disabled)
        return fine(f"{len(SKILLS) - len(set(disabled))} of {len(SKILLS)} are on")

    async def _dictionaries(self) -> Finding:
        stt, speech = self._config.stt, self._config.speech
        if not stt.corrections and not speech.pronunciation:
            return skipped("none is named: stt.corrections, speech.pronunciation")
        corrections_of(stt)
        pronunciation_of(speech)
        return fine(" and ".join(file for file in (stt.corrections, speech.pronunciation) if file))

    async def _voice(self) -> Finding:
        with _closing(await self._load("tts")) as loaded:
            voice: Synthesizer = loaded.first
            await _spoken(voice, "Yes.")  # what a first call has to set up is not counted
            began_s = time.perf_counter()
            chunks, first_s = await _spoken(voice, _SENTENCE)
            whole_s = time.perf_counter() - began_s
            rate_hz = chunks[0].rate_hz if chunks else SPEECH_RATE_HZ
            self._speech = resample(_joined(chunks), rate_hz, SPEECH_RATE_HZ)
            audio_s = len(self._speech) / SPEECH_RATE_HZ
            factor = whole_s / audio_s if audio_s else 0.0
            found = f"{loaded.name}, first sound after {first_s * 1000:.0f} ms, {_times(factor)} real time"
            return _judged("tts", loaded, found, first_speech_ms=first_s * 1000, real_time_factor=factor)

    async def _recogniser(self) -> Finding:
        if not len(self._speech):
            return skipped("no voice spoke anything to recognise")
        with _closing(await self._load("stt")) as loaded:
            recogniser: Recognizer = loaded.first
            await recogniser.transcribe(self._speech)
            began_s = time.perf_counter()
            heard = await recogniser.transcribe(self._speech)
            took_s = time.perf_counter() - began_s
            factor = took_s * SPEECH_RATE_HZ / len(self._speech)
            found = f"{loaded.name}, {took_s * 1000:.0f} ms for a sentence, {_times(factor)} real time"
            if heard.text and not loaded.is_starter:
                found += f'; heard "{heard.text}"'
            return _judged("stt", loaded, found, latency_ms=took_s * 1000, real_time_factor=factor)

    async def _language_model(self) -> Finding:
        with _closing(await self._load("llm")) as loaded:
            if loaded.is_starter:
                return _judged("llm", loaded, "skills: answers what they know, and nothing else")
            model: ChatModel = loaded.first
            prompt = [Message(Role.SYSTEM, "Answer briefly."), Message(Role.USER, _SENTENCE)]
            await model.prefill(prompt[:1], ())
            first_s, rate = await _reply(model, prompt)
            found = f"{loaded.name}, first word after {first_s * 1000:.0f} ms, then {rate:.0f} tokens a second"
            return _judged("llm", loaded, found, first_token_ms=first_s * 1000, tokens_per_s=rate)

    async def _load(self, stage: str) -> Loaded:
        self._named.candidates(stage)  # a service without a key or an address is said, though none is dialled
        return await load_stage(stage, self._choice.candidates(stage), lambda _: None)


def _local_only(engines: EnginesConfig) -> EnginesConfig:
    """Nothing is dialled by a check: services are left out, and asked by `--online` only."""
    stt, llm, tts = (tuple(_local_names(names)) or ("auto",) for names in (engines.stt, engines.llm, engines.tts))
    return replace(engines, cloud="off", stt=stt, llm=llm, tts=tts)


def _local_names(names: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name.partition(":")[0] not in {*KEY_VARIABLES, *PROVIDERS})


@contextmanager
def _closing(loaded: Loaded) -> Iterator[Loaded]:
    try:
        yield loaded
    finally:
        for engine in loaded.engines:
            engine.close()


def _judged(stage: str, loaded: Loaded, found: str, **figures: float) -> Finding:
    limit = LIMITS[stage]
    if lost := (*loaded.skipped, *loaded.absent):
        name, error = lost[0]
        return Finding(Outcome.ADVICE, f"{found}; {name} is not used", str(error), figures)
    if figures.get(limit.figure, 0.0) > limit.most_ms:
        found += f"; more than {limit.most_ms:.0f} ms is felt as a pause"
        if not loaded.is_starter:
            return advice(found, limit.change, **figures)
    if loaded.is_starter:
        return advice(f"{found} (starter)", "`localvoice models download` gets a better one", **figures)
    return fine(found, **figures)


async def _spoken(voice: Synthesizer, text: str) -> tuple[list[SpeechChunk], float]:
    """The chunks of `text`, and the seconds until the first one that sounds."""
    began_s = time.perf_counter()
    first_s = 0.0
    chunks = []
    async for chunk in voice.synthesize(_once(text)):
        if len(chunk.samples):
            first_s = first_s or time.perf_counter() - began_s
            chunks.append(chunk)
    return chunks, first_s


def _joined(chunks: list[SpeechChunk]) -> Samples:
    import numpy as np

    return np.concatenate([chunk.samples for chunk in chunks]) if chunks else silence(0)


async def _reply(model: ChatModel, prompt: list[Message]) -> tuple[float, float]:
    """Seconds to the first token, and tokens a second behind it."""
    began_s = time.perf_counter()
    first_s = last_s = 0.0
    count = 0
    parts = model.reply(prompt, ())
    try:
        async for part in parts:
            if not isinstance(part, str):
                continue
            last_s = time.perf_counter() - began_s
            first_s = first_s or last_s
            count += 1
            if count == _TOKENS:
                break
    finally:
        await close_iterator(parts)
    return first_s, (count - 1) / (last_s - first_s) if last_s > first_s else 0.0


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _times(factor: float) -> str:
    return f"{factor:.2f} times"
