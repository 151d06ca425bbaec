"""Whether an utterance is finished, judged by its words: a small recurrent model per language, numpy only.

The model, how it was labelled and what it is worth: scripts/turnwords/README.md. It costs 0.2 ms for 10 words.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

KNOWN_SHARE = 0.6
"""Share of known words below which the score means nothing: another language, or noise."""

_INSTANT = {
    "en": "stop; stop it; stop that; cancel; cancel that; pause; resume; continue; go on; keep going; please "
    "continue; next; skip; previous; go back; undo; again; repeat that; start over; never mind; wait; "
    "hold on; hang on; enough; that's enough; quiet; be quiet; shut up; mute; unmute; louder; quieter; "
    "slower; faster; help; yes; yeah; yep; sure; okay; ok; alright; all right; of course; correct; "
    "exactly; yes please; no; nope; no thanks; no thank you; not now; that's all; that's it; hello; hi; "
    "thanks; thank you; goodbye; bye; good morning; good evening; good night",
    "de": "stopp; stopp das; halt; abbrechen; brich ab; pause; weiter; mach weiter; fortsetzen; zurück; "
    "nochmal; noch mal; noch einmal; wiederhole das; von vorne; warte; moment; moment mal; genug; das "
    "reicht; ruhe; sei still; lauter; leiser; langsamer; schneller; hilfe; ja; ja bitte; jawohl; klar; na "
    "klar; genau; stimmt; richtig; alles klar; nein; nee; nein danke; jetzt nicht; das ist alles; hallo; "
    "danke; vielen dank; danke schön; tschüss; auf wiedersehen; guten morgen; guten tag; guten abend; "
    "gute nacht",
    "fr": "arrête; arrêtez; arrête ça; annule; annulez; continue; continuez; vas-y; encore; répète; recommence; "
    "attends; attendez; un instant; assez; ça suffit; silence; tais-toi; plus fort; moins fort; plus "
    "vite; moins vite; oui; ouais; oui merci; d'accord; bien sûr; exactement; c'est ça; non; non merci; "
    "pas maintenant; c'est tout; bonjour; bonsoir; salut; merci; merci beaucoup; au revoir; bonne nuit; à "
    "l'aide",
    "es": "alto; basta; ya basta; cancela; cancelar; continúa; sigue; otra vez; repite; espera; un momento; "
    "silencio; cállate; más alto; más bajo; más rápido; más despacio; ayuda; sí; sí por favor; vale; "
    "claro; por supuesto; exacto; no gracias; ahora no; eso es todo; hola; gracias; muchas gracias; "
    "adiós; buenos días; buenas tardes; buenas noches",
    "it": "basta; fermati; annulla; continua; ancora; di nuovo; ripeti; aspetta; un attimo; un momento; "
    "silenzio; zitto; più forte; più piano; più veloce; aiuto; sì; sì grazie; certo; va bene; d'accordo; "
    "esatto; no grazie; non ora; è tutto; ciao; grazie; grazie mille; arrivederci; buongiorno; buonasera; "
    "buonanotte",
}
INSTANT = frozenset(phrase for phrases in _INSTANT.values() for phrase in phrases.replace("-", " ").split("; "))
"""Whole utterances that are finished for sure; alone a model doubts them, since they mostly open longer turns.

Of every language at once, since people mix them: hardly any opens a thought in another one (`_OPENS`). A word that
opens one in its own, such as the Spanish "para", is left out."""

_OPENS = {"it": frozenset({"non"})}
"""Of these, what mostly goes on in a language: the French no is the Italian not."""

INSTANT_PROBABILITY = 0.97

_SPOKEN = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
}
_ONES = {language: numbers.split() for language, numbers in _SPOKEN.items()}
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBER_WORDS = frozenset({*_TENS, "oh", "double", "triple", "hundred", "thousand", "point"}.union(*_ONES.values()))
_ELIDING = frozenset({"fr", "it"})
"""Languages in which an apostrophe parts two words: l'ami, un'ora."""

LANGUAGES = frozenset(_ONES)
"""That have a model."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+(?:st|nd|rd|th)?")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_FILLER = re.compile(r"^(u|h|e)?(m|h|r)\2+$")


class TurnWords:
    """P(finished) of the words so far. Meant for a pause, not while speech goes on."""

    def __init__(self, language: str = "en") -> None:
        """Load the weights of the package (8 ms) for one of `LANGUAGES`."""
        self._language = language
        name = "turnwords.npz" if language == "en" else f"turnwords-{language}.npz"
        with resources.as_file(resources.files("localvoice.turn") / name) as path, np.load(path) as stored:
            self._vocabulary = {word: i for i, word in enumerate(bytes(stored["vocab"]).decode().split("\n"))}
            self._buckets, self._keep = int(stored["buckets"]), int(stored["keep"])
            self._vectors = (stored["emb"], stored["scale"].astype(np.float32))
            self._cell = tuple(stored[name].astype(np.float32) for name in ("wi", "wh", "bi", "bh"))
            self._head = tuple(stored[name].astype(np.float32) for name in ("wo", "bo"))
            self._temperature, self._shift = float(stored["temp"]), float(stored["shift"])

    def probability(self, text: str) -> float | None:
        """0..1 that `text` is a finished turn; None where the model knows too few of its words, or there are none."""
        words = words_of(text, self._language)
        if not words:
            return None
        if is_instant(text, self._language):
            return INSTANT_PROBABILITY
        if np.mean([word in self._vocabulary for word in words]) < KNOWN_SHARE:
            return None
        return float(1.0 / (1.0 + np.exp(-self._logit(words[-self._keep :]))))

    def _logit(self, words: list[str]) -> float:
        """A gated recurrent unit over the words, then one linear layer (scripts/turnwords/infer.py, the reference)."""
        wi, wh, bi, bh = self._cell
        state: NDArray[np.float32] = np.zeros(wh.shape[1], np.float32)
        size = len(state)
        for a in self._read(words) @ wi.T + bi:
            b = wh @ state + bh
            reset, update = 1 / (1 + np.exp(-(a[: 2 * size] + b[: 2 * size]).reshape(2, size)))
            state = (1 - update) * np.tanh(a[2 * size :] + reset * b[2 * size :]) + update * state
        weights, bias = self._head
        return float(weights @ state + bias[0]) / self._temperature + self._shift

    def _read(self, words: list[str]) -> NDArray[np.float32]:
        """A vector for each word, shape (words, length of a vector)."""
        vectors, scale = self._vectors
        rows = [self._index(word) for word in words]
        return np.asarray(vectors[rows] * scale[rows], np.float32)

    def _index(self, word: str) -> int:
        known = self._vocabulary.get(word)
        return len(self._vocabulary) + zlib.crc32(word[-3:].encode()) % self._buckets if known is None else known


def is_instant(text: str, language: str = "en") -> bool:
    """Whether `text` is the whole of an utterance that is finished for sure where one speaks `language`."""
    phrase = " ".join(words_of(text))
    return phrase in INSTANT and phrase not in _OPENS.get(language, ())


def ends_in_number(text: str, *, shortest: int = 2) -> bool:
    """Whether at least the last `shortest` words are digits or numbers, as where one dictates."""
    tail = words_of(text)[-shortest:]
    return len(tail) == shortest and all(word in _NUMBER_WORDS for word in tail)


def words_of(text: str, language: str = "en") -> list[str]:
    """Lower case, no punctuation, digits as words, drawn-out letters shortened (ummm -> um)."""
    words: list[str] = []
    apostrophe = " " if language in _ELIDING else "'"
    for token in _TOKEN.findall(text.lower().replace("\u2019", "'").replace("'", apostrophe)):
        is_number = token.isdecimal() and token.isascii()
        words += _number(token, language) if is_number else [_DRAWN_OUT.sub(r"\1", token)]
    return [_FILLER.sub(lambda found: (found[1] or "") + found[2], word) for word in words]


def _number(digits: str, language: str) -> list[str]:
    """Digit by digit, as a number is dictated; in English one of two digits as it is read."""
    ones = _ONES[language]
    if language != "en" or len(digits) > 2 or (len(digits) > 1 and digits[0] == "0"):
        return [ones[int(digit)] for digit in digits]
    if (value := int(digits)) < len(ones):
        return [ones[value]]
    return [_TENS[value // 10 - 2], *([ones[value % 10]] if value % 10 else [])]


@cache
def turn_words(language: str = "en") -> TurnWords:
    """The one instance of this process for one of `LANGUAGES`."""
    return TurnWords(language)
