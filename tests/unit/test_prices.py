"""What paid engines cost, and what a budget does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from localvoice.audio.samples import silence
from localvoice.errors import AllProvidersFailed
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.messages import Usage
from localvoice.prices import CostMeter, is_paid, price_of
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, user
from tests.virtual_time import run


def engine(name: str, model: str):
    return SimpleNamespace(name=name, model=model, is_remote=True)


def paid(fake, name: str, model: str):
    """A fake that counts as a vendor's."""
    fake.name, fake.model, fake.is_remote = name, model, True
    return fake


def test_the_longest_beginning_of_a_name_counts():
    assert price_of("openai", "gpt-4o-mini-2024-07-18").prompt == 0.15
    assert price_of("openai", "gpt-4o-2024-08-06").prompt == 2.50
    assert price_of("openai", "gpt-99").prompt == 0
    assert price_of("ollama", "gpt-4o").prompt == 0


def test_tokens_seconds_and_characters():
    meter = CostMeter()
    meter.wrote(engine("openai", "gpt-4o-mini"), Usage(1_000_000, 1_000_000, 500_000))
    assert meter.since_last() == pytest.approx(0.075 + 0.0375 + 0.60)
    meter.heard(engine("groq", "whisper-large-v3-turbo"), 1800)
    assert meter.since_last() == pytest.approx(0.02)
    meter.spoke(engine("elevenlabs", "eleven_flash_v2_5"), 100)
    assert meter.since_last() == pytest.approx(0.005)
    assert meter.since_last() == 0
    assert meter.total_usd == pytest.approx(0.7375)


def test_a_short_turn_is_billed_as_ten_seconds():
    meter = CostMeter()
    meter.heard(engine("groq", "whisper-large-v3-turbo"), 1.5)
    assert meter.total_usd == pytest.approx(0.04 * 10 / 3600)


def test_who_is_paid():
    assert is_paid(engine("groq", "x"))
    assert is_paid(engine("openai-compatible", "x"))
    assert not is_paid(SimpleNamespace(name="ollama", is_remote=False))
    assert not is_paid(SimpleNamespace(name="piper"))


def test_when_the_budget_is_spent_the_local_engines_do_the_work():
    told: list = []
    meter = CostMeter(0.0002)
    cloud = paid(FakeRecognizer("from afar"), "groq", "whisper-large-v3-turbo")
    ears = FallbackRecognizer([cloud, FakeRecognizer("from here")], lambda *fields: told.append(fields), None, meter)
    texts = [run(ears.transcribe(silence(16_000) + 1)).text for _ in range(4)]
    assert texts == ["from afar"] * 2 + ["from here"] * 2
    assert told == [("stt", "groq", "fake-stt", "the budget of $0.0002 is spent")]


def test_one_budget_for_all_stages():
    meter = CostMeter(0.001)
    meter.spoke(engine("elevenlabs", "eleven_flash_v2_5"), 1000)
    cloud = paid(FakeChatModel("from afar"), "groq", "llama-3.3-70b-versatile")
    mind = FallbackChatModel([cloud, FakeChatModel("from here")], lambda *_: None, None, meter)

    async def written() -> str:
        return "".join([part async for part in mind.reply([user("?")]) if isinstance(part, str)])

    assert run(written()) == "from here"


def test_with_nobody_else_a_spent_budget_ends_the_turn():
    meter = CostMeter(0.001)
    voice = paid(FakeSynthesizer(), "elevenlabs", "eleven_flash_v2_5")
    mouth = FallbackSynthesizer([voice], lambda *_: None, None, meter)

    async def text():
        yield "word " * 10

    async def spoken() -> int:
        return len([chunk async for chunk in mouth.synthesize(text())])

    assert run(spoken()) == 1
    with pytest.raises(AllProvidersFailed, match="budget"):
        run(spoken())


def test_without_a_budget_there_is_no_limit():
    meter = CostMeter()
    meter.spoke(engine("elevenlabs", "eleven_flash_v2_5"), 10**9)
    assert meter.spent == ""
