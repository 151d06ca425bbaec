"""Words that nobody said: recognisers of Whisper's kind write something for any sound. Told by evidence, not by a list.

Rule of this file: people do say "thank you". A phrase that is known to be invented is left out only where something
else speaks against it too; everything here works on numbers and texts alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*", re.UNICODE)

_WORDS_PER_S, _WORDS_MORE = 10.0, 2
"""More words than this for the seconds of speech cannot have been said: fast talkers reach 6 to 7 a second; the rest is
for what a voice detector misses."""

_NONE_S = 0.06
"""Less than two windows of a voice detector: nobody spoke."""

_SHORT_S, _SHORTEST_S = 0.35, 0.2
"""Less speech than this holds none of the phrases below: "thank you" takes 0.4 s and more. The second: of one word."""

_LONG_S = 1.0
"""The same for a list of names that it was told to look out for."""

_REPEATS, _LONGEST_PART = 4, 6
"""A part of up to six words, four times in a row and more: a decoder that loops, or somebody who insists."""

_LOOP_COMPRESSION = 2.4
"""Ratio of lengths before and after zlib: Whisper's own mark of a loop (`compression_ratio_threshold`)."""

_NO_SPEECH = 0.6
"""Whisper's own mark (`no_speech_threshold`), which it believes only together with a doubtful text."""

_WEAK_NO_SPEECH, _WEAK_LOGPROB = 0.3, 0.4
"""Half of these marks makes a known phrase doubtful: from this probability, and this much above the other mark. Chosen;
`python -m benchmarks.stt.invented` measures them on a recording of silence and noise with a real model."""

LOGPROB_BY_MODEL = (
    ("turbo", -0.8),
    ("large", -0.8),
    ("distil", -0.8),
    ("medium", -0.9),
    ("small", -0.9),
    ("tiny", -1.1),
)
"""Mean log probability of a word piece below which a model doubts its text, by a part of the model's name: the larger,
the surer it is of what it really heard. Chosen around Whisper's own -1.0 (`log_prob_threshold`), see above."""

_USUAL_LOGPROB = -1.0

PHRASES = frozenset(
    {
        *("thank you", "thank you very much", "thank you so much", "thanks for watching", "thank you for watching"),
        *("thanks", "thank you for listening", "thanks for listening", "please subscribe", "like and subscribe"),
        *(
            "please subscribe to my channel",
            "dont forget to subscribe",
            "see you next time",
            "see you in the next video",
        ),
        *(
            "ill see you in the next video",
            "see you later",
            "bye",
            "bye bye",
            "goodbye",
            "you",
            "okay",
            "so",
            "oh",
            "i",
        ),
        *(
            "the end",
            "to be continued",
            "music",
            "applause",
            "silence",
            "blank audio",
            "subtitles by the amaraorg community",
        ),
        *("subtitles by", "transcription by castingwords", "transcript emily beynon", "mbc", "copyright"),
        *(
            "vielen dank",
            "vielen dank fürs zuschauen",
            "untertitel der amaraorg community",
            "untertitelung des zdf 2020",
        ),
        *("merci", "merci davoir regardé cette vidéo", "soustitres réalisés par la communauté damaraorg"),
        *("gracias", "gracias por ver el video", "subtítulos realizados por la comunidad de amaraorg"),
        *(
            "ご視聴ありがとうございました",
            "谢谢观看",
            "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
            "감사합니다",
            "продолжение следует",
        ),
    }
)
"""What Whisper writes for silence, noise and clipped beginnings, as `plain` has it: reported by its users in several
languages (engines.md 3, "Hallucinations"; arXiv 2501.11378)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a text and the sound it is said to be of. None: not known, speaks for nothing."""

    text: str
    speech_s: float | None = None
    """Seconds of speech, by a voice detector or by the level: rather too many than too few."""
    no_speech: float | None = None
    """The recogniser's probability that there is no speech."""
    logprob: float | None = None
    """Mean log probability of its word pieces."""
    compression: float | None = None
    """Length of the text before and after zlib."""


@dataclass(frozen=True, slots=True)
class Disbelief:
    """When a text counts as invented."""

    logprob: float = _USUAL_LOGPROB
    """See `LOGPROB_BY_MODEL`."""
    prompt: str = ""
    """What the recogniser was given to look out for, and may read back."""

    @classmethod
    def of_model(cls, name: str, prompt: str = "") -> Disbelief:
        """For a model by its name, or its folder's."""
        marks = (mark for part, mark in LOGPROB_BY_MODEL if part in name.lower())
        return cls(next(marks, _USUAL_LOGPROB), prompt)

    def why(self, seen: Evidence) -> str:
        """What speaks against it: `doubt`, `pace`, `loop`, `phrase` or `prompt`; empty where it is believed."""
        words = plain(seen.text).split()
        if not words:
            return ""
        is_unsure = seen.logprob is not None and seen.logprob < self.logprob
        if is_unsure and seen.no_speech is not None and seen.no_speech > _NO_SPEECH:
            return "doubt"
        if seen.speech_s is not None and _is_too_much(len(words), seen.speech_s):
            return "pace"
        is_repetitive = seen.compression is not None and seen.compression > _LOOP_COMPRESSION
        if (is_unsure or is_repetitive) and is_loop(words):
            return "loop"
        if " ".join(words) in PHRASES and self._is_weak(seen, _SHORT_S if len(words) > 1 else _SHORTEST_S):
            return "phrase"
        prompted = plain(self.prompt).split()
        return "prompt" if len(prompted) > 1 and words == prompted and self._is_weak(seen, _LONG_S) else ""

    def _is_weak(self, seen: Evidence, least_s: float) -> bool:
        is_short = seen.speech_s is not None and seen.speech_s < least_s
        is_doubted = seen.no_speech is not None and seen.no_speech > _WEAK_NO_SPEECH
        is_unsure = seen.logprob is not None and seen.logprob < self.logprob + _WEAK_LOGPROB
        return is_short or is_doubted or is_unsure


def _is_too_much(words: int, speech_s: float) -> bool:
    return speech_s < _NONE_S or words > _WORDS_PER_S * speech_s + _WORDS_MORE


def plain(text: str) -> str:
    """Lower case words without marks."""
    words = (re.sub(r"['\u2019]", "", word) for word in _WORD.findall(text.lower().replace(".org", "org")))
    return " ".join(words)


def is_loop(words: list[str]) -> bool:
    """Whether most of it is one part again and again."""
    for size in range(1, _LONGEST_PART + 1):
        run = 0
        for at in range(size, len(words)):
            run = run + 1 if words[at] == words[at - size] else 0
            if run >= size * (_REPEATS - 1) and 2 * (run + size) >= len(words):
                return True
    return False
