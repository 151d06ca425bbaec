"""From settings to a running conversation, and back to an exit code."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from localvoice.app.announcing import HALF_DUPLEX, announcement, duplex_mode
from localvoice.app.plan import Plan, TalkOptions, plan
from localvoice.app.prepared_phrases import speak_beforehand
from localvoice.app.signals import Stopper
from localvoice.app.turn_detection import load_turn_detector
from localvoice.audio.backchannel import load_sound_judge
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.device_news import DeviceNews, DeviceWarning
from localvoice.audio.duplex import Capture, Duplex, FarEnd
from localvoice.audio.hearing import Hearing
from localvoice.audio.opening import (
    Clock,
    End,
    EndKind,
    echo_path_for,
    open_capture,
    open_device_capture,
    open_device_player,
    open_player,
    open_room,
)
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import load_vad
from localvoice.config import Config
from localvoice.config_sources import LoadedConfig
from localvoice.config_text import show_lines
from localvoice.engine_choice import EngineChoice
from localvoice.engines import Player, TurnDetector
from localvoice.errors import DeviceError, ExitCode
from localvoice.event_log import EventLog, JsonLines
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.listener import Listener
from localvoice.loading import Loaded, load_stages
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
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

_HELD_BEHIND_S = 5.0
"""Sound kept beyond the longest turn: pre-roll, pauses and a busy recogniser."""


async def talk(loaded: LoadedConfig, store: ModelStore, options: TalkOptions) -> ExitCode:
    """Hold a conversation. Raises `LocalVoiceError` where it cannot begin; nothing is left behind then."""
    with ExitStack() as stack, Stopper().installed() as stopper:
        try:
            return await _Talk(loaded, store, options, stack).run(stopper)
        except asyncio.CancelledError:
            if stopper.code is None:
                raise
            return stopper.code


@dataclass(slots=True)
class _Ears:
    """What listens: opened before the engines where it is a device, so that nothing said meanwhile is lost."""

    duplex: Duplex
    utterances: UtteranceBuffer
    listener: Listener
    knows_far_end: bool
    """Whether it is known, sample by sample, what the loudspeaker played."""


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
        if player is None and self._speaks():
            player, far_end = open_player(self._plan.output, self._config.audio, self._clock.now_s)
        ears = early or self._listen(capture, player, far_end, inbox)
        self._subscribe(recording)
        voices = await self._voices(engines, player, ears, turn_detector)
        if self._options.hint:
            self._console.note(self._options.hint)
        session = Session(
            self._config,
            ears.duplex,
            Replying(self._config, voices, skills),
            self._log,
            replace(
                self._session_options(engines, ears, turn_detector),
                record=None if recording is None else recording.observation,
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

    def _listen(self, capture: Capture, player: Player | None, far_end: FarEnd | None, inbox: Inbox) -> _Ears:
        typed = self._plan.is_typed
        counts_from_start = typed and not self._plan.output.is_on_clock
        since_start_s = time.monotonic() - self._options.started_s if counts_from_start else 0.0
        room = open_room(self._plan.room, far_end)
        duplex = Duplex(capture, player, far_end, started_s=since_start_s, room=room)
        self._clock.duplex = duplex
        utterances = UtteranceBuffer(1.0 if typed else self._config.turn.max_turn_s + _HELD_BEHIND_S)
        runtime = self._config.vad.runtime
        vad = None if typed else load_vad(self._config.engines.vad, _newer_silero(self._store), runtime)
        echo_path = None if typed else echo_path_for(self._config, self._plan.output, far_end, room)
        listener = Listener(duplex, Hearing(vad, utterances, echo_path), inbox.post)
        self._stack.callback(listener.stop)
        return _Ears(duplex, utterances, listener, knows_far_end=far_end is not None)

    def _begin(self, ears: _Ears, inbox: Inbox) -> None:
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

    async def _voices(
        self, engines: Mapping[str, Loaded], player: Player | None, ears: _Ears, turn_detector: TurnDetector | None
    ) -> Voices:
        for loaded in engines.values():
            for name, error in loaded.skipped:
                self._told(loaded.stage, name, loaded.name, str(error))
            for engine in loaded.engines:
                self._stack.callback(engine.close)
        if turn_detector is not None:
            self._stack.callback(turn_detector.close)
        paid: frozenset[str] = frozenset()
        stt, tts = engines.get("stt"), engines.get("tts")
        voices = tts.engines if tts and player else ()
        synthesizer = FallbackSynthesizer(voices, self._told) if voices else None
        return Voices(
            recognizer=FallbackRecognizer(stt.engines, self._told) if stt else None,
            chat=FallbackChatModel(engines["llm"].engines, self._told),
            synthesizer=synthesizer,
            player=player,
            utterances=ears.utterances,
            now_s=ears.duplex.now_s,
            phrases=await speak_beforehand(phrases_for(self._config.reply), tts.engines, paid)
            if tts and player
            else {},
            paid=paid,
            turn_detector=turn_detector,
            sound_judge=load_sound_judge(self._config.session.language) if stt else None,
        )

    def _told(self, stage: str, before: str, after: str, reason: str) -> None:
        fields = {"stage": stage, "from": before, "to": after, "reason": reason}
        self._log.emit("provider_changed", self._clock.now_s(), **fields)

    def _session_options(
        self, engines: Mapping[str, Loaded], ears: _Ears, turn_detector: TurnDetector | None
    ) -> SessionOptions:
        config, planned = self._config, self._plan
        mode = duplex_mode(config, planned, knows_far_end=ears.knows_far_end)
        has_devices = planned.has_device and planned.output.kind is EndKind.DEVICE
        if mode == "half" and has_devices and config.audio.duplex == "auto":
            self._log.emit("warning", self._clock.now_s(), code="half_duplex", message=HALF_DUPLEX)
        player = ears.duplex.player
        rate_hz = SPEECH_RATE_HZ if player is None else player.rate_hz
        announced = announcement(config, planned, engines, turn_detector, offline=self._options.offline) | {
            "offline_reason": self._options.offline_reason
        }
        return SessionOptions(
            once=self._options.once,
            ends_with_input=planned.input.is_on_clock,
            can_barge_in=mode != "half",
            greeting=config.session.greeting if has_devices and not self._options.once else "",
            announced=announced | {"duplex": mode, "sample_rate": rate_hz},
        )

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


def _newer_silero(store: ModelStore) -> Path | None:
    """The catalogue's Silero file where it is installed; faster-whisper's package carries an older one."""
    installed = [one for one in store.installed() if one.kind is Kind.VAD]
    return installed[0].path if installed else None


def _tell(inbox: Inbox, news: DeviceNews) -> None:
    inbox.post(Notice(news.code, news.message) if isinstance(news, DeviceWarning) else news)
