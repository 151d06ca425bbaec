"""The session told as events: each method is one fact of the contract, in its words (product contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from localvoice.audio.device_news import DeviceChanged
from localvoice.event_log import EventLog
from localvoice.messages import Origin, Stage, ToolCall, Transcript, Turn
from localvoice.metrics import LatencyLog, PreparedAnswers, saved_ms, stage_shares
from localvoice.session.facts import FullLevel, PreparedDropped, ReplyCut, ReplyOver, ReplySounds, SessionOver
from localvoice.session.reply import Cut
from localvoice.session.tape import Tape
from localvoice.turn.decisions import (
    BargeIn,
    OverlapDismissed,
    OverlapStarted,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    TurnEnded,
)


class SessionLog:
    """Turns what happens into events. `now_s` is the capture clock.

    The tape keeps whatever goes into events of `facts.DECIDED` and comes from engines or devices: with it, and the
    decisions, `replay` makes the same events.
    """

    def __init__(self, log: EventLog, now_s: Callable[[], float], tape: Tape | None = None) -> None:
        self._emit = log.emit
        self._now_s = now_s
        self.tape = Tape(None) if tape is None else tape
        self._latencies = LatencyLog()
        self.prepared = PreparedAnswers()
        self._turns = 0

    def started(self, **fields: Any) -> None:
        """The first line."""
        self._emit("session_started", self._now_s(), **fields)

    def ended(self, reason: str, xruns: int) -> None:
        """The last line."""
        at_s = self._now_s()
        self.tape.keep(SessionOver(at_s, reason, xruns))
        self._emit(
            "session_ended",
            at_s,
            reason=reason,
            turns=self._turns,
            metrics=self._latencies.percentiles(),
            prepared=self.prepared.told(),
            xruns=xruns,
        )

    def state(self, change: StateChanged) -> None:
        """From one state to another."""
        self._emit("state", change.at_s, **{"from": change.before, "to": change.after})

    def speech(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of the user's speech."""
        kind = "speech_started" if isinstance(edge, SpeechStarted) else "speech_stopped"
        self._emit(kind, edge.at_s, probability=edge.probability, detected_t=edge.detected_s)

    def partial(self, turn: int, text: str, stable: str) -> None:
        """What the user has said so far."""
        self._emit("partial", self._now_s(), turn=turn, text=text, stable=stable)

    def turn_ended(self, ended: TurnEnded) -> None:
        """The user has finished."""
        self._emit(
            "turn_ended",
            ended.at_s,
            turn=ended.turn,
            silence_ms=ended.silence_ms,
            reason=ended.reason,
            probability=ended.probability,
        )

    def transcript(self, turn: Turn, transcript: Transcript, audio_s: float) -> None:
        """What the user said."""
        self._emit(
            "transcript",
            self._now_s(),
            turn=turn.id,
            text=transcript.text,
            language=transcript.language,
            engine=transcript.engine,
            audio_s=audio_s,
            rejected=transcript.rejected,
        )

    def turn_resumed(self, turn: int, at_s: float) -> None:
        """The user went on."""
        self._emit("turn_resumed", at_s, turn=turn)

    def turn_dropped(self, turn: int, at_s: float, reason: str) -> None:
        """Nothing to answer."""
        self._emit("turn_dropped", at_s, turn=turn, reason=reason)

    def reply_started(self, turn: Turn, engine: str) -> None:
        """The first sample is handed over."""
        at_s = turn.times[Stage.REPLY_STARTED]
        self._emit("reply_started", at_s, turn=turn.id, engine=engine, speculative=turn.speculative, origin=turn.origin)

    def tool(self, turn: Turn, call: ToolCall, result: str) -> None:
        """A skill was run."""
        self._emit("tool", self._now_s(), turn=turn.id, name=call.name, arguments=dict(call.arguments), result=result)

    def sentence(self, turn: Turn, text: str, at_s: float) -> None:
        """A stretch of the reply was handed over."""
        self._emit("sentence", at_s, turn=turn.id, text=text)

    def first_audio(self, turn: Turn) -> None:
        """The reply sounds."""
        at_s = turn.times[Stage.FIRST_AUDIO]
        since_s = turn.times.get(Stage.SPEECH_STOPPED)
        latency_ms = None if since_s is None else round((at_s - since_s) * 1000, 1)
        self.tape.keep(ReplySounds(at_s, turn.id))
        self._emit("first_audio", at_s, turn=turn.id, latency_ms=latency_ms)

    def overlap_started(self, overlap: OverlapStarted, action: str) -> None:
        """A sound over the reply, at the onset that `speech_started` told."""
        self._emit("overlap_started", overlap.onset_s, turn=overlap.turn, action=action)

    def false_alarm(self, dismissed: OverlapDismissed, full_at_s: float) -> None:
        """It was none of the user's words."""
        resumed_ms = (full_at_s - dismissed.onset_s) * 1000
        self.tape.keep(FullLevel(full_at_s))
        self._emit("false_alarm", full_at_s, turn=dismissed.turn, reason=dismissed.reason, resumed_ms=resumed_ms)

    def barge_in(self, barge_in: BargeIn, cut: Cut) -> None:
        """The user takes the turn."""
        silent_at_s = barge_in.onset_s if cut.silent_at_s is None else cut.silent_at_s
        self.tape.keep(ReplyCut(cut.heard, cut.unsaid, cut.silent_at_s))
        self._emit(
            "barge_in",
            barge_in.at_s,
            turn=barge_in.turn,
            heard=cut.heard,
            unsaid=cut.unsaid,
            detect_ms=(barge_in.at_s - barge_in.onset_s) * 1000,
            cut_ms=max(0.0, (silent_at_s - barge_in.at_s) * 1000),
            stop_ms=max(0.0, (silent_at_s - barge_in.onset_s) * 1000),
        )

    def reply_finished(self, turn: Turn) -> None:
        """The reply is over, one way or the other; its metrics follow."""
        at_s = self._now_s()
        self.tape.keep(_record(turn, at_s))
        self._emit(
            "reply_finished", at_s, turn=turn.id, text=turn.reply_text, heard=turn.heard, interrupted=turn.interrupted
        )
        shares = stage_shares(turn)
        self._emit(
            "turn_metrics",
            at_s,
            turn=turn.id,
            stages=shares,
            tokens=_tokens(turn),
            characters=turn.characters,
            cost_usd=round(turn.cost_usd, 6),
            saved_ms=saved_ms(turn),
        )
        if Stage.PREPARED in turn.times:
            self.prepared.use(turn)
        if turn.origin is Origin.USER:
            self._turns += 1
            if Stage.FIRST_AUDIO in turn.times:
                self._latencies.add(shares)

    def prepared_dropped(self, characters: int) -> None:
        """What was prepared is not wanted; told at the end."""
        self.tape.keep(PreparedDropped(characters))
        self.prepared.drop(characters)

    def device_changed(self, change: DeviceChanged) -> None:
        """Another device stands at one end, or the same one again."""
        fields = {"which": change.which, "from": change.before, "to": change.after, "reason": change.reason}
        self._emit("device_changed", self._now_s(), **fields)

    def trouble(self, kind: str, code: str, message: str, **fields: Any) -> None:
        """A `warning` or an `error`."""
        self._emit(kind, self._now_s(), code=code, message=message, **fields)


def _tokens(turn: Turn) -> dict[str, int]:
    usage = asdict(turn.usage)
    return {name: usage[f"{name}_tokens"] for name in ("prompt", "completion", "cached")}


def _record(turn: Turn, at_s: float) -> ReplyOver:
    return ReplyOver(
        at_s,
        turn.id,
        turn.origin,
        turn.reply_text,
        turn.heard,
        turn.interrupted,
        {stage.value: stage_s for stage, stage_s in turn.times.items()},
        _tokens(turn),
        turn.characters,
        turn.cost_usd,
    )
