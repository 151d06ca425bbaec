"""A local engine beside a service that is late: who does the work, who is cancelled, what is told."""

from __future__ import annotations

import asyncio

import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.config import EnginesConfig
from localvoice.errors import ProviderBroken, ProviderRefused, ProviderUnavailable, RequestFailed
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.hedging import hedged
from localvoice.prices import CostMeter, is_paid
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, user
from tests.virtual_time import run

SOUND = silence(SPEECH_RATE_HZ) + 0.5
ALL = EnginesConfig(hedge="all", hedge_after_ms=500)
DOWN = ProviderUnavailable("it is down", provider="groq")


def service(fake, name="groq", model="whisper-large-v3"):
    """A fake that counts as a vendor's."""

    async def check() -> None:
        await asyncio.sleep(0)

    fake.name, fake.model, fake.is_remote, fake.check = name, model, True, check
    return fake


def local(fake, name="faster-whisper"):
    fake.name = name
    return fake


def stage(kind, name, *engines, config=ALL, meter=None):
    told: list = []

    def note(*fields):
        told.append(fields)

    return kind(hedged(name, engines, config, note), note, None, meter), told


# recognisers


def test_a_service_in_time_is_not_overtaken():
    cloud, own = service(FakeRecognizer("far", delay_s=0.4)), local(FakeRecognizer("near"))
    stt, told = stage(FallbackRecognizer, "stt", cloud, own)
    assert run(stt.transcribe(SOUND)).text == "far"
    assert (own.heard, told, stt.name) == ([], [], "groq")


def test_a_late_service_is_overtaken_and_cancelled():
    cloud, own = service(FakeRecognizer("far", delay_s=5.0)), local(FakeRecognizer("near", delay_s=0.3))
    stt, told = stage(FallbackRecognizer, "stt", cloud, own)

    async def timed():
        began_s = asyncio.get_running_loop().time()
        transcript = await stt.transcribe(SOUND)
        return transcript, asyncio.get_running_loop().time() - began_s

    transcript, took_s = run(timed())
    assert (transcript.text, transcript.engine) == ("near", "faster-whisper")
    assert took_s == pytest.approx(0.8, abs=0.01)
    assert cloud.cancelled == 1
    assert told == [("stt", "groq", "faster-whisper", "groq had not answered after 500 ms")]
    assert stt.name == "faster-whisper"


def test_a_service_that_answers_first_after_all_wins_and_the_other_is_cancelled():
    cloud, own = service(FakeRecognizer("far", delay_s=0.6)), local(FakeRecognizer("near", delay_s=3.0))
    stt, told = stage(FallbackRecognizer, "stt", cloud, own)
    assert run(stt.transcribe(SOUND)).text == "far"
    assert (own.cancelled, told) == (1, [])


def test_each_change_is_told_once():
    cloud, own = service(FakeRecognizer("far", delay_s=5.0)), local(FakeRecognizer("near"))
    stt, told = stage(FallbackRecognizer, "stt", cloud, own)

    async def turns():
        await stt.transcribe(SOUND)
        await stt.transcribe(SOUND)
        cloud._delay_s = 0.1
        await stt.transcribe(SOUND)
        await stt.transcribe(SOUND)

    run(turns())
    assert [(before, after) for _, before, after, _ in told] == [("groq", "faster-whisper"), ("faster-whisper", "groq")]


def test_a_service_no_slower_than_the_local_engine_usually_is_gets_its_time():
    cloud, own = service(FakeRecognizer("far", delay_s=9.0)), local(FakeRecognizer("near", delay_s=2.0))
    stt, _ = stage(FallbackRecognizer, "stt", cloud, own)

    async def turns():
        await stt.transcribe(SOUND)
        cloud._delay_s = 1.5
        return await stt.transcribe(SOUND)

    assert run(turns()).text == "far"
    assert len(own.heard) == 1


def test_a_service_that_fails_while_the_other_works_does_no_harm():
    cloud, own = service(FakeRecognizer(DOWN, delay_s=0.6)), local(FakeRecognizer("near", delay_s=0.5))
    stt, _ = stage(FallbackRecognizer, "stt", cloud, own)
    assert run(stt.transcribe(SOUND)).text == "near"


def test_a_service_that_fails_at_once_is_replaced_as_ever():
    refused = ProviderRefused("bad key", provider="groq")
    stt, told = stage(FallbackRecognizer, "stt", service(FakeRecognizer(refused)), local(FakeRecognizer("near")))
    assert run(stt.transcribe(SOUND)).text == "near"
    assert told == [("stt", "groq", "faster-whisper", "bad key")]


def test_where_both_fail_the_service_s_failure_is_told():
    broken = ProviderUnavailable("no memory", provider="faster-whisper")
    cloud, own = service(FakeRecognizer(DOWN, delay_s=0.6)), local(FakeRecognizer(broken, "near"))
    stt, told = stage(FallbackRecognizer, "stt", cloud, own)
    assert run(stt.transcribe(SOUND)).text == "near"
    assert told == [("stt", "groq", "faster-whisper", "it is down")]


def test_a_cancelled_call_cancels_both():
    cloud, own = service(FakeRecognizer("far", delay_s=9.0)), local(FakeRecognizer("near", delay_s=9.0))
    stt, _ = stage(FallbackRecognizer, "stt", cloud, own)

    async def cut():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await stt.transcribe(SOUND)

    run(cut())
    assert (cloud.cancelled, own.cancelled) == (1, 1)


def test_the_service_is_paid_whoever_was_faster():
    meter = CostMeter()
    cloud, own = service(FakeRecognizer("far", delay_s=5.0)), local(FakeRecognizer("near"))
    stt, _ = stage(FallbackRecognizer, "stt", cloud, own, meter=meter)
    run(stt.transcribe(SOUND))
    assert meter.total_usd == pytest.approx(0.111 * 10 / 3600)


# which ones


@pytest.mark.parametrize(("hedge", "wrapped"), [("off", False), ("free", False), ("all", True)])
def test_a_paid_service_is_overtaken_only_where_that_was_asked_for(hedge, wrapped):
    cloud, own = service(FakeRecognizer("far")), local(FakeRecognizer("near"))
    first, second = hedged("stt", (cloud, own), EnginesConfig(hedge=hedge), print)
    assert (first is not cloud) is wrapped
    assert second is own
    assert is_paid(first)


def test_a_free_service_of_this_machine_is_overtaken_by_default():
    cloud, own = service(FakeChatModel("far"), "ollama"), local(FakeChatModel("near"), "llama-cpp")
    cloud.is_remote = False
    assert hedged("llm", (cloud, own), EnginesConfig(), print)[0] is not cloud


def test_a_starter_overtakes_nobody():
    cloud, own = service(FakeRecognizer("far")), local(FakeRecognizer("near"), "pocketsphinx")
    assert hedged("stt", (cloud, own), ALL, print) == (cloud, own)


# models


async def words(llm) -> str:
    return "".join([part async for part in llm.reply([user("hi")]) if isinstance(part, str)])


def test_the_first_token_decides_and_the_other_model_is_stopped():
    cloud = service(FakeChatModel("From far away.", first_token_s=5.0), model="x")
    own = local(FakeChatModel("From near by.", first_token_s=0.2), "llama-cpp")
    llm, told = stage(FallbackChatModel, "llm", cloud, own)
    assert run(words(llm)) == "From near by."
    assert cloud.stopped == 1
    assert [(before, after) for _, before, after, _ in told] == [("groq", "llama-cpp")]


def test_a_model_in_time_writes_to_its_end():
    cloud = service(FakeChatModel("From far away.", first_token_s=0.1, token_s=1.0), model="x")
    own = local(FakeChatModel("From near by."), "llama-cpp")
    llm, told = stage(FallbackChatModel, "llm", cloud, own)
    assert run(words(llm)) == "From far away."
    assert (own.histories, told) == ([], [])


@pytest.mark.parametrize("nothing", [[], [" ", "\n"]])
def test_a_model_that_answers_nothing_overtakes_nobody(nothing):
    cloud = service(FakeChatModel("From far away.", first_token_s=5.0), model="x")
    own = local(FakeChatModel(nothing), "llama-cpp")
    llm, told = stage(FallbackChatModel, "llm", cloud, own)
    assert run(words(llm)) == "From far away."
    assert (told, llm.name) == ([], "groq")


@pytest.mark.parametrize("error", [ProviderBroken, RequestFailed])
def test_a_model_of_this_machine_that_fails_midway_does_not_put_the_service_out(error):
    cloud = service(FakeChatModel("Nobody waits for this.", "went home.", "And back.", first_token_s=5.0), model="x")
    own = local(FakeChatModel(["We ", "all ", error("it broke", provider="llama-cpp")]), "llama-cpp")
    llm, told = stage(FallbackChatModel, "llm", cloud, own)
    assert run(words(llm)) == "We all went home."
    assert told[1:] == [("llm", "llama-cpp", "groq", "it broke")]
    assert llm.name == "groq"
    assert len(own.histories) == 1, "who has just failed at it does not go on with it"
    cloud._waits_s = (0.0, 0.0)
    assert run(words(llm)) == "And back."
    assert len(told) == 2


def test_one_that_cannot_take_a_request_may_overtake_with_the_next_and_one_that_broke_may_not():
    for error, nearby in ((RequestFailed, 2), (ProviderBroken, 1)):
        cloud = service(FakeChatModel("Far.", first_token_s=5.0), model="x")
        own = local(FakeChatModel(["We ", error("it broke", provider="llama-cpp")], "Near."), "llama-cpp")
        llm, _ = stage(FallbackChatModel, "llm", cloud, own)
        run(words(llm))
        run(words(llm))
        assert len(own.histories) == nearby


# voices


async def spoken(tts, *clauses: str, pause_s: float = 0.0):
    async def text():
        for clause in clauses:
            await asyncio.sleep(pause_s)
            yield clause

    return [chunk async for chunk in tts.synthesize(text())]


@pytest.mark.parametrize("pause_s", [0.0, 0.2, 2.0])
@pytest.mark.parametrize(("cloud_s", "own_s", "winner"), [(0.1, 0.0, "far"), (5.0, 0.1, "near"), (0.7, 3.0, "far")])
def test_whoever_speaks_first_speaks_all_of_it(cloud_s, own_s, winner, pause_s):
    clauses = ["One,", " two,", " \n", " three."]
    cloud = service(FakeSynthesizer(delay_s=cloud_s, name="far"), "elevenlabs", "eleven_flash_v2_5")
    own = FakeSynthesizer(delay_s=own_s, name="near")
    tts, told = stage(FallbackSynthesizer, "tts", cloud, own)
    chunks = run(spoken(tts, *clauses, pause_s=pause_s))
    assert "".join(chunk.text for chunk in chunks) == "".join(clauses)
    assert (own if winner == "near" else cloud).clauses == clauses
    assert len(told) == (winner == "near")


class Hasty(FakeSynthesizer):
    """Reads as far as it can before it speaks."""

    async def synthesize(self, text):
        seen = [clause async for clause in text]

        async def again():
            for clause in seen:
                yield clause

        async for chunk in super().synthesize(again()):
            yield chunk


def test_a_voice_that_reads_ahead_takes_no_word_from_the_one_that_speaks():
    cloud, own = service(FakeSynthesizer(delay_s=0.8), "elevenlabs"), Hasty(name="near")
    tts, told = stage(FallbackSynthesizer, "tts", cloud, own)
    chunks = run(spoken(tts, "One,", " two,", " three.", pause_s=0.1))
    assert [chunk.text for chunk in chunks] == cloud.clauses == ["One,", " two,", " three."]
    assert (own.clauses, told) == ([], [])


def test_a_text_that_is_late_is_not_the_service_s_delay():
    cloud = service(FakeSynthesizer(delay_s=0.1), "elevenlabs")
    own = FakeSynthesizer(name="near")
    tts, told = stage(FallbackSynthesizer, "tts", cloud, own)
    run(spoken(tts, "One.", pause_s=9.0))
    assert (own.clauses, told) == ([], [])


def test_no_text_is_no_race():
    tts, told = stage(
        FallbackSynthesizer, "tts", service(FakeSynthesizer(), "elevenlabs"), FakeSynthesizer(name="near")
    )
    assert run(spoken(tts)) == []
    assert told == []


def test_a_voice_that_fails_behind_its_first_chunk_is_followed_without_a_word_lost():
    cloud = service(FakeSynthesizer(delay_s=0.1, fails_at=[" two."]), "elevenlabs")
    own = FakeSynthesizer(name="near")
    tts, _ = stage(FallbackSynthesizer, "tts", cloud, own)
    chunks = run(spoken(tts, "One,", " two.", " Three."))
    assert "".join(chunk.text for chunk in chunks) == "One, two. Three."
    assert own.clauses == [" two.", " Three."]


def test_the_pace_is_that_of_both():
    cloud, own = service(FakeSynthesizer(), "elevenlabs"), FakeSynthesizer(name="near")
    tts, _ = stage(FallbackSynthesizer, "tts", cloud, own)
    tts.rate = 1.3
    assert (cloud.rate, own.rate, tts.rate) == (1.3, 1.3, 1.3)


def test_a_voice_of_this_machine_that_fails_midway_does_not_put_the_service_out():
    cloud = service(FakeSynthesizer(delay_s=5.0), "elevenlabs")
    own = FakeSynthesizer(name="near", fails_at=[" two."])
    tts, told = stage(FallbackSynthesizer, "tts", cloud, own)
    chunks = run(spoken(tts, "One,", " two.", " Three."))
    assert "".join(chunk.text for chunk in chunks) == "One, two. Three."
    assert cloud.clauses[-2:] == [" two.", " Three."]
    assert told[1:] == [("tts", "near", "elevenlabs", "the fake voice failed")]
    assert tts.name == "elevenlabs"


def test_a_text_that_fails_while_that_voice_speaks_is_not_its_failure():
    cloud, own = service(FakeSynthesizer(delay_s=5.0), "elevenlabs"), FakeSynthesizer(name="near")
    tts, told = stage(FallbackSynthesizer, "tts", cloud, own)

    async def text():
        yield "One,"
        await asyncio.sleep(2.0)
        raise ProviderBroken("no words left", provider="llama-cpp")

    async def said() -> None:
        with pytest.raises(ProviderBroken, match="no words left"):
            async for _ in tts.synthesize(text()):
                pass
        await spoken(tts, "Two.")

    run(said())
    assert own.clauses == ["One,", "Two."]
    assert len(told) == 1
