"""How soon a reply is held for a voice over it, on a private virtual sound card, while other things run.

`python -m benchmarks.audio.reflex [--load idle|c|gil1|gil2|engines ...] [--seconds 60] [--switch-ms 1] [--work native
python]`, JSON.

The listener's thread, the event loop and the compiled callbacks are the program's; our voice comes back to the
microphone at -12 dB after 40 ms, a user begins every 2.5 s, 10 dB over it. A reply is held and goes on 0.6 s later,
whatever the user says. `native` and `python` is who does the work of a block. Figures: docs/decisions/032.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from live_room import LiveRoom
from virtual_card import SoundServer

from benchmarks.audio.loads import LOADS, loads
from benchmarks.audio.voices import OWN_WORDS, USER_WORDS, spoken
from localvoice.audio import native_reflex
from localvoice.audio.device import open_capture, open_player
from localvoice.audio.duplex import Block, Duplex
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.far_end import DeviceFarEnd
from localvoice.audio.hearing import Hearing
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import load_vad
from localvoice.config import AudioConfig, Config
from localvoice.errors import LocalVoiceError
from localvoice.listener import Listener
from localvoice.messages import SpeechChunk
from localvoice.turn.observations import Window
from localvoice.turn.speech_gate import Edge, SpeechGate

ECHO_DB, USER_DB = -12.0, -2.0
OWN_VOICE, USER_VOICE = "en-us", "awb"
SETTLED_S, EVERY_S, HELD_S = 8.0, 2.5, 0.6
"""Until the first user, between two of them, and how long a reply is held."""
WORKS = ("native", "python")
MISSED_AFTER_S = 1.0
NICE = -10
"""Of this process, where we may: the machine is shared, and it is the GIL that is asked about. The card runs at -15."""


def user_sound(seconds: float) -> tuple[Samples, list[float]]:
    """Phrases at the microphone, and where each can first be heard, in seconds."""
    sound, onsets = silence(round(seconds * SPEECH_RATE_HZ)), []
    random = np.random.default_rng(1)
    for at_s in np.arange(SETTLED_S, seconds - 2.0, EVERY_S):
        said = np.float32(10 ** (USER_DB / 20)) * spoken(str(random.choice(USER_WORDS)), USER_VOICE)[:SPEECH_RATE_HZ]
        start = round((at_s + random.uniform(0.0, 0.4)) * SPEECH_RATE_HZ)
        sound[start : start + len(said)] += said
        onsets.append((start + np.flatnonzero(np.abs(said) > 0.03 * np.abs(said).max())[0]) / SPEECH_RATE_HZ)
    return sound, onsets


class TimedHearing(Hearing):
    """Keeps what it heard, when it could have been heard, and what the listening cost."""

    def __init__(self) -> None:
        vad = load_vad("silero")
        path = open_echo_path(Config().vad.duck_threshold, vad=vad.another())  # type: ignore[attr-defined] # Silero has it
        super().__init__(vad, UtteranceBuffer(5.0), path)
        self.near: list[Samples] = []
        self.cpu_ms: list[float] = []
        self.waits: list[int] = []
        """Times the thread has gone to sleep, by block: once for the block, the others for the GIL."""
        self.zero_s = float("inf")
        """When the first sample was in the ring (monotonic time): looks may be late, never early."""

    def feed(self, block: Block) -> list[float]:
        """As ever."""
        self.near.append(block.near)
        self.zero_s = min(self.zero_s, time.monotonic() - len(self.near) / 100)
        started_s = time.thread_time()
        heard = super().feed(block)
        self.waits.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw)
        self.cpu_ms.append(1000 * (time.thread_time() - started_s))
        return heard


class Reply:
    """What is said without an end, held for every voice over it: the session's part, in the event loop."""

    def __init__(self, player: Any) -> None:
        self._player = player
        self._gate = SpeechGate(Config().vad)
        self._resumes: asyncio.TimerHandle | None = None
        self.windows: list[tuple[float, float]] = []
        """(end on the capture clock, when the loop had it)."""
        self.held: list[tuple[float, float]] = []
        """The same of the windows for which the reply was held."""

    async def speak(self) -> None:
        """Until cancelled."""
        self._player.begin(1)
        for at in range(10**6):
            await self._player.write(
                1, SpeechChunk("x", spoken(OWN_WORDS[at % len(OWN_WORDS)], OWN_VOICE), SPEECH_RATE_HZ)
            )

    def take(self, seen: Window | LocalVoiceError) -> None:
        """Hold it with the window in which a voice is noticed."""
        if not isinstance(seen, Window):
            raise seen
        began = self._gate.step(seen.at_s, seen.probability, eager=True) is Edge.STARTED
        if began and self._resumes is None:
            self._player.pause()
            self.held.append((seen.at_s, time.monotonic()))
            self._resumes = asyncio.get_running_loop().call_later(HELD_S, self._resume)
        self.windows.append((seen.at_s, time.monotonic()))

    def _resume(self) -> None:
        self._player.resume()
        self._resumes = None


async def measure(load: str, switch_ms: float, seconds: float, environ: dict[str, str], folder: Path) -> dict[str, Any]:
    """All figures under one load."""
    sys.setswitchinterval(switch_ms / 1000)
    capture = open_capture("", AudioConfig())
    player = open_player("", AudioConfig(sample_rate=48_000), time.monotonic)
    hearing, reply = TimedHearing(), Reply(player)
    duplex = Duplex(capture, player, DeviceFarEnd(player.played, player.rate_hz))  # type: ignore[arg-type] # ours knows it
    post = asyncio.get_running_loop().call_soon_threadsafe
    listener = Listener(duplex, hearing, partial(post, reply.take))
    sound, onsets = user_sound(seconds)
    soundfile.write(folder / "user.wav", sound, SPEECH_RATE_HZ)
    with ExitStack() as stack:
        stack.enter_context(loads(load))
        listener.start()
        speaking = asyncio.create_task(reply.speak())
        command = ["paplay", "-d", "micfeed", "--latency-msec=500", str(folder / "user.wav")]
        user = await asyncio.create_subprocess_exec(*command, env=environ)
        await user.wait()
        speaking.cancel()
    listener.stop()
    with suppress(asyncio.CancelledError):
        await speaking
    return {"load": load, "switch_ms": switch_ms} | figures(hearing, reply, sound, onsets)


def figures(hearing: TimedHearing, reply: Reply, sound: Samples, onsets: list[float]) -> dict[str, Any]:
    """Onset to command, sound captured to command, and what a block cost."""
    first_s = place(np.concatenate(hearing.near), sound)
    delays = []
    for onset_s in (first_s + onset for onset in onsets):
        after = [
            told_s - hearing.zero_s - onset_s for at_s, told_s in reply.held if 0 <= at_s - onset_s < MISSED_AFTER_S
        ]
        delays += after[:1]
    late = [told_s - hearing.zero_s - at_s for at_s, told_s in reply.windows[100:]]
    return {
        "users": len(onsets),
        "held": len(delays),
        "onset_to_command_ms_p50_p95_max": in_ms(delays),
        "window_to_command_ms_p50_p95_p99_max": in_ms(late, (0.5, 0.95, 0.99, 1.0)),
        "cpu_ms_per_block_mean_p99": [
            round(float(np.mean(hearing.cpu_ms)), 3),
            round(float(np.quantile(hearing.cpu_ms, 0.99)), 2),
        ],
        "waits_per_block": round((hearing.waits[-1] - hearing.waits[0]) / (len(hearing.waits) - 1), 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def place(near: Samples, sound: Samples) -> float:
    """Where the user's recording begins on the capture clock, in seconds: both played and captured without a gap."""
    size = 1 << (len(near) + len(sound)).bit_length()
    cross = np.fft.rfft(near, size) * np.conj(np.fft.rfft(sound, size))
    return int(np.argmax(np.fft.irfft(cross / (np.abs(cross) + 1e-9))[: len(near)])) / SPEECH_RATE_HZ


def in_ms(values: list[float], shares: tuple[float, ...] = (0.5, 0.95, 1.0)) -> list[float]:
    """Quantiles."""
    return [round(1000 * float(np.quantile(values, share)), 1) for share in shares] if values else []


def main() -> None:
    """Measure on a server of our own and print; a process for each row, since streams that hang would be kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", choices=LOADS, nargs="+", default=list(LOADS))
    parser.add_argument("--switch-ms", type=float, nargs="+", default=[1.0])
    parser.add_argument("--work", choices=WORKS, nargs="+", default=list(WORKS))
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if shutil.which("pulseaudio") is None:
        print("no pulseaudio: `apt-get install pulseaudio pulseaudio-utils libasound2-plugins` enables this benchmark")
        return
    rows = list(product(options.switch_ms, options.load, options.work))
    if len(rows) > 1:
        for switch_ms, load, work in rows:
            row = ["--load", load, "--switch-ms", str(switch_ms), "--work", work, "--seconds", str(options.seconds)]
            subprocess.run([sys.executable, "-m", "benchmarks.audio.reflex", *row], check=False)
        return
    if options.work == ["python"]:
        native_reflex.load = lambda: None  # type: ignore[assignment] # as where no compiler was
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE - 5)
    for words in OWN_WORDS:
        spoken(words, OWN_VOICE)  # kept; it cannot be done within the loop
    folder = Path(tempfile.mkdtemp())
    server = SoundServer(folder)
    os.environ.update(server.environ)
    with LiveRoom(server, folder, gain_db=ECHO_DB):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        row = asyncio.run(measure(options.load[0], options.switch_ms[0], options.seconds, server.environ, folder))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(
        json.dumps({"work": options.work[0]} | row | {"machine": machine, "date": time.strftime("%Y-%m-%d")}),
        flush=True,
    )
    server.stop()
    os._exit(0)  # streams of a server that is gone may hold up an ordinary end


if __name__ == "__main__":
    main()
