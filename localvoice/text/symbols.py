"""Rules for signs between words and numbers, in the words of seven languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localvoice.text.rewriting import Rule, rule

_ENDING = r"(?:com|org|net|edu|gov|io|ai|dev|app|info|eu|uk|de|fr|us|ca|au|in|co|me|tv|ch|at|es|it|nl|pt|br|be)"


@dataclass(frozen=True, slots=True)
class SignWords:
    """How a language says its signs."""

    ampersand: str
    at: str
    dot: str
    equals: str
    plus: str
    minus: str
    times: str
    divided: str
    to: str
    about: str


SIGN_WORDS: Mapping[str, SignWords] = {
    "en": SignWords("and", "at", "dot", "equals", "plus", "minus", "times", "divided by", "to", "about"),
    "de": SignWords("und", "ät", "Punkt", "gleich", "plus", "minus", "mal", "geteilt durch", "bis", "etwa"),
    "fr": SignWords("et", "arobase", "point", "égale", "plus", "moins", "fois", "divisé par", "à", "environ"),
    "es": SignWords("y", "arroba", "punto", "igual a", "más", "menos", "por", "dividido por", "a", "unos"),
    "it": SignWords("e", "chiocciola", "punto", "uguale a", "più", "meno", "per", "diviso", "a", "circa"),
    "pt": SignWords("e", "arroba", "ponto", "igual a", "mais", "menos", "vezes", "dividido por", "a", "cerca de"),
    "nl": SignWords("en", "apenstaartje", "punt", "is", "plus", "min", "keer", "gedeeld door", "tot", "ongeveer"),
}
"""By language. In the others the synthesiser says what it makes of a sign itself."""


def sums(words: SignWords) -> tuple[Rule, ...]:
    """Stars between numbers, before stars are markup."""
    return (rule(r"(?<=\d) ?\* ?(?=\d)", f" {words.times} "),)


def addresses(words: SignWords) -> tuple[Rule, ...]:
    """E-mail addresses and hosts."""
    return (
        rule(r"(?<=\w)@(?=\w+\.)", f" {words.at} "),
        rule(rf"(?<=[\w-])\.(?=(?:[\w-]+\.)*{_ENDING}\b)", f" {words.dot} "),
    )


def signs(words: SignWords) -> tuple[Rule, ...]:
    """The signs that stand between words or numbers."""
    return (
        rule(r"\s*&\s*", f" {words.ampersand} "),
        rule(r"(?<=\d) ?\u2013 ?(?=\d)", f" {words.to} "),
        rule(r"(?<=\w) ?= ?(?=\w)", f" {words.equals} "),
        rule(r"(?<=\d) ?\+ ?(?=\d)", f" {words.plus} "),
        rule(r"(?<=\d) ?[\u00d7·] ?(?=\d)", f" {words.times} "),
        rule(r"(?<=\d) ?÷ ?(?=\d)", f" {words.divided} "),
        rule(r"~(?=\d)", f"{words.about} "),
        rule(r"(?<![\w.])[-\u2212](?=\d)", f"{words.minus} "),
    )
