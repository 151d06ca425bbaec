"""What the user said: transcripts prepared during the wait, and of whole turns."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.errors import AllProvidersFailed, LocalVoiceError
from localvoice.messages import Transcript
from localvoice.session.answers import Answers, Prompt
from localvoice.session.hand import House, Voices
from localvoice.turn.decisions import PauseBegan, TurnEnded
from localvoice.turn.observations import WordsSoFar

_log = logging.getLogger(__name__)


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
