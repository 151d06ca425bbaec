"""The life of the devices of a conversation: one thread opens and watches them, and opens them again when one is lost.

Both are closed then, since PortAudio looks for devices only while nothing is open.
Rule of this file: whoever asks never waits for a device, but within a limit.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Timer
from typing import Any, cast

from localvoice.audio.device import DeviceInfo, Kind
from localvoice.audio.device_ends import DeviceEnds
from localvoice.audio.device_news import DeviceNews, DeviceWarning
from localvoice.audio.device_path import OpenLoudspeaker, OpenMicrophone
from localvoice.audio.device_watch import pauses
from localvoice.audio.portaudio import LIST_HINT
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

_log = logging.getLogger(__name__)

_CLOSE_WITHIN_S = 0.3
"""How long the end of a session waits for devices; it has 1 s in all (product contract, section 3)."""

_OPEN_WITHIN_S = 15.0
"""How long its start waits for a sound system that hangs."""

_ANSWERS_WITHIN_S = 5.0
"""How long a stalled device may take to close before others are tried, among those that were there at the start."""

_REPLY_WAITS_S = 2.0
"""Longer than that a reply does not wait for a loudspeaker: nobody remembers how it began."""

_GIVE_UP_AFTER_S = 30.0
"""A sound server that is started again takes less than 5 s, a person who finds the plug of a headset some more."""

_SAME_FIRST_S = 0.7
"""How long only the same device will do: a sound server that starts has some of its devices before others."""

_WORKED_FOR_S = 2.0
"""A device that is lost sooner than that is tried again only behind a pause."""


class DeviceLife:
    """Opens the devices of one conversation and keeps them open. `tell` is called from threads of its own."""

    def __init__(self, config: AudioConfig, tell: Callable[[DeviceNews], None]) -> None:
        self.tell = tell
        self._ends = DeviceEnds(config)
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)
        self._lost_s: float | None = None
        """Since when no device has answered (monotonic time)."""
        self._opened_s = 0.0
        self.alive_s = 0.0
        """The last sign of life before the present loss, or before the last one (monotonic time)."""

    @property
    def microphone(self) -> OpenMicrophone | None:
        """None while it is lost. Any thread may ask."""
        return cast(OpenMicrophone | None, self._ends.stream("input"))

    @property
    def loudspeaker(self) -> OpenLoudspeaker | None:
        """None while it is lost. Any thread may ask."""
        return cast(OpenLoudspeaker | None, self._ends.stream("output"))

    @property
    def present(self) -> tuple[DeviceInfo, DeviceInfo] | None:
        """The devices at both ends, those that were there last where they are lost. Any thread may ask."""
        return self._ends.present

    async def open_microphone(self, spec: str) -> OpenMicrophone:
        """Open the microphone that `spec` means, before the loudspeaker.

        Raises `DeviceError`, also when the sound system does not answer within 15 s.
        """
        return cast(OpenMicrophone, await self._open("input", spec))

    async def open_loudspeaker(self, spec: str) -> OpenLoudspeaker:
        """Open the loudspeaker that `spec` means. Raises `DeviceError`, likewise."""
        return cast(OpenLoudspeaker, await self._open("output", spec))

    async def _open(self, kind: Kind, spec: str) -> Any:
        opened: Future[Any] = Future()

        def work() -> None:
            try:
                warnings = self._ends.open(kind, spec)
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it, whatever it is
                opened.set_exception(error)
                return
            opened.set_result(self._ends.stream(kind))
            self._tell_all(warnings)

        if not self._thread.is_alive():
            self._thread.start()
        self._jobs.put(work)
        try:
            async with asyncio.timeout(_OPEN_WITHIN_S):
                return await asyncio.shield(asyncio.wrap_future(opened))
        except TimeoutError as error:
            raise DeviceError(f"the sound system does not answer: restart it; {LIST_HINT}") from error

    def rest(self, *, is_resting: bool) -> None:
        """Let both do less while nobody talks; the capture's thread. Devices opened from now on begin awake."""
        self._ends.rest(is_resting=is_resting)
        if not is_resting:
            self._jobs.put(_nothing)  # looks come more often from now on

    def check(self) -> None:
        """Raise `DeviceError` when a loss has lasted for longer than a reply can wait."""
        lost_s = self._lost_s
        if lost_s is not None and time.monotonic() - lost_s > _REPLY_WAITS_S:
            raise DeviceError("the sound devices do not answer: check them with `localvoice devices`")

    def close(self) -> None:
        """Close what is open, for good; waits 0.3 s at most. May be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._jobs.put(_nothing)
        if self._thread.is_alive():
            self._thread.join(_CLOSE_WITHIN_S)

    # the thread

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._live()
        except Exception as error:  # noqa: BLE001 - a thread's end: the session would wait for its devices for ever
            _log.debug("the devices' thread ended", exc_info=True)
            self.tell(DeviceError(f"the sound devices failed ({type(error).__name__}: {error}): start again"))
        self._ends.release(_CLOSE_WITHIN_S)

    def _live(self) -> None:
        try:
            self._jobs.get(timeout=self._ends.look_s)()
        except queue.Empty:
            if self._ends.are_lost():
                self._recover()

    def _recover(self) -> None:
        now_s = time.monotonic()
        self.alive_s, self._lost_s = self._ends.alive_s, now_s
        outage = _Outage(self._ends.names, self.tell)
        waits = pauses()
        self._ends.release(_ANSWERS_WITHIN_S)  # first: whoever plays must know that nothing is there
        if now_s - self._opened_s < _WORKED_FOR_S:
            self._closing.wait(sum(next(waits) for _ in range(3)))
        try:
            while not (self._closing.is_set() or outage.is_final) and not self._has_reopened(now_s):
                self._closing.wait(next(waits))
        finally:
            outage.end()

    def _has_reopened(self, lost_s: float) -> bool:
        try:
            news = self._ends.reopen(only_the_same=time.monotonic() - lost_s < _SAME_FIRST_S)
        except DeviceError as error:
            _log.debug("devices are still lost: %s", error)
            self._ends.release(_ANSWERS_WITHIN_S)
            return False
        self._opened_s, self._lost_s = time.monotonic(), None
        self._tell_all(news)
        return True

    def _tell_all(self, news: Sequence[DeviceNews]) -> None:
        for one in news:
            self.tell(one)


class _Outage:
    """A time without devices: told after 2 s, over for good after 30 s, also while opening one hangs."""

    def __init__(self, names: str, tell: Callable[[DeviceNews], None]) -> None:
        self._names = names
        self._tell = tell
        self.is_final = False
        """Whether it was told that it is over."""
        self._timers = (Timer(_REPLY_WAITS_S, self._warn), Timer(_GIVE_UP_AFTER_S, self._give_up))
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def _warn(self) -> None:
        message = f"no answer from {self._names}: trying again for {_GIVE_UP_AFTER_S:.0f} s"
        self._tell(DeviceWarning("device_lost", message))

    def _give_up(self) -> None:
        self.is_final = True
        self._tell(
            DeviceError(
                f"no answer from {self._names} for {_GIVE_UP_AFTER_S:.0f} s: connect a device or restart the sound "
                f"system, then start again; {LIST_HINT}"
            )
        )

    def end(self) -> None:
        """The devices are there again, or not wanted any more."""
        for timer in self._timers:
            timer.cancel()


def _nothing() -> None: ...
