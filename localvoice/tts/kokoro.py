"""The better local voice: Kokoro-82M under onnxruntime, through kokoro-onnx, for machines that can afford it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from localvoice.audio.samples import Samples, silence
from localvoice.errors import ConfigError, ModelError, ProviderBroken
from localvoice.messages import SpeechChunk
from localvoice.streams import CancelToken, Worker
from localvoice.text.speakable import Verbalizer
from localvoice.tts.onnx_voice import open_session
from localvoice.tts.onsets import word_times
from localvoice.tts.phoneme_times import Phoneme, onsets_of_words
from localvoice.tts.trim import pause_after, trimmed

NAME = "kokoro"
DEFAULT_VOICE = "af_heart"
THREADS = 4
"""Of one inference; its cost is several times Piper's (engines.md 5)."""
_SLOWEST, _FASTEST = 0.5, 2.0
"""What kokoro-onnx takes."""
_LANGUAGES: Mapping[str, str] = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "p": "pt-br",
}
"""By the first letter of a voice. Japanese and Chinese want phonemes that espeak-ng does not make."""
_ADVICE = "check the path, or run `localvoice models download kokoro-v1.0`"


class KokoroSynthesizer:
    """`engines.Synthesizer` by Kokoro: one chunk per clause; word times where the model tells its durations."""

    name = NAME

    def __init__(
        self,
        model_path: Path,
        voice: str = "",
        *,
        rate: float = 1.0,
        threads: int = 0,
        pronunciation: Mapping[str, str] | None = None,
    ) -> None:
        """`model_path` is a FILE.onnx with its voices (voices*.bin) beside it; `voice` such as `af_heart`.

        Raises:
            ConfigError: no such voice.
            ModelError: kokoro-onnx is not installed, or the files are missing, corrupt or something else.
        """
        self._kokoro: Any = _load(model_path, threads or THREADS)
        self._voice = _known_voice(voice or DEFAULT_VOICE, list(self._kokoro.voices.keys()), is_asked=bool(voice))
        self._language = _LANGUAGES[self._voice[0]]
        self.rate = rate
        self._verbalizer = Verbalizer(self._language, pronunciation)
        try:
            self._chunk("Ready.", CancelToken())  # the first run is the slow one; no reply shall wait for it
        except ProviderBroken as error:
            raise ModelError(f"{model_path} is no Kokoro model ({error}); {_ADVICE}") from error
        self._worker = Worker(NAME)

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is read no further ahead than it is spoken, and not closed."""
        async for clause in text:
            if self._kokoro is None:
                raise ProviderBroken("the voice was closed", provider=NAME)
            yield await self._worker.call(partial(self._chunk, clause))

    def close(self) -> None:
        """Free the model when the clause at work is done."""
        self._kokoro = None
        self._worker.close()

    def _chunk(self, clause: str, token: CancelToken) -> SpeechChunk:
        spoken, kokoro = self._verbalizer(clause), self._kokoro
        if not spoken.text or kokoro is None:
            return SpeechChunk(clause, silence(0), _rate_hz())
        sound, timings = self._said(kokoro, spoken.text)
        token.check()
        rate_hz = _rate_hz()
        phonemes = [Phoneme(one.phoneme, round(one.start * rate_hz), round(one.end * rate_hz)) for one in timings]
        onsets = onsets_of_words(spoken.text, phonemes, self._pronounced) if phonemes else ()
        words = spoken.written_times(word_times(spoken.text, onsets, len(sound), rate_hz))
        samples, words = trimmed(sound, rate_hz, words, pause_after(clause))
        return SpeechChunk(clause, samples, rate_hz, words)

    def _said(self, kokoro: Any, text: str) -> tuple[Samples, list[Any]]:
        speed = min(max(self.rate, _SLOWEST), _FASTEST)
        try:
            sound, _, timings = kokoro.create_timed(text, self._voice, speed=speed, lang=self._language)
        except Exception as error:
            if str(error).startswith(("Nothing to synthesize", "No phonemes")):
                return silence(0), []
            raise ProviderBroken(f"kokoro failed: {_first_line(error)}", provider=NAME) from error
        return np.ascontiguousarray(sound, dtype=np.float32), timings

    def _pronounced(self, word: str) -> str:
        return str(self._kokoro.tokenizer.phonemize(word, self._language))


def _rate_hz() -> int:
    from kokoro_onnx.config import SAMPLE_RATE

    return int(SAMPLE_RATE)


def _known_voice(voice: str, known: list[str], *, is_asked: bool) -> str:
    """`voice`, or the first one that can be spoken where nobody asked for one."""
    speakable = [name for name in known if name[:1] in _LANGUAGES]
    if voice in speakable:
        return voice
    if not is_asked and speakable:
        return speakable[0]
    raise ConfigError(f"kokoro has no voice {voice!r}; it has {', '.join(speakable[:6])}", key="engines.kokoro.voice")


def voice_names(folder: Path) -> list[str]:
    """The voices in the model at `folder`; none where their file cannot be read. Loads no model."""
    for file in sorted(folder.glob("voices*.bin")) or sorted(folder.glob("voices*.npz")):
        try:
            with np.load(file) as found:
                return sorted(found.keys())
        except (OSError, ValueError, EOFError, AttributeError, BadZipFile):
            return []
    return []


def _load(path: Path, threads: int) -> Any:
    try:
        from kokoro_onnx import Kokoro
    except ImportError as error:
        raise ModelError("kokoro needs its package: pip install 'localvoice[kokoro]'") from error
    path = _model_file(path)
    voices = sorted(path.parent.glob("voices*.bin")) or sorted(path.parent.glob("voices*.npz"))
    if not voices:
        raise ModelError(f"{path} has no voices (voices*.bin) beside it; {_ADVICE}")
    try:
        return Kokoro.from_session(open_session(path, threads, _ADVICE), str(voices[0]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"{voices[0]} is cut off, or holds no voices; {_ADVICE}") from error


def _model_file(path: Path) -> Path:
    """The .onnx that `path` is or holds."""
    if path.is_dir():
        models = sorted(path.glob("*.onnx"))
        if len(models) != 1:
            raise ModelError(f"{path} holds {'no' if not models else 'more than one'} model (FILE.onnx); {_ADVICE}")
        path = models[0]
    if not path.is_file():
        raise ModelError(f"the voice {path} does not exist; {_ADVICE}")
    return path


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
