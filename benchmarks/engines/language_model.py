"""The language model against the bare library: `python -m benchmarks.engines.language_model [--part NAME]`.

On one model of random weights, in one process: what our orchestration adds to a reply; the first token after the end of
a turn with and without the history read beforehand; how soon the next reply begins after an abort at any moment, and
whether cache and memory survive 200 of them. Figures: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from benchmarks.engines.clocks import Taken, Watch, medians, ms
from benchmarks.engines.overhead import REPLY_TOKENS, overhead
from localvoice.config import EngineOptions, ReplyConfig
from localvoice.engines import ChatModel
from localvoice.llm.llama_cpp import load_llama
from localvoice.messages import Message, Role, Usage
from localvoice.tiers.random_llama import SIZES, make

VOCABULARY = Path(__file__).parents[2] / "tests/models/llm/localvoice-tiny-test.gguf"
CONTEXT_TOKENS = 8192
_LATEST_ABORT_S = 1.0
"""Behind its beginning: a second holds every kind of moment."""
SYSTEM = Message(Role.SYSTEM, "You are a friendly voice assistant. Answer in one to three short sentences. " * 6)
QUESTION = Message(Role.USER, "What is the capital of France?")
WORDS_SO_FAR = "What is the capital"
STORY = "Once upon a time there was a little fox. The fox lived in a green forest near a river. "
TOKENS_PER_STORY = 20
PARTS = ("prefill", "restart", "aborts", "overhead")
RUNTIMES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}


@dataclass(frozen=True, slots=True)
class Rig:
    """A model."""

    runtime: str
    model: ChatModel


def conversation(tokens: int, seed: int) -> list[Message]:
    """A history of about so many tokens that shares nothing with that of another `seed` but the first words."""
    exchanges = max(1, tokens // (5 * TOKENS_PER_STORY))
    listed = [Message(Role.SYSTEM, f"{seed}. {SYSTEM.text}")]
    for at in range(exchanges):
        listed += [Message(Role.USER, f"{seed} {at} {STORY}"), Message(Role.ASSISTANT, STORY * 4)]
    return listed


async def first_token(model: ChatModel, history: Sequence[Message]) -> tuple[Taken, Usage]:
    """Until the first text; the reply is read to its end."""
    watch, first, usage = Watch(), None, Usage()
    async for part in model.reply(history):
        if isinstance(part, Usage):
            usage = part
        first = first or watch.read()
    return first or watch.read(), usage


async def with_and_without_prefill(rig: Rig, sizes: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """First token behind the end of the turn, where history and words were read while the user spoke, and where not."""
    found = []
    for size in sizes:
        filled, empty, seed, tokens = [], [], 0, 0
        for _ in range(repeats):
            seed += 1
            asked = [*conversation(size, seed), QUESTION]
            taken, usage = await first_token(rig.model, asked)
            empty.append(taken)
            tokens = usage.prompt_tokens
            seed += 1
            asked = [*conversation(size, seed), QUESTION]
            await rig.model.prefill(asked[:-1])
            await rig.model.prefill([*asked[:-1], Message(Role.USER, WORDS_SO_FAR)])
            taken, usage = await first_token(rig.model, asked)
            filled.append(taken)
        found.append(
            {
                "history_tokens": tokens,
                "without": medians(empty),
                "with": medians(filled),
                "times_sooner": round(medians(empty)["cpu_ms"] / medians(filled)["cpu_ms"], 1),
                "cached_tokens": usage.cached_tokens,
            }
        )
    return found


async def restart(rig: Rig, load: Callable[[], ChatModel]) -> dict[str, Any]:
    """A long system prompt read, and the same one after a restart, from the disk."""
    long = [Message(Role.SYSTEM, f"{SYSTEM.text} {STORY * 60}")]
    watch = Watch()
    await rig.model.prefill(long)
    read = watch.read()
    again = load()
    watch = Watch()
    await again.prefill(long)
    restored = watch.read()
    _, usage = await first_token(again, [*long, QUESTION])
    again.close()
    return {"read": medians([read]), "restored": medians([restored]), "cached_tokens": usage.cached_tokens}


async def aborts(rig: Rig, count: int, seed: int) -> dict[str, Any]:
    """Every other one within a reply, the others within a prompt; after each the same question is asked."""
    moments, asked = random.Random(seed), [SYSTEM, QUESTION]
    whole_s = min(_LATEST_ABORT_S, await _whole_prompt_s(rig))
    idle: list[Taken] = []
    for number in range(20):
        await rig.model.prefill([SYSTEM, Message(Role.USER, f"{number} {STORY}")])
        idle.append(await _begin(rig.model, asked))
    cached, after, before_bytes = [], [], 0
    for number in range(count):
        long = [SYSTEM, Message(Role.USER, f"{number} {STORY * 20}")]
        work = rig.model.prefill(long) if number % 2 else first_token(rig.model, [SYSTEM, Message(Role.USER, STORY)])
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        await asyncio.wait([task], timeout=moments.uniform(0, whole_s))
        task.cancel()
        after.append(await _begin(rig.model, asked))
        if number == count // 4:
            before_bytes = _memory()
        if number % 20 == 0:
            cached.append((await first_token(rig.model, asked))[1].cached_tokens)
    return {
        "aborts": count,
        "idle": medians(idle),
        "later_ms": _later([one.wall_s for one in idle], [one.wall_s for one in after]),
        "later_cpu_ms": _later([one.cpu_s for one in idle], [one.cpu_s for one in after]),
        "cached_tokens_least": min(cached),
        "memory_growth_mb": round((_memory() - before_bytes) / 1e6, 1),
        "decode_step": medians([await _decode_step(rig)]),
    }


def _later(idle: Sequence[float], after: Sequence[float]) -> dict[str, float]:
    """How much later than on an idle engine."""
    usual = statistics.median(idle)
    late = sorted(one - usual for one in after)
    return {"p50": ms(statistics.median(late)), "p95": ms(late[int(0.95 * (len(late) - 1))]), "max": ms(late[-1])}


async def _begin(model: ChatModel, asked: Sequence[Message]) -> Taken:
    """To the first token; the reply is closed then."""
    watch = Watch()
    async with aclosing(_iterator(model.reply(asked))) as reply:
        await anext(reply)
        return watch.read()


async def _iterator(parts: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        async for part in parts:
            yield part
    finally:
        await parts.aclose()  # type: ignore[attr-defined]


async def _whole_prompt_s(rig: Rig) -> float:
    began_s = time.perf_counter()
    await rig.model.prefill([SYSTEM, Message(Role.USER, f"first {STORY * 20}")])
    return time.perf_counter() - began_s


async def _decode_step(rig: Rig) -> Taken:
    watch, parts = Watch(), rig.model.reply([SYSTEM, QUESTION])
    times = [watch.read() async for part in parts if isinstance(part, str)]
    steps = max(1, len(times) - 1)
    return Taken((times[-1].wall_s - times[0].wall_s) / steps, (times[-1].cpu_s - times[0].cpu_s) / steps)


def _memory() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


async def _part(part: str, rig: Rig, arguments: argparse.Namespace, load: Callable[[], ChatModel]) -> Any:
    if part == "prefill":
        return await with_and_without_prefill(rig, arguments.history, arguments.repeats)
    if part == "restart":
        return await restart(rig, load)
    if part == "aborts":
        return await aborts(rig, arguments.aborts, arguments.seed)
    return await overhead(rig.runtime, load, arguments.replies, -(-arguments.replies // 3))


async def measure(runtime: str, path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures of one runtime."""
    before = _memory()
    reply = ReplyConfig(temperature=0.0, max_tokens=REPLY_TOKENS)
    began_s = time.perf_counter()
    options = EngineOptions(runtime=runtime, context_tokens=CONTEXT_TOKENS, threads=1)  # type: ignore[arg-type]
    rig = Rig(runtime, load_llama(path, options, reply))
    found: dict[str, Any] = {"load_and_warm_up_ms": ms(time.perf_counter() - began_s)}
    for part in arguments.part or PARTS:
        found[part] = await _part(part, rig, arguments, lambda: load_llama(path, options, reply))
        print(runtime, part, json.dumps(found[part]), flush=True)
        if part == "restart":
            found["memory_mb"] = round((_memory() - before) / 1e6)
    rig.model.close()
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="0.1b")
    parser.add_argument("--runtime", choices=RUNTIMES, action="append")
    parser.add_argument("--part", choices=PARTS, action="append", help="all, where none is named")
    parser.add_argument("--history", type=int, nargs="*", default=[500, 2000, 6000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--aborts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the aborts")
    parser.add_argument("--replies", type=int, default=40)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "size": arguments.size}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder  # states of prompts go with it
        path = make(Path(folder) / "model.gguf", SIZES[arguments.size], VOCABULARY)
        for runtime in arguments.runtime or [name for name, package in RUNTIMES.items() if find_spec(package)]:
            found[runtime] = asyncio.run(measure(runtime, path, arguments))
    print(json.dumps(found, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
