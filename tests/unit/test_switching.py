"""Another engine, voice or wait while one talks."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial

import pytest

from localvoice.app.commands_while_talking import Commands
from localvoice.app.switching import Switching
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.player import QueuePlayer
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.config import PATIENCE_MS, Config
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ConfigError, ProviderRefused
from localvoice.event_log import EventLog
from localvoice.fallback import FallbackChatModel, FallbackSynthesizer
from localvoice.loading import Loaded
from localvoice.model_store.store import ModelStore
from localvoice.ranks import Ranks
from localvoice.session.hand import Equipment
from localvoice.session.inbox import Inbox
from localvoice.skills.catalog import Skills
from localvoice.turn.decisions import EndReason, TurnEnded
from localvoice.turn.observations import WaitsChosen, Window
from localvoice.turn.taking import TurnTaking
from tests.fakes import FakeChatModel, FakeSynthesizer


class Told:
    """Who took over from whom."""

    def __init__(self) -> None:
        self.news: list[tuple[str, ...]] = []

    def __call__(self, *news: str) -> None:
        self.news.append(news[:3])


def named(name: str) -> FakeChatModel:
    model = FakeChatModel("Yes.")
    model.name = name
    return model


async def said(equipment: Equipment) -> str:
    async def once():
        yield "Hello."

    return "".join([chunk.text async for chunk in equipment.synthesizer.synthesize(once())])


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def switching(tmp_path, stack: ExitStack, *, offline: str = "no") -> tuple[Switching, Equipment, Told]:
    config, told = Config(), Told()
    chat, voice = named("fake"), FakeSynthesizer()
    engines = {"llm": Loaded("llm", (chat,)), "tts": Loaded("tts", (voice,))}
    equipment = Equipment(
        recognizer=None,
        chat=FallbackChatModel((chat,), told),
        synthesizer=FallbackSynthesizer((voice,), told),
        player=QueuePlayer(PlaybackQueue(16_000)),
        utterances=UtteranceBuffer(1.0),
        now_s=lambda: 1.0,
    )
    choose = partial(EngineChoice, store=ModelStore(tmp_path), skills=Skills())
    return Switching(config, choose, equipment, engines, offline, stack), equipment, told


async def test_the_chosen_engine_answers_and_the_one_before_stands_behind_it(tmp_path, stack):
    switch, equipment, told = switching(tmp_path, stack)
    assert await switch.use("llm", "skills") == "skills"
    assert equipment.chat.name == "skills"
    await switch.use("llm", "fake")
    assert equipment.chat.name == "fake"
    assert told.news == [("llm", "fake", "skills"), ("llm", "skills", "fake")]


async def test_another_voice_brings_its_own_phrases(tmp_path, stack):
    switch, equipment, told = switching(tmp_path, stack)
    assert await switch.speak_with("en-gb") == "espeak"
    assert await said(equipment) == "Hello."
    british = dict(equipment.phrases)
    assert british
    await switch.speak_with("en-us")
    assert [one for one in british if equipment.phrases[one] is british[one]] == []
    await switch.speak_with("en-gb")
    assert all(equipment.phrases[one] is british[one] for one in british), "chosen again it costs nothing"
    assert [after for _, _, after in told.news] == ["espeak"], "another voice of it is no other engine"


@pytest.mark.parametrize(
    ("stage", "engine", "says"),
    [
        ("vad", "energy", "no stage 'vad'"),
        ("stt", "pocketsphinx", "no stt engine"),
        ("llm", "grog", "groq"),
        ("llm", "openai-compatible:https://example.org/v1", "offline"),
    ],
)
async def test_what_cannot_be_used_changes_nothing(tmp_path, stack, stage, engine, says):
    switch, equipment, told = switching(tmp_path, stack, offline="guarded")
    with pytest.raises(ConfigError, match=says):
        await switch.use(stage, engine)
    assert (equipment.chat.name, told.news) == ("fake", [])


@pytest.mark.parametrize("engine", ["ollama", "openai-compatible:http://127.0.0.1:9/v1"])
async def test_a_sealed_session_says_why_it_has_no_server_of_this_machine(tmp_path, stack, engine):
    switch, equipment, _ = switching(tmp_path, stack, offline="sealed")
    with pytest.raises(ConfigError, match=f"sealed session .*: begin with --llm {engine}"):
        await switch.use("llm", engine)
    assert equipment.chat.name == "fake"


def test_what_may_cost_no_more_cannot_be_chosen_and_says_why():
    told, paid, free = Told(), named("paid"), named("free")
    ranks: Ranks = Ranks("llm", (paid, free), told)
    ranks.retire(lambda one: one is paid, "the budget of $1 is spent")
    with pytest.raises(ProviderRefused, match="budget"):
        ranks.prefer(paid, "chosen")
    assert ranks.first is free
    assert told.news == [("llm", "paid", "free")]


async def test_a_preferred_engine_that_was_out_gets_another_chance():
    told, first, second = Told(), named("first"), named("second")
    ranks: Ranks = Ranks("llm", (first, second), told)
    ranks.demote(first, ProviderRefused("no", provider="first"))
    ranks.prefer(first, "chosen")
    assert ranks.first is first
    assert told.news == [("llm", "first", "second"), ("llm", "second", "first")]


@pytest.mark.parametrize("preset", PATIENCE_MS)
def test_chosen_waits_count_from_then_on(preset):
    taking = TurnTaking(Config())
    taking.step(WaitsChosen(0.0, *PATIENCE_MS[preset]))
    decided, at_s = [], 0.0
    for probability in [*[0.9] * 30, *[0.0] * 120]:
        at_s += 0.032
        decided += taking.step(Window(at_s, probability))
    [ended] = [one for one in decided if isinstance(one, TurnEnded)]
    assert ended.reason is EndReason.SILENCE
    assert ended.silence_ms == pytest.approx(PATIENCE_MS[preset][1], abs=40)


class Typist:
    """Commands with everything they act on."""

    def __init__(self, switch: Switching) -> None:
        self.told: list[str] = []
        self.events: list[dict] = []
        log = EventLog()
        log.subscribe(self.events.append)
        log.emit("session_started", 0.0)
        self.inbox = Inbox()
        self.commands = Commands(
            self.inbox, log, lambda: 2.0, switch, lambda: ["amy", "en-gb"], lambda text, _: self.told.append(text)
        )

    async def type(self, line: str) -> str:
        self.commands.put(line)
        told = len(self.told)
        task = asyncio.ensure_future(self.commands.run())
        while len(self.told) == told or self.told[-1].startswith("loading "):
            await asyncio.sleep(0)
            if task.done():
                task.result()
        task.cancel()
        return self.told[-1]


async def test_patience_is_an_observation_and_an_event(tmp_path, stack):
    typist = Typist(switching(tmp_path, stack)[0])
    assert await typist.type("/patience fast") == "patience: fast"
    assert await typist.inbox.next() == WaitsChosen(2.0, *PATIENCE_MS["fast"])
    assert typist.events[-1] == {"type": "setting", "t": 2.0, "key": "turn.patience", "value": "fast"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/engine llm skills", "llm: skills from the next words on"),
        ("/engine llm", "/engine takes a stage"),
        ("/engine llm grog", "groq"),
        ("/patience slow", "/patience takes one of"),
        ("/voice", "/voice takes a name"),
        ("/dance", "there is no /dance"),
    ],
)
async def test_every_command_says_what_came_of_it(tmp_path, stack, line, says):
    assert says in await Typist(switching(tmp_path, stack)[0]).type(line)


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("/", ["/engine", "/help", "/mute", "/patience", "/quit", "/voice"]),
        ("/p", ["/patience"]),
        ("/patience f", ["/patience fast"]),
        ("/patience fast", []),
        ("/voice ", ["/voice amy", "/voice en-gb"]),
        ("/engine t", ["/engine tts"]),
        ("/engine tts es", ["/engine tts espeak"]),
        ("/engine vad ", []),
        ("/dance x", []),
    ],
)
async def test_commands_are_completed(tmp_path, stack, begun, offered):
    assert list(Typist(switching(tmp_path, stack)[0]).commands.completions(begun)) == offered
