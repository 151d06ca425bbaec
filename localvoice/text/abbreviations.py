"""Abbreviations that synthesisers spell or take for a sentence's end, by language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from localvoice.text.rewriting import Rule, rule

_BEFORE_A_NAME = r"(?= [A-ZÀ-Þ])"
"""With its full stop Piper would take a title for a sentence of its own."""

_DECADES = tuple(
    enumerate(("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"), 2)
)

_MONTHS = {
    "Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July",
    "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}  # fmt: skip
_MONTH = "|".join(_MONTHS)
_WEEKDAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thurs": "Thursday",
    "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_STREETS = {"Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road"}


def _named(names: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda match: names[next(group for group in match.groups() if group)]


ABBREVIATIONS: Mapping[str, tuple[Rule, ...]] = {
    "en": (
        rule(r"\be\.g\.", "for example"),
        rule(r"\bi\.e\.", "that is"),
        rule(r"\betc\.", "et cetera"),
        rule(r"\bvs\.", "versus"),
        rule(r"\bapprox\.", "approximately"),
        rule(r"\bw/o\b", "without"),
        rule(r"\bw/ ?(?=\w)", "with "),
        rule(r"\b[Nn]o\. ?(?=\d)", "number "),
        rule(r"\bpp\. ?(?=\d)", "pages "),
        rule(r"\bp\. ?(?=\d)", "page "),
        rule(r"\b[Vv]ol\. ?(?=\d)", "volume "),
        rule(r"\b[Ff]ig\. ?(?=\d)", "figure "),
        rule(r"\b[Cc]h\. ?(?=\d)", "chapter "),
        rule(r"\b([CF])#(?!\w)", 1, " sharp"),
        rule(r"\bPh\.D\.?", "P H D"),
        rule(rf"\bMt\.{_BEFORE_A_NAME}", "Mount"),
        rule(rf"\bSt\.{_BEFORE_A_NAME}", "Saint"),
        rule(r"(?<=[a-z] )St\.?(?=,|$| [a-z])", "Street"),
        rule(r"(?<=[a-z], )Jr\.?|(?<=[a-z] )Jr\.?", "Junior"),
        rule(rf"(?<=[a-z] )({'|'.join(_STREETS)})\b\.?", _named(_STREETS)),
        rule(rf"\b({_MONTH})(?:\.(?! [A-Z])|\.?(?= \d))|(?<=\d )({_MONTH})\b", _named(_MONTHS)),
        rule(rf"\b({'|'.join(_WEEKDAYS)})(?:\.(?=,|$| [\da-z])|(?=, [A-Z][a-z]+ \d))", _named(_WEEKDAYS)),
        rule(r"(?<!\w)#(?=\d)", "number "),
        rule(rf"\bDr\.{_BEFORE_A_NAME}", "Doctor"),
        rule(rf"\bMr\.{_BEFORE_A_NAME}", "Mister"),
        rule(rf"\bMrs\.{_BEFORE_A_NAME}", "Missus"),
        rule(rf"\bMs\.{_BEFORE_A_NAME}", "Miz"),
        rule(rf"\bProf\.{_BEFORE_A_NAME}", "Professor"),
        *(rule(rf"\b(\d\d){tens}0s\b", 1, f" {name}") for tens, name in _DECADES),
        *(rule(rf"\b{tens}0s\b", name) for tens, name in _DECADES),
    ),
    "de": (
        rule(r"\bz\. ?B\.", "zum Beispiel"),
        rule(r"\bd\. ?h\.", "das heißt"),
        rule(r"\bu\. ?a\.", "unter anderem"),
        rule(r"\busw\.", "und so weiter"),
        rule(r"\bbzw\.", "beziehungsweise"),
        rule(r"\bca\.", "circa"),
        rule(r"\binkl\.", "inklusive"),
        rule(r"\bexkl\.", "exklusive"),
        rule(r"\bvgl\.", "vergleiche"),
        rule(r"\bevtl\.", "eventuell"),
        rule(r"\bggf\.", "gegebenenfalls"),
        rule(r"\bbspw\.", "beispielsweise"),
        rule(r"\bsog\.", "sogenannte"),
        rule(r"\bmax\.", "maximal"),
        rule(r"\bmin\.", "mindestens"),
        rule(r"\bi\. ?d\. ?R\.", "in der Regel"),
        rule(r"\bo\. ?[äÄ]\.", "oder ähnliches"),
        rule(r"\bv\. ?Chr\.", "vor Christus"),
        rule(r"\bn\. ?Chr\.", "nach Christus"),
        rule(r"\bTel\.", "Telefon"),
        rule(r"\bAbb\. ?(?=\d)", "Abbildung "),
        rule(r"\bAbs\. ?(?=\d)", "Absatz "),
        rule(r"\bArt\. ?(?=\d)", "Artikel "),
        rule(r"\bS\. ?(?=\d)", "Seite "),
        rule(r"(?<=[a-zäöüß])str\.", "straße"),
        rule(r"\bStr\.", "Straße"),
        rule(r"\bJh\.", "Jahrhundert"),
        rule(rf"\bSt\.{_BEFORE_A_NAME}", "Sankt"),
        rule(r"\bMio\.?(?!\w)", "Millionen"),
        rule(r"\bMrd\.?(?!\w)", "Milliarden"),
        rule(r"\bTsd\.?(?!\w)", "Tausend"),
        rule(r"(?<=Millionen )€|(?<=Milliarden )€|(?<=Tausend )€", "Euro"),
        rule(r"§§ ?(?=\d)", "Paragrafen "),
        rule(r"§ ?(?=\d)", "Paragraf "),
        rule(r"(?<=\d) EUR\b", " Euro"),
        rule(r"\bEUR (\d[\d.,]*)", 1, " Euro"),
        rule(r"(?<=\d) CHF\b", " Franken"),
        rule(r"(?<=\d) s(?![\w/])", " Sekunden"),
        rule(r"(?<=\d) ?dB\b", " Dezibel"),
        rule(r"(?<=\d) EL\b", " Esslöffel"),
        rule(r"(?<=\d) TL\b", " Teelöffel"),
        rule(r"\bNr\. ?(?=\d)", "Nummer "),
        rule(rf"\bHr\.{_BEFORE_A_NAME}", "Herr"),
        rule(rf"\bFr\.{_BEFORE_A_NAME}", "Frau"),
        rule(rf"\bDr\.{_BEFORE_A_NAME}", "Doktor"),
        rule(rf"\bProf\.{_BEFORE_A_NAME}", "Professor"),
    ),
    "fr": (
        rule(r"\bp\. ?ex\.", "par exemple"),
        rule(r"\bc\.?-à-d\.", "c'est-à-dire"),
        rule(r"\betc\.", "et cetera"),
        rule(r"\b[nN]° ?(?=\d)", "numéro "),
        rule(rf"\bM\.{_BEFORE_A_NAME}", "Monsieur"),
        rule(rf"\bMme\b{_BEFORE_A_NAME}", "Madame"),
        rule(rf"\bMlle\b{_BEFORE_A_NAME}", "Mademoiselle"),
        rule(rf"\bDr\b\.?{_BEFORE_A_NAME}", "Docteur"),
    ),
    "es": (
        rule(r"\bp\. ?ej\.", "por ejemplo"),
        rule(r"\betc\.", "etcétera"),
        rule(r"\baprox\.", "aproximadamente"),
        rule(r"\b[nN]\.?º ?(?=\d)", "número "),
        rule(rf"\bSr\.{_BEFORE_A_NAME}", "señor"),
        rule(rf"\bSra\.{_BEFORE_A_NAME}", "señora"),
        rule(rf"\bDr\.{_BEFORE_A_NAME}", "doctor"),
        rule(rf"\bDra\.{_BEFORE_A_NAME}", "doctora"),
    ),
    "it": (
        rule(r"\bper es\.|\bp\. ?es\.|(?<!\w)es\.(?= \w)", "per esempio"),
        rule(r"\b[eE]cc\.", "eccetera"),
        rule(r"\b[nN]\. ?(?=\d)", "numero "),
        rule(rf"\b[sS]ig\.{_BEFORE_A_NAME}", "signor"),
        rule(rf"\b[sS]ig\.ra{_BEFORE_A_NAME}", "signora"),
        rule(rf"\b[dD]ott\.{_BEFORE_A_NAME}", "dottor"),
    ),
    "pt": (
        rule(r"\bp\. ?ex\.", "por exemplo"),
        rule(r"\betc\.", "et cetera"),
        rule(rf"\bSr\.{_BEFORE_A_NAME}", "senhor"),
        rule(rf"\bSra\.{_BEFORE_A_NAME}", "senhora"),
    ),
    "nl": (
        rule(r"\bbijv\.", "bijvoorbeeld"),
        rule(r"\benz\.", "enzovoort"),
        rule(r"\bd\.w\.z\.", "dat wil zeggen"),
    ),
}
