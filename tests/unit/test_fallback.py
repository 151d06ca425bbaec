"""The next engine does the work of one that failed: nothing is said twice, nothing is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import numpy as np
import pytest

from localvoice.audio.samples import silence
from localvoice.engines import author_of
from localvoice.errors import AllProvidersFailed, ProviderBroken, ProviderRefused, ProviderUnavailable, RequestFailed
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.messages import Message, Role, SpeechChunk, ToolCall, Usage
from localvoice.prices import CostMeter
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, user
from tests.virtual_time import run

DOWN = ProviderUnavailable("it is down", provider="one")
BUSY = ProviderUnavailable("it is busy", provider="one", may_retry=True)
BROKE = ProviderBroken("it broke", provider="one")
TOO_LONG = RequestFailed("it is too long", provider="one")
SOUND = silence(10) + 1


class Told(list):
    def __call__(self, *fields: str) -> None:
        self.append(fields)


class CheckedRecognizer(FakeRecognizer):
    """One that can be asked whether it works; `checks` says how the next ones end, then all is well."""

    def __init__(self, *texts, checks=(), name="cloud") -> None:
        super().__init__(*texts)
        self.name = name
        self.checked_s: list[float] = []
        self._checks = list(checks)

    async def check(self) -> None:
        self.checked_s.append(asyncio.get_running_loop().time())
        if self._checks:
            raise self._checks.pop(0)


async def written(model, *parts_wanted) -> list:
    return [part async for part in model.reply([user("hello")]) if not isinstance(part, Usage)]


async def clauses(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


# recognisers


def test_a_failed_recogniser_stays_out_and_is_told_once():
    told = Told()
    first, second = FakeRecognizer(DOWN), FakeRecognizer("hi")
    engine = FallbackRecognizer([first, second], told)
    texts = [run(engine.transcribe(SOUND)).text for _ in range(3)]
    assert texts == ["hi"] * 3
    assert len(first.heard) == 1
    assert told == [("stt", "fake-stt", "fake-stt", "it is down")]


def test_where_nothing_was_accepted_it_is_asked_once_more_at_once():
    told = Told()
    first = FakeRecognizer(BUSY, "hi")
    assert run(FallbackRecognizer([first, FakeRecognizer("other")], told).transcribe(SOUND)).text == "hi"
    assert len(first.heard) == 2
    assert told == []


def test_and_not_twice():
    first = FakeRecognizer(BUSY)
    engine = FallbackRecognizer([first, FakeRecognizer("hi")], Told())
    assert run(engine.transcribe(SOUND)).text == "hi"
    assert len(first.heard) == 2


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


def test_no_engine_at_all():
    with pytest.raises(AllProvidersFailed, match="none is configured"):
        run(FallbackRecognizer([], Told()).transcribe(SOUND))


# who comes back


async def watched(engine, seconds: float) -> None:
    """Let time pass while it is watched who works again."""
    watching = asyncio.create_task(engine.keep_watch())
    await asyncio.sleep(seconds)
    watching.cancel()
    await asyncio.wait((watching,))


def test_who_failed_is_tried_in_the_background_and_comes_back():
    told = Told()
    cloud = CheckedRecognizer(DOWN, "hi again", checks=[DOWN, DOWN])
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], told)

    async def talk() -> list[str]:
        texts = [(await engine.transcribe(SOUND)).text]
        await watched(engine, 60)
        return [*texts, (await engine.transcribe(SOUND)).text]

    assert run(talk()) == ["hi", "hi again"]
    assert told == [("stt", "cloud", "fake-stt", "it is down"), ("stt", "fake-stt", "cloud", "it works again")]
    first, second, third = cloud.checked_s
    assert 4 <= first <= 6
    assert 8 <= second - first <= 12
    assert 16 <= third - second <= 24


def test_a_bug_in_trying_who_failed_ends_nothing():
    cloud = CheckedRecognizer(DOWN, "hi again", checks=[ZeroDivisionError()])
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], Told())

    async def talk() -> str:
        await engine.transcribe(SOUND)
        watching = asyncio.create_task(engine.keep_watch())
        await asyncio.sleep(20)
        assert not watching.done()
        watching.cancel()
        await asyncio.wait((watching,))
        return (await engine.transcribe(SOUND)).text

    assert run(talk()) == "hi again"


def test_the_wait_that_a_provider_asks_for_is_kept():
    cloud = CheckedRecognizer(ProviderUnavailable("slow down", provider="cloud", retry_after_s=40), "hi")
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], Told())

    async def talk() -> None:
        await engine.transcribe(SOUND)
        await watched(engine, 60)

    run(talk())
    assert cloud.checked_s == [40]


def test_who_refuses_is_not_asked_again():
    cloud = CheckedRecognizer(ProviderRefused("no key", provider="cloud"))
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], Told())

    async def talk() -> str:
        await engine.transcribe(SOUND)
        await watched(engine, 600)
        return (await engine.transcribe(SOUND)).text

    assert run(talk()) == "hi"
    assert cloud.checked_s == []


def test_who_fails_again_and_again_is_tried_ever_more_rarely():
    cloud = CheckedRecognizer(DOWN)  # checks go well, calls do not
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], Told())

    async def talk() -> None:
        watching = asyncio.create_task(engine.keep_watch())
        for _ in range(600):
            await engine.transcribe(SOUND)
            await asyncio.sleep(1)
        watching.cancel()
        await asyncio.wait((watching,))

    run(talk())
    assert 5 <= len(cloud.checked_s) <= 10


def test_who_could_not_be_reached_at_the_start_comes_back_too():
    told = Told()
    cloud = CheckedRecognizer("hi from afar")
    engine = FallbackRecognizer([cloud, FakeRecognizer("hi")], told, {"cloud": DOWN})

    async def talk() -> list[str]:
        texts = [(await engine.transcribe(SOUND)).text]
        await watched(engine, 10)
        return [*texts, (await engine.transcribe(SOUND)).text]

    assert run(talk()) == ["hi", "hi from afar"]
    assert told == [("stt", "fake-stt", "cloud", "it works again")]


def test_an_engine_of_this_machine_that_is_too_slow_gives_way_to_a_service():
    told = Told()
    slow = FakeRecognizer("late", delay_s=30)
    engine = FallbackRecognizer([slow, CheckedRecognizer("in time")], told)
    assert run(engine.transcribe(SOUND)).text == "in time"
    assert slow.cancelled == 1
    assert "did not answer within 4 s" in told[0][3]


def test_where_no_service_stands_behind_it_it_may_take_its_time():
    engine = FallbackRecognizer([FakeRecognizer("late", delay_s=30), FakeRecognizer("in time")], Told())
    assert run(engine.transcribe(SOUND)).text == "late"


class CheckedVoice(FakeSynthesizer):
    """One that can be asked whether it works: a service."""

    async def check(self) -> None:
        """It would."""


def spoken_by(*voices, text) -> list[str]:
    async def said() -> list[str]:
        engine = FallbackSynthesizer(voices, Told())
        return [chunk.text async for chunk in engine.synthesize(text)]

    return run(said())


def test_a_voice_of_this_machine_that_is_too_slow_gives_way_to_a_service():
    slow, service = FakeSynthesizer(delay_s=9), CheckedVoice(name="cloud")
    assert spoken_by(slow, service, text=clauses("One.", " Two.")) == ["One.", " Two."]
    assert (slow.clauses, service.clauses) == (["One."], ["One.", " Two."])


def test_a_voice_is_not_too_slow_because_its_text_is():
    async def hesitant() -> AsyncIterator[str]:
        await asyncio.sleep(20)
        yield "One."
        await asyncio.sleep(20)
        yield " Two."

    local, service = FakeSynthesizer(delay_s=1), CheckedVoice(name="cloud")
    assert spoken_by(local, service, text=hesitant()) == ["One.", " Two."]
    assert service.clauses == []


def test_a_voice_with_nobody_behind_it_may_take_its_time():
    local = FakeSynthesizer(delay_s=9)
    assert spoken_by(local, FakeSynthesizer(name="other"), text=clauses("One.")) == ["One."]
    assert local.clauses == ["One."]


# language models


class Service(FakeChatModel):
    """One that can be asked whether it works."""

    async def check(self) -> None:
        """All is well."""


class Unreachable(FakeChatModel):
    """A service that is found out to be down while the user speaks."""

    async def check(self) -> None:
        raise DOWN

    async def prefill(self, history, tools=()) -> None:
        raise DOWN


def test_a_service_that_cannot_be_reached_is_passed_over_before_the_answer_is_wanted():
    told = Told()
    service, own = Unreachable("Never."), FakeChatModel("Well.", name="own")
    model = FallbackChatModel([service, own], told)

    async def turn() -> str:
        await model.prefill([user("hel")])
        return "".join(await written(model))

    assert run(turn()) == "Well."
    assert (service.histories, told) == ([], [("llm", "fake-llm", "own", "it is down")])


def test_the_next_model_answers_before_the_first_word():
    told = Told()
    model = FallbackChatModel([FakeChatModel(DOWN), FakeChatModel("All is well.", name="other")], told)
    assert "".join(run(written(model))) == "All is well."
    assert told == [("llm", "fake-llm", "other", "it is down")]
    assert model.name == "other"


@pytest.mark.parametrize(
    "continuation", ["jumps over the fence.", "fox jumps over the fence.", "The quick brown fox jumps over the fence."]
)
def test_the_next_model_goes_on_where_one_broke_off(continuation):
    broken = FakeChatModel(["The quick ", "brown ", "fox ju", BROKE])
    other = FakeChatModel(continuation, name="other")
    model = FallbackChatModel([broken, other], Told())
    assert "".join(run(written(model))) == "The quick brown fox jumps over the fence."
    begun, asked = other.histories[0][-2:]
    assert (begun.role, begun.text) == (Role.ASSISTANT, "The quick brown fox")
    assert asked.role is Role.USER


def test_a_request_that_a_model_of_this_process_cannot_take_does_not_put_it_out():
    told = Told()
    model = FallbackChatModel([FakeChatModel(TOO_LONG, "All is well."), FakeChatModel("x", name="skills")], told)
    with pytest.raises(RequestFailed):
        run(written(model))
    assert "".join(run(written(model))) == "All is well."
    assert told == []


def test_a_service_behind_it_takes_that_request_and_no_other():
    told = Told()
    own, service = FakeChatModel(TOO_LONG, "All is well.", "So it is."), Service("Read from afar.", name="afar")
    model = FallbackChatModel([own, service], told)
    assert ["".join(run(written(model))) for _ in range(3)] == ["Read from afar.", "All is well.", "So it is."]
    there, back = told
    assert there == ("llm", "fake-llm", "afar", "it is too long"), "words may have left this machine"
    assert back[:3] == ("llm", "afar", "fake-llm")


def test_a_request_that_nobody_can_take_names_the_last_reason():
    own, service = FakeChatModel(TOO_LONG), Service(DOWN)
    with pytest.raises(AllProvidersFailed, match="it is too long"):
        run(written(FallbackChatModel([own, service], Told())))


@pytest.mark.parametrize("nothing", [[], [" ", "\n"]])
def test_a_model_that_answers_nothing_is_followed_by_the_next_and_stays_in_use(nothing):
    told = Told()
    own, other = FakeChatModel(nothing, "All is well."), FakeChatModel("Paris.", name="other")
    model = FallbackChatModel([own, other], told)
    assert ["".join(run(written(model))).strip() for _ in range(2)] == ["Paris.", "All is well."]
    assert told[0] == ("llm", "fake-llm", "other", "fake-llm answered nothing")


def test_a_service_that_answers_nothing_is_followed_by_the_next_and_tried_again_later():
    told = Told()
    model = FallbackChatModel([Service([], "Back again.", name="afar"), FakeChatModel("Paris.")], told)

    async def talk() -> list[str]:
        texts = ["".join(await written(model))]
        await watched(model, 60)
        return [*texts, "".join(await written(model))]

    assert run(talk()) == ["Paris.", "Back again."]
    assert told[0] == ("llm", "afar", "fake-llm", "afar answered nothing")


def test_where_nobody_has_an_answer_that_is_said():
    own, other = FakeChatModel([]), FakeChatModel([], name="other")
    with pytest.raises(RequestFailed, match="other answered nothing"):
        run(written(FallbackChatModel([own, other], Told())))


def test_a_tool_call_is_an_answer_and_so_is_nothing_behind_its_result():
    call = ToolCall("timer", {"minutes": 5}, "1")
    other = FakeChatModel("Well.", name="other")
    model = FallbackChatModel([FakeChatModel([call], []), other], Told())

    async def talk() -> list:
        asked = [user("hello")]
        first = [part async for part in model.reply(asked)]
        behind = [part async for part in model.reply([*asked, Message(Role.TOOL, "It runs.")])]
        return [part for part in (*first, *behind) if not isinstance(part, Usage)]

    assert run(talk()) == [call]
    assert other.histories == []


def test_words_are_of_who_wrote_them_whoever_is_in_use_by_then():
    async def talk() -> set[tuple[str, str]]:
        first, second = FakeChatModel("One two. Three four."), FakeChatModel("No.")
        first.name, second.name = "one", "two"
        model, seen = FallbackChatModel([first, second], Told()), set()
        async for part in model.reply([user("Hi.")]):
            if isinstance(part, str):
                seen.add((author_of(model), model.name))
                model.prefer(second, "it works again")
        return seen

    assert run(talk()) == {("one", "one"), ("one", "two")}


def test_a_model_that_fails_midway_is_not_asked_again_even_if_that_might_help():
    broken = FakeChatModel(["One ", BUSY])
    model = FallbackChatModel([broken, FakeChatModel("two.", name="other")], Told())
    assert "".join(run(written(model))) == "One two."
    assert len(broken.histories) == 1


def test_one_that_fails_before_the_first_word_is():
    busy = FakeChatModel(BUSY, "Fine.")
    assert "".join(run(written(FallbackChatModel([busy, FakeChatModel("x")], Told())))) == "Fine."


def test_the_starter_does_not_go_on_from_another_models_words():
    broken = FakeChatModel(["All", " is ", BROKE])
    model = FallbackChatModel([broken, FakeChatModel("Sorry.", name="skills")], Told())
    with pytest.raises(ProviderBroken):
        run(written(model))
    assert "".join(run(written(model))) == "Sorry."


def test_nor_where_a_model_that_could_not_take_the_request_stays_in_use():
    skills = FakeChatModel("Sorry.", name="skills")
    model = FallbackChatModel([FakeChatModel(TOO_LONG), Service(["All", " is ", BROKE]), skills], Told())
    with pytest.raises(ProviderBroken, match="it broke"):
        run(written(model))
    assert skills.histories == []


def test_with_nobody_to_go_on_words_are_not_waited_for():
    model = FallbackChatModel([FakeChatModel(["On", "ce"]), FakeChatModel("x", name="skills")], Told())
    assert run(written(model)) == ["On", "ce"]


def test_a_tool_call_of_a_share_that_broke_off_is_not_made():
    call = ToolCall("timer", {"minutes": 5}, "1")
    broken = FakeChatModel(["Well, ", call, BROKE])
    model = FallbackChatModel([broken, FakeChatModel(["sure. ", call], name="other")], Told())
    assert run(written(model)) == ["Well, ", "sure. ", call]


def test_a_model_that_does_not_begin_gives_way_to_a_service_and_one_that_has_begun_does_not():
    slow = FakeChatModel("late", first_token_s=30, name="slow")
    assert "".join(run(written(FallbackChatModel([slow, Service("in time")], Told())))) == "in time"
    steady = FakeChatModel("word after word", token_s=30, name="steady")
    assert "".join(run(written(FallbackChatModel([steady, Service("x")], Told())))) == "word after word"


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


# voices


async def said(voice, *texts: str) -> list[str]:
    return [chunk.text async for chunk in voice.synthesize(clauses(*texts))]


class WordByWord(FakeSynthesizer):
    """A chunk per word; dies once it has said `words` of them, having read `ahead` clauses more."""

    def __init__(self, words: int, error: Exception = BROKE, *, ahead: int = 0, level: float = 0.25) -> None:
        super().__init__(name="wordy")
        self._left, self._error, self._ahead, self._level = words, error, ahead, level

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        async for clause in text:
            more = [await anext(text, "") for _ in range(self._ahead)]
            self.clauses += [clause, *more]
            for word in re.findall(r"\s*\S+", "".join((clause, *more))):
                if not self._left:
                    self._left = 99
                    raise self._error
                self._left -= 1
                yield SpeechChunk(word, np.full(1600, self._level, np.float32), 16_000)


def test_a_clause_that_failed_is_said_whole_by_the_next_voice():
    told = Told()
    first, second = FakeSynthesizer(fails_at=["two. "]), FakeSynthesizer(name="other")
    voice = FallbackSynthesizer([first, second], told)
    assert run(said(voice, "one. ", "two. ", "three.")) == ["one. ", "two. ", "three."]
    assert second.clauses == ["two. ", "three."]
    assert told == [("tts", "fake-tts", "other", "the fake voice failed")]


@pytest.mark.parametrize("words", range(7))
@pytest.mark.parametrize("ahead", [0, 1])
def test_a_voice_that_dies_in_a_clause_is_followed_from_the_next_word(words, ahead):
    dying, other = WordByWord(words, ahead=ahead), FakeSynthesizer(name="other")
    voice = FallbackSynthesizer([dying, other], Told())
    assert "".join(run(said(voice, "one two", " three four", " five", " six."))) == "one two three four five six."
    assert "".join(other.clauses).split() == ["one", "two", "three", "four", "five", "six."][words:]


@pytest.mark.parametrize("words", range(1, 5))
def test_a_clause_is_told_once_however_many_voices_speak_it(words):
    class ClauseByWord(FakeSynthesizer):
        """Tells a clause with its first word, and dies behind so many."""

        async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
            left = words
            async for clause in text:
                for at, word in enumerate(re.findall(r"\S+\s*", clause)):
                    if not left:
                        raise DOWN
                    left -= 1
                    yield SpeechChunk(word, SOUND, 16_000, clause="" if at else clause)

    async def told() -> list[str]:
        voice = FallbackSynthesizer([ClauseByWord(), FakeSynthesizer(name="other")], Told())
        chunks = [chunk async for chunk in voice.synthesize(clauses("one two ", "three four ", "five "))]
        return [chunk.text if chunk.clause is None else chunk.clause for chunk in chunks]

    assert [clause for clause in run(told()) if clause] == ["one two ", "three four ", "five "]


def test_a_voice_that_may_be_asked_again_goes_on_itself():
    dying = WordByWord(1, BUSY)
    dying_again = FallbackSynthesizer([dying, FakeSynthesizer(name="other")], Told())
    assert "".join(run(said(dying_again, "one two", " three"))) == "one two three"
    assert dying.clauses == ["one two", " two", " three"]


def test_where_no_voice_works_the_clause_is_named_as_failed():
    voice = FallbackSynthesizer([FakeSynthesizer(fails_at=["one"]), FakeSynthesizer(fails_at=["one"])], Told())
    with pytest.raises(AllProvidersFailed, match="tts"):
        run(said(voice, "one"))


def test_who_speaks_is_paid_and_not_who_comes_back_meanwhile():
    meter, vendor = CostMeter(), FakeSynthesizer(name="elevenlabs")
    vendor.model = "eleven_flash_v2_5"
    voice = FallbackSynthesizer([FakeSynthesizer(), vendor], Told(), meter=meter)

    async def comes_back():
        yield "one"
        voice.prefer(vendor, "it works again")
        yield " two"

    async def spoken() -> list[str]:
        return [chunk.text async for chunk in voice.synthesize(comes_back())]

    assert run(spoken()) == ["one", " two"]
    assert (vendor.clauses, meter.total_usd) == ([], 0)
    assert run(said(voice, "one")) == ["one"]
    assert meter.total_usd > 0


def test_no_voice_is_blamed_for_the_text():
    told = Told()
    voice = FallbackSynthesizer([FakeSynthesizer(), FakeSynthesizer(name="other")], told)

    async def broken() -> AsyncIterator[str]:
        yield "one "
        raise BROKE

    async def talk() -> None:
        async for _ in voice.synthesize(broken()):
            pass

    with pytest.raises(ProviderBroken):
        run(talk())
    assert told == []


def test_the_text_outlives_a_voice_that_dies_while_it_waits_for_more():
    class Impatient(FakeSynthesizer):
        async def synthesize(self, text):
            yield self._chunk(await anext(text))
            waiting = asyncio.create_task(anext(text))
            await asyncio.sleep(1)
            waiting.cancel()
            await asyncio.wait((waiting,))
            raise DOWN

    async def slow() -> AsyncIterator[str]:
        yield "one "
        await asyncio.sleep(5)
        yield "two"

    async def talk() -> list[str]:
        voice = FallbackSynthesizer([Impatient(), FakeSynthesizer(name="other")], Told())
        return [chunk.text async for chunk in voice.synthesize(slow())]

    assert run(talk()) == ["one ", "two"]


def test_the_next_voice_is_as_loud_as_the_one_before():
    loud = WordByWord(4, level=0.4)
    voice = FallbackSynthesizer([loud, FakeSynthesizer(name="quiet")], Told())

    async def levels() -> list[float]:
        chunks = [chunk async for chunk in voice.synthesize(clauses("one two", " three four", " five", " six"))]
        return [float(np.sqrt(np.mean(chunk.samples**2))) for chunk in chunks]

    heard = run(levels())
    assert heard[0] == pytest.approx(0.4)
    assert heard[-1] == pytest.approx(0.4, rel=0.05)  # a tone of amplitude 0.25 has 0.18


def test_one_voice_alone_is_left_as_it_is():
    engine = FakeSynthesizer()
    voice = FallbackSynthesizer([engine], Told())

    async def both() -> bool:
        (ours,) = [chunk async for chunk in voice.synthesize(clauses("one"))]
        (its_own,) = [chunk async for chunk in engine.synthesize(clauses("one"))]
        return np.array_equal(ours.samples, its_own.samples)

    assert run(both())
