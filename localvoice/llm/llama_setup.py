"""What both runtimes of llama.cpp are given, checked before native code sees any of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.errors import ModelError, ProviderBroken, RequestFailed, get_again
from localvoice.llm.gguf import GgufHeader, chat_model_header
from localvoice.llm.sampling import Sampling, sampling_for
from localvoice.machine import this_machine
from localvoice.messages import Message, Role

NAME = "llama-cpp"

BATCH_TOKENS = 256
"""Of a prompt at once: larger needs more memory and gains nothing on a CPU."""

STEP_S = 0.075
"""Time that a step of a prompt should take: an abort waits for one and for the first step of what is asked next, 100 ms
in all. The longest of 200 aborts took 97 ms of the processor; with 60 ms it took 72, and a prompt of 140 tokens 5 to
6 % longer than in one piece, now 0 to 2 %: each step costs some 5 ms of its own (docs/performance.md)."""

_FIRST_STEP_TOKENS = 16
_LEAST_STEP_TOKENS = 4
"""They take about as long as one: a model's weights are read once a step."""
_LEFT_WHEN_TRIMMED = 0.75
"""Share of the room that a trimmed conversation fills: each trimming costs the cache."""

_WELL_KNOWN = frozenset(
    {"llama", "qwen2", "qwen3", "qwen35", "lfm2", "gemma3", "smollm3", "granite", "phi3", "mistral"}
)
"""Architectures that every version of llama.cpp that we accept can run."""


@dataclass(frozen=True, slots=True)
class LlamaSetup:
    """A model file that has been looked at, and how to run it."""

    path: Path
    header: GgufHeader
    context_tokens: int
    threads: int
    threads_fixed: int
    """To write with, where the runtime cannot change that: `threads` unless a recogniser may work too."""
    threads_beside: int
    """To read a prompt while a recogniser may work too; `threads` where none does."""
    reply: ReplyConfig
    sampling: Sampling
    batch_tokens: int = BATCH_TOKENS

    @property
    def prompt_tokens(self) -> int:
        """The longest prompt: the reply has to fit behind it."""
        return max(1, self.context_tokens - min(self.reply.max_tokens, self.context_tokens // 4))


class Pace:
    """How many tokens of a prompt this model reads in `STEP_S`, learned as it reads."""

    def __init__(self) -> None:
        self.step_tokens = _FIRST_STEP_TOKENS

    @property
    def rest_tokens(self) -> int:
        """How many may be left for the last step: one more for a few tokens takes 5 % of a short reply's time."""
        return self.step_tokens * 9 // 8

    def step_of(self, left: int) -> int:
        """How many of `left` tokens to read next: all steps are of one length, as a short one costs nearly as much."""
        steps = max(-(-left // self.rest_tokens), round(left / self.step_tokens))
        return -(-left // steps)

    def took(self, tokens: int, seconds: float) -> None:
        """So long it took to read `tokens`. Few tokens are not representative: they only ever lower the pace."""
        if tokens <= 0 or seconds <= 0:
            return
        fitting = int(STEP_S * tokens / seconds)
        if tokens >= self.step_tokens // 2 or fitting < self.step_tokens:
            self.step_tokens = max(_LEAST_STEP_TOKENS, min(BATCH_TOKENS, 2 * self.step_tokens, fitting))


def llama_setup(path: Path, options: EngineOptions, reply: ReplyConfig, *, hears: bool = False) -> LlamaSetup:
    """Check the file and choose what `options` leaves open; `hears`: a recogniser works beside it.

    Raises:
        ModelError: The file is missing, truncated or not a chat model.
    """
    header = chat_model_header(path)
    machine = this_machine()
    all_threads = options.threads or machine.model_threads
    shares = hears and not options.threads
    return LlamaSetup(
        path=path,
        header=header,
        context_tokens=min(options.context_tokens, header.context_tokens or options.context_tokens),
        threads=all_threads,
        threads_fixed=machine.model_threads_fixed if shares else all_threads,
        threads_beside=machine.model_threads_beside if shares else all_threads,
        reply=reply,
        sampling=sampling_for(header, reply),
    )


def words_so_far(prompt: str, history: Sequence[Message]) -> str:
    """`prompt` up to the last word of a user who may go on; whole where nobody of the two would."""
    last = history[-1] if history else None
    words = last.text.strip() if last is not None and last.role is Role.USER else ""
    at = prompt.rfind(words) if words else -1
    return prompt if at < 0 else prompt[: at + len(words)]


def fitting(history: Sequence[Message], tokens_of: Callable[[Sequence[Message]], int], limit: int) -> list[Message]:
    """`history` without its oldest exchanges, where it is longer than `limit` tokens; the system prompt stays.

    Raises:
        ProviderBroken: The system prompt and the last exchange alone are too long.
    """
    kept = list(history)
    if tokens_of(kept) <= limit:
        return kept
    while (shorter := _without_oldest(kept)) is not None:
        kept = shorter
        if tokens_of(kept) <= _LEFT_WHEN_TRIMMED * limit:
            return kept
    if tokens_of(kept) <= limit:
        return kept
    raise too_long(limit)


def _without_oldest(history: Sequence[Message]) -> list[Message] | None:
    """None where there is one exchange only."""
    questions = [at for at, message in enumerate(history) if message.role is Role.USER]
    if len(questions) < 2:
        return None
    return [*history[: questions[0]], *history[questions[1] :]]


def cannot_load(setup: LlamaSetup, reason: str = "") -> ModelError:
    """The error for a whole file that llama.cpp refuses."""
    architecture = setup.header.architecture
    if architecture in _WELL_KNOWN and "architecture" not in reason:
        return ModelError(f"llama.cpp cannot load {setup.path}: {get_again(setup.path.parent)}")
    return ModelError(
        f'llama.cpp cannot load {setup.path}: this version does not know the architecture "{architecture}": '
        "`pip install -U xllamacpp`, or take a model of `localvoice models list`"
    )


def too_long(context_tokens: int) -> RequestFailed:
    """The error for a history that does not fit."""
    return RequestFailed(
        f"the conversation is longer than the language model's {context_tokens} tokens: lower history.token_budget "
        "or raise engines.llama-cpp.context_tokens",
        provider=NAME,
    )


def closed() -> ProviderBroken:
    """The error for a call after `close`."""
    return ProviderBroken("the language model is closed", provider=NAME)
