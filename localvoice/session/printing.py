"""One reply on its way out without a voice: clause by clause, as it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator

from localvoice.messages import SpeechChunk, Stage, Turn
from localvoice.session.reply import Cut, Moment, Reporter, clauses_of, written


class PrintedReply:
    """A reply without a voice: what is printed counts as heard."""

    def __init__(self, turn: Turn, reporter: Reporter) -> None:
        self._turn = turn
        self._reporter = reporter
        self._printed = ""

    async def say(self, text: AsyncIterator[str]) -> None:
        """Report the text clause by clause to its end."""
        parts = written(self._turn, text, self._reporter.now_s)
        async for clause in clauses_of(self._turn, parts, self._reporter):
            await self._reporter.floor()
            if Stage.REPLY_STARTED not in self._turn.times:
                self._reporter.reply_started(self._turn)
            self._printed += clause
            self._reporter.sentence(clause)
        await self._reporter.floor()
        if Stage.REPLY_STARTED not in self._turn.times:
            self._reporter.reply_started(self._turn)

    async def end_with(self, phrase: SpeechChunk) -> None:
        """Report `phrase` instead of the rest."""
        self._turn.reply_text = self._printed

        async def rest() -> AsyncIterator[str]:
            yield f" {phrase.text}" if self._printed else phrase.text

        await self.say(rest())

    def hold(self, duck_db: float | None) -> None:
        """Nothing sounds."""

    def moment(self) -> Moment:
        """Nothing sounds; what was printed may have asked."""
        return Moment("", self._printed.rstrip().endswith("?"), self._printed)

    def release(self) -> float:
        """Nothing sounds."""
        return 0.0

    def cut(self) -> Cut:
        """What was printed was heard."""
        text = self._turn.reply_text
        return Cut(text[: len(self._printed)], text[len(self._printed) :], None)
