"""From settings to a running conversation, and back to an exit code."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from localvoice.app.announcing import announcement
from localvoice.app.duplex_check import DuplexCheck, present_pair
from localvoice.app.duplex_choice import stricter
from localvoice.app.known_pairs import known_pairs
from localvoice.app.listening import Ears, open_ears
from localvoice.app.plan import Plan, TalkOptions, plan
from localvoice.app.prepared_phrases import speak_beforehand
from localvoice.app.signals import Stopper
from localvoice.app.turn_detection import load_turn_detector
from localvoice.audio.backchannel import load_sound_judge
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.device_news import DeviceNews, DeviceWarning
from localvoice.audio.duplex import Capture, Duplex, FarEnd
from localvoice.audio.duplex_mode import DuplexMode
from localvoice.audio.opening import (
    Clock,
    End,
    EndKind,
    open_capture,
    open_device_capture,
    open_device_player,
    open_player,
    open_room,
)
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config import Config
from localvoice.config_sources import LoadedConfig
from localvoice.config_text import show_lines
from localvoice.engine_choice import EngineChoice
from localvoice.engines import Player, TurnDetector
from localvoice.errors import DeviceError, ExitCode
from localvoice.event_log import EventLog, JsonLines
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer, watches
from localvoice.loading import Loaded, load_stages, paid_of
from localvoice.messages import SpeechChunk
from localvoice.model_store.store import ModelStore
from localvoice.prices import CostMeter
from localvoice.recording import Recording
from localvoice.session.conversation import Session, SessionOptions
from localvoice.session.hand import Voices
from localvoice.session.inbox import Inbox, Notice
from localvoice.session.phrases import phrases_for
from localvoice.session.replying import Replying
from localvoice.skills.catalog import Skills
from localvoice.typing_input import StandardInput, TypedLines
from localvoice.ui.console import Console
from localvoice.ui.transcript_file import TranscriptFile


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
        self._plan = plan(loaded.config, options)
        self._console = _console(self._plan, options)
        self._clock = Clock()

    @property
    def _config(self) -> Config:
        return self._loaded.config

    async def run(self, stopper: Stopper) -> ExitCode:
        """Open everything, talk, and say how it ended."""
        skills = Skills(disabled=self._config.skills.disabled, language=self._config.session.language)
        choice = EngineChoice(self._config, self._store, skills)
        wanted = {stage: choice.candidates(stage) for stage in self._stages()}
        recording = self._recording()
        inbox = Inbox()
        devices = DeviceLife(self._config.audio, partial(_tell, inbox))
        self._stack.callback(devices.close)
        capture = await self._open_capture(devices)
        player, far_end = await self._open_device_player(devices)
        early = None
        if self._plan.has_device:
            early = self._listen(capture, player, far_end, inbox)
            early.listener.start()
        engines, turn_detector = await asyncio.gather(load_stages(wanted, self._console.note), self._turn_detector())
        phrases = await self._phrases(engines)  # nothing waits from here on: files are created, and the session begins
        if player is None and self._speaks():
            player, far_end = open_player(self._plan.output, self._config.audio, self._clock.now_s)
        ears = early or self._listen(capture, player, far_end, inbox)
        self._subscribe(recording)
        voices = replace(self._voices(engines, player, ears, turn_detector), phrases=phrases)
        if self._options.hint:
            self._console.note(self._options.hint)
        self._check_duplex(ears, inbox, devices)
        session = Session(
            stricter(self._config, ears.choice, ears.echo_path),
            ears.duplex,
            Replying(self._config, voices, skills),
            self._log,
            replace(
                self._session_options(engines, ears, turn_detector),
                record=None if recording is None else recording.observation,
                beside=watches(voices.recognizer, voices.chat, voices.synthesizer),
            ),
        )
        ears.listener.may_rest = lambda: session.is_idle
        stopper.watch(session)
        return await session.run(inbox, partial(self._begin, ears, inbox))

    # what is opened

    def _stages(self) -> list[str]:
        stages = ["llm"]
        if not self._plan.is_typed:
            stages.append("stt")
        if self._speaks():
            stages.append("tts")
        return stages

    def _speaks(self) -> bool:
        return self._plan.output.kind is not EndKind.NONE

    def _recording(self) -> Recording | None:
        if self._options.record is None:
            return None
        recording = Recording(self._options.record, "\n".join(show_lines(self._loaded)) + "\n")
        recording.check()
        return recording

    async def _open_capture(self, devices: DeviceLife) -> Capture:
        if self._plan.input.kind is EndKind.DEVICE:
            return await open_device_capture(self._plan.input, devices)
        capture = open_capture(self._plan.input, self._config.audio)
        self._stack.callback(capture.close)
        return capture

    async def _open_device_player(self, devices: DeviceLife) -> tuple[Player | None, FarEnd | None]:
        """A device is opened before the engines: what is wrong with it is said at once. Files wait for the start."""
        if self._plan.output.kind is not EndKind.DEVICE:
            return None, None
        try:
            return await open_device_player(self._plan.output, devices, self._clock.now_s)
        except DeviceError as error:
            if not self._plan.may_be_silent:
                raise
            self._log.emit("warning", 0.0, code="no_output", message=f"answers are text only: {error}")
            self._plan = replace(self._plan, output=End(EndKind.NONE, "none"))
            return None, None

    def _listen(self, capture: Capture, player: Player | None, far_end: FarEnd | None, inbox: Inbox) -> Ears:
        counts_from_start = self._plan.is_typed and not self._plan.output.is_on_clock
        since_start_s = time.monotonic() - self._options.started_s if counts_from_start else 0.0
        room = open_room(self._plan.room, far_end)
        duplex = Duplex(capture, player, far_end, started_s=since_start_s, room=room)
        self._clock.duplex = duplex
        ears = open_ears(self._config, self._plan, self._store, duplex, far_end, room, inbox.post)
        self._stack.callback(ears.listener.stop)
        return ears

    def _begin(self, ears: Ears, inbox: Inbox) -> None:
        """Right behind `session_started`: files begin to run, lines are read."""
        if not self._plan.has_device:
            ears.listener.start()
        stdin = self._plan.standard_input
        from_terminal = stdin is StandardInput.TERMINAL
        if from_terminal or self._plan.reads_pipe:
            TypedLines(
                inbox.post,
                ears.duplex.now_s,
                from_terminal=from_terminal,
                ends_session=self._plan.is_typed,
                stream=self._options.lines,
            ).start()

    # who does the work

    async def _turn_detector(self) -> TurnDetector | None:
        return None if self._plan.is_typed else await load_turn_detector(self._store, self._told)

    async def _phrases(self, engines: Mapping[str, Loaded]) -> Mapping[str, SpeechChunk]:
        for loaded in engines.values():
            for engine in loaded.engines:
                self._stack.callback(engine.close)
        tts = engines.get("tts") if self._speaks() else None
        return await speak_beforehand(phrases_for(self._config.reply), tts.local, paid_of(engines)) if tts else {}

    def _voices(
        self, engines: Mapping[str, Loaded], player: Player | None, ears: Ears, turn_detector: TurnDetector | None
    ) -> Voices:
        for loaded in engines.values():
            for name, error in loaded.skipped:
                self._told(loaded.stage, name, loaded.name, str(error))
        if turn_detector is not None:
            self._stack.callback(turn_detector.close)
        stt, tts = engines.get("stt"), engines.get("tts")
        voices = tts.engines if tts and player else ()
        meter = CostMeter(self._config.session.budget_usd)
        synthesizer = FallbackSynthesizer(voices, self._told, tts.unreachable, meter) if tts and voices else None
        return Voices(
            recognizer=FallbackRecognizer(stt.engines, self._told, stt.unreachable, meter) if stt else None,
            chat=FallbackChatModel(engines["llm"].engines, self._told, engines["llm"].unreachable, meter),
            synthesizer=synthesizer,
            player=player,
            utterances=ears.utterances,
            now_s=ears.duplex.now_s,
            paid=paid_of(engines),
            cost_usd=meter.since_last,
            turn_detector=turn_detector,
            sound_judge=load_sound_judge(self._config.session.language) if stt else None,
        )

    def _told(self, stage: str, before: str, after: str, reason: str) -> None:
        fields = {"stage": stage, "from": before, "to": after, "reason": reason}
        self._log.emit("provider_changed", self._clock.now_s(), **fields)

    def _session_options(
        self, engines: Mapping[str, Loaded], ears: Ears, turn_detector: TurnDetector | None
    ) -> SessionOptions:
        config, planned = self._config, self._plan
        if ears.choice.warning:
            code, message = ears.choice.warning
            self._log.emit("warning", self._clock.now_s(), code=code, message=message)
        player = ears.duplex.player
        rate_hz = SPEECH_RATE_HZ if player is None else player.rate_hz
        announced = announcement(config, planned, engines, turn_detector, offline=self._options.offline) | {
            "offline_reason": self._options.offline_reason
        }
        return SessionOptions(
            once=self._options.once,
            ends_with_input=planned.input.is_on_clock,
            can_barge_in=not ears.choice.is_deaf,
            greeting=self._greeting,
            announced=announced | {"duplex": ears.choice.mode, "sample_rate": rate_hz},
        )

    @property
    def _greeting(self) -> str:
        has_devices = self._plan.has_device and self._plan.output.kind is EndKind.DEVICE
        return self._config.session.greeting if has_devices and not self._options.once else ""

    def _check_duplex(self, ears: Ears, inbox: Inbox, devices: DeviceLife) -> None:
        """Let the first words of the session, and those on other devices, show whether they can be talked over."""
        if ears.echo_path is not None and ears.choice.pair is not None:
            tell = partial(_tell_of_duplex, inbox)
            present = partial(present_pair, devices, self._config.audio.sample_rate)
            check = DuplexCheck(ears.choice, ears.echo_path, known_pairs(), tell, present)
            self._stack.callback(check.close)
            check.start(greets=bool(self._greeting))

    # who is told

    def _subscribe(self, recording: Recording | None) -> None:
        """Files are created last: a failed start leaves none."""
        if self._options.events:
            lines = JsonLines(sys.stdout if self._options.events == "-" else Path(self._options.events))
            self._stack.callback(lines.close)
            self._log.subscribe(lines)
        if recording is not None:
            recording.start({"input": self._plan.input.label, "output": self._plan.output.label})
            self._stack.callback(recording.close)
            self._log.subscribe(recording.event)
        if self._config.session.save:
            self._log.subscribe(TranscriptFile(Path(self._config.session.save)))
        self._log.subscribe(self._console)


def _console(planned: Plan, options: TalkOptions) -> Console:
    owned = options.events == "-" or planned.output.kind is EndKind.PIPE
    return Console(words=None if owned else sys.stdout, replies_only=planned.reads_pipe, verbosity=options.verbosity)


def _tell_of_duplex(inbox: Inbox, mode: DuplexMode, message: str) -> None:
    inbox.post(Notice("duplex", message, {"duplex": mode}))


def _tell(inbox: Inbox, news: DeviceNews) -> None:
    inbox.post(Notice(news.code, news.message) if isinstance(news, DeviceWarning) else news)
