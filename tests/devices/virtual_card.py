"""A sound card made of a private PulseAudio server: a loudspeaker to be recorded, a microphone to be fed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.foremost import foremost_threads

RATE_HZ = 48_000

_NULL_SINK = "module-null-sink sink_name={} rate={} channels={} norewinds=1"
"""Without `norewinds` callbacks come in bursts up to two seconds apart."""

_MICROPHONE = "module-remap-source master=micfeed.monitor source_name=mic"

_SILENT = RATE_HZ // 10
"""Frames of silence that are an end: what a device has taken sounds for 60 ms."""

_FORMAT = ("--format=s16le", f"--rate={RATE_HZ}", "--channels=1")


class SoundServer:
    """Runs until `stop`; `environ` leads programs to it, and only to it."""

    def __init__(self, folder: Path, rate_hz: int = RATE_HZ, channels: int = 1) -> None:
        folder.chmod(0o700)
        socket = folder / "native"
        places = ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")
        self.environ = {**os.environ, **dict.fromkeys(places, str(folder)), "PULSE_SERVER": f"unix:{socket}"}
        modules = (
            f"module-native-protocol-unix socket={socket} auth-anonymous=1",
            *self._card(rate_hz, channels),
        )
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--system=false", "--exit-idle-time=-1", "--disallow-exit"]
            + [f"--log-target=file:{folder / 'log'}"]
            + [f"--load={module}" for module in modules],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_until_up()
        self._wait_for_nobody()
        self._choose_defaults()

    @staticmethod
    def _card(rate_hz: int, channels: int) -> tuple[str, ...]:
        return (
            _NULL_SINK.format("speaker", rate_hz, channels),
            _NULL_SINK.format("micfeed", rate_hz, channels),
            _MICROPHONE,
        )

    def _choose_defaults(self) -> None:
        self._control("set-default-sink", "speaker")
        self._control("set-default-source", "mic")

    def unplug(self, *sinks: str) -> None:
        """Take sinks out, all of them where none is named; the microphone goes with `micfeed`.

        The loudspeaker goes last: the server would play on `micfeed` meanwhile, and nobody hears that.
        """
        for sink in sinks or ("micfeed", "speaker"):
            self._control("unload-module", self._module_of(f"sink_name={sink} "))

    def unplug_microphone(self) -> None:
        """Take the default source out, alone; both sinks stay."""
        self._control("unload-module", self._module_of("source_name=mic"))

    def plug_in_microphone(self) -> None:
        """Put it in again."""
        self._control("load-module", *_MICROPHONE.split())
        self._choose_defaults()

    def _module_of(self, name: str) -> str:
        listing = subprocess.run(
            ["pactl", "list", "short", "modules"], env=self.environ, capture_output=True, text=True, check=True
        ).stdout
        return next(line.split()[0] for line in listing.splitlines() if name in line)

    def plug_in(self, *sinks: str) -> None:
        """Put them in again."""
        modules = [_NULL_SINK.format(sink, RATE_HZ, 1) for sink in sinks] or self._card(RATE_HZ, 1)
        for module in modules:
            self._control("load-module", *module.split())
        self._choose_defaults()

    def _wait_until_up(self) -> None:
        deadline_s = time.monotonic() + 10.0
        while self._control("info") != 0:
            assert time.monotonic() < deadline_s, "pulseaudio does not start"
            time.sleep(0.05)

    def _wait_for_nobody(self) -> None:
        """As a real card, which needs no processor of ours; its threads that play go first by themselves."""
        with suppress(OSError):
            os.sched_setscheduler(self.process.pid, os.SCHED_RR, os.sched_param(1))

    def _control(self, *words: str) -> int:
        quiet = subprocess.DEVNULL
        return subprocess.run(["pactl", *words], env=self.environ, stdout=quiet, stderr=quiet, check=False).returncode

    def stop(self) -> None:
        """End it, also where it has been stopped or killed."""
        self.process.kill()
        self.process.wait()


def feed_microphone(wav: Path, environ: Mapping[str, str]) -> None:
    """Play a file into the virtual microphone; returns when it has been played."""
    with foremost_threads():  # who speaks into a real one waits for nobody either
        feeder = subprocess.Popen(["paplay", "-d", "micfeed", "--latency-msec=100", str(wav)], env=environ)
    assert feeder.wait() == 0, "the microphone cannot be fed"


class Monitor:
    """Records what the loudspeaker plays."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        with foremost_threads():  # what it has not fetched when the card goes is lost
            self._process = subprocess.Popen(
                ["parecord", "-d", "speaker.monitor", "--raw", *_FORMAT, "--latency-msec=10"],
                env=environ,
                stdout=subprocess.PIPE,
            )
        self._data = bytearray()
        self._arrivals: list[tuple[float, int]] = []
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._running.wait(10.0), "parecord does not start"

    def _run(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            self._data += data
            self._arrivals.append((time.monotonic(), len(self._data) // 2))
            self._running.set()

    def stop(self) -> None:
        """End the recording."""
        self._process.terminate()
        self._thread.join()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    async def silence(self) -> None:
        """Wait until the loudspeaker, for a tenth of a second from now on at least, plays nothing any more."""
        frames = len(self._data) // 2 + _SILENT
        deadline_s = time.monotonic() + 10.0
        while len(self._data) // 2 < frames or any(self._data[-2 * _SILENT :]):
            assert time.monotonic() < deadline_s, "it does not fall silent"
            await asyncio.sleep(0.01)

    def samples(self, start_s: float = 0.0) -> NDArray[np.int16]:
        """What has been played since a time on the monotonic clock (placed to a few ms), until 100 ms ago."""
        first = max(0, round((start_s - self.zero_s) * RATE_HZ))
        return np.frombuffer(bytes(self._data[: len(self._data) & ~1]), dtype="<i2")[first:]

    @property
    def zero_s(self) -> float:
        """When the first sample sounded: arrivals may be late, not early."""
        return float(np.percentile([at_s - frames / RATE_HZ for at_s, frames in self._arrivals], 2))
