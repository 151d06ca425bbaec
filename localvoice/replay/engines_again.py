"""The engines of this machine over a recorded session: the same words, and how long each takes now."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.engine_choice import EngineChoice
from localvoice.errors import LocalVoiceError
from localvoice.loading import Loaded, load_stage
from localvoice.messages import Message, Role, Stage
from localvoice.model_store.store import ModelStore
from localvoice.replay.folder import Recorded
from localvoice.replay.turns import turns_of
from localvoice.session.facts import ReplyOver
from localvoice.session.reading import read
from localvoice.skills.catalog import Skills
from localvoice.streams import close_iterator
from localvoice.turn.decisions import TurnEnded


@dataclass(frozen=True, slots=True)
class Words:
    """What a turn was taken for, then and now."""

    turn: int
    then: str
    now: str

    @property
    def is_same(self) -> bool:
        """Letter for letter, but for the space around."""
        return self.then.strip() == self.now.strip()


@dataclass(slots=True)
class Engines:
    """What came of it. Times are milliseconds, one a turn."""

    words: list[Words] = field(default_factory=list)
    took_ms: dict[str, list[float]] = field(default_factory=dict)
    """By `recogniser`, `first token`, `first speech`: now."""
    then_ms: dict[str, list[float]] = field(default_factory=dict)
    """The same as recorded, where it was."""
    absent: list[str] = field(default_factory=list)
    """Why an engine was not asked."""


async def ask_again(
    recorded: Recorded, ended: Sequence[TurnEnded], clean: Samples, store: ModelStore, say: Callable[[str], None]
) -> Engines:
    """Each engine of the recording's settings that can be had here, loaded one after the other."""
    work = _Work(recorded, store, say)
    found = Engines(then_ms=_then(recorded))
    with ExitStack() as stack:
        stt = await work.load("stt", stack, found)
        if stt is not None:
            await _read(recorded, ended, clean, stt, found)
        llm = await work.load("llm", stack, found)
        if llm is not None and not llm.is_starter:
            await _write(recorded, llm, found)
        tts = await work.load("tts", stack, found)
        if tts is not None:
            await _speak(recorded, tts, found)
    return found


class _Work:
    """Loads what the settings of the recording name."""

    def __init__(self, recorded: Recorded, store: ModelStore, say: Callable[[str], None]) -> None:
        config = recorded.config
        skills = Skills(disabled=config.skills.disabled, language=config.session.language)
        self._choice = EngineChoice(replace(config, engines=replace(config.engines, cloud="off")), store, skills)
        self._used = recorded.meta.get("engines", {})
        self._say = say

    async def load(self, stage: str, stack: ExitStack, found: Engines) -> Loaded | None:
        """The stage's engines, to be closed by the stack; None where the session had none, or none is here."""
        if stage not in self._used:
            return None
        try:
            loaded = await load_stage(stage, self._choice.candidates(stage), self._say)
        except LocalVoiceError as error:
            found.absent.append(f"{self._used[stage]} is not here: {error}")
            return None
        for engine in loaded.engines:
            stack.callback(engine.close)
        if loaded.is_cloud:
            found.absent.append(f"{loaded.name} is a service: it is not asked again")
            return None
        if loaded.name != self._used[stage]:
            found.absent.append(f"{loaded.name} works in place of {self._used[stage]}")
        return loaded


async def _read(recorded: Recorded, ended: Sequence[TurnEnded], clean: Samples, stt: Loaded, found: Engines) -> None:
    then = {story.turn: story.user for story in turns_of(recorded.events) if story.user}
    utterances = UtteranceBuffer(len(clean) / SPEECH_RATE_HZ + 1.0)
    utterances.append(clean)
    for turn in ended:
        if turn.turn in then and turn.speech_end_s > turn.start_s:
            began_s = time.perf_counter()
            heard = await read(stt.first, utterances, turn.start_s, turn.end_s)
            found.took_ms.setdefault("recogniser", []).append((time.perf_counter() - began_s) * 1000)
            found.words.append(Words(turn.turn, then[turn.turn], heard.transcript.text))


async def _write(recorded: Recorded, llm: Loaded, found: Engines) -> None:
    system = Message(Role.SYSTEM, recorded.config.reply.system_prompt)
    await llm.first.prefill([system], ())
    for story in turns_of(recorded.events):
        if not story.user or story.tools:
            continue
        began_s = time.perf_counter()
        parts = llm.first.reply([system, Message(Role.USER, story.user)], ())
        try:
            async for part in parts:
                if isinstance(part, str) and part:
                    found.took_ms.setdefault("first token", []).append((time.perf_counter() - began_s) * 1000)
                    break
        finally:
            await close_iterator(parts)


async def _speak(recorded: Recorded, tts: Loaded, found: Engines) -> None:
    for event in _first_sentences(recorded):
        began_s = time.perf_counter()
        chunks = tts.first.synthesize(_once(event))
        try:
            async for chunk in chunks:
                if len(chunk.samples):
                    found.took_ms.setdefault("first speech", []).append((time.perf_counter() - began_s) * 1000)
                    break
        finally:
            await close_iterator(chunks)


def _first_sentences(recorded: Recorded) -> list[str]:
    first: dict[int, str] = {}
    for event in recorded.events:
        if event["type"] == "sentence":
            first.setdefault(event["turn"], event["text"])
    return list(first.values())


async def _once(text: str) -> AsyncIterator[str]:
    yield text


_SPANS = (
    ("recogniser", Stage.TURN_ENDED, Stage.TRANSCRIPT),
    ("first token", Stage.TRANSCRIPT, Stage.FIRST_TOKEN),
    ("first speech", Stage.FIRST_SENTENCE, Stage.FIRST_SPEECH),
)
"""From which moment to which; work that was prepared began earlier and is left out."""


def _then(recorded: Recorded) -> dict[str, list[float]]:
    """What each took when it was recorded, as far as it was waited for."""
    then: dict[str, list[float]] = {}
    for one in recorded.noted:
        if isinstance(one.seen, ReplyOver):
            times = one.seen.times
            for name, start, end in _SPANS:
                if start in times and end in times and times[end] > times[start]:
                    then.setdefault(name, []).append((times[end] - times[start]) * 1000)
    return then
