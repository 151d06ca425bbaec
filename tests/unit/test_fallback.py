"""The next engine does the work of one that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from localvoice.audio.samples import silence
from localvoice.errors import AllProvidersFailed, ProviderBroken, ProviderRefused, ProviderUnavailable
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.messages import Usage
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, user
from tests.virtual_time import run

DOWN = ProviderUnavailable("it is down", provider="one")
SOUND = silence(10) + 1


class Told(list):
    def __call__(self, *fields: str) -> None:
        self.append(fields)


async def written(model, *parts_wanted) -> list:
    return [part async for part in model.reply([user("hello")]) if not isinstance(part, Usage)]


async def clauses(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


def test_a_failed_recogniser_stays_out_and_is_told_once():
    told = Told()
    first, second = FakeRecognizer(DOWN), FakeRecognizer("hi")
    engine = FallbackRecognizer([first, second], told)
    texts = [run(engine.transcribe(SOUND)).text for _ in range(3)]
    assert texts == ["hi"] * 3
    assert len(first.heard) == 1
    assert told == [("stt", "fake-stt", "fake-stt", "it is down")]


def test_the_last_engine_is_tried_again_with_the_next_turn():
    engine = FallbackRecognizer([FakeRecognizer(DOWN, "hi")], Told())
    with pytest.raises(AllProvidersFailed, match="it is down"):
        run(engine.transcribe(SOUND))
    assert run(engine.transcribe(SOUND)).text == "hi"


def test_reasons_do_not_pile_up():
    engine = FallbackRecognizer([FakeRecognizer(ProviderRefused("no key", provider="a")), FakeRecognizer(DOWN)], Told())
    for _ in range(5):
        with pytest.raises(AllProvidersFailed) as caught:
            run(engine.transcribe(SOUND))
        assert str(caught.value) == "every stt engine failed: no key; it is down"


def test_a_bug_is_not_taken_for_a_failing_provider():
    engine = FallbackRecognizer([FakeRecognizer(ZeroDivisionError()), FakeRecognizer("hi")], Told())
    with pytest.raises(ZeroDivisionError):
        run(engine.transcribe(SOUND))


def test_the_next_model_answers_before_the_first_word():
    told = Told()
    model = FallbackChatModel([FakeChatModel(DOWN), FakeChatModel("All is well.", name="other")], told)
    assert "".join(run(written(model))) == "All is well."
    assert told == [("llm", "fake-llm", "other", "it is down")]
    assert model.name == "other"


def test_a_model_that_fails_midway_says_so_and_the_next_turn_has_another():
    broken = FakeChatModel(["All", ProviderBroken("it broke", provider="one")])
    model = FallbackChatModel([broken, FakeChatModel("Fine.", name="other")], Told())
    with pytest.raises(ProviderBroken):
        run(written(model))
    assert "".join(run(written(model))) == "Fine."


def test_closing_a_reply_stops_the_engine():
    engine = FakeChatModel("one two three")
    model = FallbackChatModel([engine], Told())

    async def one_word() -> None:
        parts = model.reply([user("hello")])
        async for _ in parts:
            break
        await parts.aclose()

    run(one_word())
    assert engine.stopped == 1


def test_a_clause_that_failed_is_said_whole_by_the_next_voice():
    told = Told()
    first, second = FakeSynthesizer(fails_at=["two. "]), FakeSynthesizer(name="other")
    voice = FallbackSynthesizer([first, second], told)

    async def said() -> list[str]:
        return [chunk.text async for chunk in voice.synthesize(clauses("one. ", "two. ", "three."))]

    assert run(said()) == ["one. ", "two. ", "three."]
    assert second.clauses == ["two. ", "three."]
    assert told == [("tts", "fake-tts", "other", "the fake voice failed")]


def test_where_no_voice_works_the_clause_is_named_as_failed():
    voice = FallbackSynthesizer([FakeSynthesizer(fails_at=["one"]), FakeSynthesizer(fails_at=["one"])], Told())

    async def said() -> None:
        async for _ in voice.synthesize(clauses("one")):
            pass

    with pytest.raises(AllProvidersFailed, match="tts"):
        run(said())


def test_no_engine_at_all():
    with pytest.raises(AllProvidersFailed, match="none is configured"):
        run(FallbackRecognizer([], Told()).transcribe(SOUND))
