"""Abbreviations that synthesisers spell or take for a sentence's end, by language."""

from __future__ import annotations

from collections.abc import Mapping

from localvoice.text.rewriting import Rule, rule

_BEFORE_A_NAME = r"(?= [A-ZÀ-Þ])"
"""With its full stop Piper would take a title for a sentence of its own."""

_DECADES = tuple(
    enumerate(("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"), 2)
)

ABBREVIATIONS: Mapping[str, tuple[Rule, ...]] = {
    "en": (
        rule(r"\be\.g\.", "for example"),
        rule(r"\bi\.e\.", "that is"),
        rule(r"\betc\.", "et cetera"),
        rule(r"\bvs\.", "versus"),
        rule(r"\bapprox\.", "approximately"),
        rule(r"\bw/o\b", "without"),
        rule(r"\bNo\. ?(?=\d)", "number "),
        rule(r"(?<!\w)#(?=\d)", "number "),
        rule(rf"\bDr\.{_BEFORE_A_NAME}", "Doctor"),
        rule(rf"\bMr\.{_BEFORE_A_NAME}", "Mister"),
        rule(rf"\bMrs\.{_BEFORE_A_NAME}", "Missus"),
        rule(rf"\bMs\.{_BEFORE_A_NAME}", "Miz"),
        rule(rf"\bProf\.{_BEFORE_A_NAME}", "Professor"),
        rule(r"\b24/7\b", "24 7"),
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
