"""`devices --test`: our own voice through a loudspeaker, recorded on the microphone, measured and judged.

Rule of this file: it plays and records; what the recording means is decided in audio/duplex_mode.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.app.listening import conversation_vad
from localvoice.app.signals import Stopper
from localvoice.audio.device import find_device
from localvoice.audio.duplex import Block, Duplex
from localvoice.audio.duplex_mode import Verdict, judge
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.opening import Clock, End, EndKind, open_capture, open_player, parse_end
from localvoice.audio.rehearing import rehear
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from localvoice.audio.self_test import PathReport, measure
from localvoice.config import Config
from localvoice.engine_choice import EngineChoice
from localvoice.engines import Player
from localvoice.errors import ConfigError, DeviceError, ExitCode
from localvoice.loading import load_stage
from localvoice.messages import SpeechChunk
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.streams import CancelToken, Worker, close_iterator

_TEXT = (
    "This is a test of your loudspeaker and your microphone. Please be quiet while I speak. I am listening to my own "
    "voice, so that you can interrupt me later, and I am not interrupted by myself. Nothing of this is recorded, and "
    "in a few seconds you will see what I have heard."
)

_SILENCE_S = 1.5
"""Before we speak: the noise of the room, behind what a device needs to settle."""

_SPEECH_S = 10.0
"""Long enough for 3 s until the canceller is warm and 5 s between the measurements of the drift (audio.md 8)."""

_TAIL_S = 0.8
"""Behind the cut: the longest tail measured on any device, 0.24 s, and the room (audio.md 4)."""

_LONGEST_S = 20.0
"""For all of it, the voice's loading included."""

_SILENT_DBFS = -90.0
"""The least that is shown."""

_TURN = 1
_POLL_S = 0.05

_PLACED_EARLY_S = 0.1
"""Where nobody knows what was played, it is put in front of the time at which it is believed to sound."""


class Progress(Protocol):
    """Who is told how far the test has come."""

    def note(self, text: str) -> None:
        """What is being done."""

    def heard(self, share: float, microphone_dbfs: float, loudspeaker_dbfs: float) -> None:
        """How much of the listening is over, 0..1, and how loud both ends are now."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test came to."""

    pair: DevicePair
    voice: str
    """The synthesiser that spoke."""
    report: PathReport
    verdict: Verdict
    is_kept: bool
    """Whether it is remembered for this pair."""


async def run_device_test(
    config: Config, store: ModelStore, memory: KnownPairs, progress: Progress
) -> Tested | ExitCode:
    """Test the pair of devices that a conversation would use; the code of the signal where one ended it.

    Raises `ConfigError` where one end is no device, `DeviceError`, `ModelError` and `ProviderError`.
    """
    ends = [_device(spec, flag) for spec, flag in ((config.audio.input, "input"), (config.audio.output, "output"))]
    pair = DevicePair.of(
        find_device(ends[0].spec, "input"), find_device(ends[1].spec, "output"), config.audio.sample_rate
    )
    with ExitStack() as stack, Stopper().installed() as stopper:
        try:
            async with asyncio.timeout(_LONGEST_S):
                tested = await _Test(config, store, pair, stack, progress).run(*ends)
        except TimeoutError as error:
            raise DeviceError(
                f"the test did not come to its end within {_LONGEST_S:.0f} s: close other programs and try again"
            ) from error
        except asyncio.CancelledError:
            if stopper.code is None:
                raise
            return stopper.code
    is_kept = tested.verdict.is_sure and config.audio.echo == "auto"
    known = Known.from_verdict(tested.verdict, "test", tested.report.delay.delay_ms)
    return replace(tested, is_kept=is_kept and memory.keep(pair, known))


def _device(spec: str, flag: str) -> End:
    end = parse_end(spec)
    if end.kind is not EndKind.DEVICE:
        raise ConfigError(f"--test tests devices: name one with --{flag}, not {spec} (`localvoice devices` lists them)")
    return end


@dataclass(frozen=True, slots=True, eq=False)
class _Recording:
    """Both ends at 16 kHz."""

    near: Samples
    far: Samples
    knows_far: bool
    cut_at: int


class _Test:
    """One test; the stack closes what it opens."""

    def __init__(
        self, config: Config, store: ModelStore, pair: DevicePair, stack: ExitStack, progress: Progress
    ) -> None:
        self._config = config
        self._store = store
        self._pair = pair
        self._stack = stack
        self._progress = progress
        self._worker = Worker("device test")
        stack.callback(self._worker.close)

    async def run(self, microphone: End, loudspeaker: End) -> Tested:
        """Open, speak and listen, measure, judge."""
        capture = open_capture(microphone, self._config.audio)
        self._stack.callback(capture.close)
        clock = Clock()
        player, far_end = open_player(loudspeaker, self._config.audio, clock.now_s)
        duplex = clock.duplex = Duplex(capture, player, far_end)
        self._stack.callback(duplex.close)
        if player is None:
            raise DeviceError("there is no loudspeaker: use `--output` with a device of `localvoice devices`")
        voice, speech = await self._speech()
        self._progress.note("Please be quiet for 12 seconds: I speak and listen to myself.")
        recording = await self._record(duplex, player, clock, speech)
        self._progress.note("Measuring.")
        report = await self._worker.call(lambda _: self._measured(recording))
        cancels = recording.knows_far and self._config.audio.echo == "auto"
        verdict = judge(report, cancels=cancels)
        if verdict.mode == "half" and self._config.audio.echo == "off":
            verdict = replace(verdict, advice="run `localvoice config set audio.echo auto`: the canceller is off")
        return Tested(self._pair, voice, report, verdict, is_kept=False)

    async def _speech(self) -> tuple[str, SpeechChunk]:
        """The synthesiser's name, and speech that is longer than the test."""
        engines = replace(self._config.engines, cloud="off")
        candidates = EngineChoice(replace(self._config, engines=engines), self._store, Skills()).candidates("tts")
        loaded = await load_stage("tts", candidates, self._progress.note)
        for engine in loaded.engines:
            self._stack.callback(engine.close)
        spoken: AsyncIterator[SpeechChunk] = loaded.engines[0].synthesize(_once(_TEXT))
        try:
            parts = [chunk async for chunk in spoken if len(chunk.samples)]
        finally:
            await close_iterator(spoken)
        if not parts:
            raise DeviceError(f"{loaded.name} said nothing: choose another voice with --tts")
        rate_hz = parts[0].rate_hz
        text = np.concatenate([resample(part.samples, part.rate_hz, rate_hz) for part in parts])
        frames = round((_SPEECH_S + _TAIL_S) * rate_hz)
        sound = np.resize(text, frames) * np.float32(self._config.speech.volume)
        return loaded.name, SpeechChunk(_TEXT, sound.astype(np.float32), rate_hz)

    async def _record(self, duplex: Duplex, player: Player, clock: Clock, speech: SpeechChunk) -> _Recording:
        tape = _Tape(duplex)
        recorded, (started_s, cut_s) = await asyncio.gather(
            self._worker.call(tape.run), self._speak(duplex, player, clock, speech, tape)
        )
        near = np.concatenate([block.near for block in recorded])
        cut_at = round(cut_s * SPEECH_RATE_HZ)
        known = [block.far for block in recorded if block.far is not None]
        far = np.concatenate(known) if known else _placed(speech, started_s, cut_s, len(near))
        return _Recording(near, far, bool(known), cut_at)

    async def _speak(
        self, duplex: Duplex, player: Player, clock: Clock, speech: SpeechChunk, tape: _Tape
    ) -> tuple[float, float]:
        """When our voice began to sound, and when it was told to stop, in seconds on the capture clock."""
        try:
            await self._until(duplex, _SILENCE_S, tape)
            player.begin(_TURN)
            await player.write(_TURN, speech)
            started_s = await player.reached(_TURN, 0)
            await self._until(duplex, started_s + _SPEECH_S, tape)
            cut_s = clock.now_s()
            player.cut()
            await self._until(duplex, cut_s + _TAIL_S, tape)
        finally:
            tape.is_full = True
        return started_s, cut_s

    async def _until(self, duplex: Duplex, at_s: float, tape: _Tape) -> None:
        while duplex.now_s() < at_s:
            share = min(1.0, duplex.now_s() / (_SILENCE_S + _SPEECH_S + _TAIL_S))
            self._progress.heard(share, *tape.levels_dbfs)
            await asyncio.sleep(_POLL_S)

    def _measured(self, recording: _Recording) -> PathReport:
        config = self._config
        cancels = recording.knows_far and config.audio.echo == "auto"
        path = open_echo_path(config.vad.duck_threshold) if cancels else None
        vad = conversation_vad(config, self._store)
        report = measure(rehear(recording.near, recording.far, vad, path, cut_at=recording.cut_at))
        if report is None:
            raise DeviceError(
                f'the loudspeaker "{self._pair.output}" played nothing: check it with `localvoice devices`'
            )
        return report


class _Tape:
    """Everything that is heard, until it is full."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self.is_full = False
        self._last: Block | None = None

    @property
    def levels_dbfs(self) -> tuple[float, float]:
        """Of the last block: what the microphone heard, and what the loudspeaker was given where that is known."""
        last = self._last
        if last is None:
            return _SILENT_DBFS, _SILENT_DBFS
        return _dbfs(last.near), _SILENT_DBFS if last.far is None else _dbfs(last.far)

    def run(self, token: CancelToken) -> list[Block]:
        """Listen. Blocks."""
        blocks = []
        while not self.is_full:
            token.check()
            self._last = self._duplex.read()
            blocks.append(self._last)
        return blocks


def _dbfs(samples: Samples) -> float:
    return (
        float(10 * np.log10(np.mean(np.square(samples)) + 10 ** (_SILENT_DBFS / 10))) if len(samples) else _SILENT_DBFS
    )


def _placed(speech: SpeechChunk, started_s: float, cut_s: float, length: int) -> Samples:
    """What was played, about where it sounded: enough to find its echo."""
    far = silence(length)
    start = max(0, round((started_s - _PLACED_EARLY_S) * SPEECH_RATE_HZ))
    sound = resample(speech.samples, speech.rate_hz, SPEECH_RATE_HZ)[: round((cut_s - started_s) * SPEECH_RATE_HZ)]
    sound = sound[: length - start]
    far[start : start + len(sound)] = sound
    return far


async def _once(text: str) -> AsyncIterator[str]:
    yield text
