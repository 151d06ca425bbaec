"""The time axis of the page as SVG: both waveforms, what was said, states, and what became of each overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from localvoice.event_log import Event
from localvoice.replay.sounds import Sides
from localvoice.replay.turns import TurnStory

_PIXELS_PER_S = 60
_WIDTH_LEAST, _WIDTH_MOST = 900, 24_000
"""Wider pictures are drawn slowly by browsers; a longer session is drawn closer together."""

_USER, _OURS, _STATES, _AXIS, HEIGHT = 70, 210, 296, 330, 356
"""Where the middle of either waveform, the band of states and the seconds lie."""
_HALF = 42
"""Height of a waveform above and below its middle."""
_STEPS_S = (1, 2, 5, 10, 30, 60, 300, 600, 3600)
_LETTER = 6.4
"""Pixels of a letter, about: a text is cut where the next one begins."""


class Timeline:
    """The drawing of one session."""

    def __init__(self, events: Sequence[Event], stories: Sequence[TurnStory], sides: Sides) -> None:
        self._events = events
        self._stories = stories
        self._sides = sides
        self.seconds = float(max(sides.seconds, events[-1]["t"], 0.1))
        self.width = min(_WIDTH_MOST, max(_WIDTH_LEAST, round(self.seconds * _PIXELS_PER_S)))

    def svg(self) -> str:
        """As an element for a page that styles its classes."""
        head = f'<svg id="time" width="{self.width}" height="{HEIGHT}" viewBox="0 0 {self.width} {HEIGHT}">'
        parts = [*self._seconds(), *self._states(), *self._overlaps(), *self._waves(), *self._words(), *self._marks()]
        cursor = f'<line id="now" class="now" x1="0" x2="0" y1="0" y2="{_AXIS}"/>'
        return "\n".join([head, *parts, cursor, "</svg>"])

    def _x(self, at_s: float) -> float:
        return round(float(max(0.0, at_s) / self.seconds * self.width), 1)

    def _seconds(self) -> Iterator[str]:
        step = next((step for step in _STEPS_S if self._x(step) >= 60), _STEPS_S[-1])
        for at_s in range(0, int(self.seconds) + 1, step):
            x = self._x(at_s)
            yield f'<line class="grid" x1="{x}" x2="{x}" y1="8" y2="{_AXIS}"/>'
            yield f'<text class="dim" x="{x + 3}" y="{_AXIS + 16}">{at_s // 60}:{at_s % 60:02d}</text>'

    def _waves(self) -> Iterator[str]:
        for track, middle, name in (("mic", _USER, "user"), ("output", _OURS, "ours")):
            yield f'<line class="{name} zero" x1="0" x2="{self.width}" y1="{middle}" y2="{middle}"/>'
            outline = self._sides.outlines.get(track)
            if outline:
                yield f'<path class="{name}" d="{self._path(outline, middle)}"/>'

    def _path(self, outline: Sequence[float], middle: int) -> str:
        """A closed line around the sound, the loudest column as high as there is room."""
        scale = _HALF / max(0.05, *outline)
        tops = [(self._x(at * self._sides.columns_s), value * scale) for at, value in enumerate(outline)]
        over = " ".join(f"{x},{middle - height:.1f}" for x, height in tops)
        under = " ".join(f"{x},{middle + height:.1f}" for x, height in reversed(tops))
        return f"M{over} L{under}Z"

    def _states(self) -> Iterator[str]:
        changes = [event for event in self._events if event["type"] == "state"]
        ends = [event["t"] for event in changes[1:]] + [self.seconds]
        for event, end_s in zip(changes, ends, strict=False):
            x, width = self._x(event["t"]), self._x(end_s) - self._x(event["t"])
            if width > 0 and event["to"] not in {"idle", "closed"}:
                name = event["to"].replace("_", " ")
                label = (
                    f'<text class="on" x="{x + 3}" y="{_STATES + 13}">{name}</text>' if width > 6.2 * len(name) else ""
                )
                yield (
                    f'<rect class="state {event["to"]}" x="{x}" y="{_STATES}" width="{width:.1f}" height="18">'
                    f"<title>{name}, {event['t']:.2f} s</title></rect>{label}"
                )

    def _overlaps(self) -> Iterator[str]:
        for story in self._stories:
            for overlap in story.overlaps:
                end_s = overlap.decided_s if overlap.decided_s is not None else overlap.onset_s
                x, width = self._x(overlap.onset_s), max(2.0, self._x(end_s) - self._x(overlap.onset_s))
                kind = "cut" if overlap.outcome == "barge_in" else "alarm"
                told = overlap.outcome.replace("_", "-")
                yield f'<rect class="{kind}" x="{x}" y="8" width="{width:.1f}" height="{_STATES - 12}"/>'
                yield f'<text class="{kind}" x="{x + 3}" y="{_STATES - 8}">{told}</text>'

    def _words(self) -> Iterator[str]:
        users = [(one.spoke_s, one.user, "") for one in self._stories if one.spoke_s is not None and one.user]
        ours = [(one.started_s, one.heard, one.unsaid) for one in self._stories if one.started_s is not None]
        for texts, y in ((users, 22), (ours, 162)):
            starts = [at_s for at_s, _, _ in texts[1:]] + [self.seconds]
            for (at_s, heard, unsaid), next_s in zip(texts, starts, strict=False):
                room = int((self._x(next_s) - self._x(at_s)) / _LETTER)
                shown, rest = heard.strip()[: max(4, room)], unsaid.strip()[: max(0, room - len(heard))]
                tail = f'<tspan class="unsaid"> {escape(rest)}</tspan>' if rest else ""
                whole = escape(f"{heard.strip()} {unsaid.strip()}".strip())
                yield f'<text x="{self._x(at_s)}" y="{y}">{escape(shown)}{tail}<title>{whole}</title></text>'

    def _marks(self) -> Iterator[str]:
        """From the end of the user's words to our first sound."""
        for story in self._stories:
            if story.quiet_s is not None and story.sounded_s is not None and story.latency_ms:
                start, end = self._x(story.quiet_s), self._x(story.sounded_s)
                line = f"M{start},{_USER + 50} L{start},{_USER + 58} L{end},{_USER + 58} L{end},{_OURS - 58}"
                yield f'<path class="wait" d="{line}"/>'
                yield f'<text class="dim" x="{start + 3}" y="{_USER + 72}">{story.latency_ms:.0f} ms</text>'
