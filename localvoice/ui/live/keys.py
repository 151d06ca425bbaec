"""Bytes of a terminal as keys. Rule of this file: pure; what is incomplete is kept until more comes or `flush`."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from enum import Enum, auto

from localvoice.printable import printable

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])")
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"


class Key(Enum):
    """A key that is no text. Apart from `str`: a pasted word is never one of them."""

    ENTER = auto()
    TAB = auto()
    ESCAPE = auto()
    BACKSPACE = auto()
    DELETE = auto()
    LEFT = auto()
    RIGHT = auto()
    UP = auto()
    DOWN = auto()
    HOME = auto()
    END = auto()
    KILL_LINE = auto()
    KILL_END = auto()
    KILL_WORD = auto()
    REDRAW = auto()
    END_OF_INPUT = auto()


Pressed = Key | str
"""A key, or text: a character, or all of a paste."""

_NAMED = {
    "\r": Key.ENTER,
    "\n": Key.ENTER,
    "\t": Key.TAB,
    "\x7f": Key.BACKSPACE,
    "\x08": Key.BACKSPACE,
    "\x01": Key.HOME,
    "\x02": Key.LEFT,
    "\x04": Key.END_OF_INPUT,
    "\x05": Key.END,
    "\x06": Key.RIGHT,
    "\x0b": Key.KILL_END,
    "\x0c": Key.REDRAW,
    "\x0e": Key.DOWN,
    "\x10": Key.UP,
    "\x15": Key.KILL_LINE,
    "\x17": Key.KILL_WORD,
    "\x1b": Key.ESCAPE,
    "\x1b[A": Key.UP,
    "\x1b[B": Key.DOWN,
    "\x1b[C": Key.RIGHT,
    "\x1b[D": Key.LEFT,
    "\x1b[H": Key.HOME,
    "\x1b[F": Key.END,
    "\x1b[1~": Key.HOME,
    "\x1b[4~": Key.END,
    "\x1b[7~": Key.HOME,
    "\x1b[8~": Key.END,
    "\x1b[3~": Key.DELETE,
    "\x1bOA": Key.UP,
    "\x1bOB": Key.DOWN,
    "\x1bOC": Key.RIGHT,
    "\x1bOD": Key.LEFT,
    "\x1bOH": Key.HOME,
    "\x1bOF": Key.END,
}


class Keys:
    """Turns what is read into keys and text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def waits(self) -> bool:
        """Whether an escape sequence may be on its way: call `flush` when nothing more has come for a moment."""
        return bool(self._rest) and not self._is_pasting

    @property
    def _is_pasting(self) -> bool:
        """A paste comes as slowly as its line is, and goes on until its end: what it holds is never taken for keys."""
        return self._rest.startswith(_PASTE)

    def feed(self, data: bytes) -> Iterator[Pressed]:
        """The keys that are complete. Unknown sequences are swallowed."""
        text, self._rest = self._rest + self._decoder.decode(data), ""
        while text:
            if text.startswith(_PASTE):
                pasted, end, after = text[len(_PASTE) :].partition(_PASTED)
                if not end:
                    self._rest = text
                    return
                yield from _typed(pasted)
                text = after
            elif found := _SEQUENCE.match(text):
                yield from _key(found.group())
                text = text[found.end() :]
            elif _BEGINNING.match(text):
                self._rest = text
                return
            else:
                yield from _key(text[0])
                text = text[1:]

    def flush(self) -> Iterator[Pressed]:
        """What was kept is all there is: a lone Escape."""
        if self.waits:
            self._rest = ""
            yield Key.ESCAPE


def _key(text: str) -> Iterator[Pressed]:
    if text in _NAMED:
        yield _NAMED[text]
    elif text.isprintable():
        yield text


def _typed(pasted: str) -> Iterator[str]:
    """A paste is text whatever it holds: its line ends send nothing, its escape codes do nothing."""
    text = " ".join(printable(pasted).split())
    if text:
        yield text
