"""What a service makes of an utterance while it is spoken: text that stands, and text that may still change."""

from __future__ import annotations

import re

from localvoice.messages import Partial

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Scripts that put no space between words: Thai, Lao, kana, Han, and their punctuation."""


class Hypothesis:
    """Grows by stretches of text, of which all but the last one are settled."""

    def __init__(self) -> None:
        self._settled = ""
        self._fixed = ""
        """The beginning of the last stretch that will not change."""
        self._loose = ""
        self._end_of_turn: float | None = None

    def guess(self, loose: str, fixed: str = "") -> None:
        """The last stretch is now `fixed` and then `loose`."""
        self._fixed, self._loose = fixed, loose

    def settle(self, text: str, *, is_spaced: bool = False) -> None:
        """The last stretch is `text`, and another one begins. `is_spaced`: its spaces are as they should be."""
        self._settled = self._settled + text if is_spaced else joined(self._settled, text)
        self._fixed = self._loose = ""

    def believe(self, end_of_turn: float | None) -> None:
        """The service's own probability that the speaker has finished; None where it has none to give.

        Raises `ValueError` or `TypeError` where it is none.
        """
        self._end_of_turn = None if end_of_turn is None else min(1.0, max(0.0, float(end_of_turn)))

    @property
    def text(self) -> str:
        """All of it."""
        return joined(joined(self._settled, self._fixed), self._loose).strip()

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it may change."""
        return not (self._fixed or self._loose)

    def partial(self, settled_s: float | None) -> Partial:
        """As it is now."""
        stable = joined(self._settled, self._fixed).strip()
        return Partial(self.text, stable, settled_s=settled_s, end_of_turn=self._end_of_turn)

    def final(self, settled_s: float) -> Partial:
        """As it stays."""
        return Partial(self.text, self.text, is_final=True, settled_s=settled_s, end_of_turn=self._end_of_turn)


def joined(first: str, second: str) -> str:
    """Two stretches of a text with a space between them where one belongs."""
    if not first or not second or first[-1].isspace() or second[0].isspace():
        return first + second
    is_unspaced = _UNSPACED.match(first[-1]) and _UNSPACED.match(second[0])
    return first + second if is_unspaced else f"{first} {second}"
