"""A recorded session as one page: no network, no other file, light or dark as the reader has it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from importlib.resources import files
from pathlib import Path

from localvoice.errors import FileError, unwritable
from localvoice.metrics import STAGES
from localvoice.recording import OWN_FILES
from localvoice.replay.folder import Recorded
from localvoice.replay.sounds import Sides, read_sides
from localvoice.replay.timeline import Timeline
from localvoice.replay.turns import TurnStory, turns_of

_BAR_PIXELS = 320
_BAR_MS_LEAST = 1000.0

_NAMES: Mapping[str, str] = {
    "endpoint_ms": "end of turn",
    "stt_ms": "recogniser",
    "llm_first_token_ms": "first token",
    "llm_first_sentence_ms": "first clause",
    "tts_first_audio_ms": "first speech",
    "playback_ms": "playback",
}


def write_page(recorded: Recorded, path: Path) -> None:
    """Raises `FileError` where the sound is damaged or `path` cannot be written; nothing half-written stays.

    What is no file (a device, a pipe) is written to directly.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder: name a file in it")
    if os.path.realpath(path) in {os.path.realpath(recorded.folder / name) for name in OWN_FILES}:
        raise FileError(f"{path} is a part of the recording itself: name another file")
    text = page(recorded, read_sides(recorded.folder))
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        raise unwritable(path, error) from error


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def page(recorded: Recorded, sides: Sides) -> str:
    """The page."""
    stories = turns_of(recorded.events)
    timeline = Timeline(recorded.events, stories, sides)
    text = (files("localvoice.replay") / "page.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(f"Conversation of {recorded.meta.get('recorded', '')[:16].replace('T', ' ')}"),
        "about": escape(_about(recorded, timeline.seconds)),
        "player": _player(sides, timeline.seconds),
        "timeline": timeline.svg(),
        "legend": "".join(f'<span><i class="{name}"></i>{told}</span>' for name, told in _NAMES.items()),
        "turns": "\n".join(_rows(stories)),
        "seconds": f"{timeline.seconds:.3f}",
    }
    for name, part in parts.items():
        text = text.replace(f"<!--{name}-->", part)
    return text


def _about(recorded: Recorded, seconds: float) -> str:
    meta = recorded.meta
    engines = " + ".join(meta.get("engines", {}).values())
    machine = meta.get("machine", {})
    ends = f"{meta.get('input')} to {meta.get('output')}"
    where = f"{machine.get('processor', '?')}, {machine.get('cores', '?')} cores"
    return f"{seconds:.0f} s, localvoice {meta['version']}, {engines}; {ends}; {where}"


def _player(sides: Sides, seconds: float) -> str:
    if not sides.audio:
        return '<p class="dim">No sound was recorded.</p>'
    short = "" if sides.audio_s >= seconds - 1 else f" The page holds the first {sides.audio_s / 60:.0f} minutes."
    return (
        f'<audio id="sound" controls preload="auto" src="{sides.audio}"></audio>'
        f'<p class="dim">Left: you, right: the assistant. A click on the picture plays from there.{short}</p>'
    )


def _rows(stories: Sequence[TurnStory]) -> Iterator[str]:
    longest = max([_BAR_MS_LEAST, *(sum(_shares(story).values()) for story in stories)])
    for story in stories:
        said = escape(story.user) or f'<span class="dim">{escape(story.dropped or story.origin or "nothing")}</span>'
        unsaid = f'<span class="unsaid">{escape(story.unsaid)}</span>' if story.unsaid else ""
        latency = "" if story.latency_ms is None else f"{story.latency_ms:.0f} ms"
        yield (
            f'<tr><td><button data-at="{max(0.0, story.at_s - 0.2):.2f}">{story.at_s:.1f} s</button></td>'
            f"<td>{said}</td><td>{escape(story.heard)}{unsaid}{_tools(story)}</td>"
            f'<td>{"<br>".join(_overlap_lines(story))}</td><td class="number">{latency}</td>'
            f"<td>{_bar(_shares(story), longest)}</td></tr>"
        )


def _tools(story: TurnStory) -> str:
    return f' <span class="dim">({escape(", ".join(story.tools))})</span>' if story.tools else ""


def _overlap_lines(story: TurnStory) -> Iterator[str]:
    for overlap in story.overlaps:
        silent = "" if overlap.stop_ms is None else f", silent after {overlap.stop_ms:.0f} ms"
        yield escape(f"{overlap.onset_s:.1f} s: {overlap.outcome.replace('_', '-')}{silent}")


def _shares(story: TurnStory) -> dict[str, float]:
    return {name: story.stages.get(name, 0.0) for name, _ in STAGES}


def _bar(shares: Mapping[str, float], longest: float) -> str:
    scale = _BAR_PIXELS / longest
    parts = [_part(name, share, share * scale) for name, share in shares.items() if share > 0]
    return f'<div class="bar">{"".join(parts)}</div>'


def _part(name: str, share: float, width: float) -> str:
    return f'<i class="{name}" style="width:{width:.1f}px" title="{_NAMES[name]}: {share:.0f} ms"></i>'
