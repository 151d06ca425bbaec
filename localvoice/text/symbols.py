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
    ratio: str
    squared: str
    cubed: str
    power: str
    less: str
    greater: str
    code: str
    """In place of a program, which nobody wants to hear."""


SIGN_WORDS: Mapping[str, SignWords] = {
    "en": SignWords(
        "and",
        "at",
        "dot",
        "equals",
        "plus",
        "minus",
        "times",
        "divided by",
        "to",
        "about",
        "to",
        "squared",
        "cubed",
        "to the power of",
        "is less than",
        "is greater than",
        "the code is on the screen",
    ),
    "de": SignWords(
        "und",
        "ät",
        "Punkt",
        "gleich",
        "plus",
        "minus",
        "mal",
        "geteilt durch",
        "bis",
        "etwa",
        "zu",
        "Quadrat",
        "hoch 3",
        "hoch",
        "ist kleiner als",
        "ist größer als",
        "der Code steht auf dem Bildschirm",
    ),
    "fr": SignWords(
        "et",
        "arobase",
        "point",
        "égale",
        "plus",
        "moins",
        "fois",
        "divisé par",
        "à",
        "environ",
        "à",
        "au carré",
        "au cube",
        "puissance",
        "est inférieur à",
        "est supérieur à",
        "le code est à l'écran",
    ),
    "es": SignWords(
        "y",
        "arroba",
        "punto",
        "igual a",
        "más",
        "menos",
        "por",
        "dividido por",
        "a",
        "unos",
        "a",
        "al cuadrado",
        "al cubo",
        "elevado a",
        "es menor que",
        "es mayor que",
        "el código está en la pantalla",
    ),
    "it": SignWords(
        "e",
        "chiocciola",
        "punto",
        "uguale a",
        "più",
        "meno",
        "per",
        "diviso",
        "a",
        "circa",
        "a",
        "al quadrato",
        "al cubo",
        "alla",
        "è minore di",
        "è maggiore di",
        "il codice è sullo schermo",
    ),
    "pt": SignWords(
        "e",
        "arroba",
        "ponto",
        "igual a",
        "mais",
        "menos",
        "vezes",
        "dividido por",
        "a",
        "cerca de",
        "para",
        "ao quadrado",
        "ao cubo",
        "elevado a",
        "é menor que",
        "é maior que",
        "o código está na tela",
    ),
    "nl": SignWords(
        "en",
        "apenstaartje",
        "punt",
        "is",
        "plus",
        "min",
        "keer",
        "gedeeld door",
        "tot",
        "ongeveer",
        "staat tot",
        "kwadraat",
        "tot de derde",
        "tot de macht",
        "is kleiner dan",
        "is groter dan",
        "de code staat op het scherm",
    ),
}
"""By language. In the others the synthesiser says what it makes of a sign itself."""


def programs(words: SignWords) -> tuple[Rule, ...]:
    """Blocks of code between fences; the last one of a reply may lack its end."""
    fence = r"[^\S\n]*(?:```|~~~)"
    return (rule(rf"^{fence}[^\n]*\n(?:(?!{fence})[^\n]*\S[^\n]*\n?|\n)+(?:{fence}[^\S\n]*$)?", words.code),)


def sums(words: SignWords) -> tuple[Rule, ...]:
    """Stars between numbers, before stars are markup."""
    return (rule(r"(?<=[\d)]) ?\* ?(?=[\d(])", f" {words.times} "),)


def addresses(words: SignWords) -> tuple[Rule, ...]:
    """E-mail addresses and hosts."""
    return (
        rule(r"(?<=\w)@(?=\w+\.)", f" {words.at} "),
        rule(rf"\b((?:[\w-]+\.)+{_ENDING})(?::\d+)(?:/\S*[\w/])?", 1),
        rule(rf"(?<=[\w-])\.(?=(?:[\w-]+\.)*{_ENDING}\b)", f" {words.dot} "),
    )


def signs(words: SignWords) -> tuple[Rule, ...]:
    """The signs that stand between words or numbers."""
    return (
        rule(r"\s*&\s*", f" {words.ampersand} "),
        rule(r"(?<=[\w)]) ?= ?(?=[\w(\u2212-])", f" {words.equals} "),
        rule(r"(?<=\d) ?\+ ?(?=\d)|(?<=[\w)]) \+ (?=[\w(])", f" {words.plus} "),
        rule(r"(?<=\d) ?[\u00d7·] ?(?=\d)", f" {words.times} "),
        rule(r"(?<=\d) ?÷ ?(?=\d)", f" {words.divided} "),
        rule(r"~ ?(?=\d)", f"{words.about} "),
        rule(r"(?<![\w.])[-\u2212](?=\d)", f"{words.minus} "),
    )
