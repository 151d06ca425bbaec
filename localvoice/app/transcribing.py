"""Recordings to text, one after the other."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, runtime_checkable

import numpy as np

from localvoice.app.pieces import speech_pieces
from localvoice.app.signals import Stopper
from localvoice.audio.decoding import check_recording, decode, open_recording
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.vad import load_vad
from localvoice.config import Config
from localvoice.engine_choice import EngineChoice
from localvoice.engine_names import wrong_language
from localvoice.errors import AllProvidersFailed, ConfigError, ExitCode, FileError, ProviderError
from localvoice.loading import Loaded, load_stage
from localvoice.messages import Segment, Transcript
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.small_files import path_at_home
from localvoice.streams import CancelToken, Worker, close_iterator
from localvoice.text.corrections import corrections_of

STANDARD_INPUT = "-"

_NAME = "standard input"


class Watcher(Protocol):
    """Who is told how it goes."""

    def loading(self, what: str) -> None:
        """An engine is being loaded."""

    def began(self, name: str, seconds: float) -> None:
        """A recording of that length is being worked on."""

    def heard(self, until_s: float) -> None:
        """Everything before that time is done."""

    def warn(self, text: str) -> None:
        """Something the user should know."""


@dataclass(frozen=True, slots=True)
class Done:
    """A recording and what is said in it; the times of the segments are the recording's."""

    name: str
    transcript: Transcript


@runtime_checkable
class RecordingRecognizer(Protocol):
    """A recogniser that finds its own way through a recording of any length."""

    language: str

    def transcribe_recording(self, samples: Samples) -> AsyncIterator[Segment]:
        """Segment by segment."""


async def transcribe(
    config: Config, store: ModelStore, names: Sequence[str], show: Callable[[Done], None], watcher: Watcher
) -> ExitCode:
    """Hand each recording's transcript to `show`, in order. Raises `LocalVoiceError`, for bad files before any work."""
    with ExitStack() as stack, Stopper().installed() as stopper:
        try:
            await _transcribe(_Work(config, store, watcher, stack), names, show)
        except asyncio.CancelledError:
            if stopper.code is None:
                raise
            return stopper.code
    return ExitCode.OK


async def _transcribe(work: _Work, names: Sequence[str], show: Callable[[Done], None]) -> None:
    candidates = work.candidates()
    recordings = [(name, await work.opened(name)) for name in names]
    await work.load(candidates)
    for name, file in recordings:
        samples = await work.decoded(name, file)
        show(Done(name, work.corrections.transcript(await work.transcript(name, samples))))


class _Work:
    """The engines of one run."""

    def __init__(self, config: Config, store: ModelStore, watcher: Watcher, stack: ExitStack) -> None:
        self._config = config
        self.corrections = corrections_of(config.stt)
        self._store = store
        self._watcher = watcher
        self._stack = stack
        self._files = Worker("recordings")
        stack.callback(self._files.close)
        self._engines: list[Any] = []
        self._failed: list[ProviderError] = []

    def candidates(self) -> Sequence[Any]:
        """What could do it. Raises `ConfigError` or `ModelError`."""
        return EngineChoice(self._config, self._store, Skills()).candidates("stt")

    async def opened(self, name: str) -> BinaryIO:
        """A recording that was looked into."""
        return await self._files.call(lambda _: self._opened(name))

    def _opened(self, name: str) -> BinaryIO:
        if name == STANDARD_INPUT:
            file: BinaryIO = io.BytesIO(_standard_input())
        else:
            file = open_recording(path_at_home(name))
            # closed where it is read: FFmpeg complains of a file that is closed under a decoding nobody waits for
            self._stack.callback(self._files.afterwards, file.close)
        if not file.seekable():
            file = io.BytesIO(file.read())
        check_recording(file, _title(name))
        return file

    async def load(self, candidates: Sequence[Any]) -> None:
        """Load the recognisers."""
        loaded: Loaded = await load_stage("stt", candidates, self._watcher.loading)
        for engine in loaded.engines:
            self._stack.callback(engine.close)
        for name, error in loaded.skipped:
            self._watcher.warn(f"{loaded.name} listens in place of {name}: {error}")
        for name, error in loaded.absent:
            self._watcher.warn(f"{name} does not stand behind {loaded.name}: {error}")
        if loaded.is_starter:
            few = f"{loaded.name} is a starter and knows few words: `localvoice models download` gets a recogniser"
            self._watcher.warn(wrong_language(loaded.name, self._config.session.language) or few)
        self._engines = [engine for engine in loaded.engines if engine.name not in loaded.unreachable]

    async def decoded(self, name: str, file: BinaryIO) -> Samples:
        """All of its sound."""

        def blocks(token: CancelToken) -> Samples:
            found = []
            for block in decode(file, _title(name)):
                token.check()
                found.append(block)
            file.close()
            return np.concatenate(found)

        return await self._files.call(blocks)

    async def transcript(self, name: str, samples: Samples) -> Transcript:
        """By the first engine that does not fail; one that fails stays out."""
        while self._engines:
            engine = self._engines[0]
            self._watcher.began(_title(name), len(samples) / SPEECH_RATE_HZ)
            try:
                if isinstance(engine, RecordingRecognizer):
                    return await self._whole(engine, samples)
                return await self._piecewise(engine, samples)
            except ProviderError as error:
                self._failed.append(error)
                self._engines.pop(0)
                if self._engines:
                    self._watcher.warn(f"{self._engines[0].name} listens in place of {engine.name}: {error}")
        raise AllProvidersFailed("stt", self._failed)

    async def _whole(self, engine: Any, samples: Samples) -> Transcript:
        segments = []
        found = engine.transcribe_recording(samples)
        try:
            async for segment in found:
                segments.append(segment)
                self._watcher.heard(segment.end_s)
        finally:
            await close_iterator(found)
        return _transcript(segments, engine.language or self._config.session.language, engine.name)

    async def _piecewise(self, engine: Any, samples: Samples) -> Transcript:
        vad = load_vad(self._config.engines.vad, self._store.path_of("silero-vad"))
        pieces = await self._files.call(lambda token: speech_pieces(samples, vad, self._config.vad, token))
        segments, language = [], self._config.session.language
        for piece in pieces:
            transcript = await engine.transcribe(piece.samples)
            if transcript.text:
                segments.append(Segment(piece.start_s, piece.end_s, transcript.text))
                language = transcript.language
            self._watcher.heard(piece.end_s)
        return _transcript(segments, language, engine.name)


def _transcript(segments: Sequence[Segment], language: str, engine: str) -> Transcript:
    spoken = tuple(segment for segment in segments if segment.text.strip())
    return Transcript(" ".join(segment.text.strip() for segment in spoken), language, engine, spoken)


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise ConfigError("there is no recording on standard input: pipe one in, or name a file")
    data = sys.stdin.buffer.read()
    if not data:
        raise FileError("standard input is empty: a recording is needed")
    return data


def _title(name: str) -> str:
    return _NAME if name == STANDARD_INPUT else name
