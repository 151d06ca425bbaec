"""A virtual card that is broken while somebody talks, in several ways, and a tone into its microphone."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from virtual_card import RATE_HZ, SoundServer

AWAY_S = 0.6


class Card:
    """The private server, which may be killed and started again in its folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.away_s = AWAY_S
        """How long devices are gone."""
        self.feeder: asyncio.subprocess.Process | None = None
        """Plays the tone; another one follows it."""
        self.server = SoundServer(self.folder)
        os.environ.update(self.server.environ)

    def kill(self) -> None:
        self.server.stop()

    def start(self, rate_hz: int = RATE_HZ, channels: int = 1) -> None:
        self.server = SoundServer(self.folder, rate_hz, channels)

    def signal(self, number: signal.Signals) -> None:
        self.server.process.send_signal(number)

    def feed_again(self) -> None:
        """The tone went with a sink that was removed."""
        if self.feeder is not None and self.feeder.returncode is None:
            self.feeder.kill()


async def kill(card: Card) -> None:
    """The sound server dies and is started again."""
    card.kill()
    await asyncio.sleep(card.away_s)
    await asyncio.to_thread(card.start)


async def kill_and_change_rate(card: Card) -> None:
    """The sound server comes back with another card: 44.1 kHz, two channels."""
    card.kill()
    await asyncio.sleep(card.away_s)
    await asyncio.to_thread(card.start, 44_100, 2)


async def stall(card: Card) -> None:
    """The sound server hangs for a while."""
    card.signal(signal.SIGSTOP)
    await asyncio.sleep(card.away_s)
    card.signal(signal.SIGCONT)


async def unplug(card: Card) -> None:
    """All devices go, and come back."""
    await asyncio.to_thread(card.server.unplug)
    await asyncio.sleep(card.away_s)
    await asyncio.to_thread(card.server.plug_in)


async def remove_sink(card: Card) -> None:
    """The loudspeaker goes; the server moves the stream to another one by itself, and back."""
    await asyncio.to_thread(card.server.unplug, "speaker")
    await asyncio.sleep(card.away_s)
    await asyncio.to_thread(card.server.plug_in, "speaker")
    card.feed_again()


async def remove_microphone(card: Card) -> None:
    """The microphone goes; the server moves the stream to another one by itself, and back."""
    await asyncio.to_thread(card.server.unplug_microphone)
    await asyncio.sleep(card.away_s)
    await asyncio.to_thread(card.server.plug_in_microphone)


WAYS: dict[str, Callable[[Card], Awaitable[None]]] = {
    "kill": kill,
    "rate": kill_and_change_rate,
    "stall": stall,
    "unplug": unplug,
    "sink": remove_sink,
    "source": remove_microphone,
}

MOVED = ("sink", "source")
"""Ways of which PortAudio notices nothing: the server moves the stream."""

UNNOTICED = (*MOVED, "stall")
"""And those of which nobody need notice anything: a device that stalls again within a minute is waited for."""


@asynccontextmanager
async def feeding(card: Card) -> AsyncIterator[None]:
    """A tone into the virtual microphone, on whatever server is there."""

    async def feed() -> None:
        tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ // 10) / RATE_HZ)).astype("<i2").tobytes()
        while True:
            player = await asyncio.create_subprocess_exec(
                *("pacat", "-d", "micfeed", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1"),
                "--latency-msec=100",
                env=card.server.environ,
                stdin=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            card.feeder = player
            try:
                while player.returncode is None:
                    player.stdin.write(tone)
                    await player.stdin.drain()
            except OSError:
                pass  # the server has gone
            finally:
                if player.returncode is None:
                    player.kill()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(feed())
    yield
    task.cancel()
    await asyncio.wait((task,))
