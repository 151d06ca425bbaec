"""The runtimes of llama.cpp without us, for the same replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from localvoice.llm.chat_messages import as_chat_messages
from localvoice.messages import Message

CONTEXT_TOKENS = 8192
REPLY_TOKENS = 40

Bare = Callable[[Sequence[Message]], str]
"""The words of a reply."""


def _bare_xllamacpp(path: Path) -> Bare:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_parallel = CONTEXT_TOKENS, 256, 256, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity, params.cache_ram_mib, params.ui = 0, 0, False
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED  # as we do
    server = xllamacpp.Server(params)

    def reply(asked: Sequence[Message]) -> str:
        chunks: list[Any] = []
        request = {"messages": as_chat_messages(asked), "stream": True, "max_tokens": REPLY_TOKENS, "temperature": 0.0}
        server.handle_chat_completions(request, chunks.append)
        deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]
        return "".join(delta.get("content") or "" for delta in deltas)

    return reply


def _bare_llama_cpp_python(path: Path) -> Bare:
    import llama_cpp

    threads = {"n_threads": 1, "n_threads_batch": 1}  # of the latter the library takes all cores by itself
    llama = llama_cpp.Llama(str(path), n_ctx=CONTEXT_TOKENS, n_batch=256, n_ubatch=256, verbose=False, **threads)

    def reply(asked: Sequence[Message]) -> str:
        chunks: Iterator[Any] = llama.create_chat_completion(
            as_chat_messages(asked), stream=True, max_tokens=REPLY_TOKENS, temperature=0.0
        )
        return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)

    return reply


BARE = {"xllamacpp": _bare_xllamacpp, "llama-cpp-python": _bare_llama_cpp_python}
"""By runtime: loads a model, and gives the function that replies."""
