"""What the user said: transcripts prepared during the wait, of whole turns, and of short sounds over a reply."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.errors import AllProvidersFailed, LocalVoiceError
from localvoice.messages import Transcript
from localvoice.session.answers import Answers, Prompt
from localvoice.session.hand import House, Voices
from localvoice.turn.decisions import PauseBegan, ReadOverlap, TurnEnded
from localvoice.turn.observations import OverlapRead, WordsSoFar

_log = logging.getLogger(__name__)

_MARGIN = silence(SPEECH_RATE_HZ // 2)
"""Put around a short sound: recognisers find no word that touches the edge (pocketsphinx lost 2 of 3 "stop"s)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, and how much sound it was made of."""

    transcript: Transcript
    audio_s: float


@dataclass(frozen=True, slots=True)
class _Preparation:
    """A transcript on its way, and the end of speech it belongs to."""

    pause: PauseBegan
    heard: asyncio.Future[Heard | None]
    """None where nothing came of it."""


class Reading:
    """The recogniser's work for one session. All methods are called from the event loop; only `of` waits."""

    def __init__(self, voices: Voices, answers: Answers, prompt: Prompt, *, prepares: bool) -> None:
        self._voices = voices
        self._answers = answers
        self._prompt = prompt
        self._prepares = prepares and voices.recognizer is not None
        self._house: House | None = None
        self._prepared: _Preparation | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._overlap: asyncio.Task[None] | None = None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    # a pause that may be the end of the turn

    def prepare(self, pause: PauseBegan) -> None:
        """Transcribe the turn so far while it is decided whether it is over; the words then have a vote."""
        self.drop()
        if self._prepares and self._house is not None:
            prepared = _Preparation(pause, asyncio.get_running_loop().create_future())
            self._prepared = prepared
            self._preparing = self._house.tasks.create_task(self._prepare(prepared, self._house))

    def drop(self) -> None:
        """The user went on: what was prepared is void."""
        if self._preparing is not None:
            self._preparing.cancel()
        self._prepared = self._preparing = None

    async def _prepare(self, prepared: _Preparation, house: House) -> None:
        """First the words, for turn-taking; then the prompt with them, into the model's cache."""
        pause = prepared.pause
        try:
            heard = await self._transcribed(pause.start_s, pause.end_s)
            prepared.heard.set_result(heard)
            words = "" if heard.transcript.rejected else heard.transcript.text
            is_command = self._answers.is_command(words)
            house.observe(WordsSoFar(self._voices.now_s(), pause.turn, pause.speech_end_s, words, is_command))
            if words:
                await self._answers.prepare(words, self._prompt)
        except LocalVoiceError:
            _log.debug("nothing was prepared", exc_info=True)  # the answer itself finds out, and says so
        finally:
            if not prepared.heard.done():
                prepared.heard.set_result(None)

    # a turn that has ended

    async def of(self, ended: TurnEnded) -> Heard:
        """The transcript of a spoken turn: the prepared one where it is of the same words. Raises as recognisers do."""
        prepared = self._prepared
        if prepared is not None and prepared.pause.speech_end_s == ended.speech_end_s:
            heard = await asyncio.shield(prepared.heard)
            if heard is not None:
                return heard
        self.drop()
        return await self._transcribed(ended.start_s, ended.end_s)

    async def _transcribed(self, start_s: float, end_s: float) -> Heard:
        if self._voices.recognizer is None:
            raise AllProvidersFailed("stt", ())
        sound = self._voices.utterances.read(start_s, end_s)
        return Heard(await self._voices.recognizer.transcribe(sound), len(sound) / SPEECH_RATE_HZ)

    # a sound over the reply

    def read_overlap(self, asked: ReadOverlap) -> None:
        """Transcribe a sound over the reply, or what there is of it, and observe its words."""
        self.stop_overlap()
        if self._house is not None and self._voices.recognizer is not None:
            self._overlap = self._house.tasks.create_task(self._read_overlap(asked, self._house))

    def stop_overlap(self) -> None:
        """The words would come too late, and be taken for those of the next sound."""
        if self._overlap is not None:
            self._overlap.cancel()
        self._overlap = None

    async def _read_overlap(self, asked: ReadOverlap, house: House) -> None:
        voices = self._voices
        if voices.recognizer is None:
            return
        try:
            sound = voices.utterances.read(asked.start_s, asked.end_s)
            heard = await voices.recognizer.transcribe(np.concatenate((_MARGIN, sound, _MARGIN)))
        except LocalVoiceError:
            _log.debug("the overlap could not be read", exc_info=True)
            return  # the policy decides without words
        self._overlap = None
        house.observe(OverlapRead(voices.now_s(), asked.turn, heard.text, heard.rejected))
