"""Cloud engines that fail at random places, with local ones behind them: every turn is answered, every word once."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config import ReplyConfig
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.llm.openai_compatible import OpenAICompatibleModel
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from localvoice.stt.openai_compatible import OpenAICompatibleRecognizer
from localvoice.text.clauses import clauses
from localvoice.tts.elevenlabs import load
from tests.cloud_orders import order
from tests.cutting_proxy import KINDS, Break, cutting
from tests.elevenlabs_server import speaking
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, user
from tests.scripted_server import (
    DONE,
    END,
    completion,
    cut_after,
    delta,
    failure,
    gone,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
    stalled,
    status,
)

TELL = "Tell me about the fox."
STORY = "Once there was a fox. It lived in a green forest, near a river. One day it found a golden key. "
WORDS = [f"{word} " for word in STORY.split()]
STREAM = b"".join([*map(delta, WORDS), END, DONE])
SOUND = np.sin(np.arange(SPEECH_RATE_HZ) / 5).astype(np.float32)


def a_chat(dice: random.Random):
    """An answer of the language model's service, more often wrong than right."""
    at = dice.randrange(len(STREAM))
    return dice.choice(
        [
            completion(*WORDS),
            cut_after(at, STREAM),
            raw(STREAM[:at]),
            raw(STREAM[:at], b"\n\ndata: {half\n\n"),
            raw(STREAM[:at], b'\n\ndata: {"error": {"message": "overloaded"}}\n\n'),
            raw(STREAM[:at], 60.0),
            failure(dice.choice([401, 429, 500, 503]), "no"),
            stalled(),
            gone(),
        ]
    )


def a_transcript(dice: random.Random):
    right = status(200, {"text": f" {TELL}"})
    return dice.choice([right, status(200, "{half"), failure(dice.choice([401, 429, 500]), "no"), stalled(), gone()])


def a_voice(dice: random.Random) -> dict:
    frames = round(0.05 * 24_000) * 2 * len(STORY)
    return {
        "pieces": dice.choice([1, 2, 5, 30]),
        "dies_after": dice.choice([None, dice.randrange(frames)]),
        "close_after": dice.choice([(0, ""), (1000, ""), (1008, "quota_exceeded"), (1011, "x")]),
        "stalls": dice.random() < 0.1,
        "refuses": dice.choice([0, 0, 0, 0, 401, 429, 503]),
        "garbage": dice.choice(["", "", "", "", "{half", '{"audio": "???"}']),
        "aligned": dice.random() < 0.8,
    }


def a_break(dice: random.Random) -> Break | None:
    """Beside what a service says, the way to it may break anywhere: in headers, handshakes, between two frames."""
    return Break(dice.randrange(dice.choice([300, 4000, 150_000])), dice.choice(KINDS)) if dice.random() < 0.3 else None


def continuing(history) -> str:
    """A local model that goes on where it was told that another broke off."""
    told = [message.text for message in history if message.role == "assistant"]
    return STORY[len(told[-1]) :].lstrip() if told else STORY


async def turn(dice: random.Random) -> tuple[str, str, str, list]:
    """What was understood, written and spoken in a turn; and who was replaced."""
    changes: list = []
    key = Secret("planted")

    def told(*fields: str) -> None:
        changes.append(fields)

    async with (
        serving(a_transcript(dice), a_transcript(dice)) as ears,
        serving(a_chat(dice), a_chat(dice)) as mind,
        speaking(**a_voice(dice)) as mouth,
        cutting(ears.url, a_break(dice)) as to_ears,
        cutting(mind.url, a_break(dice)) as to_mind,
        cutting(mouth.url, a_break(dice)) as to_mouth,
    ):
        groq = PROVIDERS["groq"]
        services = [Service("groq", groq.root(way.url), key, 0.2) for way in (to_ears, to_mind)]
        stt = FallbackRecognizer([OpenAICompatibleRecognizer(services[0], "m"), FakeRecognizer(TELL)], told)
        cloud = OpenAICompatibleModel(services[1], "m", groq.chat, ReplyConfig())
        llm = FallbackChatModel([cloud, FakeChatModel(continuing, name="local")], told)
        transport = dice.choice(["stream-input", "multi-context"])
        voice = load(order("elevenlabs", to_mouth.url, timeout_s=0.2, transport=transport))
        tts = FallbackSynthesizer([voice, FakeSynthesizer(name="local")], told)
        heard = (await stt.transcribe(SOUND)).text
        written: list[str] = []

        async def text():
            async with aclosing(llm.reply([user(heard)])) as parts:
                async for part in parts:
                    if isinstance(part, str):
                        written.append(part)
                        yield part  # noqa: ASYNC119 - closed by `clauses`

        spoken = [chunk.text async for chunk in tts.synthesize(clauses(text()))]
        tts.close()
        await asyncio.sleep(0)
    return heard, "".join(written), "".join(spoken), changes


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_fails_the_turn_is_answered_and_each_word_said_once(seed):
    async with asyncio.timeout(20):
        heard, written, spoken, changes = await turn(random.Random(seed))
    assert heard == TELL
    assert written.split() == STORY.split()
    assert spoken == written
    assert len(changes) <= 3
    assert not any("planted" in " ".join(change) for change in changes)


@pytest.mark.random
async def test_many_more():
    for seed in range(1000, 1100):
        heard, written, spoken, _ = await turn(random.Random(seed))
        assert (heard, written.split(), spoken) == (TELL, STORY.split(), written), seed
