"""Breaks devices under a reply and an utterance, and says what became of both: `outlive.py PATH HOW...`, JSON lines.

HOW are some of `WAYS`; a program of its own, since a device that hangs may keep a thread of PortAudio for ever.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from breaking import MOVED, UNNOTICED, WAYS, Card, feeding
from virtual_card import RATE_HZ, Monitor

from localvoice.audio import native
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.device_news import DeviceChanged, DeviceNews
from localvoice.audio.duplex import Duplex
from localvoice.audio.opening import Clock, open_device_capture, open_device_player, parse_end
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError
from localvoice.messages import SpeechChunk

REPLY_S = 3.0
BREAK_AT_S = 1.2
_GIVE_UP_S = 20.0
TRIES, SOON_S = 3, 1.4
"""A busy machine takes its time to start a sound server, and after 2 s a reply ends; so that break is tried again."""

Facts = dict[str, Any]


class Conversation:
    """Both ends as `talk` opens them, listened to by a thread, and what was told of them."""

    def __init__(self) -> None:
        self.told: list[tuple[float, DeviceNews]] = []
        self.life = DeviceLife(
            AudioConfig(sample_rate=RATE_HZ), lambda news: self.told.append((time.monotonic(), news))
        )
        self.clock: list[tuple[float, float]] = []
        """Monotonic time and capture clock at each block."""
        self.loud: list[bool] = []
        self.paths: set[int] = set()
        self._ending = threading.Event()

    async def open(self) -> None:
        capture = await open_device_capture(parse_end(""), self.life)
        clock = Clock()
        self.player, far_end = await open_device_player(parse_end(""), self.life, clock.now_s)
        self.duplex = clock.duplex = Duplex(capture, self.player, far_end)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self._ending.is_set():
            block = self.duplex.read()
            self.clock.append((time.monotonic(), self.duplex.now_s()))
            self.loud.append(bool(np.abs(block.near).max() > 0.05))
            self.paths.add(block.path)

    def close(self) -> float:
        """Seconds it took."""
        self._ending.set()
        start_s = time.monotonic()
        self.life.close()
        return time.monotonic() - start_s

    @property
    def is_whole(self) -> bool:
        """Whether both ends are open."""
        return None not in (self.life.microphone, self.life.loudspeaker)

    @property
    def hears(self) -> bool:
        """Whether a sound has just been heard."""
        return all(self.loud[-10:])

    def given(self) -> Any:
        """What the present loudspeaker was given, in seconds of the reply; nothing where nobody knows."""
        stream = self.life.loudspeaker
        if stream is None or stream.played is None:
            return np.zeros(0)
        frames = min(stream.played.clock, round(2 * REPLY_S * stream.rate_hz))
        return in_seconds(stream.played.at(stream.played.clock - frames, frames).astype(float))

    def changes(self, since: int) -> list[tuple[float, DeviceChanged]]:
        """What was told of other devices, and when."""
        return [(at_s, one) for at_s, one in self.told[since:] if isinstance(one, DeviceChanged)]

    async def say(self, turn: int, seconds: float) -> str:
        """A reply whose every sample says when it is due; what became of it, "" for its end."""
        sound = np.linspace(0.1, 0.9, round(seconds * RATE_HZ), dtype=np.float32)
        try:
            for first in range(0, len(sound), 4800):
                await self.player.write(turn, SpeechChunk("x", sound[first : first + 4800], RATE_HZ))
            await self.player.drain(turn)
        except DeviceError as error:
            return str(error)
        return ""


async def outlive(how: str, card: Card, talk: Conversation, turn: int = 1, at_s: float = BREAK_AT_S) -> Facts:
    """Break the devices `at_s` into a reply, in the middle of a sound that is heard; what both have lost."""
    before = await asyncio.to_thread(Monitor, card.server.environ)
    told, start = len(talk.told), len(talk.clock)
    paths = len(talk.paths)
    talk.player.begin(turn)
    saying = asyncio.create_task(talk.say(turn, REPLY_S))
    await talk.player.reached(turn, round(at_s * RATE_HZ))
    broken_s = time.monotonic()
    await WAYS[how](card)
    there_s = time.monotonic()
    after = await asyncio.to_thread(Monitor, card.server.environ) if how in {"kill", "rate", "unplug"} else None
    async with asyncio.timeout(_GIVE_UP_S):
        failure = await saying
    await asyncio.sleep(0.3)
    heard = sounding(before)
    if after is not None:
        heard = np.concatenate((heard, gone_on(sounding(after), talk.given())))
    await until(lambda: (how in UNNOTICED or len(talk.changes(told)) >= 2) and talk.is_whole and talk.hears)
    changes = talk.changes(told)
    ticks = np.array(talk.clock[start:])
    opened_s = max((told_s for told_s, _ in changes), default=there_s)
    return {
        "how": how,
        "failure": failure,
        "changed": [one.which for _, one in changes],
        "others": [str(one) for _, one in talk.told[told:] if not isinstance(one, DeviceChanged)],
        "noticed_and_opened_s": round(opened_s - there_s, 3),
        "away_s": round(there_s - broken_s, 3),
        "paths": len(talk.paths) - paths,
        **({} if how in MOVED else continuity(heard)),  # the server has moved the stream, and the recording
        "clock_off_ms": round(1000 * float(np.ptp(ticks[:, 0] - ticks[:, 1])), 1),
        "clock_stood_ms": round(1000 * float(np.diff(ticks[:, 0]).max()), 1),
        "clock_went_back": bool((np.diff(ticks[:, 1]) <= 0).any()),
        "clock_moved_s": round(moved(np.array(talk.clock[max(0, start - 20) :]), broken_s, opened_s), 3),
        "heard_before": any(talk.loud[start : start + 100]),
        "heard_after": talk.hears,
    }


def moved(ticks: Any, broken_s: float, opened_s: float) -> float:
    """By how much the clock has gained on real time, in seconds: by its promptest blocks before and behind a loss.

    Any one block may be read late, where this program gets no processor.
    """
    late_s = ticks[:, 0] - ticks[:, 1]
    before, behind = late_s[ticks[:, 0] < broken_s], late_s[ticks[:, 0] > opened_s]
    return float(before.min() - behind.min())


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    deadline_s = time.monotonic() + _GIVE_UP_S
    while not happened() and time.monotonic() < deadline_s:  # noqa: ASYNC110 - threads tell, and so do plain fields
        await asyncio.sleep(0.02)


def sounding(monitor: Monitor) -> Any:
    """Everything but silence, in seconds of the reply."""
    samples = monitor.samples().astype(float) / 32768
    monitor.stop()
    return in_seconds(samples)


def in_seconds(samples: Any) -> Any:
    """Where in the reply each sample lies, silence left out."""
    seconds = (samples[samples != 0] - 0.1) / 0.8 * REPLY_S
    return seconds[(seconds > 0.01) & (seconds < REPLY_S)]


def gone_on(recorded: Any, given: Any) -> Any:
    """The rest of the reply: on a busy machine the recording may begin later than the new device."""
    return given if len(given) and (not len(recorded) or given[0] < recorded[0]) else recorded


def continuity(seconds: Any) -> Facts:
    """By how much the reply was lost or said twice where it broke off; fades of 5 ms count as neither."""
    stretches = np.split(seconds, np.flatnonzero(np.abs(np.diff(seconds)) > 0.001) + 1)
    stretches = [one for one in stretches if len(one) > RATE_HZ // 100 and one[-1] > one[0]]  # else another sound
    steps = np.array([after[0] - before[-1] for before, after in itertools.pairwise(stretches)])
    return {
        "lost_ms": round(1000 * float(steps[steps > 0].sum()), 1),
        "doubled_ms": round(1000 * float(np.abs(steps[steps < 0]).sum()), 1),
        "said_to_s": round(float(stretches[-1][-1]), 2) if stretches else 0.0,
    }


async def main(path: str, *ways: str) -> None:
    if path == "rtmixer":
        native.load = lambda: None
    card, talk = Card(), Conversation()
    await talk.open()
    async with feeding(card):
        await asyncio.sleep(0.5)
        turns = itertools.count(1)
        for how in ways:
            for _ in range(TRIES):
                facts = await outlive(how, card, talk, next(turns))
                if facts["away_s"] < SOON_S:
                    break
            print(json.dumps(facts), flush=True)  # noqa: T201 - read by the test
    print(json.dumps({"close_s": round(talk.close(), 3)}), flush=True)  # noqa: T201
    card.kill()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
