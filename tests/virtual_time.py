"""Conversations in virtual time: real session, player and turn-taking, on a clock that jumps to the next deadline.

A scenario is a function that plays the user: it speaks, types, waits for events. Half a minute of it takes
milliseconds, and gives the same events every time.
"""

from __future__ import annotations

import asyncio
import json
import math
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from localvoice.audio.duplex import BLOCK, BLOCK_S, Duplex, Rendering
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.player import QueuePlayer
from localvoice.audio.samples import SPEECH_RATE_HZ, Reblocker, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, WINDOW_S
from localvoice.config import Config
from localvoice.engines import ChatModel, Recognizer, Synthesizer, TurnDetector
from localvoice.errors import ExitCode
from localvoice.event_log import Event, EventLog
from localvoice.messages import SpeechChunk
from localvoice.replay.again import decided_again
from localvoice.session.conversation import Session, SessionOptions
from localvoice.session.ending import EndedBy
from localvoice.session.facts import SessionBegan
from localvoice.session.hand import Equipment
from localvoice.session.inbox import Inbox, InputDone
from localvoice.session.replying import Replying
from localvoice.session.tape import Noted
from localvoice.skills.catalog import Skills
from localvoice.turn.observations import Interrupted, Observation, Typed, Window
from tests.event_rules import check_events
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer

T = TypeVar("T")

_ENDS_WITHIN_S = 300.0
"""A session that has not ended so long after its input is ended with an error."""

_QUIET_DB = -70.0
"""Of the room."""


class _JumpingSelector(selectors.DefaultSelector):
    """Where nothing is ready, time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everything waits for something that never happens")
            self.now_s += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop without waiting. Threads must not be involved: their work takes no virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in virtual time; tasks that it leaves behind are a failure."""
    loop = VirtualTimeLoop()
    problems: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: problems.append(context))
    try:
        result = loop.run_until_complete(work)
        loop.run_until_complete(asyncio.sleep(0))
        left = asyncio.all_tasks(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    assert not left, f"tasks were left behind: {left}"
    assert not problems, problems
    return result


class _Microphone:
    """What the user's mouth does, as sound: loud or silent."""

    def __init__(self) -> None:
        self.probability = 0.0
        self.level = 0.1
        self.ended = False
        self.xruns = 0
        self.latency_s = 0.0

    @property
    def is_heard(self) -> bool:
        return self.probability > 0.25

    @property
    def level_db(self) -> float:
        return 20 * math.log10(self.level) if self.is_heard else _QUIET_DB

    def read(self, blocks: int = 1) -> Samples:
        return np.full(blocks * BLOCK, self.level if self.is_heard else 0.0, dtype=np.float32)

    def call(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Tape:
    """A loudspeaker that remembers."""

    def __init__(self) -> None:
        self.blocks: list[Samples] = []

    def write(self, samples: Samples) -> None:
        self.blocks.append(samples)

    def close(self) -> None:
        pass


@dataclass
class Setting:
    """Who takes part in a conversation, and how. Every default can be replaced."""

    stt: Recognizer | None = field(default_factory=lambda: FakeRecognizer("tell me something", delay_s=0.05))
    llm: ChatModel = field(default_factory=lambda: FakeChatModel("Once there was a fox.", first_token_s=0.1))
    tts: Synthesizer | None = field(default_factory=lambda: FakeSynthesizer(delay_s=0.04))
    ear: TurnDetector | None = None
    config: Config = field(default_factory=Config)
    options: SessionOptions = field(default_factory=lambda: SessionOptions(ends_with_input=True))
    phrases: dict[str, SpeechChunk] = field(default_factory=dict)
    sound_judge: Any = None
    second_ear: Any = None
    paid: frozenset[str] = frozenset()
    rate_hz: int = SPEECH_RATE_HZ
    keep_sound: bool = True
    knows_levels: bool = False
    """Our own voice cannot be heard by the microphone, so that its level is the user's."""


class Talk:
    """A conversation going on, from the user's side."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.events: list[Event] = []
        self.noted: list[Noted] = []
        self.code: ExitCode | None = None
        self.log = EventLog()
        self.log.subscribe(self._hear)
        self._changed = asyncio.Event()
        self._ended_s = 0.0
        self._read = 0
        self._microphone = _Microphone()
        self._tape = _Tape()
        self._inbox = Inbox()
        queue = PlaybackQueue(setting.rate_hz)
        player = QueuePlayer(queue) if setting.tts is not None else None
        self.duplex = Duplex(self._microphone, player, Rendering(queue, self._tape))
        self._utterances = UtteranceBuffer(setting.config.turn.max_turn_s + 5.0)
        equipment = Equipment(
            recognizer=setting.stt,
            chat=setting.llm,
            synthesizer=setting.tts,
            player=player,
            utterances=self._utterances,
            now_s=self.duplex.now_s,
            phrases=setting.phrases,
            sound_judge=setting.sound_judge,
            second_ear=setting.second_ear,
            paid=setting.paid,
            turn_detector=setting.ear,
        )
        self.replying = Replying(setting.config, equipment, Skills())
        options = replace(setting.options, record=self.noted.append)
        self.session = Session(setting.config, self.duplex, self.replying, self.log, options)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    @property
    def seen(self) -> list[Observation]:
        """What turn-taking saw, in order."""
        return [noted.seen for noted in self.noted if isinstance(noted.seen, Observation)]

    @property
    def played(self) -> Samples:
        """Everything the loudspeaker got."""
        return np.concatenate(self._tape.blocks) if self._tape.blocks else silence(0)

    # what the user does

    async def until(self, kind: str, count: int = 1, **fields: Any) -> Event:
        """Wait for the next event of this kind (the `count`th one), and pass over all before it."""
        while True:
            while self._read < len(self.events):
                event = self.events[self._read]
                self._read += 1
                if event["type"] == kind and all(event.get(name) == value for name, value in fields.items()):
                    count -= 1
                    if not count:
                        return event
            self._changed.clear()
            async with asyncio.timeout(600):
                await self._changed.wait()

    async def speak(self, seconds: float, probability: float = 0.95, level: float = 0.1) -> None:
        """Make a sound; `level` is the value of its samples, by which a fake may tell one from another."""
        self._microphone.probability, self._microphone.level = probability, level
        await asyncio.sleep(seconds)
        self._microphone.probability = 0.0

    async def quiet(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def ask(self, seconds: float = 1.0) -> Event:
        """Say something and hear the answer begin."""
        await self.speak(seconds)
        return await self.until("first_audio")

    def type(self, text: str, *, over: bool = True, over_thought: bool = False) -> None:
        self._inbox.post(Typed(self.duplex.now_s(), text, interrupts=over, over_thought=over_thought))

    def no_more_lines(self) -> None:
        self._inbox.post(InputDone())

    def press_key(self) -> None:
        self._inbox.post(Interrupted(self.duplex.now_s()))

    def fail(self, error: Any) -> None:
        self._inbox.post(error)

    # how it runs

    async def hold(self, user: Callable[[Talk], Awaitable[None]]) -> None:
        """The conversation, until it ends by itself."""
        tasks: list[asyncio.Task[Any]] = []

        def begin() -> None:
            tasks.append(asyncio.create_task(self._room()))
            tasks.append(asyncio.create_task(self._play(user)))

        try:
            self.code = await self.session.run(self._inbox, begin)
            if tasks[1].done():
                await tasks[1]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _play(self, user: Callable[[Talk], Awaitable[None]]) -> None:
        try:
            await user(self)
        except Exception:
            self.session.end(EndedBy.ERROR)
            raise
        self._microphone.ended, self._ended_s = True, asyncio.get_running_loop().time()

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        windows, count, began_s = Reblocker(WINDOW), 0, loop.time()
        for blocks in range(1, 10**9):
            await asyncio.sleep(began_s + blocks * BLOCK_S - loop.time())
            if self._microphone.ended and loop.time() - self._ended_s > _ENDS_WITHIN_S:
                self.session.end(EndedBy.ERROR)  # it would go on for ever
            block = self.duplex.read().near
            if not self.setting.keep_sound:
                self._tape.blocks.clear()
            for window in windows.feed(block):
                count += 1
                self._utterances.append(window)
                level_db = self._microphone.level_db if self.setting.knows_levels else None
                self._inbox.post(Window(count * WINDOW_S, self._microphone.probability, level_db))


def hold(user: Callable[[Talk], Awaitable[None]], setting: Setting | None = None) -> Talk:
    """Hold a conversation in virtual time and check the rules that every conversation obeys."""

    async def held() -> Talk:
        talk = Talk(setting or Setting())
        await talk.hold(user)
        return talk

    talk = run(held())
    check_events(talk.events)
    check_replay(talk)
    return talk


def check_replay(talk: Talk) -> None:
    """What was noted of the conversation gives the same events, as `localvoice replay` makes them."""
    began, *noted = talk.noted
    if isinstance(began.seen, SessionBegan):  # else the scenario has thrown its notes away
        made = decided_again(talk.setting.config, began.seen, noted)
        assert json.loads(json.dumps(made)) == json.loads(json.dumps(talk.events))


def of(events: Sequence[Event], kind: str, **fields: Any) -> list[Event]:
    """The events of one kind."""
    return [
        event
        for event in events
        if event["type"] == kind and all(event.get(name) == value for name, value in fields.items())
    ]


def one(events: Sequence[Event], kind: str, **fields: Any) -> Event:
    """The only event of its kind."""
    found = of(events, kind, **fields)
    assert len(found) == 1, f"{len(found)} events {kind} {fields}: {found}"
    return found[0]
