"""Long and random conversations: nothing grows, no rule breaks, and what was decided can be decided again."""

from __future__ import annotations

import gc
import random
import tracemalloc
from itertools import pairwise

import pytest

from localvoice.config import Config, TurnConfig
from localvoice.errors import ProviderUnavailable
from localvoice.messages import Role
from localvoice.turn.taking import TurnTaking
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, run

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."


def test_two_hundred_turns_do_not_grow():
    """The first half fills what is bounded; the second one leaves next to nothing behind."""
    left: list[int] = []
    setting = Setting(
        stt=_Forgetful("alpha beta", delay_s=0.01),
        llm=_Silent("Yes.", first_token_s=0.01),
        tts=FakeSynthesizer(character_s=0.01),
        config=Config(turn=TurnConfig(patience="fast", max_turn_s=5.0)),
        keep_sound=False,
    )

    async def user(talk: Talk) -> None:
        for turn in range(200):
            await talk.speak(0.1)
            await talk.until("turn_metrics")
            talk.seen.clear()
            if turn in {100, 199}:
                talk.events[1:-1] = []
                talk._read = len(talk.events)
                gc.collect()
                if turn == 100:
                    tracemalloc.start()
        left.append(tracemalloc.get_traced_memory()[0])

    try:
        run_without_rules(user, setting)
    finally:
        tracemalloc.stop()
    assert left[0] < 150_000, f"{left[0]} bytes more after 100 turns: a few numbers per turn are kept, no sound"


def run_without_rules(user, setting: Setting) -> Talk:
    async def held() -> Talk:
        talk = Talk(setting)
        await talk.hold(user)
        return talk

    return run(held())


class _Forgetful(FakeRecognizer):
    async def transcribe(self, samples):
        self.heard.clear()
        return await super().transcribe(samples)


class _Silent(FakeChatModel):
    async def reply(self, history, tools=()):
        self.histories.clear()
        self.prefilled.clear()
        async for part in super().reply(history, tools):
            yield part


class _Moody(FakeRecognizer):
    """Hears one of several things, now and then nothing, and fails sometimes."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__("-", delay_s=chance.choice([0.02, 0.15, 0.6]))
        self._chance = chance

    async def transcribe(self, samples):
        heard = await super().transcribe(samples)
        text = self._chance.choice(["tell me more", "mm-hm", "stop", "", "set a timer for five seconds", "yes but"])
        if self._chance.random() < 0.05:
            raise ProviderUnavailable("busy", provider=self.name)
        return type(heard)(text, "en", self.name, rejected=self._chance.random() < 0.1)


async def act(talk: Talk, chance: random.Random) -> None:
    match chance.choice(["speak", "speak", "blip", "pause", "pause", "type", "key", "hum"]):
        case "speak":
            await talk.speak(chance.uniform(0.2, 2.0))
        case "blip":
            await talk.speak(chance.uniform(0.02, 0.15), chance.choice([0.4, 0.9]))
        case "hum":
            await talk.speak(chance.uniform(0.3, 0.7), 0.6)
        case "pause":
            await talk.quiet(chance.uniform(0.1, 3.0))
        case "type":
            talk.type("typed line", over=chance.random() < 0.7)
        case "key":
            talk.press_key()


def random_setting(chance: random.Random) -> Setting:
    failing = ["Well, I think", ProviderUnavailable("gone", provider="fake")]
    replies = [chance.choice([STORY, "Yes.", "", failing]) for _ in range(40)]
    turn = TurnConfig(
        overlap=chance.choice(["pause", "duck"]), patience=chance.choice(["fast", "normal"]), max_turn_s=6.0
    )
    return Setting(
        stt=_Moody(chance),
        llm=FakeChatModel(*replies, first_token_s=chance.choice([0.05, 0.8]), token_s=chance.choice([0.0, 0.05])),
        tts=FakeSynthesizer(delay_s=chance.choice([0.0, 0.1, 0.4])),
        config=Config(turn=turn),
        keep_sound=False,
    )


def check_random_conversation(seed: int) -> None:
    chance = random.Random(seed)
    setting = random_setting(chance)

    async def user(talk: Talk) -> None:
        for _ in range(25):
            await act(talk, chance)
        await talk.quiet(30.0)

    talk = hold(user, setting)
    assert talk.events[-1]["reason"] == "input_ended"
    again = TurnTaking(setting.config)
    states = [one for seen in talk.seen for one in again.step(seen) if type(one).__name__ == "StateChanged"]
    told = [(event["from"], event["to"]) for event in of(talk.events, "state")]
    assert [(one.before.value, one.after.value) for one in states] == told, "the recorded inputs decide the same"
    for history in setting.llm.histories:
        roles = [message.role for message in history if message.role in {Role.USER, Role.ASSISTANT}]
        assert roles[-1] is Role.USER or history[-1].role is Role.TOOL
        assert all(before is not after for before, after in pairwise(roles) if before is Role.USER)


@pytest.mark.parametrize("seed", range(12))
def test_a_random_conversation_breaks_no_rule(seed):
    check_random_conversation(seed)


@pytest.mark.random
def test_many_random_conversations():
    for seed in range(100, 1100):
        check_random_conversation(seed)
