"""Rules for numbers that count off: Roman numerals, and German figures with a full stop behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from localvoice.text.rewriting import Rule, rule

_ROMAN = r"(X{0,3}(?:IX|IV|V?I{0,3}))"
_VALUES = {"I": 1, "V": 5, "X": 10}
_RANK = r"[IVX]{2}|[VX]\b"
"""Not a single I, which may be the speaker."""
_MONTHS = "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"

_COUNTED_EN = (
    "War|Chapter|Part|Act|Scene|Volume|Vol|Book|Section|Phase|Type|Class|Article|Appendix|Grade|Level|Stage|Title|"
    "Episode|Bowl|Mark|Fantasy|Rocky|Step|Category|Apollo|Unit|Figure|Table"
)
_COUNTED_DE = "Kapitel|Teil|Akt|Szene|Band|Buch|Abschnitt|Phase|Typ|Klasse|Artikel|Anhang|Stufe|Tafel|Abbildung"
_MONARCHS_EN = (
    "King|Queen|Pope|Emperor|Prince|Tsar|Henry|Louis|Edward|George|William|James|Charles|Elizabeth|Richard|John|Paul|"
    "Benedict|Pius|Napoleon|Ramesses|Philip|Frederick|Alexander|Nicholas|Ivan|Catherine|Gustav|Otto|Xerxes|Leo"
)
_MONARCHS_DE = (
    "Heinrich|Ludwig|Friedrich|Wilhelm|Karl|Otto|Franz|Joseph|Leopold|Maximilian|Rudolf|Konrad|Georg|Elisabeth|"
    "Katharina|Napoleon|Johannes|Paul|Benedikt|Pius|Nikolaus|Alexander|Philipp|Gustav|Ramses|Leo|August"
)

_STEMS = (
    "nullt", "erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt", "acht", "neunt", "zehnt", "elft", "zwölft",
    "dreizehnt", "vierzehnt", "fünfzehnt", "sechzehnt", "siebzehnt", "achtzehnt", "neunzehnt",
)  # fmt: skip
_ONES = ("", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")


def roman_value(figures: str) -> int:
    """The number that Roman figures up to 39 stand for; 0 for none."""
    values = [_VALUES[one] for one in figures]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))


def german_ordinal(number: int, ending: str) -> str:
    """`einundzwanzigste` for 21 and "e"; of 0 to 99."""
    if number < len(_STEMS):
        return _STEMS[number] + ending
    ones, tens = _ONES[number % 10], _TENS[number // 10]
    return f"{ones}und{tens}st{ending}" if ones else f"{tens}st{ending}"


def _english_rank(match: re.Match[str]) -> str:
    value = roman_value(match.group(1))
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"the {value}{'th' if value in {11, 12, 13} else endings.get(value % 10, 'th')}"


def _german_rank(match: re.Match[str]) -> str:
    return f"der {german_ordinal(roman_value(match.group(1)), 'e').capitalize()}"


def _count(match: re.Match[str]) -> str:
    return str(roman_value(match.group(1)))


def _behind(names: str, first: str, pattern: str, said: Callable[[re.Match[str]], str]) -> Rule:
    """`pattern`, which begins as `first`, behind one of the names."""
    behind = "|".join(rf"(?<=\b{name} )" for name in names.split("|"))
    return rule(rf"(?={first})(?:{behind}){pattern}", said)


def _day(match: re.Match[str]) -> str:
    day, month = int(match.group(1)), int(match.group(2))
    months = [name for name in _MONTHS.split("|") if name != "Jänner"]
    return f"{day}. {months[month - 1]}" if 0 < day <= 31 and 0 < month <= 12 else match.group()


def _figure(ending: str) -> Callable[[re.Match[str]], str]:
    return lambda match: german_ordinal(int(match.group(1)), ending)


_FIGURE = r"(?<=\S )(\d{1,2})\.(?=,? [^\W_])"
_BEHIND_EN = "|".join(
    rf"(?<=\b{word} )"
    for one in ("am", "vom", "zum", "beim", "im", "dem", "den", "des", "ab", "seit", "bis", "zur", "einem", "jedem")
    for word in (one, one.capitalize())
)
_BEHIND_E = "|".join(
    rf"(?<=\b{word} )" for one in ("der", "die", "das", "jede", "diese") for word in (one, one.capitalize())
)

ORDINALS: Mapping[str, tuple[Rule, ...]] = {
    "en": (
        _behind(_COUNTED_EN, "[IVX]", rf"{_ROMAN}\b(?!')", _count),
        _behind(_MONARCHS_EN, _RANK, rf"{_ROMAN}\b(?!')\.?", _english_rank),
    ),
    "de": (
        _behind(_COUNTED_DE, "[IVX]", rf"{_ROMAN}\b", _count),
        _behind(_MONARCHS_DE, _RANK, rf"{_ROMAN}\b\.?", _german_rank),
        rule(rf"(?=\d)(?:{_BEHIND_EN}|{_BEHIND_E})(\d{{1,2}})\.(\d{{1,2}})\.(?!\d)", _day),
        rule(r"(?<!\w)([IVX]+)\.(?= [^\W\d_])", lambda match: f"{roman_value(match.group(1))}."),
        rule(rf"(?=\d)(?:{_BEHIND_EN}){_FIGURE}", _figure("en")),
        rule(rf"(?=\d)(?:{_BEHIND_E}){_FIGURE}", _figure("e")),
        rule(rf"(?<!\d)(\d{{1,2}})\.(?= (?:{_MONTHS})\b)", _figure("er")),
        rule(_FIGURE, _figure("e")),
    ),
}
"""German ones come behind dates, which are written with a full stop too."""
