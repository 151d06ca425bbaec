"""What both runtimes of llama.cpp are given, checked before native code sees any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.errors import ProviderBroken
from localvoice.llm.gguf import GgufHeader, chat_model_header
from localvoice.machine import this_machine

NAME = "llama-cpp"

BATCH_TOKENS = 256
"""Of a prompt at once: larger needs more memory and gains nothing on a CPU."""

STEP_TOKENS = 64
"""New prompt tokens between two looks at the cancel token. At 500 tokens/s (0.35 B on 4 laptop cores) 0.13 s."""


@dataclass(frozen=True, slots=True)
class LlamaSetup:
    """A model file that has been looked at, and how to run it."""

    path: Path
    header: GgufHeader
    context_tokens: int
    threads: int
    reply: ReplyConfig


def llama_setup(path: Path, options: EngineOptions, reply: ReplyConfig) -> LlamaSetup:
    """Check the file and choose what `options` leaves open.

    Raises:
        ModelError: The file is missing, truncated or not a chat model.
    """
    header = chat_model_header(path)
    return LlamaSetup(
        path=path,
        header=header,
        context_tokens=min(options.context_tokens, header.context_tokens or options.context_tokens),
        threads=options.threads or this_machine().model_threads,
        reply=reply,
    )


def too_long(context_tokens: int) -> ProviderBroken:
    """The error for a history that does not fit."""
    return ProviderBroken(
        f"the conversation is longer than the language model's {context_tokens} tokens: lower history.token_budget "
        "or raise engines.llama-cpp.context_tokens",
        provider=NAME,
    )


def closed() -> ProviderBroken:
    """The error for a call after `close`."""
    return ProviderBroken("the language model is closed", provider=NAME)
