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
        started_s = self._duplex.now_s()
        count = 0
        try:
            while not self._stopped.is_set():
                for probability in self._hearing.feed(self._duplex.read()):
                    count += 1
                    self._post(Window(started_s + count * WINDOW_S, probability))
        except LocalVoiceError as error:
            self._post(error)
        except Exception as error:  # noqa: BLE001 - a thread's end: the session would wait for its windows for ever
            if not self._stopped.is_set():
                self._post(LocalVoiceError(f"listening failed ({type(error).__name__}: {error}): start again"))
