"""Parakeet TDT through onnx-asr: a recogniser whose cost follows the sound, where Whisper's is that of 30 s.

Rule of this file: only folders are opened, never hub names, so nothing here can reach the network.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ConfigError, ModelError, ProviderBroken, get_again
from localvoice.languages import language_code
from localvoice.machine import this_machine
from localvoice.messages import Partial, Segment, Transcript
from localvoice.streams import CancelToken, Worker
from localvoice.stt.rereading import Pace, Rereader
from localvoice.whole_files import read_json

NAME = "parakeet"

LANGUAGES = frozenset({
    "bg", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "de", "el", "hu", "it", "lv", "lt", "mt", "pl", "pt", "ro",
    "sk", "sl", "es", "sv", "ru", "uk",
})  # fmt: skip
"""Of the multilingual model (v3), which tells none; the English one (v2) has the vocabulary of English alone."""

_KIND = "nemo-conformer-tdt"
_SHORTEST_S = 0.1
"""Less than this holds no word."""
_PIECE_S = 24.0
"""A recording is read in pieces: the encoder's memory grows with the square of their length."""


class ParakeetRecognizer:
    """A Parakeet model in a folder: encoder, decoder, vocabulary and settings, plain or int8."""

    name = NAME

    def __init__(self, model_dir: Path, *, language: str = "en", threads: int = 0) -> None:
        """Load the model and run it once.

        Raises:
            ConfigError: It does not understand `language` (ISO 639-1, with or without a region).
            ModelError: onnx-asr is not installed, or a file is missing or corrupt.
        """
        self._language = _known_language(language)
        self._model: Any = _load(model_dir, threads or this_machine().recogniser_threads)
        self._warm_up(model_dir)
        began_s = time.perf_counter()
        self._warm_up(model_dir)  # the first one allocates and plans, and tells nothing about those that follow
        self._pace = Pace(time.perf_counter() - began_s)
        self._worker = Worker(NAME)

    async def transcribe(self, samples: Samples) -> Transcript:
        """The words of one utterance (16 kHz). Cancelling returns at once; what runs is left to finish."""
        if len(samples) < _SHORTEST_S * SPEECH_RATE_HZ:
            return Transcript("", self._language, NAME)
        own = samples.copy()  # the caller's buffer goes on being written
        return await self._worker.call(lambda _: self._transcript(own))

    def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`: the growing turn is read again, as often as this machine can afford."""
        return Rereader(self.transcribe, self._pace).partials(blocks)

    def transcribe_recording(self, samples: Samples) -> AsyncIterator[Segment]:
        """A recording of any length (16 kHz), in pieces of up to 24 s cut where it is quietest. Closing stops it."""
        own = samples.copy()

        def pieces(token: CancelToken) -> Any:
            for start, end in _pieces(own):
                token.check()
                text = self._recognized(own[start:end]).text.strip()
                if text:
                    yield Segment(start / SPEECH_RATE_HZ, end / SPEECH_RATE_HZ, text)

        return self._worker.stream(pieces, ahead=4)

    @property
    def language(self) -> str:
        """ISO 639-1, as asked for: the model tells none."""
        return self._language

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        self._worker.close()
        self._model = None

    def _warm_up(self, model_dir: Path) -> None:
        try:
            self._recognized(silence(SPEECH_RATE_HZ))
        except ProviderBroken as error:
            raise ModelError(f"{model_dir} is no whole Parakeet model: {get_again(model_dir)}") from error

    def _transcript(self, samples: Samples) -> Transcript:
        result = self._recognized(samples)
        text = result.text.strip()
        times = result.timestamps or ()
        segments = (Segment(float(times[0]), len(samples) / SPEECH_RATE_HZ, text),) if text and times else ()
        return Transcript(text, self._language, NAME, segments)

    def _recognized(self, samples: Samples) -> Any:
        model = self._model  # held here: `close` may come while this runs
        try:
            return model.recognize(samples, sample_rate=SPEECH_RATE_HZ)
        except Exception as error:
            raise ProviderBroken(f"the recogniser failed: {_first_line(error)}", provider=NAME) from error


def _pieces(samples: Samples) -> Sequence[tuple[int, int]]:
    """Where to cut: within the last quarter of each piece, at its quietest 0.2 s."""
    longest, quiet = round(_PIECE_S * SPEECH_RATE_HZ), SPEECH_RATE_HZ // 5
    found, start = [], 0
    while len(samples) - start > longest:
        first = start + longest * 3 // 4
        steps = range(first, start + longest - quiet, quiet // 2)
        cut = min(steps, key=lambda at: float(np.sum(np.square(samples[at : at + quiet])))) + quiet // 2
        found.append((start, cut))
        start = cut
    return [*found, (start, len(samples))]


def _known_language(language: str) -> str:
    code = language_code(language) or "en"
    if code not in LANGUAGES:
        raise ConfigError(
            f"parakeet does not understand the language {language!r}: use --stt faster-whisper", key="session.language"
        )
    return code


def _load(model_dir: Path, threads: int) -> Any:
    try:
        import onnx_asr
    except ImportError as error:
        raise ModelError("parakeet needs its package: pip install 'localvoice[parakeet]'") from error
    import onnxruntime

    again = get_again(model_dir)
    if not model_dir.is_dir():
        raise ModelError(f"no recogniser in {model_dir}: {again}")
    if (settings := model_dir / "config.json").exists():
        read_json(settings, dict, again)
    quantization = "int8" if any(model_dir.glob("encoder-model.int8.onnx")) else None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # failures come as exceptions
    try:
        loaded = onnx_asr.load_model(
            _KIND, model_dir, quantization=quantization, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except FileNotFoundError as error:
        raise ModelError(f"{model_dir} lacks a file ({_first_line(error)}): {again}") from error
    except Exception as error:  # onnxruntime, json and onnx-asr raise nothing narrower
        raise ModelError(f"{_damaged(model_dir, error)} is cut off or damaged: {again}") from error
    return loaded.with_timestamps()


def _damaged(model_dir: Path, error: Exception) -> Path:
    """The file that could not be read, as far as `error` tells."""
    told = next((file for file in model_dir.glob("*.onnx") if str(file) in str(error)), None)
    return told or model_dir / "vocab.txt"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
