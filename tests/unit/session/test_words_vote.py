"""The words at a pause, told with and without what a language model makes of them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from localvoice.errors import ProviderBroken
from localvoice.session.words_vote import WordsVote
from localvoice.turn.observations import WordsSoFar


class Reader:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, float | Exception] = {}
        self.may_answer = asyncio.Event()

    async def probability(self, words: str) -> float:
        self.asked.append(words)
        await self.may_answer.wait()
        answer = self.answers[words]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass


class Beside:
    """A vote on words, and what was observed of it."""

    def __init__(self, tasks: asyncio.TaskGroup, reader: Reader | None) -> None:
        self.seen: list[WordsSoFar] = []
        self.now_s = 7.0
        self._house = SimpleNamespace(tasks=tasks, observe=self.seen.append)
        self.vote = WordsVote(SimpleNamespace(turn_reader=reader, now_s=lambda: self.now_s))

    def tell(self, text: str, speech_end_s: float = 5.0, **facts: bool) -> None:
        self.vote.tell(WordsSoFar(6.0, 1, speech_end_s, text, **facts), self._house)

    @property
    def told(self) -> list[tuple[str, float | None, bool]]:
        return [(one.text, one.read, one.is_read) for one in self.seen]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_without_a_reader_words_are_told_once():
    async with asyncio.TaskGroup() as tasks:
        beside = Beside(tasks, None)
        beside.tell("turn on the light")
    assert beside.told == [("turn on the light", None, True)]


async def test_words_are_told_at_once_and_again_when_they_are_read():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        reader.answers["turn on the light"] = 0.4
        beside.tell("turn on the light")
        assert beside.told == [("turn on the light", None, False)]
        reader.may_answer.set()
        await settled()
    assert beside.told[1:] == [("turn on the light", 0.4, True)]
    assert beside.seen[1].at_s == 7.0


async def test_more_news_of_the_same_words_asks_nothing_twice_and_gets_the_one_opinion():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        reader.answers["turn on the light"] = 0.4
        beside.tell("turn on the light", is_settled=False)
        await settled()
        beside.tell("turn on the light", speech_end_s=6.5)
        reader.may_answer.set()
        await settled()
        beside.tell("turn on the light", speech_end_s=8.0)
    assert reader.asked == ["turn on the light"]
    assert [(one.speech_end_s, one.read) for one in beside.seen] == [(5.0, None), (6.5, None), (6.5, 0.4), (8.0, 0.4)]


async def test_other_words_call_off_what_was_asked():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        reader.answers = {"turn on": 0.1, "turn on the light": 0.4}
        beside.tell("turn on")
        await settled()
        beside.tell("turn on the light")
        reader.may_answer.set()
        await settled()
    assert [one for one in beside.told if one[2]] == [("turn on the light", 0.4, True)]


@pytest.mark.parametrize(
    ("text", "is_command"),
    [
        pytest.param("turn on the light", True, id="a command"),
        pytest.param("", False, id="no words"),
        pytest.param("turn off the light", False, id="words that were read before"),
    ],
)
async def test_an_opinion_on_words_that_were_taken_back_is_not_told(text: str, is_command: bool):
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        reader.answers = {"turn off the light": 0.6, "turn on": 0.1}
        reader.may_answer.set()
        beside.tell("turn off the light")
        await settled()
        reader.may_answer.clear()
        beside.tell("turn on")
        await settled()
        beside.tell(text, is_command=is_command)
        reader.may_answer.set()
        await settled()
    assert beside.told[-1][0] == text


async def test_a_reader_that_fails_holds_nothing_up():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        reader.answers["turn on the light"] = ProviderBroken("llama.cpp failed", provider="llama-cpp")
        beside.tell("turn on the light")
        reader.may_answer.set()
        await settled()
    assert beside.told[-1] == ("turn on the light", None, True)


async def test_a_command_is_not_read():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        beside.tell("what time is it", is_command=True)
    assert reader.asked == []
    assert beside.told == [("what time is it", None, True)]


async def test_no_words_are_not_read():
    async with asyncio.TaskGroup() as tasks:
        reader = Reader()
        beside = Beside(tasks, reader)
        beside.tell("")
    assert reader.asked == []
    assert beside.told == [("", None, True)]


async def test_the_end_of_a_session_does_not_wait_for_what_is_being_read():
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        beside = Beside(tasks, Reader())
        beside.tell("turn on the light")
        await settled()
        beside.vote.drop()
    assert len(beside.told) == 1
