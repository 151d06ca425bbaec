"""Talks to a sound server (PID) by a PATH, sends it a signal (NUMBER), reports as JSON what the devices say."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from localvoice.audio import native
from localvoice.audio.device import open_capture, open_player
from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.device_player import DevicePlayer
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError
from localvoice.messages import SpeechChunk

_GIVE_UP_S = 8.0


Outcome = dict[str, Any]


def outcome(error: object, since_s: float) -> Outcome:
    return {"error": str(error), "after_s": time.monotonic() - since_s}


def listen(capture: DeviceCapture, since_s: float) -> Outcome:
    while time.monotonic() < since_s + _GIVE_UP_S:
        try:
            capture.read()
        except DeviceError as error:
            return outcome(error, since_s)
    return outcome("no error", since_s)


async def speak(player: DevicePlayer, since_s: float) -> Outcome:
    try:
        async with asyncio.timeout(_GIVE_UP_S):
            await player.drain(1)
    except (DeviceError, TimeoutError) as error:
        return outcome(error, since_s)
    return outcome("no error", since_s)


def close_s(close: Callable[[], None]) -> float:
    start_s = time.monotonic()
    close()
    return time.monotonic() - start_s


async def main() -> None:
    server, number, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if path == "rtmixer":
        native.load = lambda: None
    capture = open_capture("", AudioConfig())
    player = open_player("", AudioConfig(), time.monotonic)
    player.begin(1)
    await player.write(1, SpeechChunk("x", np.zeros(25 * player.rate_hz, dtype=np.float32), player.rate_hz))
    await player.reached(1, 1000)
    capture.read()
    os.kill(server, number)
    since_s = time.monotonic()
    heard, spoken = await asyncio.gather(asyncio.to_thread(listen, capture, since_s), speak(player, since_s))
    heard["close_s"] = close_s(capture.close)
    spoken["close_s"] = close_s(player.close)
    assert capture.path == player.path == path
    print(json.dumps({"capture": heard, "player": spoken}), flush=True)  # noqa: T201 - read by the test
    os._exit(0)  # threads of PortAudio may hang in a device that does not answer


asyncio.run(main())
