"""Text to speech: from words or a stream of them to a loudspeaker, a file or a pipe."""

from __future__ import annotations

import asyncio
import codecs
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from localvoice.app.signals import Stopper
from localvoice.audio.files import standard_output
from localvoice.audio.opening import End, EndKind, open_player, parse_end
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, to_int16
from localvoice.audio.whole_wav import WholeWav
from localvoice.config import Config
from localvoice.engine_choice import EngineChoice
from localvoice.engines import Player
from localvoice.errors import ConfigError, DeviceError, ExitCode
from localvoice.fallback import FallbackSynthesizer
from localvoice.loading import load_stage
from localvoice.messages import SpeechChunk
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.streams import CancelToken, Worker, close_iterator, read_ahead
from localvoice.text.clauses import MAX_CHARS, clauses
from localvoice.text.speakable import speakable

_AHEAD_S = 4.0
"""Sound made before it is taken: about a sentence."""

_PARTS_AHEAD = 4
"""Stretches of standard input read before they are spoken; a pipe holds the rest."""

_READ_BYTES = 4096

_NOTHING = "there is nothing to say: give the words behind `localvoice say`, or - and text on standard input"

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SayOptions:
    """What is to be said, and who is told what."""

    text: str
    """Empty where `stream` holds the text."""
    stream: BinaryIO | None
    progress: Note
    """Told what is being done, for people who watch."""
    warn: Note


async def say(config: Config, store: ModelStore, options: SayOptions) -> ExitCode:
    """Say it to the end. Raises `LocalVoiceError`; nothing half-written is left behind then."""
    with ExitStack() as stack, Stopper().installed() as stopper:
        try:
            await _say(config, store, options, stack)
        except asyncio.CancelledError:
            if stopper.code is None:
                raise
            return stopper.code
    return ExitCode.OK


async def _say(config: Config, store: ModelStore, options: SayOptions, stack: ExitStack) -> None:
    if options.stream is None and not speakable(options.text).text:
        raise ConfigError(_NOTHING)
    end = parse_end(config.audio.output)
    candidates = EngineChoice(config, store, Skills()).candidates("tts")
    if end.kind is EndKind.NONE:
        options.warn("nothing is said: the output is none")
        return
    mouth = _open_mouth(end, config)
    stack.callback(mouth.close)
    loaded = await load_stage("tts", candidates, options.progress)
    for engine in loaded.engines:
        stack.callback(engine.close)

    def told(_: str, before: str, after: str, reason: str) -> None:
        options.warn(f"{after} speaks in place of {before}: {reason}")

    for name, error in loaded.skipped:
        told("tts", name, loaded.name, str(error))
    for name, error in loaded.absent:
        options.warn(f"{name} does not stand behind {loaded.name}: {error}")
    options.progress(
        f"speaking with {loaded.name}" + (" (starter)" if loaded.is_starter else " (cloud)" if loaded.is_cloud else "")
    )
    voice = FallbackSynthesizer(loaded.engines, told, loaded.unreachable)
    in_time = end.kind is EndKind.DEVICE or options.stream is not None
    spoken = voice.synthesize(_clauses(_text(options), in_time=in_time))
    if not await _all_of(spoken, mouth, np.float32(config.speech.volume)):
        raise ConfigError(_NOTHING)
    await mouth.finish()


async def _all_of(spoken: AsyncIterator[SpeechChunk], mouth: Mouth, volume: np.float32) -> bool:
    """Whether there was anything to hear."""
    said = False
    async with read_ahead(spoken, _AHEAD_S, lambda chunk: chunk.duration_s) as chunks:
        async for chunk in chunks:
            if len(chunk.samples):
                said = True
                await mouth.say(SpeechChunk(chunk.text, chunk.samples * volume, chunk.rate_hz))
    return said


def _clauses(text: AsyncIterator[str], *, in_time: bool) -> AsyncIterator[str]:
    """Where nobody waits for the first word the first clause may be long: it sounds better."""
    if in_time:
        return clauses(text)
    return clauses(text, first_min_chars=MAX_CHARS, first_max_chars=MAX_CHARS)


async def _text(options: SayOptions) -> AsyncIterator[str]:
    if options.stream is None:
        yield options.text
        return
    reader = Worker("standard input")
    parts = reader.stream(partial(_parts, options.stream), _PARTS_AHEAD)
    try:
        async for part in parts:
            yield part
    finally:
        await close_iterator(parts)
        reader.close()


def _parts(stream: BinaryIO, token: CancelToken) -> Iterator[str]:
    """What a writer has written, as it comes: `read` would wait for a full buffer."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while data := os.read(stream.fileno(), _READ_BYTES):
        token.check()
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


class Mouth(Protocol):
    """Where speech goes."""

    async def say(self, chunk: SpeechChunk) -> None:
        """Take the next stretch; waits while enough is queued."""

    async def finish(self) -> None:
        """Wait for the end of it all."""

    def close(self) -> None:
        """Let go; drops what has not been finished."""


def _open_mouth(end: End, config: Config) -> Mouth:
    match end.kind:
        case EndKind.FILE:
            return _Written(WholeWav(Path(end.spec)))
        case EndKind.PIPE:
            return _Piped(standard_output())
        case _:
            started_s = time.monotonic()
            player, _ = open_player(end, config.audio, lambda: time.monotonic() - started_s)
            if player is None:
                raise DeviceError("there is no loudspeaker: use `--output FILE.wav`")
            return _Played(player)


class _Written:
    """A file, as fast as it goes."""

    def __init__(self, wav: WholeWav) -> None:
        self._wav = wav

    async def say(self, chunk: SpeechChunk) -> None:
        self._wav.write(chunk.samples, chunk.rate_hz)

    async def finish(self) -> None:
        self._wav.finish()

    def close(self) -> None:
        self._wav.close()


class _Piped:
    """Raw PCM s16le mono 16 kHz; a thread of its own waits for the reader."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._worker = Worker("standard output")

    async def say(self, chunk: SpeechChunk) -> None:
        samples = resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ)
        await self._worker.call(lambda _: self._write(samples))

    def _write(self, samples: Samples) -> None:
        self._pipe.write(to_int16(samples).tobytes())
        self._pipe.flush()

    async def finish(self) -> None:
        """Everything has been written by now."""

    def close(self) -> None:
        self._worker.close()


class _Played:
    """A loudspeaker."""

    _TURN = 1

    def __init__(self, player: Player) -> None:
        self._player = player
        player.begin(self._TURN)

    async def say(self, chunk: SpeechChunk) -> None:
        await self._player.write(self._TURN, chunk)

    async def finish(self) -> None:
        await self._player.drain(self._TURN)

    def close(self) -> None:
        self._player.cut()
        close = getattr(self._player, "close", None)
        if close is not None:
            close()
