"""The starter voice: espeak-ng inside this process, with a time for every word."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Mapping
from functools import cache, partial

from localvoice.audio.samples import silence
from localvoice.errors import ConfigError, ProviderBroken
from localvoice.messages import SpeechChunk
from localvoice.streams import CancelToken, Worker
from localvoice.text.speakable import Verbalizer
from localvoice.tts.espeak_library import NAME, espeak_library
from localvoice.tts.onsets import word_times
from localvoice.tts.trim import pause_after, trimmed

_NORMAL_WPM = 175
"""espeak's own pace."""
_SLOWEST_WPM, _FASTEST_WPM = 80, 450


class EspeakSynthesizer:
    """`engines.Synthesizer` by espeak-ng: one chunk per clause.

    All instances share one library and one worker thread, which live as long as the process.
    """

    name = NAME

    def __init__(
        self,
        *,
        voice: str = "en-us",
        rate: float = 1.0,
        volume: float = 1.0,
        pronunciation: Mapping[str, str] | None = None,
    ) -> None:
        """`voice` is a language code with or without a timbre, such as `en-us+f3`; `volume` a linear gain.

        `pronunciation`: words, and how to say them.

        Raises:
            ConfigError: no such voice.
            ModelError: the library cannot be loaded.
        """
        self._library = espeak_library()
        self._voice = _identifier(voice)
        self._verbalizer = Verbalizer(voice.partition("+")[0], pronunciation)
        self.rate = rate
        self._volume = volume
        self._is_closed = False

    @property
    def rate_hz(self) -> int:
        """Of every chunk."""
        return self._library.rate_hz

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is read no further ahead than it is spoken, and not closed."""
        async for clause in text:
            if self._is_closed:
                raise ProviderBroken("the voice was closed", provider=NAME)
            yield await _worker().call(partial(self._chunk, clause))

    def close(self) -> None:
        """Speak no more. The library stays: it is small, and shared."""
        self._is_closed = True

    def _chunk(self, clause: str, token: CancelToken) -> SpeechChunk:
        spoken = self._verbalizer(clause)
        if not spoken.text:
            return SpeechChunk(clause, silence(0), self.rate_hz)
        samples, onsets = self._library.render(
            spoken.text,
            voice=self._voice,
            words_per_minute=round(min(max(_NORMAL_WPM * self.rate, _SLOWEST_WPM), _FASTEST_WPM)),
            is_cancelled=lambda: token.is_cancelled,
        )
        words = spoken.written_times(word_times(spoken.text, onsets, len(samples), self.rate_hz))
        samples, words = trimmed(samples, self.rate_hz, words, pause_after(clause))
        return SpeechChunk(clause, samples * self._volume, self.rate_hz, words)


def voices() -> Mapping[str, str]:
    """Language codes that espeak speaks, and the names of these voices."""
    return espeak_library().voices


@cache
def _worker() -> Worker:
    return Worker("espeak")


def _without_unknown_region(code: str, voices: Mapping[str, str]) -> str:
    """`de` for `de-de`: of most languages espeak has one voice, wherever they are spoken."""
    language, _, region = code.partition("-")
    return language if code not in voices and language in voices and len(region) == 2 else code


def _identifier(voice: str) -> str:
    """What espeak calls it."""
    library = espeak_library()
    base, plus, variant = voice.partition("+")
    known, kind, wanted = list(library.voices), "voice", _without_unknown_region(base.lower(), library.voices)
    if wanted in library.voices:
        if not plus or variant in library.variants:
            return f"{library.identifiers[wanted]}{plus}{variant}"
        known, kind, wanted = library.variants, "timbre", variant
    near = difflib.get_close_matches(wanted, known, n=4, cutoff=0.3) or known[:4]
    raise ConfigError(
        f"espeak has no {kind} {wanted!r}; try {', '.join(near)}, or see `localvoice voices`", key="speech.voice"
    )
