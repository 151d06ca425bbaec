"""The words at a pause: told at once, and again with what a language model makes of them, where one reads along."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from localvoice.engines import TurnReader
from localvoice.session.dispensable import unless_it_fails
from localvoice.session.hand import Equipment, House
from localvoice.turn.observations import WordsSoFar


class WordsVote:
    """One pause at a time. All methods are called from the event loop; none waits."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._task: asyncio.Task[None] | None = None
        self._latest: WordsSoFar | None = None
        """What is being read, as it was told last."""
        self._known: tuple[str, float | None] = ("", None)
        """The text that was read last, and the opinion on it."""

    def tell(self, vote: WordsSoFar, house: House) -> None:
        """Observe `vote`, and what the reader makes of its text when it has read it."""
        reader = self._equipment.turn_reader
        if self._latest is not None and self._latest.text != vote.text:
            self.drop()
        if reader is None or not vote.text or vote.is_command:  # a command has a vote of its own
            house.observe(vote)
        elif vote.text == self._known[0]:
            house.observe(replace(vote, read=self._known[1]))
        else:
            house.observe(replace(vote, is_read=False))
            self._read(vote, reader, house)

    def drop(self) -> None:
        """Other words are known by now, or none are wanted: an opinion on the former would stand for these."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._latest = None

    def _read(self, vote: WordsSoFar, reader: TurnReader, house: House) -> None:
        if self._latest is None:
            self._task = house.tasks.create_task(self._ask(vote.text, reader, house))
        self._latest = vote

    async def _ask(self, text: str, reader: TurnReader, house: House) -> None:
        likely = await unless_it_fails(reader.probability(text), "no vote on how the words end")
        vote, self._latest = self._latest, None
        self._known = (text, likely)
        if vote is not None:
            house.observe(replace(vote, at_s=self._equipment.now_s(), read=likely))
