"""Long conversations: nothing grows."""

from __future__ import annotations

import gc
import tracemalloc

from localvoice.config import Config, TurnConfig
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, run


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
            talk.noted.clear()
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
