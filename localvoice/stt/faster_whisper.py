"""Whisper through faster-whisper (CTranslate2).

Rule of this file: only directories are opened, never hub names, so nothing here can reach the network.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ConfigError, ModelError, ProviderBroken, get_again
from localvoice.languages import language_code
from localvoice.machine import this_machine
from localvoice.messages import Partial, Segment, Transcript
from localvoice.streams import CancelToken, Worker
from localvoice.stt.invented import Disbelief, Evidence
from localvoice.stt.rereading import Pace, Rereader
from localvoice.stt.spoken_language import SpokenLanguage
from localvoice.whole_files import read_json

NAME = "faster-whisper"

SHORTEST_S = 0.1
"""Less than this holds no word."""

MAX_NEW_TOKENS = 96
"""Bounds a decoder that loops; 30 s of speech are about 80 words."""

_SPOKEN_TURN: dict[str, Any] = {
    "beam_size": 1,  # 5 costs 1.6 times as much in the decoder
    "temperature": 0.0,  # a list means up to six decodings
    "condition_on_previous_text": False,
    "without_timestamps": True,
    "max_new_tokens": MAX_NEW_TOKENS,
}
_RECORDING: dict[str, Any] = {"condition_on_previous_text": False}
"""Files may take their time: the library's beam and its fallback temperatures, with timestamps."""


_JSON_FILES: Mapping[str, type] = {"config.json": dict, "tokenizer.json": dict, "vocabulary.json": list}
_SIGNS: Mapping[str, str] = {
    "model.bin": "model.bin",
    "payload size": "model.bin",
    "binary version": "model.bin",
    "target vocabulary": "model.bin",
    "token was not found": "vocabulary.*",
}
"""CTranslate2's words (4.8) for a damaged file, and which one it is."""


class FasterWhisperRecognizer:
    """A Whisper model in a directory of CTranslate2 files."""

    def __init__(
        self,
        model_dir: Path,
        *,
        language: str = "en",
        device: str = "cpu",
        threads: int = 0,
        hotwords: Sequence[str] = (),
        reject_below_logprob: float | None = None,
    ) -> None:
        """Load the model and run it once.

        Args:
            model_dir: Holds config.json, model.bin, tokenizer.json, vocabulary.* and, for models with 128 mel bands,
                preprocessor_config.json.
            language: ISO 639-1, with or without a region; empty = found out, and kept while it fits.
            device: "cpu" (int8) or "cuda" (float16).
            threads: Of the CPU; 0 = chosen from the machine.
            hotwords: Names and rare words to expect; about 100 count.
            reject_below_logprob: Mean log probability of a word piece below which a transcript is `rejected`.

        Raises:
            ModelError: A file is missing or corrupt.
            ConfigError: The model does not know `language`.
        """
        _check_files(model_dir)
        self._model = _load(
            model_dir,
            device=device,
            compute_type="int8" if device == "cpu" else "float16",
            cpu_threads=threads or this_machine().recogniser_threads,
        )
        self._language = SpokenLanguage(_known_language(self._model, language, model_dir))
        self._reject_below = reject_below_logprob
        self._disbelief = Disbelief.of_model(model_dir.name, " ".join(hotwords))
        self._warm_up(model_dir)
        began_s = time.perf_counter()
        self._warm_up(model_dir)  # the first one allocates and plans, and tells nothing about those that follow
        self._pace = Pace(time.perf_counter() - began_s)
        self._worker = Worker(NAME)

    def _warm_up(self, model_dir: Path) -> None:
        try:
            for _ in self._decode(silence(SPEECH_RATE_HZ), CancelToken(), {**_SPOKEN_TURN, "language": "en"}):
                pass
        except ProviderBroken as error:
            raise _not_whole(model_dir, error) from error

    @property
    def name(self) -> str:
        """As in the flag `--stt`."""
        return NAME

    async def transcribe(self, samples: Samples) -> Transcript:
        """The words of one utterance (16 kHz, up to 30 s count).

        Cancelling returns at once; an encode that runs is left to finish, and later calls wait for it.
        """
        if len(samples) < SHORTEST_S * SPEECH_RATE_HZ:
            return Transcript("", self.language or "en", NAME)
        own = samples.copy()  # the caller's buffer goes on being written
        return await self._worker.call(lambda token: self._transcript(own, token))

    def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`: the growing turn is read again, as often as this machine can afford."""
        return Rereader(self.transcribe, self._pace).partials(blocks)

    def transcribe_recording(self, samples: Samples) -> AsyncIterator[Segment]:
        """A recording of any length (16 kHz), segment by segment with times. Closing stops at the next segment."""
        own = samples.copy()
        return self._worker.stream(lambda token: self._recorded(own, token), ahead=4)

    @property
    def language(self) -> str:
        """ISO 639-1, of the last words where none is fixed; empty before the first."""
        return self._language.last

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        self._worker.close()
        self._model = None

    def _options(self, base: dict[str, Any]) -> dict[str, Any]:
        prompted = {"hotwords": self._disbelief.prompt} if self._disbelief.prompt else {}
        return {**base, **prompted, "language": self._language.code or None}

    def _transcript(self, samples: Samples, token: CancelToken) -> Transcript:
        segments = list(self._decode(samples, token, self._options(_SPOKEN_TURN)))
        text = "".join(segment.text for segment in segments).strip()
        logprob = _mean_logprob(segments) if text else 0.0
        if text:
            self._language.heard(logprob)
        return Transcript(
            text=text,
            language=self.language or "en",
            engine=NAME,
            segments=tuple(_as_ours(segment) for segment in segments),
            rejected=self._reject_below is not None and logprob < self._reject_below,
            confidence=math.exp(logprob) if text else None,
        )

    def _recorded(self, samples: Samples, token: CancelToken) -> Iterator[Segment]:
        if len(samples) < SHORTEST_S * SPEECH_RATE_HZ:
            return
        with closing(self._decode(samples, token, self._options(_RECORDING))) as segments:
            yield from map(_as_ours, segments)

    def _decode(self, samples: Samples, token: CancelToken, options: dict[str, Any]) -> Generator[Any]:
        """The library's segments, those left out that it invented. An encode cannot be stopped, only what follows."""
        model = self._model  # held here: `close` may come while this runs
        try:
            found, info = model.transcribe(samples, **options)
            if options["language"] is None:
                self._language.found(str(info.language), float(info.language_probability))
            for segment in found:
                token.check()
                if not self._disbelief.why(_evidence(segment)):
                    yield segment
        except (RuntimeError, ValueError) as error:
            raise ProviderBroken(f"the recogniser failed: {_first_line(error)}", provider=NAME) from error


def _evidence(segment: Any) -> Evidence:
    """The library looks at these scores too, but only to decide whether it decodes a window once more."""
    return Evidence(
        segment.text,
        no_speech=float(segment.no_speech_prob),
        logprob=float(segment.avg_logprob),
        compression=float(segment.compression_ratio),
    )


def _mean_logprob(segments: list[Any]) -> float:
    weights = [max(1, len(segment.tokens)) for segment in segments]
    return float(np.average([segment.avg_logprob for segment in segments], weights=weights))


def _as_ours(segment: Any) -> Segment:
    return Segment(float(segment.start), float(segment.end), segment.text.strip())


def _check_files(model_dir: Path) -> None:
    """Look before the library does: without tokenizer.json it would go to the network."""
    again = get_again(model_dir)
    if not model_dir.is_dir():
        raise ModelError(f"no recogniser in {model_dir}: {again}")
    for needed in ("config.json", "model.bin", "tokenizer.json", "vocabulary.*"):
        if not any(model_dir.glob(needed)):
            raise ModelError(f"{model_dir} lacks {needed}: {again}")


def _load(model_dir: Path, **options: Any) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported, which faster_whisper does
    from faster_whisper import WhisperModel

    again = get_again(model_dir)
    if (features := model_dir / "preprocessor_config.json").exists():
        read_json(features, dict, again)  # the library goes on without one that it cannot read
    try:
        model = WhisperModel(str(model_dir), **options)
    except Exception as error:  # three native libraries, and tokenizers raises nothing narrower
        raise _not_whole(model_dir, error) from error
    expected = model.model.n_mels
    if model.feat_kwargs.get("feature_size", 80) != expected:
        raise ModelError(f"{model_dir} lacks the preprocessor_config.json of its {expected} mel bands: {again}")
    return model


def _not_whole(model_dir: Path, error: Exception) -> ModelError:
    """What to say of a model that the library could not use: above all which file it is."""
    again = get_again(model_dir)
    try:
        for name, kind in _JSON_FILES.items():
            if (file := model_dir / name).exists():
                read_json(file, kind, again)
    except ModelError as damaged:
        return damaged
    reason = _first_line(error)
    for sign, name in _SIGNS.items():
        if sign in reason:
            return ModelError(f"{next(model_dir.glob(name))} is cut off or damaged: {again}")
    return ModelError(f"{model_dir} cannot be loaded ({reason}): {again}")


def _known_language(model: Any, language: str, model_dir: Path) -> str:
    code = language_code(language)
    if not code and not model.model.is_multilingual:
        return "en"
    if code and code not in model.supported_languages:
        raise ConfigError(
            f"{model_dir.name} does not understand the language {language!r}: choose a model without .en, or en",
            key="session.language",
        )
    return code


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
