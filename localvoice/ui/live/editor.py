"""The line being typed. Rule of this file: pure; keys come from keys.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from localvoice.ui.live.keys import Key, Pressed

Completions = Callable[[str], Sequence[str]]
"""Whole lines that the beginning of a line may become."""

_REMEMBERED = 100
"""Lines that Up brings back."""


class Editor:
    """One line with a cursor, what was typed before, and completion."""

    def __init__(self, completions: Completions = lambda _: ()) -> None:
        self.text = ""
        self.at = 0
        """The cursor, in characters."""
        self._completions = completions
        self._before: list[str] = []
        self._back = 0
        """How far up in what was typed before."""
        self._edits: dict[Pressed, Callable[[], None]] = {
            Key.BACKSPACE: lambda: self._replace(self.text[: max(0, self.at - 1)], self.text[self.at :]),
            Key.DELETE: lambda: self._replace(self.text[: self.at], self.text[self.at + 1 :]),
            Key.LEFT: lambda: self._go(self.at - 1),
            Key.RIGHT: lambda: self._go(self.at + 1),
            Key.HOME: lambda: self._go(0),
            Key.END: lambda: self._go(len(self.text)),
            Key.KILL_LINE: self.clear,
            Key.KILL_END: lambda: self._replace(self.text[: self.at], ""),
            Key.KILL_WORD: self._kill_word,
            Key.UP: lambda: self._recall(self._back + 1),
            Key.DOWN: lambda: self._recall(self._back - 1),
        }

    @property
    def offers(self) -> Sequence[str]:
        """What the line may become."""
        return self._completions(self.text) if self.text else ()

    def press(self, key: Pressed) -> bool:
        """Whether `key` has changed something here; a printable text is put in at the cursor."""
        if key in self._edits:
            before = (self.text, self.at)
            self._edits[key]()
            return (self.text, self.at) != before
        if isinstance(key, Key):
            return False
        self._replace(self.text[: self.at] + key, self.text[self.at :])
        return True

    def complete(self) -> None:
        """As far as all that it may become agrees."""
        offers = self.offers
        if offers:
            common = _common(offers)
            text = f"{common} " if len(offers) == 1 and not common.endswith(" ") else common
            if len(text) > len(self.text):
                self._replace(text, "")

    def send(self) -> str:
        """The line, which is empty then."""
        text = self.text.strip()
        if text and (not self._before or self._before[-1] != text):
            self._before = [*self._before[1 - _REMEMBERED :], text]
        self.clear()
        return text

    def clear(self) -> None:
        """Nothing is typed."""
        self.text, self.at, self._back = "", 0, 0

    def _replace(self, before: str, after: str) -> None:
        self.text, self.at = before + after, len(before)

    def _go(self, at: int) -> None:
        self.at = min(max(0, at), len(self.text))

    def _kill_word(self) -> None:
        kept = self.text[: self.at].rstrip()
        self._replace(kept[: kept.rfind(" ") + 1], self.text[self.at :])

    def _recall(self, back: int) -> None:
        if 0 <= back <= len(self._before):
            self._back = back
            self._replace(self._before[-back] if back else "", "")


def _common(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return next((first[:at] for at, letter in enumerate(first) if letter != last[at : at + 1]), first)
