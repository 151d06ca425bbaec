"""The words of `lexicon.py` by language: phrases between semicolons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordLists:
    """The words of one language."""

    stop: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()
    """Backchannels."""
    answers: tuple[str, ...] = ()
    """What answers a question, and would be a backchannel or nothing elsewhere."""


def _lists(stop: str, attention: str, answers: str) -> WordLists:
    return WordLists(*(tuple(phrases.split("; ")) for phrases in (stop, attention, answers)))


BUILT_IN: Mapping[str, WordLists] = {
    "en": _lists(
        "stop; wait; be quiet; hold on; hang on; quiet; enough; shut up",
        "mm; mm-hm; mm-hmm; mhm; hm; hmm; uh-huh; aha; ah; oh; yeah; yes; yep; right; okay; ok; sure; "
        "alright; all right; i see; got it; wow; really; cool; nice; great; interesting; good; true; "
        "exactly; of course; go on; please go on; keep going; don't stop",
        "mm-hm; mm-hmm; mhm; uh-huh; yeah; yes; yep; right; okay; ok; sure; alright; no; all right; exactly; "
        "of course; go on; please go on; keep going; good; great; true",
    ),
    "de": _lists(
        "stopp; stop; halt; warte; warten sie; moment; moment mal; sei still; ruhe; genug; hör auf; aufhören",
        "mm; mhm; hm; hmm; aha; ah; oh; ach; ach so; genau; okay; ok; ja; klar; gut; verstehe; ich verstehe; "
        "stimmt; richtig; wirklich; echt; alles klar; sehr gut; na klar; interessant; schön; weiter; mach "
        "weiter",
        "mhm; genau; okay; ok; ja; jaja; klar; na klar; gut; stimmt; richtig; alles klar; nein; nee; doch; weiter; "
        "mach weiter; sehr gut",
    ),
    "fr": _lists(
        "stop; arrête; arrêtez; attends; attendez; silence; tais-toi; taisez-vous; ça suffit; assez; un "
        "instant; une seconde; une minute",
        "mm; mhm; hm; hmm; mm-hm; ah; oh; ouais; oui; d'accord; ok; okay; je vois; bon; ah bon; vraiment; "
        "bien sûr; c'est ça; exact; exactement; voilà; très bien; bien; super; continue; continuez; vas-y",
        "mhm; mm-hm; ouais; oui; d'accord; ok; okay; bien sûr; c'est ça; exact; exactement; voilà; très "
        "bien; bien; non; si; continue; continuez; vas-y",
    ),
    "es": _lists(
        "para ya; para por favor; alto; basta; espera; espere; cállate; cállese; silencio; un momento; detente; "
        "stop; ya basta",
        "mm; mhm; hm; hmm; mm-hm; ajá; ah; oh; sí; vale; claro; ok; okay; ya; ya veo; entiendo; de verdad; "
        "bueno; exacto; bien; muy bien; cierto; por supuesto; sigue",
        "mhm; mm-hm; ajá; sí; vale; claro; ok; okay; bueno; exacto; bien; muy bien; no; cierto; por supuesto; sigue",
    ),
    "it": _lists(
        "stop; basta; aspetta; aspetti; fermo; ferma; fermati; silenzio; zitto; zitta; un attimo; un momento",
        "mm; mhm; hm; hmm; mm-hm; ah; oh; sì; certo; ok; okay; va bene; capisco; bene; ho capito; davvero; "
        "giusto; esatto; già; vero; benissimo; continua",
        "mhm; mm-hm; sì; certo; ok; okay; va bene; giusto; esatto; bene; benissimo; no; vero; continua",
    ),
}
"""By the first part of a language code."""
