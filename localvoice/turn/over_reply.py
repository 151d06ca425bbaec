"""Sounds over the reply in hand: which questions they raise, and which answer decides (overlap.py).

One outcome each; a stop word that was read too late brings a dismissed sound back (docs/decisions/013-overlaps.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from localvoice.config import Config
from localvoice.turn.belief import is_doubtful
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    Dismissal,
    JudgeOverlap,
    OverlapDismissed,
    OverlapStarted,
    ReadOverlap,
)
from localvoice.turn.floor import Floor
from localvoice.turn.observations import (
    Interrupted,
    Observation,
    OverlapJudged,
    OverlapRead,
    ReplyContext,
    Typed,
    Window,
)
from localvoice.turn.overlap import OverlapPolicy
from localvoice.turn.overlap_sound import Ask, Overlap, Verdict
from localvoice.turn.pauses import QUIET_SILENCE_S
from localvoice.turn.speech_gate import Edge, SpeechGate

_BELIEVED_S = 1.0
"""How long after its end a dismissed sound may turn out to have been a stop word: a recogniser of the large tier on a
slow machine needs about that long, and what stops later than that answers to nothing."""

_SAME_WORDS_S = 0.6
"""Silence up to which a sound that was dismissed unread belongs to the words behind it: "please ... try again" by a
human reader is two sounds, 0.3 s apart. Nine in ten pauses of readers are shorter than 0.33 s (docs/turn-taking.md)."""

_FIRST_WORDS_S = 2.0
"""How far before the sound in hand its words may begin, over however many sounds: who coughs twice a second throughout
a reply says none of that. Three short words with their pauses; chosen."""


class OverReply:
    """Feed it what happens while a reply sounds. It keeps `floor.overlap` and `floor.early`."""

    def __init__(self, config: Config, floor: Floor, gate: SpeechGate) -> None:
        self._policy = OverlapPolicy(config)
        self._floor = floor
        self._gate = gate
        self._preroll_s = config.vad.preroll_ms / 1000
        self._dismissed: Overlap | None = None
        self._ended_s = 0.0
        """Where the dismissed sound ended."""

    # before the reply sounds

    def go_on_after(self, at_s: float) -> None:
        """What is being said at this moment belongs to the next turn."""
        if self._gate.is_speech:
            self._floor.early = self._policy.begin(at_s, self._gate.probability)

    def keep_early(self, edge: Edge | None, window: Window) -> Iterator[Decision]:
        """A sound over an answer that cannot be taken back, and does not sound yet: read as soon as it is over."""
        early = self._floor.early
        if early is None:
            if edge is Edge.STARTED:
                early = self._floor.early = self._policy.begin(self._gate.onset_s, self._gate.probability)
                early.began_s = self.began_s(early.onset_s)
        elif self._gate.is_speech:
            self._policy.count(early, window.probability)
            early.goes_on()
        elif not early.has_ended:
            asked = self._policy.ends(early, window.at_s)
            if asked is None:
                self._forget_early(early)
            else:
                yield from self._asked(asked, early, window.at_s)

    def _forget_early(self, early: Overlap) -> None:
        """It was nothing: the answer is not held for it when it begins to sound."""
        self._dismissed, self._ended_s = early, self._gate.end_s
        self._floor.early = None

    # while it does

    def hold(self, at_s: float) -> OverlapStarted:
        """A sound begins, or comes back."""
        floor = self._floor
        overlap = floor.early or self._policy.begin(self._gate.onset_s, self._gate.probability)
        overlap.began_s = min(overlap.began_s, self.began_s(overlap.onset_s))
        overlap.is_heard_from(at_s)
        floor.overlap, floor.early, self._dismissed = overlap, None, None
        return OverlapStarted(at_s, floor.turn, overlap.onset_s)

    def judge(self, overlap: Overlap, window: Window) -> tuple[list[Decision], Verdict | None]:
        """What is to be asked after this window, and the verdict if there is one."""
        verdict = self._policy.step(overlap, window.at_s, window.probability, is_speech=self._gate.is_speech)
        if not isinstance(verdict, Ask):
            return [], verdict
        return self._asked(verdict, overlap, window.at_s), None

    def _asked(self, asks: Ask, overlap: Overlap, at_s: float) -> list[Decision]:
        asked: list[Decision] = []
        if Ask.WORDS in asks:
            asked.append(self._reading(overlap, at_s))
        if Ask.KIND in asks:
            asked.append(JudgeOverlap(at_s, self._floor.turn, overlap.onset_s))
        return asked

    def take(self, seen: OverlapRead | OverlapJudged | ReplyContext) -> Verdict | None:
        """An answer, or what the reply was saying."""
        if self._floor.overlap is not None:
            return self._policy.take(self._floor.overlap, seen)
        early = self._floor.early
        if early is not None and isinstance(self._policy.take(early, seen), Dismissal):
            self._forget_early(early)  # else it counts when the reply begins to sound
        return None

    def release(self, at_s: float, verdict: Verdict | None) -> Iterator[Decision]:
        """The sound in hand was no interruption, as far as is known."""
        dismissed, self._floor.overlap = self._floor.overlap, None
        if dismissed is None:
            return
        self._dismissed, self._ended_s = dismissed, self._gate.end_s
        why = verdict if isinstance(verdict, Dismissal) else Dismissal.NOISE
        yield OverlapDismissed(at_s, self._floor.turn, dismissed.onset_s, why)
        if self._policy.wants_words(dismissed):
            yield self._reading(dismissed, at_s)

    def cut(self, seen: Observation) -> BargeIn:
        """The user takes the turn, by voice or by hand."""
        overlap = self._floor.overlap
        by_voice = overlap is not None and not isinstance(seen, Typed | Interrupted)
        onset_s = overlap.onset_s if overlap is not None and by_voice else seen.at_s
        return BargeIn(seen.at_s, self._floor.turn, onset_s)

    def began_s(self, onset_s: float) -> float:
        """Where words begin that were noticed at `onset_s`: with a sound just before, if nobody knows what that was."""
        sound = self._dismissed
        if sound is None or sound.is_understood or not 0.0 <= onset_s - self._ended_s <= _SAME_WORDS_S:
            return onset_s
        return next((one for one in (sound.began_s, sound.onset_s) if onset_s - one <= _FIRST_WORDS_S), onset_s)

    def comes_back(self, seen: OverlapRead) -> bool:
        """Whether the dismissed sound was a stop word after all. If so it is the next one to be held."""
        sound = self._dismissed
        if sound is None or self._floor.overlap is not None or seen.at_s - self._ended_s > _BELIEVED_S:
            return False
        if self._policy.is_stop_word(sound, seen.text, rejected=is_doubtful(seen, sound.kind)):
            self._floor.early = sound
        self._policy.understand_late(sound, seen.text)
        return self._floor.early is sound

    def _reading(self, overlap: Overlap, at_s: float) -> ReadOverlap:
        start_s = max(self._floor.words.answered_until_s, overlap.began_s - self._preroll_s)
        return ReadOverlap(at_s, self._floor.turn, start_s, min(at_s, self._gate.end_s + QUIET_SILENCE_S))
