"""From settings to a running conversation, and back to an exit code."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from localvoice.app.announcing import session_options, warnings
from localvoice.app.audience import Audience
from localvoice.app.duplex_choice import stricter
from localvoice.app.ends import Ends
from localvoice.app.equipment import close_with, equipment_of, phrases_of
from localvoice.app.listening import Ears
from localvoice.app.live_screen import Live
from localvoice.app.plan import TalkOptions, plan
from localvoice.app.recorded import about, track_rates
from localvoice.app.signals import Stopper
from localvoice.app.switching import Switching
from localvoice.app.turn_detection import TurnModels, load_turn_models
from localvoice.cloud_choice import STAGES
from localvoice.config import Config
from localvoice.config_sources import LoadedConfig
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ExitCode
from localvoice.event_log import EventLog
from localvoice.fallback import watches
from localvoice.loading import load_stages
from localvoice.model_store.store import ModelStore
from localvoice.session.conversation import Session, SessionOptions
from localvoice.session.hand import Equipment
from localvoice.session.inbox import Inbox, Notice
from localvoice.session.replying import Replying
from localvoice.skills.catalog import Skills
from localvoice.sound_tape import SoundTape


async def talk(loaded: LoadedConfig, store: ModelStore, options: TalkOptions) -> ExitCode:
    """Hold a conversation. Raises `LocalVoiceError` where it cannot begin; nothing is left behind then."""
    with ExitStack() as stack, Stopper().installed() as stopper:
        try:
            return await _Talk(loaded, store, options, stack).run(stopper)
        except asyncio.CancelledError:
            if stopper.code is None:
                raise
            return stopper.code


class _Talk:
    """One conversation's parts, opened in order; the stack closes them in reverse."""

    def __init__(self, loaded: LoadedConfig, store: ModelStore, options: TalkOptions, stack: ExitStack) -> None:
        self._loaded = loaded
        self._store = store
        self._options = options
        self._stack = stack
        self._log = EventLog()
        planned = plan(loaded.config, options)
        self._inbox = Inbox()
        self._audience = Audience(loaded, planned, options, partial(_not_kept, self._inbox))
        self._ends = Ends(loaded.config, planned, options, self._inbox, stack)

    async def run(self, stopper: Stopper) -> ExitCode:
        """Open everything, talk, and say how it ended."""
        skills = Skills(disabled=self._config.skills.disabled, language=self._config.session.language)
        choice = EngineChoice(self._config, self._store, skills)
        wanted = {stage: choice.candidates(stage) for stage in self._stages()}
        self._check_unused(choice)
        if self._audience.recording is not None:
            self._ends.tape = SoundTape(partial(_not_kept, self._inbox))
        await self._ends.open_devices(self._store, self._warn)
        if not self._ends.speaks:  # there was no loudspeaker to be opened
            wanted.pop("tts", None)
        console = self._audience.console
        engines, turn_models = await asyncio.gather(load_stages(wanted, console.note), self._turn_models())
        close_with(self._stack, engines, turn_models)
        phrases = await phrases_of(self._config, engines)
        self._audience.make_room(self._ends.plan.output, self._stack)
        ears = self._ends.open_files(self._store)  # nothing waits from here on, and the session begins
        live = self._live(ears)
        screen = None if live is None else live.screen
        self._audience.join(self._log, partial(about, self._ends.plan, ears, engines), self._stack, screen)
        self._start_tape(ears)
        equipment = replace(equipment_of(self._config, engines, ears, turn_models, self._told), phrases=phrases)
        if self._options.hint:
            (screen or console).note(self._options.hint)
        for warning in warnings(self._config, ears, engines):
            self._warn(*warning)
        announced = session_options(self._config, self._ends.plan, self._options, engines, ears, turn_models.detector)
        self._ends.check_duplex(ears, greets=bool(announced.greeting))
        replying = Replying(self._config, equipment, skills)
        beside = () if live is None else (live.run, live.carry_out)
        session = self._session(ears, replying, equipment, replace(announced, beside=beside))
        stopper.watch(session)
        if live is not None:
            choose = partial(EngineChoice, store=self._store, skills=skills)
            switching = Switching(self._config, choose, equipment, engines, self._options.offline, self._stack)
            live.attach(session, replying, switching, self._store)
        return await session.run(self._inbox, partial(self._begin, ears, live))

    @property
    def _config(self) -> Config:
        return self._loaded.config

    def _check_unused(self, choice: EngineChoice) -> None:
        """What is wrong with an engine that a flag names is said, even where this conversation has no use for it."""
        for stage in STAGES:
            if stage not in self._stages() and self._loaded.source_of(f"engines.{stage}").startswith("flag"):
                choice.candidates(stage)

    def _begin(self, ears: Ears, live: Live | None) -> None:
        self._audience.begin()
        self._ends.begin(ears, reads_lines=live is None)
        if live is not None:
            live.start(self._stack)

    def _live(self, ears: Ears) -> Live | None:
        if not self._audience.has_screen:
            return None
        is_typed = self._ends.plan.is_typed
        return Live(self._inbox, ears.duplex, self._log, is_typed=is_typed)

    def _stages(self) -> list[str]:
        stages = ["llm"]
        if not self._ends.plan.is_typed:
            stages.append("stt")
        if self._ends.speaks:
            stages.append("tts")
        return stages

    async def _turn_models(self) -> TurnModels:
        if self._ends.plan.is_typed:
            return TurnModels()
        return await load_turn_models(self._store, self._config, self._told)

    def _session(self, ears: Ears, replying: Replying, equipment: Equipment, announced: SessionOptions) -> Session:
        recording = self._audience.recording
        options = replace(
            announced,
            record=None if recording is None else recording.note,
            beside=(*announced.beside, *watches(equipment.recognizer, equipment.chat, equipment.synthesizer)),
        )
        config = stricter(self._config, ears.choice, ears.echo_path)
        session = Session(config, ears.duplex, replying, self._log, options)
        ears.listener.may_rest, ears.listener.due_s = lambda: session.is_idle, lambda: session.due_s
        return session

    def _start_tape(self, ears: Ears) -> None:
        recording = self._audience.recording
        if recording is not None and self._ends.tape is not None:
            self._ends.tape.start(recording.folder, track_rates(self._ends.plan, ears))

    def _told(self, stage: str, before: str, after: str, reason: str) -> None:
        fields = {"stage": stage, "from": before, "to": after, "reason": reason}
        self._log.emit("provider_changed", self._ends.clock.now_s(), **fields)

    def _warn(self, code: str, message: str) -> None:
        self._log.emit("warning", self._ends.clock.now_s(), code=code, message=message)


def _not_kept(inbox: Inbox, code: str, message: str) -> None:
    inbox.post(Notice(code, message))
