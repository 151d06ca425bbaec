"""A model's raw text to what is said and what is to be done: thinking left out, tool calls taken out.

Rule of this file: no character is given out before it is certain that it is not the beginning of a marker.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from localvoice.llm.tool_calls import tool_call_from_json
from localvoice.messages import ToolCall


class _Inside(Enum):
    TEXT = auto()
    THINKING = auto()
    TOOL_CALL = auto()


_MARKERS: Mapping[_Inside, Mapping[str, _Inside]] = {
    _Inside.TEXT: {"<think>": _Inside.THINKING, "<tool_call>": _Inside.TOOL_CALL},
    _Inside.THINKING: {"</think>": _Inside.TEXT},
    _Inside.TOOL_CALL: {"</tool_call>": _Inside.TEXT},
}

_OPENS = "<"
"""Every marker begins with it."""


class ReplyParser:
    """Takes a reply's text in pieces of any size, gives out speakable text and tool calls in order.

    After a tool call only further calls count: what a model says behind one, it says without knowing the result.
    """

    def __init__(self, provider: str, *, is_thinking: bool = False) -> None:
        """Start a reply; `is_thinking` where the prompt already opened the model's thoughts."""
        self._provider = provider
        self._inside = _Inside.THINKING if is_thinking else _Inside.TEXT
        self._held = ""
        self._call = ""
        self._calls = 0
        self._has_spoken = False

    def feed(self, text: str) -> list[str | ToolCall]:
        """What has become certain by `text`.

        Raises:
            ProviderBroken: A tool call cannot be read.
        """
        self._held += text
        if _OPENS not in self._held:  # nearly every token: the search below takes longer than all else that is done
            certain, self._held = self._held, ""
            return self._take(certain)
        parts: list[str | ToolCall] = []
        while (marker := self._next_marker()) is not None:
            before, _, self._held = self._held.partition(marker)
            parts += self._take(before)
            parts += self._enter(_MARKERS[self._inside][marker])
        length = len(self._held) - _possible_marker(self._held, tuple(_MARKERS[self._inside]))
        parts += self._take(self._held[:length])
        self._held = self._held[length:]
        return parts

    def finish(self) -> list[str | ToolCall]:
        """The rest, at the end of the reply. Unfinished thinking is dropped.

        Raises:
            ProviderBroken: A tool call was cut off.
        """
        parts = self._take(self._held)
        self._held = ""
        if self._inside is _Inside.TOOL_CALL:  # models that end right after the JSON leave the closing marker out
            parts += self._enter(_Inside.TEXT)
        return parts

    def _next_marker(self) -> str | None:
        found = [marker for marker in _MARKERS[self._inside] if marker in self._held]
        return min(found, key=self._held.index, default=None)

    def _take(self, piece: str) -> list[str | ToolCall]:
        if self._inside is _Inside.TOOL_CALL:
            self._call += piece
        if self._inside is not _Inside.TEXT or self._calls:
            return []
        said = piece if self._has_spoken else piece.lstrip()
        self._has_spoken = self._has_spoken or bool(said)
        return [said] if said else []

    def _enter(self, inside: _Inside) -> list[str | ToolCall]:
        left, self._inside = self._inside, inside
        if left is not _Inside.TOOL_CALL:
            return []
        self._calls += 1
        # Nine characters, because the templates of Mistral's models accept no other length.
        call = tool_call_from_json(self._call, provider=self._provider, call_id=f"call{self._calls:05d}")
        self._call = ""
        return [call]


def _possible_marker(text: str, markers: tuple[str, ...]) -> int:
    """Length of the longest end of `text` with which a marker begins."""
    longest = min(len(text), max(map(len, markers)) - 1)
    return next((n for n in range(longest, 0, -1) if any(m.startswith(text[-n:]) for m in markers)), 0)
