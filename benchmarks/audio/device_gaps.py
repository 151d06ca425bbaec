"""Gaps at the loudspeaker, tails of cuts and the cost of waiting, on a private virtual sound card.

`python benchmarks/audio/device_gaps.py [--path native|rtmixer] [--load idle|gil] [--seconds 60] [--cuts 40]`, JSON.
Ten minutes under load: `--load gil --seconds 600 --cuts 0`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from virtual_card import RATE_HZ, Monitor, SoundServer

from localvoice.audio import native
from localvoice.audio.device import open_capture, open_player
from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.device_player import DevicePlayer
from localvoice.config import AudioConfig
from localvoice.messages import SpeechChunk

GAP_FRAMES = 48
"""Zeros in a row, 1 ms, that count as a gap."""

SWITCH_S = 0.001
"""As in a conversation (app/listening.py)."""

WARM_UP_S = 1.5
"""Before anything is measured (audio.md 1)."""


def spin(ending: threading.Event) -> None:
    """A pure-Python thread that always wants the GIL."""
    count = 0
    while not ending.is_set():
        for _ in range(1000):
            count += 1


def listen(capture: DeviceCapture, ending: threading.Event) -> None:
    """What a listener does while nobody talks."""
    while not ending.is_set():
        capture.read()


class Reference:
    """What our callback says it has played, read along by a thread of its own."""

    def __init__(self, player: DevicePlayer) -> None:
        self._played = player.played
        self._parts: list[Any] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._played is None:
            return
        read = self._played.clock
        while not self._ending.wait(0.5):
            written = self._played.clock
            self._parts.append(np.round(self._played.at(read, written - read) * 32768).astype(np.int16))
            read = written

    def against(self, heard: Any) -> dict[str, Any]:
        """Whether the loudspeaker gave the same, sample by sample, from the first that sounds to the last."""
        self._ending.set()
        self._thread.join()
        if not self._parts:
            return {"known": False}
        said, heard = (np.trim_zeros(one) for one in (np.concatenate(self._parts), heard))
        return {
            "known": True,
            "samples": len(said),
            "equals_what_was_played": bool(np.array_equal(said, heard)),
            "equals_it_but_for_the_cards_own_gaps": bool(np.array_equal(said[said != 0], heard[heard != 0])),
            "silence_of_ours": int(np.count_nonzero(said == 0)),
            "silence_of_the_card": len(heard) - len(said),
        }


def counter(first: int, frames: int) -> SpeechChunk:
    """Each sample says which one it is, never 0."""
    values = 1000 + (first + np.arange(frames)) % 20_000
    return SpeechChunk("x", (values / 32768).astype(np.float32), RATE_HZ)


def gaps(samples: Any) -> dict[str, Any]:
    """Runs of zeros inside the sound, and samples lost or doubled where there is none."""
    sounding = np.flatnonzero(samples)
    missing = np.diff(sounding) - 1
    found = missing[missing >= GAP_FRAMES]
    values = samples[sounding].astype(int) - 1000
    jumps = np.count_nonzero(np.diff(values) % 20_000 != 1)
    minutes = (sounding[-1] - sounding[0]) / RATE_HZ / 60
    return {
        "seconds": round(minutes * 60, 1),
        "gaps_per_minute": round(len(found) / minutes, 2),
        "longest_gap_ms": round(float(found.max(initial=0)) / 48, 1),
        "jumps": int(jumps),
    }


async def play_for(player: DevicePlayer, monitor: Monitor, seconds: float) -> dict[str, Any]:
    """A reply of that length, as the loudspeaker got it."""
    start_s = time.monotonic()
    reference = Reference(player)
    player.begin(1)
    part = 4800
    for first in range(0, round(seconds * RATE_HZ), part):
        await player.write(1, counter(first, part))
    await player.drain(1)
    await asyncio.sleep(0.6)
    heard = monitor.samples(start_s)
    return {**gaps(heard), "reference": reference.against(heard)}


def underruns_of(player: DevicePlayer) -> int:
    """Times our callback found nothing while sound was waiting; rtmixer's cannot be told from PortAudio's flags."""
    stream = getattr(player._stream, "_stream", None)  # noqa: SLF001 - xruns adds PortAudio's flags to it
    return int(stream.state.underruns) if hasattr(stream, "state") else 0


async def cut_tails(player: DevicePlayer, monitor: Monitor, cuts: int) -> dict[str, float]:
    """From the decision to the last sample that sounds, and what the position told then missed."""
    tails_ms, errors = [], []
    for turn in range(10, 10 + cuts):
        start_s = time.monotonic()
        player.begin(turn)
        await player.write(turn, counter(0, RATE_HZ))
        await player.reached(turn, 4800 + 137 * turn)
        cut_s = time.monotonic()
        position = player.cut()
        await asyncio.sleep(0.35)
        samples = monitor.samples(start_s - 0.02)
        last = int(np.flatnonzero(samples)[-1])
        silent_s = max(start_s - 0.02, monitor.zero_s) + last / RATE_HZ
        tails_ms.append((silent_s - cut_s) * 1000)
        errors.append(abs(position.frames - int(np.count_nonzero(samples))))
    p50, p95 = np.percentile(tails_ms, [50, 95])
    return {
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "position_error_frames_median": float(statistics.median(errors)),
        "position_error_frames_max": max(errors),
    }


async def cpu_s_per_minute(seconds: float = 10.0) -> float:
    """Processor time of this whole process, PortAudio's and the sound server's client threads included."""
    cpu_s = time.process_time()
    await asyncio.sleep(seconds)
    return round((time.process_time() - cpu_s) * 60 / seconds, 2)


async def measure(arguments: argparse.Namespace, environ: dict[str, str]) -> dict[str, Any]:
    """All figures of one path under one load."""
    capture = open_capture("", AudioConfig())
    player = open_player("", AudioConfig(sample_rate=RATE_HZ), time.monotonic)
    ending = threading.Event()
    result: dict[str, Any] = {"path": player.path, "load": arguments.load}
    await asyncio.sleep(WARM_UP_S)
    if arguments.load == "idle":
        result["cpu_s_per_minute_streams"] = await cpu_s_per_minute()
    threading.Thread(target=listen, args=(capture, ending), daemon=True).start()
    await asyncio.sleep(WARM_UP_S)  # the reader catches up
    if arguments.load == "idle":
        result["cpu_s_per_minute_streams_and_reader"] = await cpu_s_per_minute()
    monitor = Monitor(environ)
    if arguments.load == "gil":
        for _ in range(2):
            threading.Thread(target=spin, args=(ending,), daemon=True).start()
    xruns, underruns, capture_xruns = player.xruns, underruns_of(player), capture.xruns
    result["playing"] = await play_for(player, monitor, arguments.seconds)
    result["underruns_in_our_callback"] = underruns_of(player) - underruns
    result["xruns_counted"] = player.xruns - xruns
    result["load_average"] = [round(one, 1) for one in os.getloadavg()]
    result["capture_xruns"] = capture.xruns - capture_xruns
    if arguments.cuts:
        result["cut"] = await cut_tails(player, monitor, arguments.cuts)
    return result


def main() -> None:
    """Measure on a server of our own and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", choices=["native", "rtmixer"], default="native")
    parser.add_argument("--load", choices=["idle", "gil"], default="idle")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cuts", type=int, default=40)
    arguments = parser.parse_args()
    if shutil.which("pulseaudio") is None:
        print("no pulseaudio: `apt-get install pulseaudio pulseaudio-utils libasound2-plugins` enables this benchmark")
        return
    if arguments.path == "rtmixer":
        native.load = lambda: None  # type: ignore[assignment] # as if it had not been compiled
    server = SoundServer(Path(tempfile.mkdtemp()))
    os.environ.update(server.environ)
    sys.setswitchinterval(SWITCH_S)
    result = asyncio.run(measure(arguments, server.environ))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({**result, "machine": machine, "date": time.strftime("%Y-%m-%d")}, indent=1), flush=True)
    server.stop()
    os._exit(0)  # streams of a server that is gone may hold up an ordinary end


if __name__ == "__main__":
    main()
