"""A reply begun by one model and finished by another: one text, nothing twice, no half word at the seam."""

from __future__ import annotations

import re

_UNDECIDED_CHARS = 60
"""Of a continuation, waited for before it is decided how much of it repeats what was said."""
_REPEATED_CHARS = 3
"""A shorter agreement may be meant, as in "what it is is"; hardly any longer word is said twice on purpose."""
_CLOSERS = ",.;:!?)…'\u2019"
"""No space stands before these."""


class WholeWords:
    """Holds back the word that is being written: what has been handed out ends between two words."""

    def __init__(self) -> None:
        self._word = ""

    def feed(self, text: str) -> str:
        """What ends with a space, the rest is held."""
        text = self._word + text
        end = max((match.end() for match in re.finditer(r"\s", text)), default=0)
        self._word = text[end:]
        return text[:end]

    def finish(self) -> str:
        """The last word."""
        word, self._word = self._word, ""
        return word


class Continuation:
    """The text of the model that goes on, less what it repeats of `said`."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._held = ""
        self._is_decided = not said

    def feed(self, text: str) -> str:
        """What has become certain."""
        if self._is_decided:
            return text
        self._held += text
        repeats_from_start = _plain(self._said).startswith(_plain(self._held))
        if len(self._held.lstrip()) < _UNDECIDED_CHARS or repeats_from_start:
            return ""
        return self.finish()

    def finish(self) -> str:
        """What was waited for."""
        if self._is_decided:
            return ""
        self._is_decided = True
        new = self._held.lstrip()
        new = new[self._repeated(new) :].lstrip()
        glue = "" if not self._said or self._said[-1].isspace() or not new or new[0] in _CLOSERS else " "
        return glue + new

    def _repeated(self, new: str) -> int:
        """Length of the beginning of `new` that the user has heard: all that was said, or its end."""
        said, words = _plain(self._said), [match.end() for match in re.finditer(r"\S+", new)]
        for end in reversed(words):
            repeated = _plain(new[:end])
            if repeated == said or (len(repeated) >= _REPEATED_CHARS and said.endswith(f" {repeated}")):
                return end
        return 0


def _plain(text: str) -> str:
    """Letters and digits of the words, for comparing."""
    return " ".join(re.findall(r"\w+", text.casefold()))
