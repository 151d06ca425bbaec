"""The capture thread: device -> canceller, VAD -> windows for the session. Sound stays here; facts cross."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from localvoice.audio.duplex import BLOCK_S, Duplex
from localvoice.audio.hearing import Hearing
from localvoice.audio.vad import WINDOW_S
from localvoice.errors import LocalVoiceError
from localvoice.turn.observations import Window

_STOP_WITHIN_S = 0.5

_STRIDE = 8
"""Blocks read and worked on as one while nothing is heard or is open: a wake-up with cold caches, and the way of each
block through Python, are most of what idling costs. A first word is noticed 70 ms later at most; none of it is lost."""

_LONGEST = 48
"""Blocks read at once where a look every 80 ms sees nothing that stands out. What it does see is read at once; speech
that it does not, hardly above the noise, is noticed 0.4 s later at most."""

_DEEPER_AFTER = 25
"""Reads of `_STRIDE` in a row, 2 s of them, until more are read at once."""

_EVERY, _EVERY_LATER = 8, 31
"""Windows of which one is posted meanwhile, though nobody is known to wait for the time: 4 a second, then one."""


class Listener:
    """Reads the duplex until it is stopped. `post` is called from this thread, for each window and each failure."""

    def __init__(
        self,
        duplex: Duplex,
        hearing: Hearing,
        post: Callable[[Window | LocalVoiceError], None],
    ) -> None:
        self._duplex = duplex
        self._hearing = hearing
        self._post = post
        self._stopped = threading.Event()
        self.may_rest: Callable[[], bool] = _never
        """Asked from this thread: whether nobody waits for the next window."""
        self.due_s: Callable[[], float] = _at_no_time
        """Asked from this thread: when somebody waits for the time, on the capture clock; a window is posted then."""
        self._strides = 0
        """In a row, resting."""
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to read; sample 0 is the first one read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading and close the duplex; waits at most half a second for a device that does not return."""
        self._stopped.set()
        self._duplex.call()
        if self._thread.is_alive():
            self._thread.join(_STOP_WITHIN_S)
        self._duplex.close()

    def _run(self) -> None:
        try:
            self._listen(self._duplex.now_s())
        except LocalVoiceError as error:
            self._post(error)
        except Exception as error:  # noqa: BLE001 - a thread's end: the session would wait for its windows for ever
            if not self._stopped.is_set():
                self._post(LocalVoiceError(f"listening failed ({type(error).__name__}: {error}): start again"))

    def _listen(self, started_s: float) -> None:
        count, posted, at_s = 0, 0, started_s
        while not self._stopped.is_set():
            probabilities = self._hearing.feed(self._duplex.read(self._blocks(at_s)))
            self._strides = self._strides + 1 if self._rests() else 0
            every = _EVERY_LATER if self._is_deep else _EVERY if self._strides else 1
            due_s = self.due_s()
            for probability in probabilities:
                count += 1
                at_s = started_s + count * WINDOW_S
                if count - posted >= every or at_s >= due_s:
                    posted, due_s = count, math.inf
                    self._post(Window(at_s, probability, self._hearing.level_db))

    @property
    def _is_deep(self) -> bool:
        return self._strides > _DEEPER_AFTER

    def _blocks(self, at_s: float) -> int:
        """How many to read at once. While resting, waits for them: longer where nothing is due, heard or called."""
        if not self._strides:
            return 1
        if not self._is_deep:
            return self._duplex.wait(_STRIDE)
        left_s = min(_LONGEST * BLOCK_S, self.due_s() - at_s)
        return self._duplex.wait(max(_STRIDE, _STRIDE * math.ceil(left_s / (_STRIDE * BLOCK_S))))

    def _rests(self) -> bool:
        return self._hearing.is_resting and self.may_rest()


def _never() -> bool:
    return False


def _at_no_time() -> float:
    return math.inf
