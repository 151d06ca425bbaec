"""The runtimes of llama.cpp without us, for the same replies by the same copy of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.engines.same_copy import made_of
from localvoice.engines import ChatModel
from localvoice.llm.chat_messages import as_chat_messages
from localvoice.messages import Message

Bare = Callable[[Sequence[Message], int], str]
"""The words of a reply of so many tokens."""


def load_both(runtime: str, load: Callable[[], ChatModel]) -> tuple[ChatModel, Bare]:
    """A model as we load it, and the library's own way to it."""
    package, name, bare = _RUNTIMES[runtime]
    with made_of(package, name) as made:
        model = load()
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
