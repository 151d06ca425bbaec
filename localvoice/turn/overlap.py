"""A sound over the reply: does the user take the turn, or was it a cough, an "mm-hm", nothing?

The reply is already held when this is asked. What the sound is like decides as soon as that is sure; else the words,
where the recogniser has them in time; else length and voicing. An "mm-hm" may last longer than the time to decide.
docs/decisions/013-overlaps.md says why.
"""

from __future__ import annotations

from math import inf

from localvoice.config import Config
from localvoice.turn.belief import is_doubtful
from localvoice.turn.decisions import Dismissal
from localvoice.turn.lexicon import Lexicon, is_echo, plain_words
from localvoice.turn.observations import OverlapJudged, OverlapRead, ReplyContext
from localvoice.turn.overlap_sound import KNOWN, Ask, Overlap, Verdict
from localvoice.turn.speech_gate import WINDOW_S

_BLIP_S = 0.13
"""Voiced time up to which a sound that has ended is a click or a cough: hardly a word is that short."""

_VOICED_SHARE = 0.6
"""Share of voiced windows from which a sound that goes on is somebody speaking."""

_READ_WITHIN_S = 0.19
"""Time given to the recogniser once the sound is over, six windows. That it is over is known up to 160 ms after its
true end (a hangover of 96 ms, a VAD that lets go up to 64 ms late), and full volume is due 400 ms after that end, or
600 ms after the onset of a sound of 200 ms (product contract)."""

_PEEK_S = 0.15
"""Time given to the recogniser for the words so far, before a sound that goes on is judged."""

_FALLING = 0.3
"""Probability under which a window looks like the end of the sound: it is not judged as speech that goes on."""

_UNREAD_WORD_S = 0.25
"""Voiced time from which speech the recogniser cannot read still counts as an interruption."""

_CONFIRMED_S = 0.128
"""Voice that is needed to believe a stop word that was hardly understood (audio.md 7)."""

_STOP_VOICE_S = 0.064
"""Voice that is needed to believe a stop word that was understood: a recogniser may hear words in a click."""

_SURE = 0.8
"""Probability of content from which the sound alone cuts (scripts/backchannel/README.md: the trade-off)."""

_SURE_SO_FAR = ((0.128, _SURE), (0.096, 0.87), (0.064, 0.93))
"""(voice, probability) for a sound that goes on: the less there is of it, the surer it has to be. Every look is another
chance to be wrong, so one that asks 64 ms sooner with the same bar takes more backchannels for words (docs/echo.md)."""

_JUDGED_FROM_S = _SURE_SO_FAR[-1][0]

_DOUBTFUL = 0.6
"""Probability of content under which a sound that goes on is not taken for an interruption yet."""

_HARDLY = 0.45
"""Probability under which a sound is not of a kind."""

_LIKELY = 0.5

_CERTAIN = 0.9
"""Probability of a backchannel from which the sound outdoes a word or two of the recogniser."""

_MISREAD_WORDS = 2


class OverlapPolicy:
    """Feed it the windows of one overlap; it answers with a verdict as soon as there is one."""

    def __init__(self, config: Config) -> None:
        self._decide_s = config.turn.overlap_decide_ms / 1000
        self._voiced_from = config.vad.threshold
        self._lexicon = Lexicon(config.turn, config.session.language)

    def begin(self, onset_s: float, probability: float) -> Overlap:
        """A sound that began at `onset_s` was noticed with this window."""
        overlap = Overlap(onset_s, onset_s + self._decide_s, onset_s, began_s=onset_s)
        self.count(overlap, probability)
        return overlap

    def count(self, overlap: Overlap, probability: float) -> None:
        """Another window of the sound, without a verdict."""
        if probability >= self._voiced_from:
            overlap.voiced_s += WINDOW_S

    def step(self, overlap: Overlap, at_s: float, probability: float, *, is_speech: bool) -> Verdict | None:
        """Take the next window; None while it is open. `is_speech`: the sound has not ended yet."""
        if is_speech:
            self.count(overlap, probability)
            overlap.goes_on()
            return self._while_it_lasts(overlap, at_s, probability)
        if overlap.has_ended and overlap.asked_at_s is not None:
            if overlap.is_read:  # before the reply began to sound
                return overlap.words
            late = at_s - overlap.asked_at_s >= _READ_WITHIN_S
            return self._unread(overlap) if late else None
        return self.ends(overlap, at_s) or Dismissal.NOISE

    @staticmethod
    def ends(overlap: Overlap, at_s: float) -> Ask | None:
        """The sound is over: what is to be asked of it; None where it was too short for words."""
        if overlap.voiced_s <= _BLIP_S:
            return None
        overlap.has_ended, overlap.asked_at_s, overlap.is_read = True, at_s, False
        return Ask.WORDS | Ask.KIND

    def _while_it_lasts(self, overlap: Overlap, at_s: float, probability: float) -> Verdict | None:
        if probability < _FALLING:
            return None
        next_s = at_s + WINDOW_S
        if next_s <= overlap.decide_at_s:  # then the next window is still in time
            return self._asks(overlap, at_s)
        if self._is_interruption(overlap, at_s):
            return True
        overlap.judged_from_s, overlap.voiced_before_s = at_s, overlap.voiced_s
        overlap.decide_at_s = at_s + self._decide_s
        overlap.earlier, overlap.words = overlap.words, None
        if overlap.is_read:  # who reads slowly is waited for, and not asked anew
            overlap.asked_at_s, overlap.is_read = None, False
        return None

    @staticmethod
    def _asks(overlap: Overlap, at_s: float) -> Ask | None:
        asks = Ask(0)
        if overlap.voiced_s >= _JUDGED_FROM_S - 1e-6:
            asks |= Ask.KIND
        is_due = at_s + WINDOW_S > overlap.decide_at_s - _PEEK_S and overlap.voiced_s > _BLIP_S
        if is_due and overlap.asked_at_s is None:
            overlap.asked_at_s = at_s
            asks |= Ask.WORDS
        return asks or None

    @staticmethod
    def _is_interruption(overlap: Overlap, at_s: float) -> bool:
        if overlap.words is True or overlap.words in KNOWN:
            return overlap.words is True
        voiced_s = overlap.voiced_s - overlap.voiced_before_s
        if voiced_s < _VOICED_SHARE * (at_s - overlap.judged_from_s):
            return False
        is_doubtful = overlap.kind is not None and overlap.kind.content < _DOUBTFUL
        return overlap.may_answer or not is_doubtful or overlap.is_too_long

    def take(self, overlap: Overlap, seen: OverlapRead | OverlapJudged | ReplyContext) -> Verdict | None:
        """An answer to what was asked, or what the reply was saying. None while that decides nothing."""
        match seen:
            case OverlapRead():
                return self._hear(overlap, plain_words(seen.text), rejected=is_doubtful(seen, overlap.kind))
            case OverlapJudged():
                overlap.kind = seen
                return self._is_sure(overlap) or None
        overlap.context = seen
        return None

    def is_stop_word(self, overlap: Overlap, text: str, *, rejected: bool) -> bool:
        """Whether the recogniser read a stop word, and the sound was enough of a voice to believe it."""
        if not self._lexicon.has_stop_word(plain_words(text)):
            return False
        is_other = overlap.kind is not None and overlap.kind.content + overlap.kind.backchannel < _HARDLY
        least_s = _CONFIRMED_S if rejected else _STOP_VOICE_S
        return overlap.voiced_s >= least_s - 1e-6 and not (rejected and is_other)

    def understand_late(self, overlap: Overlap, text: str) -> None:
        """The words of a sound that was dismissed unread: an "mm-hm" is no beginning of what is said next."""
        if not overlap.may_answer and self._lexicon.is_attention(plain_words(text)):
            overlap.words = Dismissal.BACKCHANNEL

    def wants_words(self, overlap: Overlap) -> bool:
        """Whether a sound that is being dismissed unread may have been a stop word."""
        return overlap.words is None and overlap.asked_at_s is None and overlap.voiced_s >= _STOP_VOICE_S - 1e-6

    def _hear(self, overlap: Overlap, words: str, *, rejected: bool) -> Verdict | None:
        if self.is_stop_word(overlap, words, rejected=rejected):
            return True
        if overlap.asked_at_s is None:
            return None  # too late
        overlap.is_read = True
        if overlap.may_answer and self._lexicon.is_answer(words):
            overlap.words = True
        elif overlap.context is not None and is_echo(words, plain_words(overlap.context.words)):
            overlap.words = Dismissal.ECHO
        elif self._lexicon.is_attention(words) or self._is_misread(overlap, words):
            overlap.words = Dismissal.BACKCHANNEL
        elif rejected:
            overlap.words = self._unread(overlap) if overlap.has_ended else None
        elif not overlap.has_ended and self._lexicon.begins_attention(words):
            overlap.words = None  # "i", and the rest of "i see" is being said
        else:
            overlap.words = bool(words) or self._seems_sure(overlap) or Dismissal.NOTHING_SAID
        return overlap.words if overlap.has_ended else None

    def _is_misread(self, overlap: Overlap, words: str) -> bool:
        """Whether a word or two were made of a sound that surely was an "mm-hm": a small grammar has no better ones.

        "No" sounds like one, and is believed.
        """
        kind = overlap.kind
        if kind is None or overlap.may_answer or not 0 < len(words.split()) <= _MISREAD_WORDS:
            return False
        if self._lexicon.is_objection(words):
            return False
        return kind.content <= 1 - _CERTAIN <= _CERTAIN <= kind.backchannel

    @staticmethod
    def _is_sure(overlap: Overlap) -> bool:
        """Whether the sound alone is enough, and it goes on."""
        return not overlap.has_ended and overlap.words not in KNOWN and OverlapPolicy._seems_sure(overlap)

    @staticmethod
    def _seems_sure(overlap: Overlap) -> bool:
        content = 0.0 if overlap.kind is None else overlap.kind.content
        bars = (sure for voiced_s, sure in _SURE_SO_FAR if overlap.voiced_s >= voiced_s - 1e-6)
        return content >= next(bars, inf)

    @staticmethod
    def _unread(overlap: Overlap) -> Verdict:
        """The sound is over, and nobody knows its words."""
        since_s = overlap.voiced_s - overlap.voiced_before_s
        for known in (overlap.words, overlap.earlier if since_s < _UNREAD_WORD_S else None):
            if isinstance(known, Dismissal) and known in KNOWN:
                return known
        kind = overlap.kind
        if kind is None or overlap.is_too_long:
            return True if overlap.voiced_s >= _UNREAD_WORD_S else Dismissal.NOISE
        if kind.content >= max(_LIKELY if overlap.voiced_s >= _UNREAD_WORD_S else _SURE, kind.backchannel):
            return True
        if kind.backchannel < _HARDLY:
            return Dismissal.NOISE
        return True if overlap.may_answer else Dismissal.BACKCHANNEL
