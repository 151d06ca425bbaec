"""Words that leave a thought open, for languages without a model of words: articles, prepositions, conjunctions.

A list knows only what cannot be the end. Words that may be one are left out, such as the German "an" of "mach das
Licht an".
"""

from __future__ import annotations

from localvoice.turn.words import words_of

OPEN_PROBABILITY = 0.02
"""That the thought is finished behind such a word, twice what the English model says (0.01 in the median of function
words and conjunctions in tests/data/turnwords_cases.tsv), since a list does not know the words before."""

_OPEN = {
    "de": "der dem den des eine einen einem einer eines mein meine meinen meinem meiner dein deine deinen unser unsere "
    "und oder aber weil dass wenn ob sondern denn falls damit von für ohne gegen zwischen im am zum zur vom beim ins "
    "äh ähm öh öhm hm",
    "fr": "le la les l un une des du de d au aux à dans pour sur avec sans chez par et ou mais que qu qui si parce "
    "quand comme mon ma mes ton ta tes son sa ses notre votre leur leurs ce cette ces très euh heu hum",
    "es": "el la los las un una unos unas de del al en con sin por para y o pero que porque si cuando mi tu su mis "
    "tus sus muy eh em",
    "it": "il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal dalla in "
    "nel nella con sul sulla per tra fra e o ma che perché se quando mio mia suo sua molto ehm uhm",
}
_BY_LANGUAGE = {language: frozenset(words.split()) for language, words in _OPEN.items()}

LANGUAGES = frozenset(_BY_LANGUAGE)


class OpenWords:
    """The vote of the words of one of `LANGUAGES`."""

    def __init__(self, language: str) -> None:
        self._open = _BY_LANGUAGE[language]

    def probability(self, text: str) -> float | None:
        """That `text` is a finished turn, where its last word says that it is not; else None."""
        said = words_of(text)
        return OPEN_PROBABILITY if said and said[-1] in self._open else None
