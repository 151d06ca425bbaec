"""The capture thread: device -> utterance buffer and VAD -> windows for the session. Sound stays here; facts cross."""

from __future__ import annotations

import threading
from collections.abc import Callable

from localvoice.audio.duplex import Duplex
from localvoice.audio.samples import Reblocker, Samples
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity
from localvoice.errors import LocalVoiceError
from localvoice.turn.events import Window

_RESET_AFTER_S = 2.0
"""Silence after which the VAD forgets: a stale state delayed onsets to p95 393 ms, with resets 130 (latency.md 2)."""

_SILENCE = 0.1
"""Probability below which a window counts as silence for that."""

_STOP_WITHIN_S = 0.5


class Listener:
    """Reads the duplex until it is stopped. `post` is called from this thread, for each window and each failure."""

    def __init__(
        self,
        duplex: Duplex,
        vad: VoiceActivity | None,
        utterances: UtteranceBuffer,
        post: Callable[[Window | LocalVoiceError], None],
    ) -> None:
        self._duplex = duplex
        self._vad = vad
        """None where nobody listens (typed conversations): windows then only carry the time."""
        self._utterances = utterances
        self._post = post
        self._quiet_s = 0.0
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
        windows = Reblocker(WINDOW)
        started_s = self._duplex.now_s()
        count = 0
        try:
            while not self._stopped.is_set():
                for window in windows.feed(self._duplex.read()):
                    count += 1
                    self._utterances.append(window)
                    probability = 0.0 if self._vad is None else self._probability(self._vad, window)
                    self._post(Window(started_s + count * WINDOW_S, probability))
        except LocalVoiceError as error:
            self._post(error)
        except Exception as error:  # noqa: BLE001 - a thread's end: a session that hears nothing would wait for ever
            if not self._stopped.is_set():
                self._post(LocalVoiceError(f"the microphone's thread failed: {type(error).__name__}: {error}"))

    def _probability(self, vad: VoiceActivity, window: Samples) -> float:
        probability = vad.probability(window)
        self._quiet_s = self._quiet_s + WINDOW_S if probability < _SILENCE else 0.0
        if self._quiet_s >= _RESET_AFTER_S:
            vad.reset()
            self._quiet_s = 0.0
        return probability
