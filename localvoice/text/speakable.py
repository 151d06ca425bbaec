"""Text as written to text that a synthesiser reads well, with the way back.

Rule of this file: what is spoken is decided by the table `_RULES`, applied from top to bottom to one clause at a time.
Every spoken character knows which written characters it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from localvoice.messages import WordTime


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clause as it is to be said."""

    text: str
    """Empty where there is nothing to say."""
    spans: tuple[tuple[int, int], ...]
    """For every character of `text` the written characters that it stands for: start and end."""

    def written(self, start: int, end: int) -> tuple[int, int]:
        """The written span of the spoken characters from `start` to `end` (at least one)."""
        covered = self.spans[start:end]
        return min(span[0] for span in covered), max(span[1] for span in covered)

    def written_times(self, words: Sequence[WordTime]) -> tuple[WordTime, ...]:
        """Times of spoken words as times of written ones; those that share a written span become one."""
        times: list[WordTime] = []
        for word in words:
            start, end = self.written(word.start, word.end)
            start_s = word.start_s
            while times and start < times[-1].end:
                last = times.pop()
                start, end, start_s = min(start, last.start), max(end, last.end), last.start_s
            times.append(WordTime(start, end, start_s, word.end_s))
        return tuple(times)


Piece = int | str
"""Part of a replacement: the number of a group, kept with its own positions, or words standing for the whole match."""

Rule = tuple[re.Pattern[str], tuple[Piece, ...]]

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u25a0-\u25ff"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]+"
)
_ENDING = r"(?:com|org|net|edu|gov|io|ai|dev|app|info|eu|uk|de|fr|us|ca|au|in|co|me|tv|ch|at)"


def _rule(pattern: str, *pieces: Piece) -> Rule:
    return re.compile(pattern, re.MULTILINE), pieces


def _unit(written: str, one: str, many: str) -> tuple[Rule, Rule]:
    behind = rf" ?(?:{written})(?![\w/])"
    return _rule(rf"(?<=1)(?<![\d.,]1){behind}", f" {one}"), _rule(rf"(?<=\d){behind}", f" {many}")


def _currency(sign: str, one: str, many: str) -> tuple[Rule, ...]:
    return (
        _rule(rf"{sign}1(?![\d,.]*\d| \w*illion)", f"1 {one}"),
        _rule(rf"{sign}(\d[\d,]*)\.(\d\d)(?!\d| \w*illion)", 1, f" {many} ", 2),
        _rule(rf"{sign}({_NUMBER})( (?:thousand|\w*illion))?\b", 1, 2, f" {many}"),
        *_unit(sign, one, many),
    )


_MARKUP = (
    _rule(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]", " "),  # a zero would end the text for a C library
    _rule(r"^[^\S\n]*(?:```|~~~).*$"),
    _rule(r"^ {0,3}(?:[-*_] ?){3,}$"),
    _rule(r"^(\s*)(?:#{1,6}|>+|[-*+\u2022](?: \[[ xX]\])?)\s+", 1),
    _rule(r"!?\[([^\]\n]*)\]\([^)\n]*\)", 1),
    _rule(r"\[\^?\d+\]"),
    _rule(r"<(https?://[^>\s]+)>", 1),
    _rule(r"</?[a-zA-Z][^>\n]*>"),
    _rule(r"`+|~~"),
    _rule(r"(?<=\d) ?\* ?(?=\d)", " times "),
    _rule(r"\*+|(?<!\w)_+|_+(?!\w)"),
    _rule(r"\s*\|\s*", ", "),
    _rule(r"\[\[|\]\]", " "),  # Piper would read phonemes between them
)
_ADDRESSES = (
    _rule(r"\bhttps?://(?:www\.)?([\w-]+(?:\.[\w-]+)*)(?::\d+)?(?:[/?#]\S*[\w/=&#-])?(?:[/?#](?!\S))?", 1),
    _rule(r"\bwww\.([\w-]+(?:\.[\w-]+)+)(?:/\S*[\w/])?", 1),
    _rule(r"(?<=\w)@(?=\w+\.)", " at "),
    _rule(rf"(?<=[\w-])\.(?=(?:[\w-]+\.)*{_ENDING}\b)", " dot "),
)
_MONEY = (
    *_currency(r"\$", "dollar", "dollars"),
    *_currency("€", "euro", "euros"),
    *_currency("£", "pound", "pounds"),
    *_currency("₹", "rupee", "rupees"),
    *_currency("¥", "yen", "yen"),
)
_UNITS = (
    *_unit("°C", "degree Celsius", "degrees Celsius"),
    *_unit("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    *_unit("°", "degree", "degrees"),
    *_unit("%", "percent", "percent"),
    *_unit("km/h|kph", "kilometer per hour", "kilometers per hour"),
    *_unit("m/s", "meter per second", "meters per second"),
    *_unit("mph", "mile per hour", "miles per hour"),
    *_unit("km", "kilometer", "kilometers"),
    *_unit("m", "meter", "meters"),
    *_unit("cm", "centimeter", "centimeters"),
    *_unit("mm", "millimeter", "millimeters"),
    *_unit("kg", "kilogram", "kilograms"),
    *_unit("mg", "milligram", "milligrams"),
    *_unit("ml", "milliliter", "milliliters"),
    *_unit("lbs?", "pound", "pounds"),
    *_unit("oz", "ounce", "ounces"),
    *_unit("kWh", "kilowatt hour", "kilowatt hours"),
    *_unit("kHz", "kilohertz", "kilohertz"),
    *_unit("Hz", "hertz", "hertz"),
    *_unit("TB", "terabyte", "terabytes"),
    *_unit("GB", "gigabyte", "gigabytes"),
    *_unit("MB", "megabyte", "megabytes"),
    *_unit("[kK]B", "kilobyte", "kilobytes"),
    *_unit("ms", "millisecond", "milliseconds"),
)
_ABBREVIATIONS = (
    _rule(r"\be\.g\.", "for example"),
    _rule(r"\bi\.e\.", "that is"),
    _rule(r"\betc\.", "et cetera"),
    _rule(r"\bvs\.", "versus"),
    _rule(r"\bapprox\.", "approximately"),
    _rule(r"\bNo\. ?(?=\d)", "number "),
    # with its full stop Piper would take the title for a sentence of its own
    _rule(r"\bDr\.(?= [A-Z])", "Doctor"),
    _rule(r"\bMr\.(?= [A-Z])", "Mister"),
    _rule(r"\bMrs\.(?= [A-Z])", "Missus"),
    _rule(r"\bMs\.(?= [A-Z])", "Miz"),
    _rule(r"\bProf\.(?= [A-Z])", "Professor"),
)
_SYMBOLS = (
    _rule(r"\s*&\s*", " and "),
    _rule(r"(?<=\d) ?\u2013 ?(?=\d)", " to "),
    _rule(r"(?<=\w) ?= ?(?=\w)", " equals "),
    _rule(r"(?<=\d) ?\+ ?(?=\d)", " plus "),
    _rule(r"(?<=\d) ?[\u00d7·] ?(?=\d)", " times "),
    _rule(r"(?<=\d) ?÷ ?(?=\d)", " divided by "),
    _rule(r"~(?=\d)", "about "),
    _rule(r"(?<![\w.])[-\u2212](?=\d)", "minus "),
    _rule(r"(?<=[^\W\d])[/_](?=[^\W\d])", " "),
    _rule(r"[\\^{}<>~]", " "),
    _rule(_EMOJI, " "),
)
_RULES: tuple[Rule, ...] = (*_MARKUP, *_ADDRESSES, *_MONEY, *_UNITS, *_ABBREVIATIONS, *_SYMBOLS)


def speakable(text: str) -> Spoken:
    """How to say one clause: without markup and emoji, with symbols, units and addresses in words."""
    spoken = Spoken(text, tuple((at, at + 1) for at in range(len(text))))
    for pattern, pieces in _RULES:
        if pattern.search(spoken.text):
            spoken = _replaced(spoken, pattern, pieces, text)
    return spoken if any(char.isalnum() for char in spoken.text) else Spoken("", ())


def _replaced(spoken: Spoken, pattern: re.Pattern[str], pieces: tuple[Piece, ...], written: str) -> Spoken:
    chars: list[str] = []
    spans: list[tuple[int, int]] = []

    def keep(start: int, end: int) -> None:
        chars.append(spoken.text[start:end])
        spans.extend(spoken.spans[start:end])

    at = 0
    for match in pattern.finditer(spoken.text):
        keep(at, match.start())
        for piece in pieces:
            if isinstance(piece, int):
                keep(*(match.span(piece) if match.group(piece) is not None else (0, 0)))
            else:
                start, end = spoken.written(*match.span())
                span = (start, end)
                if inner := written[start:end].strip():
                    start += written[start:end].index(inner)
                    span = (start, start + len(inner))
                chars.append(piece)
                spans.extend([span] * len(piece))
        at = match.end()
    keep(at, len(spoken.text))
    return Spoken("".join(chars), tuple(spans))
