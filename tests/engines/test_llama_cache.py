"""What llama.cpp need not read again: after interruptions, aborts and restarts, whatever a model's layers keep."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace

import pytest

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.llm import llama_bindings, llama_xllamacpp
from localvoice.llm.llama_cpp import load_llama
from localvoice.llm.llama_setup import Pace, llama_setup
from localvoice.llm.prompt_states import PromptStates
from localvoice.messages import Message, Role
from localvoice.tiers.random_llama import SIZES, make
from tests.engines.test_chat_model import GGUF, RUNTIMES, STORY, SYSTEM, answer
from tests.fakes import assistant, user

KINDS = ("tiny", "tiny-sliding", "tiny-hybrid")
LONG = Message(Role.SYSTEM, "You are a friendly voice assistant. " * 60)
GREEDY = ReplyConfig(temperature=0.0, max_tokens=30)
TEMPLATE_TOKENS = 12
"""At most so many stand between the texts of a history, and are read again because their text differs."""


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random-weights")
    return {name: make(folder / f"{name}.gguf", SIZES[name], GGUF) for name in KINDS}


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    return request.param


@pytest.fixture(params=KINDS)
def load(request, runtime, models):
    """Loads a model of random weights in one of the runtimes; all are closed in the end."""
    loaded = []

    def one():
        loaded.append(load_llama(models[request.param], EngineOptions(runtime=runtime), GREEDY))
        return loaded[-1]

    yield one
    for model in loaded:
        model.close()


def begins_like(text, other):
    """Words of random weights are close calls: how a prompt was cut into batches decides some of them later on."""
    return bool(text) and text[:30] == other[:30]


async def begun(model, parts, *history):
    """The first parts of a reply that is then closed."""
    async with aclosing(model.reply(history)) as reply:
        return "".join([str(await anext(reply)) for _ in range(parts)])


async def test_after_an_interruption_only_the_tail_is_read(load):
    model = load()
    heard = await begun(model, 6, LONG, user("Tell me a story."))
    _, _, whole = await answer(model, LONG, user("Tell me a story."))
    _, _, usage = await answer(model, LONG, user("Tell me a story."), assistant(heard), user("Go on."))
    assert usage.cached_tokens >= whole.prompt_tokens - TEMPLATE_TOKENS


async def test_what_is_written_after_going_back_is_what_a_fresh_model_writes(load):
    used, fresh = load(), load()
    await begun(used, 10, LONG, user("Tell me a story."))
    await used.prefill([LONG, user("What is the capital")])
    await begun(used, 3, LONG, user("Tell me another story."))
    history = [LONG, user("Tell me a story."), assistant("Once upon a time"), user("Go on.")]
    assert begins_like((await answer(used, *history))[0], (await answer(fresh, *history))[0])


async def test_words_so_far_are_read_before_the_rest_is_said(load):
    model = load()
    await model.prefill([LONG])
    words = "Tell me a long story about the fox and the golden key under the tree in the garden full of singing birds"
    await model.prefill([LONG, user(words)])
    _, _, usage = await answer(model, LONG, user(f"{words} please."))
    assert usage.cached_tokens >= usage.prompt_tokens - TEMPLATE_TOKENS


async def test_aborts_at_random_moments_leave_cache_and_words_intact(load):
    used, fresh = load(), load()
    moments = random.Random(1)
    history = [LONG, user("What is seven plus eight?")]
    expected, _, whole = await answer(fresh, *history)
    for number in range(20):
        story = [Message(Role.SYSTEM, f"{number}. {LONG.text}"), user("Tell me a story.")]
        work = asyncio.ensure_future(answer(used, *story) if number % 2 else used.prefill(story))
        await asyncio.wait([work], timeout=moments.uniform(0, 0.02))
        work.cancel()
        await asyncio.wait([work])
        if number % 5 == 0:
            assert begins_like((await answer(used, *history))[0], expected)
    assert begins_like((await answer(used, *history))[0], expected)
    again = (await answer(used, *history, assistant("Seven"), user("Go on.")))[2]
    assert again.cached_tokens >= whole.prompt_tokens - TEMPLATE_TOKENS


async def test_a_conversation_that_outgrows_the_context_goes_on_without_its_beginning(runtime):
    model = load_llama(GGUF, EngineOptions(runtime=runtime, context_tokens=512), ReplyConfig(temperature=0.0))
    past = [message for _ in range(12) for message in (user("Tell me a story."), assistant(STORY))]
    text, _, usage = await answer(model, *past, user("What is seven plus eight?"))
    model.close()
    assert text == "Seven plus eight is fifteen."
    assert 0 < usage.prompt_tokens <= 512 - 128


CLASSES = {"xllamacpp": llama_xllamacpp, "llama-cpp-python": llama_bindings}


@pytest.fixture
def restart(runtime, models, tmp_path, monkeypatch):
    """Starts a model that keeps every state, however quickly it was computed."""
    monkeypatch.setattr(CLASSES[runtime], "WORTH_S", 0.0)
    names = {"xllamacpp": "XLlamaCppModel", "llama-cpp-python": "LlamaCppPythonModel"}
    loaded = []

    def one(kind="tiny-hybrid", version="1"):
        setup = llama_setup(models[kind], EngineOptions(), GREEDY)
        states = PromptStates(tmp_path / "cache" / "prompts", setup, version)
        loaded.append(getattr(CLASSES[runtime], names[runtime])(setup, states))
        return loaded[-1]

    yield one
    for model in loaded:
        model.close()


def states(tmp_path):
    return sorted((tmp_path / "cache" / "prompts").glob("*"))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_system_prompt_survives_a_restart(restart, tmp_path, monkeypatch, runtime, kind):
    first = restart(kind)
    await first.prefill([LONG])
    expected = await answer(first, LONG, user("Hello."))
    assert len(states(tmp_path)) == 1
    second = restart(kind)
    monkeypatch.setattr(CLASSES[runtime], "WORTH_S", 1e9)
    _, _, usage = await answer(second, user("Hello."))
    await second.prefill([LONG])
    text, _, usage = await answer(second, LONG, user("Hello."))
    assert begins_like(text, expected[0])
    assert usage.cached_tokens >= usage.prompt_tokens - TEMPLATE_TOKENS


async def test_no_word_of_the_user_reaches_the_disk(restart, tmp_path):
    model = restart()
    await model.prefill([LONG, user("Hello."), assistant("Hello! How can I help you?")])
    await model.prefill([LONG, user("Tell me a")])
    await answer(model, LONG, user("Tell me a story."))
    assert states(tmp_path) == []


async def test_a_state_that_is_not_whole_is_computed_again(restart, tmp_path):
    first = restart()
    await first.prefill([LONG])
    expected = (await answer(first, LONG, user("Hello.")))[0]
    (path,) = states(tmp_path)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"\xff" * len(content)):
        path.write_bytes(damaged)
        second = restart()
        await second.prefill([LONG])
        assert begins_like((await answer(second, LONG, user("Hello.")))[0], expected)


async def test_another_version_of_the_runtime_does_not_read_a_state(restart, tmp_path):
    for version in ("1", "2"):
        await restart(version=version).prefill([LONG])
    assert len(states(tmp_path)) == 2


def test_states_are_bounded(tmp_path, models, monkeypatch):
    monkeypatch.setattr("localvoice.llm.prompt_states._MOST_BYTES", 2500)
    kept = PromptStates(tmp_path, llama_setup(models["tiny"], EngineOptions(), GREEDY), "1")
    for number in range(4):
        part = kept.place(kept.key([number]))
        part.write_bytes(bytes(1000))
        kept.keep(part, kept.key([number]))
    assert len(states_in(tmp_path)) == 2
    assert kept.find(kept.key([3])) is not None


def states_in(folder):
    return list(folder.iterdir())


def test_steps_follow_the_pace_of_the_model():
    pace = Pace()
    for _ in range(10):
        pace.took(pace.step_tokens, pace.step_tokens / 1000)
    assert (pace.step_tokens, pace.rest_tokens) == (75, 84)
    pace.took(75, 8.0)
    assert pace.step_tokens == 4, "less would not take less"
    for _ in range(20):
        pace.took(pace.step_tokens, pace.step_tokens / 100)
    assert pace.step_tokens == 7


def test_a_prompt_is_read_in_steps_of_one_length_none_much_longer_than_planned():
    pace = Pace()
    for _ in range(10):
        pace.took(pace.step_tokens, pace.step_tokens / 1000)
    for whole in range(85, 1000):
        steps, left = [], whole
        while left > pace.rest_tokens:
            steps.append(pace.step_of(left))
            left -= steps[-1]
        steps.append(left)
        assert max(steps) <= pace.rest_tokens
        assert max(steps) - min(steps) < len(steps)
        assert len(steps) <= whole / pace.step_tokens + 1


@pytest.mark.parametrize("prompt", [SYSTEM, replace(LONG, text="")])
async def test_a_prefill_of_little_is_no_failure(load, prompt):
    await load().prefill([prompt])
