"""A room on the virtual card: what the loudspeaker plays comes back to the microphone, over a little noise."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from virtual_card import RATE_HZ, SoundServer

_NOISE_S = 60


class LiveRoom:
    """Lasts as long as its context. Levels in dB: of the echo over what is played, and of the noise in dBFS."""

    def __init__(self, server: SoundServer, folder: Path, *, gain_db: float | None, noise_dbfs: float = -60.0) -> None:
        self._environ = server.environ
        self._noise = folder / "room.wav"
        noise = 10 ** (noise_dbfs / 20) * np.random.default_rng(0).standard_normal(_NOISE_S * RATE_HZ)
        soundfile.write(self._noise, noise.astype(np.float32), RATE_HZ, subtype="PCM_16")
        self._gain_db = gain_db
        """None: headphones."""
        self._module = ""

    def __enter__(self) -> Self:
        command = ["paplay", "-d", "micfeed", "--latency-msec=500", str(self._noise)]
        self._playing = subprocess.Popen(command, env=self._environ)
        if self._gain_db is not None:
            path = "source=speaker.monitor sink=micfeed latency_msec=40 adjust_time=0 rate=48000 channels=1"
            self._module = self._control("load-module", "module-loopback", *path.split()).strip()
            inputs = self._control("list", "short", "sink-inputs").splitlines()
            ours = [line.split()[0] for line in inputs if "module-loopback" in line]
            self._control("set-sink-input-volume", ours[-1], f"{self._gain_db}dB")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._module:
            self._control("unload-module", self._module)
        self._playing.terminate()
        self._playing.wait()

    def _control(self, *words: str) -> str:
        done = subprocess.run(["pactl", *words], env=self._environ, capture_output=True, text=True, check=True)
        return done.stdout
