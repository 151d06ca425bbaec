"""The checks of machine and devices: Python, memory and disk, PortAudio, callbacks, canceller, both ends, detector."""

from __future__ import annotations

import platform
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from localvoice.audio.device import NOUNS, DeviceInfo, Kind, find_device
from localvoice.audio.device_path import path_name
from localvoice.audio.duplex import BLOCK, BLOCK_S
from localvoice.audio.files import check_is_wav, open_sound_file
from localvoice.audio.foremost import may_go_first
from localvoice.audio.opening import End, EndKind, check_output, parse_end
from localvoice.audio.portaudio import load_sounddevice
from localvoice.audio.samples import silence
from localvoice.audio.vad import WINDOW, WINDOW_S, SileroVad, load_vad
from localvoice.config import Config
from localvoice.doctor.examination import Check, Finding, advice, fine, skipped
from localvoice.model_store.catalogue import size_text
from localvoice.model_store.store import ModelStore
from localvoice.tiers.known_speeds import tier_here

_LOW_DISK_BYTES = 3_000_000_000
"""The standard tier and room to unpack it."""

_VAD_BUDGET = 0.05
"""Share of real time the voice detector may take: a core has to be left for the rest."""

_VAD_WINDOWS = 100
_WORK_BLOCKS = 100

_COMPILE = "install a C compiler and localvoice again (`pip install --force-reinstall --no-deps localvoice`)"


def machine_checks(config: Config, store: ModelStore) -> Iterator[Check]:
    """What does not depend on an engine."""

    async def machine() -> Finding:
        return _machine()

    async def disk() -> Finding:
        return _disk(store.root)

    async def portaudio() -> Finding:
        return fine(str(load_sounddevice().get_portaudio_version()[1]).split(",")[0])

    async def callbacks() -> Finding:
        return _callbacks()

    async def canceller() -> Finding:
        return _canceller(config)

    async def detector() -> Finding:
        return _detector(config)

    yield Check("python", _python)
    yield Check("machine", machine)
    yield Check("disk", disk)
    yield Check("portaudio", portaudio)
    yield Check("audio callbacks", callbacks)
    yield Check("echo canceller", canceller)
    yield _end("input", config.audio.input)
    yield _end("output", config.audio.output)
    yield Check("voice detector", detector)


async def _python() -> Finding:
    return fine(f"{platform.python_version()} on {platform.system()} {platform.machine()} ({sys.executable})")


def _machine() -> Finding:
    advice, is_measured = tier_here()
    found = f"{advice.reason}: models of the tier {advice.tier} suit it"
    return fine(found if is_measured else f"{found} (a rule of thumb: `localvoice models recommend` measures)")


def _disk(root: Path) -> Finding:
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{size_text(free)} free for models in {root}"
    if free < _LOW_DISK_BYTES:
        return advice(found, "free some space, or set LOCALVOICE_MODELS to a folder on another disk", free_bytes=free)
    return fine(found, free_bytes=free)


def _callbacks() -> Finding:
    if path_name() == "native":
        when = "in real time" if may_go_first() else "not in real time (see docs/audio.md)"
        return fine(f"compiled, {when}: exact cuts, and the echo of what was played can be taken out")
    return advice(
        "rtmixer: our own are not there, so there is no echo cancellation",
        _COMPILE,
    )


def _canceller(config: Config) -> Finding:
    if config.audio.echo == "off":
        return skipped("switched off (audio.echo): headphones are needed")
    from localvoice.audio import native_reflex
    from localvoice.audio.block_work import load_work

    work = load_work()
    noise = (0.1 * np.random.default_rng(0).standard_normal((_WORK_BLOCKS, BLOCK))).astype(np.float32)
    took_s = [_took_s(partial(work.process, block, block, block)) for block in noise]
    median_s = statistics.median(took_s)
    found = f"WebRTC AEC3 ({work.runtime}), {median_s * 1000:.2f} ms for each {BLOCK_S * 1000:.0f} ms of sound"
    if native_reflex.load() is not None:
        return fine(found, block_ms=median_s * 1000)
    return advice(f"{found}: {native_reflex.reason()}", _COMPILE, block_ms=median_s * 1000)


def _took_s(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _end(kind: Kind, spec: str) -> Check:
    async def examine() -> Finding:
        end = parse_end(spec)
        if end.kind is not EndKind.DEVICE:
            _check_file(end, kind)
            return skipped(f"{end.label}, no device")
        device = find_device(spec, kind)
        return fine(_described(device, kind), rate_hz=device.default_rate_hz)

    return Check(NOUNS[kind], examine)


def _check_file(end: End, kind: Kind) -> None:
    """Raises `FileError` where a conversation would; a pipe that is listened to is left to it."""
    if end.kind is not EndKind.FILE:
        return
    if kind == "output":
        check_is_wav(Path(end.spec))
        check_output(end)
    elif not end.is_named_pipe:
        open_sound_file(Path(end.spec)).close()


def _described(device: DeviceInfo, kind: Kind) -> str:
    channels = device.channels(kind)
    plural = "s" if channels != 1 else ""
    return f'"{device.name}" ({device.host_api}, {device.default_rate_hz} Hz, {channels} channel{plural})'


def _detector(config: Config) -> Finding:
    vad = load_vad(config.engines.vad, runtime=config.vad.runtime)
    window = silence(WINDOW)
    took_s = [_took_s(partial(vad.probability, window)) for _ in range(_VAD_WINDOWS)]
    median_s = statistics.median(took_s)
    name = f"{vad.name} ({vad.runtime})" if isinstance(vad, SileroVad) else vad.name
    found = f"{name}, {median_s * 1000:.2f} ms for each {WINDOW_S * 1000:.0f} ms of sound"
    if median_s > _VAD_BUDGET * WINDOW_S:
        return advice(found, "close what keeps the processor busy, or take `--vad webrtc`", window_ms=median_s * 1000)
    return fine(found, window_ms=median_s * 1000)
