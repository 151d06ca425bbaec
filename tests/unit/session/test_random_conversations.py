"""Random conversations: whatever the user does and however slow the engines are, no rule breaks.

A failure is shrunk to the shortest conversation that still fails, and printed as a scenario.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from localvoice.audio.samples import Samples
from localvoice.config import Config, ReplyConfig, TurnConfig
from localvoice.errors import ProviderUnavailable
from localvoice.messages import Role, SpeechChunk, ToolCall
from localvoice.session.conversation import SessionOptions
from localvoice.session.phrases import phrases_for
from localvoice.turn.decisions import StateChanged
from localvoice.turn.taking import TurnTaking
from tests.fakes import FakeChatModel, FakeSynthesizer
from tests.scenarios import AttentiveListener, Listener, RereadingListener, conversation
from tests.virtual_time import Talk, of, run

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
INAUDIBLE = 10 ** (-50 / 20)
QUIET_S = 6.0
"""Silence at the end: longer than any timer and any wait. Replies end by themselves."""

REPLIES: tuple[Any, ...] = (
    STORY,
    "Yes.",
    "Shall I go on?",
    "",
    ["Well, I think", ProviderUnavailable("gone", provider="fake")],
    [ToolCall("calculate", {"expression": "6*7"}, id="1")],
    [ToolCall("set_timer", {"seconds": 4}, id="2")],
)
COMMANDS = ("stop", "mm-hm", "yes", "set a timer for five seconds", "start over")
MOMENTS = (
    *("turn_ended", "transcript", "tool", "reply_started", "first_audio", "sentence", "reply_finished"),
    *("overlap_started", "false_alarm", "barge_in"),
)
"""At which a user may do something, or a moment behind them."""
LONGEST_S = 30.0
"""No user of these scenarios speaks as long without a pause that ends the turn."""
SAID = 3
"""Words in a row from which nobody takes them for a cough: they have to be told."""


class Guesser:
    """A turn detector, and a judge of sounds over the reply: right or wrong by the length of what they hear."""

    name = "guesser"

    async def probability(self, turn: Samples) -> float:
        await asyncio.sleep(0.06)
        return (len(turn) % 7) / 6

    def judge(self, samples: Samples) -> tuple[float, float]:
        content = (len(samples) % 5) / 4
        return content, 1.0 - content

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Case:
    """A conversation, and those who take part in it."""

    scenario: str
    turn: TurnConfig
    reply: ReplyConfig
    replies: tuple[Any, ...]
    delays_s: tuple[float, float, float]
    """Of the recogniser, to the first token, of the voice."""
    fails_every: int
    """Calls of the recogniser, of which the last one fails; 0: none."""
    guesses: bool
    hears_while_speaking: bool
    listener: Callable[..., Listener] = Listener
    knows_levels: bool = False


LISTENERS = (Listener, RereadingListener, AttentiveListener, partial(AttentiveListener, settles=False))
"""Who take whole turns, who read them again while they grow, and who hear along."""


@st.composite
def cases(draw) -> Case:
    delays = (st.sampled_from(one) for one in ([0.02, 0.15, 0.6], [0.05, 0.3, 0.9], [0.0, 0.1, 0.4]))
    turn = st.builds(
        TurnConfig,
        overlap=st.sampled_from(["pause", "duck"]),
        patience=st.sampled_from(["fast", "normal"]),
        max_turn_s=st.sampled_from([4.0, 60.0, 60.0]),
    )
    reply = st.builds(
        ReplyConfig,
        prepare=st.sampled_from([True, True, False]),
        filler_after_ms=st.sampled_from([0, 0, 300]),
        silence_prompt_s=st.sampled_from([0.0, 1.5]),
    )
    return Case(
        scenario=draw(scenarios()),
        turn=draw(turn),
        reply=draw(reply),
        fails_every=draw(st.sampled_from([0, 0, 4])),
        guesses=draw(st.booleans()),
        replies=tuple(draw(st.lists(st.sampled_from(REPLIES), min_size=1, max_size=6))),
        delays_s=draw(st.tuples(*delays)),
        hears_while_speaking=draw(st.sampled_from([True, True, True, False])),
        listener=draw(st.sampled_from(LISTENERS)),
        knows_levels=draw(st.booleans()),
    )


@st.composite
def scenarios(draw) -> str:
    """Up to 14 steps; every word of the user's own is another one."""
    numbers = count(1)
    tenths = st.integers(0, 20)

    def said(length: int, pause: int) -> str:
        words = [f"w{next(numbers)}x" for _ in range(length)]
        return f"say {words[0]} ... 0.{pause} ... {' '.join(words[1:])}" if length > 2 else f"say {' '.join(words)}"

    odd = st.one_of(
        st.sampled_from(["cough 0.05", "cough 0.12", "murmur 0.5", "television 2.5", "key"]),
        st.builds(lambda: f"type t{next(numbers)}x"),
    )

    def said_beside_others(length: int, seconds: float) -> str:
        return f"{said(length, 3)}\ntelevision {seconds}"

    step = st.one_of(
        st.builds(said_beside_others, st.integers(SAID, 6), st.sampled_from([0.7, 3.0])),
        st.builds(said, st.integers(1, 6), st.integers(1, 9)),
        st.builds(said, st.integers(SAID, 6), st.integers(1, 9)),
        st.sampled_from(COMMANDS).map("say {}".format),
        tenths.map(lambda tenth: f"wait {tenth / 10}"),
        st.builds("soon {}\nwait {}".format, st.sampled_from(MOMENTS), st.sampled_from([0.0, 0.03, 0.05, 0.1, 0.3])),
        odd,
    )
    return "\n".join([*draw(st.lists(step, min_size=1, max_size=14)), f"wait {QUIET_S}"])


def check(case: Case) -> None:
    """Hold the conversation; `conversation` itself checks the order of the events, and that heard begins the reply."""
    note(case.scenario)
    stt_s, llm_s, tts_s = case.delays_s
    model = FakeChatModel(*case.replies, "Done.", first_token_s=llm_s)
    config = Config(turn=case.turn, reply=case.reply)
    guesser = Guesser() if case.guesses else None
    talk = conversation(
        case.scenario,
        listener=case.listener(stt_s, fails_every=case.fails_every),
        llm=model,
        tts=FakeSynthesizer(delay_s=tts_s),
        ear=guesser,
        sound_judge=guesser,
        phrases=dict(zip(phrases_for(case.reply), _spoken(phrases_for(case.reply)), strict=True)),
        config=config,
        knows_levels=case.knows_levels,
        options=SessionOptions(ends_with_input=True, can_barge_in=case.hears_while_speaking),
    )
    _check_histories(model)
    _check_silence_after_cuts(talk)
    _check_end(talk)
    is_heard = case.hears_while_speaking and case.turn.max_turn_s > LONGEST_S
    if is_heard and not case.fails_every and not re.search("^(key|type)", case.scenario, re.MULTILINE):
        _check_told(case.scenario, talk)
    _check_again(talk, TurnTaking(config, has_voice=case.hears_while_speaking, hears_sound=case.guesses))


def _spoken(phrases: Sequence[str]) -> list[SpeechChunk]:
    async def texts() -> AsyncIterator[str]:
        for phrase in phrases:
            yield phrase

    async def chunks() -> list[SpeechChunk]:
        return [chunk async for chunk in FakeSynthesizer().synthesize(texts())]

    return run(chunks())


def _check_histories(model: FakeChatModel) -> None:
    for history in model.histories:
        told = [message for message in history if message.role in {Role.USER, Role.ASSISTANT}]
        for before, after in pairwise(told):
            assert before.role is not after.role or before.role is Role.ASSISTANT, f"two users in a row: {told}"
        assert history[-1].role in {Role.USER, Role.TOOL}, f"an answer to nothing: {history[-1]}"
        words = Counter(word for one in told if one.role is Role.USER for word in one.text.split() if word[-1] == "x")
        twice = [word for word, times in words.items() if times > 1]
        assert not twice, f"told the model twice: {twice} in {[one.text for one in told]}"


def _check_silence_after_cuts(talk: Talk) -> None:
    started = [event["t"] for event in of(talk.events, "reply_started")]
    for cut in of(talk.events, "barge_in"):
        silent_s = cut["t"] + cut["cut_ms"] / 1000 + 0.001
        next_s = min((at_s for at_s in started if at_s >= cut["t"]), default=talk.duplex.now_s())
        rest = talk.played[round(silent_s * 16_000) : round(next_s * 16_000)]
        assert not len(rest) or np.abs(rest).max() < INAUDIBLE, f"sound after {cut}"


def _check_told(scenario: str, talk: Talk) -> None:
    """Every word of the user's is told in one turn that stands; what may have been a cough, in none or one."""
    texts = {event["turn"]: event["text"] for event in of(talk.events, "transcript")}
    told = Counter(word for text in texts.values() for word in text.split())
    for stretch in re.findall(r"^say (.*)", scenario, re.MULTILINE):
        words = [word for word in re.sub(r"\.\.\..*?\.\.\.", " ", stretch).split() if word[-1] == "x"]
        least = 1 if len(words) >= SAID else 0
        assert all(least <= told[word] <= 1 for word in words), f"of {stretch!r} this was told: {told}"


def _check_end(talk: Talk) -> None:
    assert talk.events[-1]["reason"] in {"input_ended", "goodbye"}
    states = of(talk.events, "state")
    assert not states or states[-1]["from"] == "idle", f"it ended in the middle: {states[-1]}"


def _check_again(talk: Talk, taking: TurnTaking) -> None:
    states = [one for seen in talk.seen for one in taking.step(seen) if isinstance(one, StateChanged)]
    told = [(event["from"], event["to"]) for event in of(talk.events, "state")]
    assert [(one.before.value, one.after.value) for one in states] == told, "the recorded inputs decide the same"


@pytest.mark.timeout(300)  # a failure takes time to shrink
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_a_random_conversation_breaks_no_rule(case):
    check(case)


@pytest.mark.random
@pytest.mark.parametrize("thousand", range(10))
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(case=cases())
def test_ten_thousand_random_conversations_break_no_rule(thousand, case):
    check(case)
