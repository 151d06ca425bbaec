"""How a pause sounds: the turn detector's vote, asked for while it is decided whether the turn is over."""

from __future__ import annotations

import asyncio

from localvoice.audio.smart_turn import BEFORE_ONSET_S, HEARD_S
from localvoice.engines import TurnDetector
from localvoice.session.dispensable import unless_it_fails
from localvoice.session.hand import Equipment, House
from localvoice.turn.decisions import PauseBegan
from localvoice.turn.observations import SoundSoFar


class SoundVote:
    """One pause at a time. All methods are called from the event loop; none waits."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._house: House | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether pauses get a vote."""
        return self._equipment.turn_detector is not None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    def ask(self, pause: PauseBegan) -> None:
        """Have the turn so far listened to, and observe what comes of it."""
        self.drop()
        detector = self._equipment.turn_detector
        if self._house is not None and detector is not None:
            self._task = self._house.tasks.create_task(self._ask(detector, pause, self._house))

    def drop(self) -> None:
        """The user went on: what comes now is void."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def _ask(self, detector: TurnDetector, pause: PauseBegan, house: House) -> None:
        equipment = self._equipment
        start_s = max(pause.onset_s - BEFORE_ONSET_S, pause.end_s - HEARD_S)
        judging = detector.probability(equipment.utterances.read(start_s, pause.end_s))
        likely = await unless_it_fails(judging, "no vote on how the pause sounds")
        if likely is not None:
            house.observe(SoundSoFar(equipment.now_s(), pause.turn, pause.speech_end_s, likely))
