"""The local voice: Piper models (VITS) under onnxruntime, with word times from the phonemes' lengths."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import Samples, silence
from localvoice.errors import LocalVoiceError, ModelError, ProviderBroken
from localvoice.messages import SpeechChunk
from localvoice.streams import Cancelled, CancelToken, Worker
from localvoice.text.speakable import Verbalizer
from localvoice.tts.alignment import with_phoneme_lengths
from localvoice.tts.data_path import short_data_path
from localvoice.tts.onnx_voice import open_session
from localvoice.tts.onsets import word_times
from localvoice.tts.phoneme_times import Phoneme, onsets_of_words
from localvoice.tts.trim import pause_after, trimmed
from localvoice.whole_files import read_json

NAME = "piper"
THREADS = 2
"""Of one inference: 1.6 to 1.75 times as fast as one (k2-fsa/sherpa-onnx discussion 3968); more rarely pay."""
_SLOWEST, _FASTEST = 0.4, 2.5
"""Paces beyond which Piper is no longer understood."""
_ADVICE = "check the path, or run `localvoice models download`"


class PiperSynthesizer:
    """`engines.Synthesizer` by Piper: one chunk per clause, its level as the model gives it, times `volume`."""

    name = NAME

    def __init__(
        self,
        model_path: Path,
        *,
        rate: float = 1.0,
        volume: float = 1.0,
        threads: int = THREADS,
        pronunciation: Mapping[str, str] | None = None,
    ) -> None:
        """`model_path` is a FILE.onnx with its FILE.onnx.json beside it, or a folder that holds one such pair.

        Numbers, dates and units are said in the voice's own language; `pronunciation`: words, and how to say them.

        Raises:
            ModelError: it is missing, corrupt or no Piper voice.
        """
        path = _model_file(model_path)
        self._voice: Any = _load(path, threads)
        self._rate_hz = int(self._voice.config.sample_rate)
        self.rate = rate
        self._volume = volume
        self._verbalizer = Verbalizer(self._voice.config.espeak_voice or "en", pronunciation)
        self._has_times = len(self._voice.session.get_outputs()) > 1
        try:
            self._chunk("Ready.", CancelToken())  # the first run is the slow one; no reply shall wait for it
        except ProviderBroken as error:
            raise ModelError(f"{path} is no Piper voice ({error}); {_ADVICE}") from error
        self._worker = Worker(NAME)

    @property
    def rate_hz(self) -> int:
        """Of every chunk."""
        return self._rate_hz

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it; `text` is read no further ahead than it is spoken, and not closed."""
        async for clause in text:
            if self._voice is None:
                raise ProviderBroken("the voice was closed", provider=NAME)
            yield await self._worker.call(partial(self._chunk, clause))

    def close(self) -> None:
        """Free the model when the clause at work is done."""
        self._voice = None
        self._worker.close()

    def _settings(self) -> Any:
        from piper import SynthesisConfig

        pace = min(max(self.rate, _SLOWEST), _FASTEST)
        length_scale = self._voice.config.length_scale / pace
        return SynthesisConfig(length_scale=length_scale, volume=self._volume, normalize_audio=False)

    def _chunk(self, clause: str, token: CancelToken) -> SpeechChunk:
        spoken, voice = self._verbalizer(clause), self._voice
        if not spoken.text or voice is None:
            return SpeechChunk(clause, silence(0), self._rate_hz)
        pieces: list[Samples] = []
        phonemes: list[Phoneme] = []
        with _mapped_failures():
            for sentence in voice.synthesize(spoken.text, self._settings(), include_alignments=self._has_times):
                phonemes += _timed(sentence, sum(len(piece) for piece in pieces))
                pieces.append(sentence.audio_float_array.reshape(-1))
                token.check()
            onsets = onsets_of_words(spoken.text, phonemes, partial(_pronounced, voice)) if phonemes else ()
        samples = np.concatenate(pieces) if pieces else silence(0)
        words = spoken.written_times(word_times(spoken.text, onsets, len(samples), self._rate_hz))
        samples, words = trimmed(samples, self._rate_hz, words, pause_after(clause))
        return SpeechChunk(clause, samples, self._rate_hz, words)


def _timed(sentence: Any, offset: int) -> Iterator[Phoneme]:
    """The phonemes of Piper's `sentence`, which begins at sample `offset`, and a space to end its last word."""
    at = offset
    for phoneme in sentence.phoneme_alignments or ():
        yield Phoneme(phoneme.phoneme, at, at + int(phoneme.num_samples))
        at += int(phoneme.num_samples)
    yield Phoneme(" ", at, at)


def _pronounced(voice: Any, word: str) -> str:
    return "".join(phoneme for sentence in voice.phonemize(word) for phoneme in sentence)


@contextmanager
def _mapped_failures() -> Iterator[None]:
    """Whatever fails inside piper or onnxruntime as ours."""
    try:
        yield
    except (Cancelled, LocalVoiceError):
        raise
    except Exception as error:
        raise ProviderBroken(f"piper failed: {_first_line(error)}", provider=NAME) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _model_file(path: Path) -> Path:
    """The .onnx that `path` is or holds."""
    if path.is_dir():
        models = sorted(path.glob("*.onnx"))
        if len(models) != 1:
            found = "no voice (FILE.onnx)" if not models else "several voices; name one of its FILE.onnx"
            raise ModelError(f"{path} holds {found}; {_ADVICE}")
        path = models[0]
    if not path.is_file():
        raise ModelError(f"the voice {path} does not exist; {_ADVICE}")
    return path


def _load(path: Path, threads: int) -> Any:
    """A `PiperVoice` from files alone, with our own session: Piper's takes all cores and keeps them spinning."""
    from piper import PiperVoice
    from piper.phonemize_espeak import ESPEAK_DATA_DIR

    return PiperVoice(
        session=open_session(path, threads, _ADVICE, patched=with_phoneme_lengths),
        config=_config(path.with_name(f"{path.name}.json")),
        espeak_data_dir=short_data_path(ESPEAK_DATA_DIR),
        download_dir=path.parent,
    )


def _config(path: Path) -> Any:
    from piper import PiperConfig
    from piper.config import PhonemeType

    try:
        config = PiperConfig.from_dict(read_json(path, dict, _ADVICE))
    except KeyError as error:
        raise ModelError(f"{path} is no Piper configuration: {error} is missing: {_ADVICE}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no Piper configuration: {_ADVICE}") from error
    if config.phoneme_type not in {PhonemeType.ESPEAK, PhonemeType.TEXT}:
        raise ModelError(
            f"{path} needs {config.phoneme_type.value} phonemes, which would be downloaded; use another voice"
        )
    return config
