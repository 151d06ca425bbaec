"""The words of a sound over the reply, read while it is decided whether it is an interruption."""

from __future__ import annotations

import asyncio
import logging

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.errors import LocalVoiceError
from localvoice.session.hand import House, Voices
from localvoice.turn.decisions import ReadOverlap
from localvoice.turn.observations import OverlapRead

_log = logging.getLogger(__name__)

_MARGIN = silence(SPEECH_RATE_HZ // 2)
"""Put around a short sound: recognisers find no word that touches the edge (pocketsphinx lost 2 of 3 "stop"s)."""


class OverlapReading:
    """One sound at a time. All methods are called from the event loop; none waits."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        self._house: House | None = None
        self._task: asyncio.Task[None] | None = None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    def read(self, asked: ReadOverlap) -> None:
        """Transcribe a sound over the reply, or what there is of it, and observe its words."""
        self.stop()
        if self._house is not None and self._voices.recognizer is not None:
            self._task = self._house.tasks.create_task(self._read(asked, self._house))

    def stop(self) -> None:
        """The words would come too late, and be taken for those of the next sound."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def _read(self, asked: ReadOverlap, house: House) -> None:
        voices = self._voices
        if voices.recognizer is None:
            return
        try:
            sound = voices.utterances.read(asked.start_s, asked.end_s)
            heard = await voices.recognizer.transcribe(np.concatenate((_MARGIN, sound, _MARGIN)))
        except LocalVoiceError:
            _log.debug("the overlap could not be read", exc_info=True)
            return  # the policy decides without words
        self._task = None
        house.observe(OverlapRead(voices.now_s(), asked.turn, heard.text, heard.rejected))
