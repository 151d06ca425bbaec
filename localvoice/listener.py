"""The capture thread: device -> canceller, VAD -> windows for the session. Sound stays here; facts cross."""

from __future__ import annotations

import threading
from collections.abc import Callable

from localvoice.audio.duplex import Duplex
from localvoice.audio.hearing import Hearing
from localvoice.audio.vad import WINDOW_S
from localvoice.errors import LocalVoiceError
from localvoice.turn.observations import Window

_STOP_WITHIN_S = 0.5

_STRIDE = 8
"""Blocks read and worked on as one while nothing is heard or is open: a wake-up with cold caches, and the way of each
block through Python, are most of what idling costs. A first word is noticed 70 ms later at most; none of it is lost."""

_EVERY = 8
"""Windows of which one is posted meanwhile, for those who wait for the time: 4 a second."""


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
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to read; sample 0 is the first one read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading and close the duplex; waits at most half a second for a device that does not return."""
        self._stopped.set()
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
        count, posted, rests = 0, 0, False
        while not self._stopped.is_set():
            probabilities = self._hearing.feed(self._duplex.read(_STRIDE if rests else 1))
            rests = self._rests()
            for probability in probabilities:
                count += 1
                if count - posted >= _EVERY or not rests:
                    posted = count
                    self._post(Window(started_s + count * WINDOW_S, probability, self._hearing.level_db))

    def _rests(self) -> bool:
        return self._hearing.is_resting and self.may_rest()


def _never() -> bool:
    return False
