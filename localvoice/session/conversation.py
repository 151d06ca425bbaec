"""The conversation: observations arrive, decisions are carried out, one reply at a time is in hand.

Rule of this file: it decides nothing about turns (turn/ does) and makes no sound (speaking.py does); it brings the two
together and ends the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from localvoice.audio.device_news import DeviceChanged
from localvoice.audio.duplex import Duplex
from localvoice.config import Config
from localvoice.errors import ExitCode, LocalVoiceError
from localvoice.event_log import EventLog
from localvoice.messages import Origin, Turn
from localvoice.session.ending import EndedBy, Ending
from localvoice.session.facts import SessionBegan
from localvoice.session.hand import House
from localvoice.session.inbox import Inbox, InputDone, Notice
from localvoice.session.log import SessionLog
from localvoice.session.replying import Replying
from localvoice.session.tape import Noted, Tape
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    JudgeOverlap,
    OverlapDismissed,
    OverlapStarted,
    PauseBegan,
    PauseLikely,
    PauseOff,
    ReadOverlap,
    SpeakUnasked,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    ThoughtCancelled,
    TurnDropped,
    TurnEnded,
    TurnResumed,
    TurnState,
)
from localvoice.turn.observations import Closing, Observation, ReplyEnded, SpeakRequested, Window
from localvoice.turn.speech_gate import WINDOW_S
from localvoice.turn.taking import TurnTaking

_DUCK_DB = 20.0
"""How far `turn.overlap = "duck"` lowers the reply (product contract, section 7)."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How this session differs from any other."""

    once: bool = False
    ends_with_input: bool = False
    """A file or pipe is the microphone, and its end is ours."""
    can_barge_in: bool = True
    """False in half duplex: the microphone is not believed while we speak."""
    greeting: str = ""
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    """What runs as long as the session does."""
    announced: Mapping[str, Any] | None = None
    """Fields of `session_started`."""
    record: Callable[[Noted], None] | None = None
    """Told of everything that the events follow from."""


class Session:
    """One conversation from `session_started` to `session_ended`."""

    def __init__(
        self,
        config: Config,
        duplex: Duplex,
        replying: Replying,
        log: EventLog,
        options: SessionOptions,
    ) -> None:
        self._config = config
        self._duplex = duplex
        self._replying = replying
        self._options = options
        self._log = SessionLog(log, duplex.now_s, Tape(options.record))
        log.subscribe(self._log.tape.hear)
        self._taking = TurnTaking(config, has_voice=options.can_barge_in, hears_sound=replying.sound_vote.is_there)
        self._ending = Ending(options.once, config.session.idle_timeout_s)
        self._over: asyncio.Future[tuple[EndedBy, ExitCode]] | None = None

    async def run(self, inbox: Inbox, started: Callable[[], None] = lambda: None) -> ExitCode:
        """Hold the conversation. `started` is called right behind `session_started`: file devices begin there."""
        self._over = asyncio.get_running_loop().create_future()
        hears_sound, threshold = self._replying.sound_vote.is_there, self._config.vad.duck_threshold
        self._log.tape.keep(SessionBegan(self._options.can_barge_in, hears_sound, threshold))
        self._log.started(**(self._options.announced or {}))
        self._ending.active_s = self._duplex.now_s()
        started()
        try:
            reason, code = await self._converse(inbox, self._over)
        except Exception:  # a bug of ours, or an event that could not be written
            with suppress(LocalVoiceError, OSError):
                self._log.ended(EndedBy.ERROR, self._duplex.xruns)
            raise
        self._log.ended(reason, self._duplex.xruns)
        return code

    async def _converse(self, inbox: Inbox, over: asyncio.Future[tuple[EndedBy, ExitCode]]) -> tuple[EndedBy, ExitCode]:
        async with asyncio.TaskGroup() as tasks:
            self._replying.attach(House(tasks, self.observe, self._log, self._is_contested))
            running = [tasks.create_task(self._pump(inbox))]
            running += [tasks.create_task(work()) for work in self._options.beside]
            if self._options.greeting:
                self.observe(SpeakRequested(self._duplex.now_s(), Origin.GREETING, self._options.greeting))
            ended = await over
            self._close()
            for task in running:
                task.cancel()
        return ended

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open, waiting or being said. May be asked from any thread."""
        return self._taking.is_settled and not self._replying.is_busy

    @property
    def due_s(self) -> float:
        """When the time alone will change something while it is idle, on the capture clock. Any thread may ask."""
        if self._options.ends_with_input and self._duplex.ended:
            return self._duplex.now_s() - WINDOW_S  # the last window that there is decides it
        return min(self._replying.due_s, self._ending.idle_due_s)

    def end(self, reason: EndedBy, code: ExitCode = ExitCode.OK) -> None:
        """End the session soon; the first reason counts."""
        if self._over is not None and not self._over.done():
            self._over.set_result((reason, code))

    def _is_contested(self) -> bool:
        return self._taking.state is TurnState.OVERLAP

    def _close(self) -> None:
        self._replying.finish_now()
        self._take(Closing(self._duplex.now_s()))

    def _take(self, seen: Observation) -> None:
        self._log.tape.keep(seen)
        for decision in self._log.tape.each(self._taking.step(seen)):
            self._carry_out(decision)

    async def _pump(self, inbox: Inbox) -> None:
        while True:
            arrival = await inbox.next()
            if isinstance(arrival, LocalVoiceError):
                self._log.trouble("error", type(arrival).__name__, str(arrival))
                self.end(EndedBy.ERROR, arrival.exit_code)
            elif isinstance(arrival, InputDone):
                self._ending.input_ended = True
                self._check_end(self._duplex.now_s())
            elif isinstance(arrival, DeviceChanged):
                self._log.device_changed(arrival)
            elif isinstance(arrival, Notice):
                self._log.trouble("warning", arrival.code, arrival.message, **arrival.fields)
            else:
                self.observe(arrival)

    def observe(self, seen: Observation) -> None:
        """Take one observation: decide, carry out, and see whether the session is over."""
        if self._options.once and self._replying.outcome.has_replied:
            self._check_end(seen.at_s)  # before anything that waits for the end of this reply begins
        if isinstance(seen, ReplyEnded) and self._replying.state.wants_end:
            self.end(EndedBy.GOODBYE)  # likewise
        if self._over is None or self._over.done():
            return
        self._take(seen)
        self._replying.following.see(seen)
        if not isinstance(seen, Window):
            self._duplex.call()  # who rests has not heard of it
        if isinstance(seen, Window) and self._options.ends_with_input and self._duplex.ended:
            self._ending.end_input(self._duplex.now_s(), seen.at_s)
        if isinstance(seen, Window):  # time passes with these only: others are seen while decisions are carried out
            for due in self._replying.due(seen.at_s):
                self.observe(due)
        self._check_end(seen.at_s)

    def _check_end(self, now_s: float) -> None:
        ending = self._ending
        ending.has_replied |= self._replying.outcome.has_replied
        ending.wants_end = self._replying.state.wants_end
        reason = ending.reason(now_s, is_settled=self.is_idle)
        if reason is not None:
            self.end(reason, self._replying.outcome.exit_code if reason is EndedBy.ONCE else ExitCode.OK)

    def _carry_out(self, decision: Decision) -> None:
        self._replying.following.obey(decision)
        match decision:
            case StateChanged():
                self._log.state(decision)
            case SpeechStarted() | SpeechStopped():
                self._log.speech(decision)
                if isinstance(decision, SpeechStarted):
                    self._replying.user_speaks()
                    self._replying.sound_vote.drop()
            case PauseLikely() | PauseOff() | PauseBegan():
                self._carry_out_pause(decision)
            case TurnEnded():
                self._log.turn_ended(decision)
                self._replying.answer(decision)
            case TurnResumed():
                self._replying.call_off()
                self._log.turn_resumed(decision.turn, decision.at_s)
            case TurnDropped():
                self._log.turn_dropped(decision.turn, decision.at_s, "nothing_said")
            case ThoughtCancelled():
                self._replying.call_off(keeps_question=decision.is_followed)
            case SpeakUnasked():
                self._replying.speak(Turn(decision.turn, decision.origin), decision.text)
            case _:
                self._carry_out_overlap(decision)

    def _carry_out_pause(self, decision: PauseLikely | PauseOff | PauseBegan) -> None:
        match decision:
            case PauseLikely():
                self._replying.expect(decision.pause)
            case PauseOff():
                self._replying.drop()
            case PauseBegan():
                self._replying.sound_vote.ask(decision)
                self._replying.prepare(decision)

    def _carry_out_overlap(self, decision: Decision) -> None:
        match decision:
            case OverlapStarted():
                ducks = self._config.turn.overlap == "duck"
                self._replying.hold(_DUCK_DB if ducks else None)
                self._log.overlap_started(decision, "duck" if ducks else "pause")
                self._replying.tell_context(decision)
            case ReadOverlap():
                self._replying.overlap_reading.read(decision)
            case JudgeOverlap():
                self._replying.overlap_reading.judge(decision)
            case OverlapDismissed():
                ramp_s = self._replying.release()
                self._log.false_alarm(decision, self._duplex.now_s() + ramp_s)
            case BargeIn():
                self._replying.cut(lambda cut: self._log.barge_in(decision, cut))
            case _:
                pass
