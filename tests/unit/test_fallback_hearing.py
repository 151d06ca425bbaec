"""A stream that fails: begun again with the same sound as long as nothing was told, given up behind that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.engines import author_of
from localvoice.errors import AllProvidersFailed, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.fallback import FallbackRecognizer
from localvoice.messages import Partial
from localvoice.prices import CostMeter
from tests.fakes import FakeRecognizer
from tests.virtual_time import run

DOWN = ProviderUnavailable("it is down", provider="one")
BUSY = ProviderUnavailable("it has not begun", provider="one", may_retry=True)
REFUSED = ProviderRefused("wrong key", provider="one")
BLOCKS = 6


class Counting(FakeRecognizer):
    """Hears the number of each block; a script says, per stream, before which block it fails and how."""

    def __init__(self, name: str, *script: tuple[int, ProviderError] | None, tells: bool = True) -> None:
        super().__init__("read")
        self.name = name
        self.model = "nova-3"
        self.prompt = ""
        self.streams = 0
        self._script = list(script)
        self._tells = tells

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        fails = self._script[self.streams] if self.streams < len(self._script) else None
        self.streams += 1
        heard = []
        async for block in blocks:
            if fails is not None and len(heard) == fails[0]:
                raise fails[1]
            heard.append(str(int(block[0])))
            if self._tells:
                yield Partial(" ".join(heard), "")
        yield Partial(" ".join(heard), " ".join(heard), is_final=True)


async def sound() -> AsyncIterator[Samples]:
    for number in range(BLOCKS):
        await asyncio.sleep(0.1)
        yield np.full(SPEECH_RATE_HZ // 10, number, dtype=np.float32)


WHOLE = " ".join(map(str, range(BLOCKS)))


def heard(engines: Sequence[FakeRecognizer], meter: CostMeter | None = None) -> tuple[str, list, bool]:
    """The last words, who was replaced, and whether the stream ended with an error."""
    told: list = []

    async def follow() -> tuple[str, bool]:
        ears = FallbackRecognizer(engines, lambda *news: told.append(news[1:3]), meter=meter)
        text = ""
        try:
            async with aclosing(ears.stream(sound())) as partials:
                async for partial in partials:
                    text = partial.text if partial.is_final else ""
        except ProviderError:
            return "", True
        return text, False

    text, has_failed = run(follow())
    return text, told, has_failed


@pytest.mark.parametrize("at", range(BLOCKS))
def test_one_that_had_not_begun_gets_the_same_sound_once_more(at):
    first, second = Counting("one", (at, BUSY), tells=False), Counting("two")
    assert heard([first, second]) == (WHOLE, [], False)
    assert (first.streams, second.streams) == (2, 0)


@pytest.mark.parametrize("error", [DOWN, REFUSED, BUSY])
@pytest.mark.parametrize("at", [0, 3])
def test_the_next_one_gets_it_where_that_does_not_help(error, at):
    first, second = Counting("one", (at, error), (at, error), tells=False), Counting("two")
    assert heard([first, second]) == (WHOLE, [("one", "two")], False)
    assert first.streams == (2 if error is BUSY else 1)


def test_words_that_were_told_are_not_told_again_by_another():
    first, second = Counting("one", (3, BUSY)), Counting("two")
    assert heard([first, second]) == ("", [("one", "two")], True)
    assert (first.streams, second.streams) == (1, 0)


def test_one_that_cannot_hear_along_is_asked_when_the_turn_is_over():
    first = Counting("one", (2, DOWN), tells=False)
    assert heard([first, FakeRecognizer("read")]) == ("", [("one", "fake-stt")], False)


def test_words_are_of_who_heard_them_whoever_is_in_use_by_then():
    async def follow() -> set[tuple[str, str]]:
        first, second = Counting("one"), Counting("two")
        ears, seen = FallbackRecognizer([first, second], lambda *_: None), set()
        async for _ in ears.stream(sound()):
            seen.add((author_of(ears), ears.name))
            ears.prefer(second, "it works again")
        return seen

    assert run(follow()) == {("one", "one"), ("one", "two")}


def test_with_nobody_left_it_fails():
    async def follow() -> None:
        ears = FallbackRecognizer([Counting("one", (0, DOWN))], lambda *_: None)
        async for _ in ears.stream(sound()):
            pass

    with pytest.raises(AllProvidersFailed):
        run(follow())


def test_what_each_heard_is_paid():
    meter = CostMeter()
    first = Counting("deepgram", (3, BUSY), tells=False)
    heard([first, Counting("two")], meter)
    assert meter.total_usd == pytest.approx(0.46 * (0.4 + 0.6) / 3600)


def test_all_are_told_what_was_said_before():
    engines = [Counting("one"), FakeRecognizer("read"), Counting("two")]
    ears = FallbackRecognizer(engines, lambda *_: None)
    ears.prompt = "In Reykjavik."
    assert [getattr(one, "prompt", None) for one in engines] == ["In Reykjavik.", None, "In Reykjavik."]
    assert ears.prompt == "In Reykjavik."


def test_a_stream_left_in_the_middle_ends_the_sound():
    ended = []

    async def watched() -> AsyncIterator[Samples]:
        try:
            async for block in sound():
                yield block
        finally:
            ended.append(True)

    async def follow() -> None:
        ears = FallbackRecognizer([Counting("one")], lambda *_: None)
        async with aclosing(ears.stream(watched())) as partials:
            await anext(partials)

    run(follow())
    assert ended == [True]


def test_whether_it_breaks_off_is_said_by_the_engine_in_use():
    breaking, other = FakeRecognizer("one"), FakeRecognizer("two")
    breaking.breaks_off = True
    assert FallbackRecognizer([breaking, other], lambda *_: None).breaks_off
    assert not FallbackRecognizer([other, breaking], lambda *_: None).breaks_off
