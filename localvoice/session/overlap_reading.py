"""What is said over the reply while it is decided whether it is an interruption: its words, and what it sounds like."""

from __future__ import annotations

import asyncio

import numpy as np

from localvoice.audio.backchannel import judged
from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.session.dispensable import unless_it_fails
from localvoice.session.hand import Equipment, House
from localvoice.session.reply import Moment
from localvoice.turn.decisions import JudgeOverlap, OverlapStarted, ReadOverlap
from localvoice.turn.observations import OverlapJudged, OverlapRead, ReplyContext

_MARGIN = silence(SPEECH_RATE_HZ // 2)
"""Put around a short sound: recognisers find no word that touches the edge (pocketsphinx lost 2 of 3 "stop"s)."""


class OverlapReading:
    """One sound at a time. All methods are called from the event loop; none waits."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._house: House | None = None
        self._task: asyncio.Task[None] | None = None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    def read(self, asked: ReadOverlap) -> None:
        """Transcribe a sound over the reply, or what there is of it, and observe its words."""
        self.stop()
        if self._house is not None and self._equipment.recognizer is not None:
            self._task = self._house.tasks.create_task(self._read(asked, self._house))

    def tell(self, overlap: OverlapStarted, moment: Moment) -> None:
        """Observe what the reply was saying when the sound began."""
        self._observe_soon(ReplyContext(overlap.at_s, overlap.turn, moment.words, moment.has_asked))

    def judge(self, asked: JudgeOverlap) -> None:
        """Observe what a sound over the reply sounds like so far, if anybody can tell. Takes a millisecond."""
        judge = self._equipment.sound_judge
        if judge is not None:
            ears = [ear for ear in (self._equipment.utterances, self._equipment.second_ear) if ear is not None]
            views = [ear.read(*judged(asked.onset_s, asked.at_s)) for ear in ears]
            self._observe_soon(OverlapJudged(asked.at_s, asked.turn, *judge.judge(*views)))

    def stop(self) -> None:
        """Nobody waits for the words any more."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    def _observe_soon(self, seen: OverlapJudged | ReplyContext) -> None:
        """When the decisions that led to it have been carried out."""
        if self._house is not None:
            self._house.tasks.create_task(self._observe(seen, self._house))

    @staticmethod
    async def _observe(seen: OverlapJudged | ReplyContext, house: House) -> None:
        """As a task of the session: what cannot be told any more ends it."""
        house.observe(seen)

    async def _read(self, asked: ReadOverlap, house: House) -> None:
        equipment = self._equipment
        if equipment.recognizer is None:
            return
        sound = equipment.utterances.read(asked.start_s, asked.end_s)
        reading = equipment.recognizer.transcribe(np.concatenate((_MARGIN, sound, _MARGIN)))
        heard = await unless_it_fails(reading, "the overlap could not be read")
        self._task = None
        if heard is not None:  # else the policy decides without words
            about = (equipment.now_s(), asked.turn, heard.text, heard.rejected)
            house.observe(OverlapRead(*about, confidence=heard.confidence))
