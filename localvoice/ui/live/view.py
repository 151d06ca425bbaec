"""What the screen knows of the conversation: events go in, and nothing else changes it but levels and time.

Rule of this file: no terminal, clock or loop; times are what the caller says, in seconds of any clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localvoice.cloud_choice import is_cloud_name
from localvoice.engine_names import STARTERS
from localvoice.event_log import Event
from localvoice.ui.console import in_words
from localvoice.ui.live.spans import Line

FLASH_S = 4.0
"""How long a passing remark stands: long enough to be read while one speaks."""


@dataclass(slots=True)
class Reply:
    """What is being said, or was."""

    text: str = ""
    """As far as it is written."""
    heard: int = 0
    """Characters of it that have sounded."""
    turn: int = 0


@dataclass(slots=True)
class Sound:
    """Both ends at a glance: cells of their meters, and what the microphone may hear."""

    near: int = 0
    far: int = 0
    is_muted: bool = False
    is_talk_key: bool = False
    """The microphone is open because of push-to-talk."""


@dataclass(slots=True)
class Said:
    """The user's words as they are understood."""

    text: str = ""
    stable: int = 0
    """Characters of the beginning that will not change."""
    turn: int = 0
    is_transcript: bool = False
    """All of the turn, as it is answered."""


@dataclass(slots=True)
class View:
    """The conversation as it is shown."""

    state: str = "idle"
    hold: str = ""
    """`pause` or `duck` while a sound over the reply is undecided."""
    session: Mapping[str, Any] = field(default_factory=dict)
    """Of `session_started`, its engines kept up to date."""
    user: Said = field(default_factory=Said)
    reply: Reply = field(default_factory=Reply)
    sound: Sound = field(default_factory=Sound)
    is_asked: bool = False
    """The last reply is an answer: a greeting or a timer has no latency."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Stages of the last answer."""
    cost_usd: float = 0.0
    flash: tuple[str, str] = ("", "")
    """A passing remark and its style."""
    flash_until_s: float = 0.0
    finished: list[Line] = field(default_factory=list)
    """Paragraphs that will not change any more, to be taken by who prints them."""

    @property
    def is_answering(self) -> bool:
        """Whether an answer is being made or said."""
        return self.state in {"thinking", "speaking", "overlap"}

    @property
    def is_speaking(self) -> bool:
        """Whether a reply sounds, or is held."""
        return self.state in {"speaking", "overlap"}

    @property
    def lets_wait(self) -> bool:
        """Whether a line typed now waits: for what is being said, or without a microphone for the answer."""
        return self.state == "user_speaking" or (self.state == "thinking" and not self.has_microphone)

    @property
    def has_microphone(self) -> bool:
        """Whether anybody listens."""
        return bool(self.session.get("input", "typed") != "typed")

    def take(self, event: Event, now_s: float) -> None:
        """An event has happened; `now_s` counts for remarks that pass."""
        act = _ACTS.get(event["type"])
        if act is not None:
            act(self, event)
        if remark := _remark(event):
            self.say(*remark, now_s)

    def say(self, text: str, style: str, now_s: float, for_s: float = FLASH_S) -> None:
        """A passing remark."""
        self.flash, self.flash_until_s = (text, style), now_s + for_s

    def pass_time(self, now_s: float) -> None:
        """Remarks go."""
        if self.flash[0] and now_s >= self.flash_until_s:
            self.flash = ("", "")

    def note(self, text: str, style: str = "dim") -> None:
        """Lines about the session, which stay."""
        self.finished += [[(line, style)] for line in text.splitlines()]

    def follow(self, turn: int, text: str, heard: int) -> None:
        """How far the reply in hand is written and heard."""
        self.reply = Reply(text, heard, turn)


def _started(view: View, event: Event) -> None:
    view.session = dict(event)


def _state(view: View, event: Event) -> None:
    view.state = event["to"]
    view.hold = view.hold if view.state == "overlap" else ""


def _partial(view: View, event: Event) -> None:
    _keep_another(view, event["turn"])
    view.user = Said(event["text"], len(event.get("stable", "")), event["turn"])


def _transcript(view: View, event: Event) -> None:
    _keep_another(view, event["turn"])
    is_understood = event["text"] and not event.get("rejected")
    text = event["text"] if is_understood else f"{event['text']} (not understood)".strip()
    view.user = Said(text, len(text), event["turn"], is_transcript=True)


def _keep_another(view: View, turn: int) -> None:
    """The words of a turn before that has got no answer."""
    if view.user.is_transcript and view.user.turn != turn:
        _keep_user(view)


def _keep_user(view: View) -> None:
    if view.user.text:
        view.finished.append([("you: ", "user"), (view.user.text, "")])
    view.user = Said()


def _dropped(view: View, _: Event) -> None:
    view.user = Said()


def _reply_started(view: View, event: Event) -> None:
    _keep_user(view)
    view.reply = Reply(turn=event["turn"])
    view.is_asked = event.get("origin", "user") in {"user", "fallback"}


def _sentence(view: View, event: Event) -> None:
    """Where nobody says how far it is written and heard, what was handed over counts as both."""
    reply = view.reply
    if reply.heard == len(reply.text) and not reply.text.rstrip().endswith(event["text"]):
        reply.text = f"{reply.text} {event['text']}".strip()
        reply.heard = len(reply.text)


def _overlap(view: View, event: Event) -> None:
    view.hold = event["action"]


def _dismissed(view: View, _: Event) -> None:
    view.hold = ""


def _reply_finished(view: View, event: Event) -> None:
    _keep_user(view)
    heard, unsaid = event["heard"], event["text"][len(event["heard"]) :]
    if event["text"].strip():
        cut = [(unsaid, "unsaid"), (" —", "dim")] if unsaid.strip() else []
        view.finished.append([("localvoice: ", "name"), (heard.lstrip(), ""), *cut])
    view.reply, view.hold = Reply(), ""


def _metrics(view: View, event: Event) -> None:
    if view.is_asked and event["stages"].get("total_ms") is not None:
        view.metrics = event["stages"]
    view.cost_usd += event.get("cost_usd", 0.0)


def _provider(view: View, event: Event) -> None:
    stage, name = event["stage"], event["to"]
    engines = dict(view.session.get("engines", {})) | {stage: name}
    starters = [*view.session.get("starters", ()), *([name] if STARTERS.get(stage) == name else [])]
    cloud = [*view.session.get("cloud", ()), *([name] if is_cloud_name(name) else [])]
    view.session = dict(view.session) | {"engines": engines, "starters": starters, "cloud": cloud}
    view.note(in_words(event), "warn")


def _device(view: View, event: Event) -> None:
    view.session = dict(view.session) | {event["which"]: event["to"]}
    view.note(in_words(event), "warn")


def _warning(view: View, event: Event) -> None:
    if "duplex" in event:
        view.session = dict(view.session) | {"duplex": event["duplex"]}
    view.note(f"{event['type']}: {event['message']}", "bad" if event["type"] == "error" else "warn")


def _microphone(view: View, event: Event) -> None:
    """What was said about the microphone before is over."""
    view.sound.is_muted = event["muted"]
    view.flash = ("", "")


_ACTS = {
    "session_started": _started,
    "state": _state,
    "partial": _partial,
    "transcript": _transcript,
    "turn_dropped": _dropped,
    "reply_started": _reply_started,
    "sentence": _sentence,
    "overlap_started": _overlap,
    "false_alarm": _dismissed,
    "barge_in": _dismissed,
    "reply_finished": _reply_finished,
    "turn_metrics": _metrics,
    "provider_changed": _provider,
    "device_changed": _device,
    "warning": _warning,
    "error": _warning,
    "microphone": _microphone,
}

_REMARKS = {
    "false_alarm": ("false alarm: {reason}, went on after {resumed_ms:.0f} ms", "warn"),
    "barge_in": ("you took the turn: silent after {stop_ms:.0f} ms", "accent"),
    "tool": ("used {name}", "dim"),
    "turn_resumed": ("you went on", "dim"),
    "turn_dropped": ("heard, but no words: {reason}", "dim"),
}


def _remark(event: Event) -> tuple[str, str] | None:
    told = _REMARKS.get(event["type"])
    return None if told is None else (told[0].format_map(event).replace("_", " "), told[1])
