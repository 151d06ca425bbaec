"""The runtimes of llama.cpp without us, for the same replies by the same copy of a model.

The same copy, because where a model lies in memory makes one copy up to 10 % faster than the next.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from localvoice.engines import ChatModel
from localvoice.llm.chat_messages import as_chat_messages
from localvoice.messages import Message

Bare = Callable[[Sequence[Message], int], str]
"""The words of a reply of so many tokens."""


def load_both(runtime: str, load: Callable[[], ChatModel]) -> tuple[ChatModel, Bare]:
    """A model as we load it, and the library's own way to it."""
    package, name, bare = _RUNTIMES[runtime]
    module = importlib.import_module(package)
    original, made = getattr(module, name), []

    def kept(*arguments: Any, **options: Any) -> Any:
        made.append(original(*arguments, **options))
        return made[0]

    setattr(module, name, kept)
    try:
        model = load()
    finally:
        setattr(module, name, original)
    return model, bare(made[0])


def _bare_xllamacpp(server: Any) -> Bare:
    def reply(asked: Sequence[Message], tokens: int) -> str:
        chunks: list[Any] = []
        request = {"messages": as_chat_messages(asked), "stream": True, "max_tokens": tokens, "temperature": 0.0}
        server.handle_chat_completions(request, chunks.append)
        deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]
        return "".join(delta.get("content") or "" for delta in deltas)

    return reply


def _bare_llama_cpp_python(llama: Any) -> Bare:
    def reply(asked: Sequence[Message], tokens: int) -> str:
        chunks: Iterator[Any] = llama.create_chat_completion(
            as_chat_messages(asked), stream=True, max_tokens=tokens, temperature=0.0
        )
        return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)

    return reply


_RUNTIMES = {
    "xllamacpp": ("xllamacpp", "Server", _bare_xllamacpp),
    "llama-cpp-python": ("llama_cpp", "Llama", _bare_llama_cpp_python),
}
"""What each one makes of a file, and how that replies."""
