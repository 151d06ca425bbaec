"""How right the delay of our own voice is while threads are busy, on a virtual card that hears what it plays.

`python -m benchmarks.audio.alignment [--load gil2] [--seconds 600 | --quick]`, JSON. The loudspeaker's monitor is the
microphone, so that the truth is where both recordings are alike, found behind the measurement, a second at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from virtual_card import SoundServer

from benchmarks.audio.loads import LOADS, loads
from benchmarks.audio.voices import OWN_WORDS, spoken
from localvoice.audio.alignment import Alignment
from localvoice.audio.device import open_capture, open_player
from localvoice.audio.device_player import DevicePlayer
from localvoice.audio.duplex import Duplex
from localvoice.audio.far_end import DeviceFarEnd
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.config import AudioConfig
from localvoice.messages import SpeechChunk

SECOND = SPEECH_RATE_HZ
SETTLED_S = 5
"""Of own speech until the delay has to be known: two seconds of window, and two measurements that agree."""

RIGHT_MS, SLIP_MS = 1.0, 0.5
QUICK_S = 100.0
SWITCH_S = 0.001
"""As in a conversation (app/listening.py)."""

_LONGEST = round(0.8 * SECOND)


class Ears:
    """A listener that keeps what it heard, and what the alignment made of it."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._ending = threading.Event()
        self.near: list[Samples] = []
        self.far: list[Samples] = []
        self.places: list[float | None] = []
        """The delay in frames after each block."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        alignment = Alignment()
        while not self._ending.is_set():
            block = self._duplex.read()
            if block.far is not None:
                alignment.feed(block.near, block.far)
                self.near.append(block.near)
                self.far.append(block.far)
                self.places.append(alignment.place)

    def stop(self) -> None:
        """Hear no more."""
        self._ending.set()
        self._thread.join(5.0)


def truth(near: Samples, far: Samples, at: int) -> float | None:
    """Frames by which the second of `near` that begins at `at` is behind `far`; None where they are not alike.

    Not alike is a second in which the card stalled, or the sound slipped.
    """
    heard, played = near[at : at + SECOND], far[max(0, at - _LONGEST) : at + SECOND]
    size = 1 << (len(heard) + len(played)).bit_length()
    cross: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size)), size)
    best = int(np.argmax(cross[: len(played) - SECOND + 1]))
    alike = cross[best] / max(1e-9, float(np.linalg.norm(heard) * np.linalg.norm(played[best : best + SECOND])))
    before, height, after = cross[best - 1], cross[best], cross[best + 1]
    bend = before - 2.0 * height + after
    place = best + (0.5 * float((before - after) / bend) if bend else 0.0)
    return min(at, _LONGEST) - place if alike > 0.98 else None


def judge(ears: Ears) -> dict[str, Any]:
    """Seconds in which the delay was right, and how long it was wrong behind each slip."""
    near, far = np.concatenate(ears.near), np.concatenate(ears.far)
    in_ms = 1000 / SECOND
    truths = [truth(near, far, at) for at in range(0, len(near) - SECOND, SECOND)]
    known = [(second, one) for second, one in enumerate(truths) if one is not None and second >= SETTLED_S]
    errors, slips, wrong_for, before = [], [], 0, None
    for second, delay in known:
        place = ears.places[(second + 1) * 100 - 1]
        error = abs(place - delay) * in_ms if place is not None else float("inf")
        errors.append(error)
        if before is not None and abs(delay - before) * in_ms > SLIP_MS:
            slips.append({"second": second, "by_ms": round((delay - before) * in_ms, 1), "wrong_for_s": 0})
        before = delay
        wrong_for = wrong_for + 1 if error > RIGHT_MS else 0
        if slips and wrong_for:
            slips[-1]["wrong_for_s"] = max(int(slips[-1]["wrong_for_s"]), wrong_for)
    within = np.array(errors) <= RIGHT_MS
    return {
        "seconds": len(known),
        "not_alike": sum(one is None for one in truths),
        "within_1_ms_percent": round(100 * float(within.mean()), 2),
        "error_ms_p50_p99": [round(float(one), 3) for one in np.percentile(errors, [50, 99])],
        "delay_ms": round(float(np.median([one for _, one in known])) * in_ms, 1),
        "slips": slips,
    }


async def speak(player: DevicePlayer, sounds: list[Samples], seconds: float) -> None:
    """Our own voice without an end, for so long."""
    player.begin(1)
    ends_s = time.monotonic() + seconds
    count = 0
    while time.monotonic() < ends_s:
        await player.write(1, SpeechChunk("x", sounds[count % len(sounds)], SPEECH_RATE_HZ))
        count += 1


async def measure(load: str, sounds: list[Samples], seconds: float) -> dict[str, Any]:
    """All figures under one load."""
    capture = open_capture("", AudioConfig())
    player = open_player("", AudioConfig(), time.monotonic)
    if player.played is None:
        sys.exit("our own callbacks are needed: `pip install -e .` where a C compiler is")
    ears = Ears(Duplex(capture, player, DeviceFarEnd(player.played, player.rate_hz)))
    await asyncio.sleep(1.5)
    xruns = player.xruns, capture.xruns
    with loads(load):
        await speak(player, sounds, seconds)
    ears.stop()
    state = player._stream._stream.state  # type: ignore[attr-defined] # noqa: SLF001 - xruns adds PortAudio's flags to it
    return {
        "load": load,
        **judge(ears),
        "underruns_in_our_callback": int(state.underruns),
        "xruns_playback_capture": [player.xruns - xruns[0], capture.xruns - xruns[1]],
    }


def main() -> None:
    """Measure on a server of our own and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", choices=LOADS, default="gil2")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--quick", action="store_const", const=QUICK_S, dest="seconds", help=f"{QUICK_S:.0f} s of it")
    arguments = parser.parse_args()
    server = SoundServer(Path(tempfile.mkdtemp()))
    os.environ.update(server.environ)
    subprocess.run(["pactl", "set-default-source", "speaker.monitor"], env=server.environ, check=True)
    sys.setswitchinterval(SWITCH_S)
    sounds = [spoken(text, "en-us") for text in OWN_WORDS]
    result = asyncio.run(measure(arguments.load, sounds, arguments.seconds))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load_average = [round(one, 1) for one in os.getloadavg()]
    print(json.dumps({**result, "load_average": load_average, "machine": machine, "date": time.strftime("%Y-%m-%d")}))
    sys.stdout.flush()
    server.stop()
    os._exit(0)  # streams of a server that is gone may hold up an ordinary end


if __name__ == "__main__":
    main()
