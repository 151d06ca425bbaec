"""What we add to a language model's work: the same by us and by the library alone, on one copy of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.engines.bare_llama import Bare, load_both
from benchmarks.engines.clocks import Pairs, Way, in_pairs
from localvoice.engines import ChatModel
from localvoice.messages import Message, Role
from localvoice.streams import Worker

REPLY_TOKENS = 40
_SYSTEM = Message(Role.SYSTEM, "You are a friendly voice assistant. Answer in one to three short sentences. " * 6)
_QUESTION = "What is the capital of France?"
_WORDS_SO_FAR = "What is the capital"
_LONG_QUESTION = "Once upon a time there was a little fox. The fox lived in a green forest near a river. " * 6
_FIRST = 100
"""Numbers of three digits: the two of a pair ask different questions of the same length, as the cache is one."""


async def overhead(runtime: str, load: Callable[[], ChatModel], repeats: int, prompts: int) -> dict[str, Any]:
    """Replies whose prompt was read up to the question's last words, and prompts of 140 tokens, which we read in steps.

    Both in threads of workers, because these stand back.
    """
    model, bare = load_both(runtime, load)
    worker, replies, read = Worker("the library alone"), Pairs(), Pairs()
    await in_pairs(_our_reply(model), _bare_reply(bare, worker), repeats, replies)
    await in_pairs(_our_prompt(model), _bare_prompt(bare, worker), prompts, read)
    model.close()
    worker.close()
    return {"tokens": REPLY_TOKENS, **replies.figures(REPLY_TOKENS), "prompt": read.figures()}


def _asked(number: int, words: str, *, by_us: bool) -> list[Message]:
    return [_SYSTEM, Message(Role.USER, f"{_FIRST + 2 * number + by_us} {words}")]


def _our_reply(model: ChatModel) -> Way:
    async def work(number: int) -> None:
        async for _ in model.reply(_asked(number, _QUESTION, by_us=True)):
            pass

    return Way(work, lambda number: model.prefill(_asked(number, _WORDS_SO_FAR, by_us=True)))


def _bare_reply(bare: Bare, worker: Worker) -> Way:
    return Way(
        lambda number: worker.call(lambda _: bare(_asked(number, _QUESTION, by_us=False), REPLY_TOKENS)),
        lambda number: worker.call(lambda _: bare(_asked(number, _WORDS_SO_FAR, by_us=False), 1)),
    )


def _our_prompt(model: ChatModel) -> Way:
    return Way(lambda number: model.prefill(_asked(number, _LONG_QUESTION, by_us=True)))


def _bare_prompt(bare: Bare, worker: Worker) -> Way:
    return Way(lambda number: worker.call(lambda _: bare(_asked(number, _LONG_QUESTION, by_us=False), 1)))
