"""The view as lines for a width and a height. Rule of this file: pure; the same view gives the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localvoice.ui.live.spans import Line, clipped, spread, width_of, wrapped
from localvoice.ui.live.view import Sound, View
from localvoice.ui.live.waterfall import waterfall

METER_CELLS = 8
"""Of one level meter: 80 columns hold two of them beside the state and a remark."""

_STATES = {
    "idle": ("○", "listening", "good"),
    "user_speaking": ("●", "you speak", "user"),
    "thinking": ("◌", "thinking", "warn"),
    "speaking": ("▶", "speaking", "name"),
    "overlap": ("◐", "both speak", "accent"),
    "closed": ("■", "over", "dim"),
}
_HOLDS = {"pause": "‖ paused, is it you?", "duck": "▼ lowered, is it you?", "none": "is it you?"}
_ASCII = str.maketrans("○●◌▶◐■‖▼█▓▒░▞▪·─⛨°—…", "o@.>%#|v#=+-x*,-S*-.")

HELP = (
    ("type", "a question, or /command; Enter sends it"),
    ("Esc, Enter", "interrupt the reply or call off the answer; Esc clears a line"),
    ("Tab", "mute or open the microphone; behind / it completes"),
    ("Space", "while muted: hold to talk, or tap to open and tap to close"),
    ("/voice NAME", "another voice     /engine STAGE NAME  another engine"),
    ("/patience NAME", "fast, normal or patient: how long you may pause"),
    ("Up, Down", "what was typed before     Ctrl-L  draw anew"),
    ("Ctrl-C", "end     Ctrl-Z  to the shell, fg comes back"),
)


@dataclass(frozen=True, slots=True)
class Typing:
    """The line being typed, as far as it is shown."""

    text: str = ""
    at: int = 0
    offers: Sequence[str] = ()
    """What it may become."""
    has_help: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The lower part of the screen, which is drawn again and again."""

    lines: list[Line]
    cursor: tuple[int, int]
    """Line and cell."""


def frame(view: View, typing: Typing, width: int, height: int) -> Frame:
    """At most `height` lines of at most `width` cells: what is being said, then the panel."""
    above = [_rule(view, width), _status(view, width)]
    below = _below(view, typing, width)
    if height < len(above) + len(below) + 3:  # a tiny window: state and typing are what counts
        above, below = [above[-1]][: height - 1], []
    line, cursor = _input(typing, width)
    panel = [*above, *below[:2], line, *below[2:]][:height]
    room = height - len(panel)
    open_ = _help(width) if typing.has_help else _open(view, width)
    said = open_[-room:] if room > 0 else []
    return Frame([*said, *panel], (len(said) + panel.index(line), cursor))


def paragraph(line: Line, width: int) -> list[Line]:
    """Something that was said, for the part of the screen that scrolls."""
    return wrapped(line, width)


def ascii_only(line: Line) -> Line:
    """The same for a terminal without Unicode."""
    plain = ((text.translate(_ASCII), style) for text, style in line)
    return [(text.encode("ascii", "replace").decode(), style) for text, style in plain]


def _open(view: View, width: int) -> list[Line]:
    """What is being said: words that are certain, and those that may change; heard, and still to come."""
    user, reply = view.user, view.reply
    lines: list[Line] = []
    if user.text:
        lines += wrapped([("you: ", "user"), (user.text[: user.stable], ""), (user.text[user.stable :], "dim")], width)
    if reply.text.strip():
        heard, unsaid = reply.text[: reply.heard].lstrip(), reply.text[reply.heard :]
        unsaid = unsaid if heard else unsaid.lstrip()
        lines += wrapped([("localvoice: ", "name"), (heard, "heard"), (unsaid, "unsaid")], width)
    return lines


def _rule(view: View, width: int) -> Line:
    """Above the panel, with what holds for all of the session."""
    label = _shield(view)
    return clipped([("─" * max(0, width - width_of(label) - 2), "dim"), *label, ("──", "dim")], width)


def _status(view: View, width: int) -> Line:
    sign, name, style = _STATES.get(view.state, ("?", view.state, ""))
    left: Line = [(f"{sign} {name}", style)]
    if view.sound.is_muted and view.state == "idle":
        left = [("○ microphone muted", "bad")]
    if view.hold:
        left += [("  ", ""), (_HOLDS.get(view.hold, view.hold), "accent")]
    elif view.flash[0]:
        left += [("  ", ""), view.flash]
    return spread(left, _meters(view.sound, is_typed=view.session.get("input") == "typed"), width)


def _meters(sound: Sound, *, is_typed: bool) -> Line:
    voice: Line = [("voice ", "dim"), *_meter(sound.far, "voice")]
    if is_typed:
        return voice
    if sound.is_talk_key:
        name: Line = [("TALK ", "accent")]
    else:
        name = [("MUTED ", "bad")] if sound.is_muted else [("mic ", "dim")]
    return [*name, *_meter(sound.near, "hear"), ("  ", ""), *voice]


def _meter(cells: int, style: str) -> Line:
    full = min(max(cells, 0), METER_CELLS)
    return [("█" * full, style), ("░" * (METER_CELLS - full), "dim")]


def _below(view: View, typing: Typing, width: int) -> list[Line]:
    return [
        clipped(waterfall(view.metrics, width), width),
        _engines(view, width),
        clipped(_hint(typing), width),
    ]


def _engines(view: View, width: int) -> Line:
    engines, marks = view.session.get("engines", {}), []
    left: Line = []
    for stage, verb in (("stt", "hears"), ("llm", "thinks"), ("tts", "speaks")):
        name = engines.get(stage, "")
        if name in {"", "typed", "none"}:
            continue
        mark = "°" if name in view.session.get("starters", ()) else ""
        mark += "*" if name in view.session.get("cloud", ()) else ""
        marks.append(mark)
        left += [(f"{verb} ", "dim"), (f"{name}{mark}  ", "")]
    together = "".join(marks)
    left += [("° starter  ", "warn")] if "°" in together else []
    left += [("* cloud  ", "warn")] if "*" in together else []
    return spread(left, [(f"${view.cost_usd:.4f}", "dim")], width)


def _shield(view: View) -> Line:
    offline, duplex = view.session.get("offline", "no"), view.session.get("duplex", "")
    right: Line = []
    if duplex in {"guarded", "half"} and view.session.get("input") != "typed":
        right.append((f" {duplex} duplex ", "warn"))
    if offline != "no":
        right.append((f" ⛨ {offline} ", "good" if offline == "sealed" else "warn"))
    return right


def _input(typing: Typing, width: int) -> tuple[Line, int]:
    """The typed line around its cursor, and the cell of that."""
    room = width - 3
    near = 2 * width  # of a long paste no more is looked at: letters may take no cell, but hardly half of them
    before, behind = typing.text[max(0, typing.at - near) : typing.at], typing.text[typing.at : typing.at + near]
    while before and width_of([(before, "")]) > room:
        before = before[1:]
    return clipped([("> ", "accent"), (before + behind, "")], width), 2 + width_of([(before, "")])


def _hint(typing: Typing) -> Line:
    if typing.offers:
        return [(word, "accent" if not at else "dim") for at, word in enumerate(_spaced(typing.offers))]
    if typing.text.startswith("/"):
        return [("/voice  /engine  /patience  /mute  /help  /quit", "dim")]
    if typing.text:
        return [("Enter sends, over a reply it interrupts; Esc clears", "dim")]
    return [("? help · Tab mute · Space talk · Esc interrupt · Ctrl-C end · or type", "dim")]


def _spaced(offers: Sequence[str]) -> list[str]:
    return [offers[0], *(f"  {offer.rsplit(' ', 1)[-1]}" for offer in offers[1:])]


def _help(width: int) -> list[Line]:
    keys = max(len(key) for key, _ in HELP) + 2
    return [clipped([(key.ljust(keys), "bold"), (text, "")], width) for key, text in HELP]
