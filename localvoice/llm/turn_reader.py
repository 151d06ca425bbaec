"""Whether a sentence ends behind the user's words, in the opinion of a small language model that does nothing else.

What it thinks of the words is one vote among several (`turn/votes.py`). A model of its own, not the one that answers:
its opinion is weighed by how often it was right, which was measured for one model, and it may not wait for an answer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.errors import ModelError, ProviderBroken, ProviderError
from localvoice.llm.chat_messages import as_chat_messages
from localvoice.llm.llama_cpp import xllamacpp_obstacle
from localvoice.llm.llama_server import LlamaServer
from localvoice.llm.llama_setup import NAME, LlamaSetup, llama_setup
from localvoice.messages import Message, Role
from localvoice.streams import CancelToken, Worker
from localvoice.turn.words import words_of

_CONTEXT_TOKENS = 512
_BATCH_TOKENS = 32
"""Of a prompt at once: the table of all tokens' odds is as long, 6 MB; with 256 it is 50."""

_MOST_WORDS = 120
"""The last ones of a longer turn are read."""
_LEFT_OUT_WORDS = 60
"""At once, so that the prompt begins as the last one did and only the new words cost time: 50 ms at a pause, where 120
words cost 900 (2 shared cores, AMD EPYC, 2026-11-22)."""

_THREADS = 1
"""Several wait for each other in a loop: where others want the processor, words then take seconds instead of 50 ms."""

_PLACE = "Xylophone"
"""Stands for the words; in no template."""

_ENDS = frozenset({".", "?", "!"})
_CANDIDATES = 100
"""Tokens that are looked through for these; what is not among them has half of the last one's probability."""

_CAPITALS = {"i": "I", "i'm": "I'm", "i'll": "I'll", "i'd": "I'd", "i've": "I've"}


class LlamaTurnReader:
    """The model in a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Load the model and run it once; blocking, 0.5 s.

        Raises:
            ModelError: llama.cpp does not take the file, or its runtime is not installed.
        """
        without = f"do without the turn reader: `localvoice models remove words/{path.parent.name}`"
        if obstacle := xllamacpp_obstacle(without):  # the other runtime does not serve here
            raise ModelError(obstacle)
        try:
            setup = llama_setup(path, EngineOptions(context_tokens=_CONTEXT_TOKENS), ReplyConfig(), hears=True)
            server = LlamaServer(_small(setup), path.parent)
            self._before = self._prompt_before(server)
            self._read(server, "What time is it", CancelToken())
        except ProviderError as error:
            raise ModelError(f"{path} cannot be used: {error}") from error
        self._server: LlamaServer | None = server
        self._worker = Worker("turn reader")

    async def probability(self, words: str) -> float:
        """0..1 that a sentence ends behind `words`; 0 without any. 20 to 60 ms. Cancelling returns at once."""
        server = self._server
        written = as_written(words)
        if server is None or not written:
            return 0.0
        return await self._worker.call(lambda token: self._read(server, written, token))

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        if self._server is not None:
            self._server = None
            self._worker.close()

    def _prompt_before(self, server: LlamaServer) -> str:
        """What stands before the words of a user who says the first ones of a conversation."""
        request = {"messages": as_chat_messages([Message(Role.USER, _PLACE)]), "add_generation_prompt": False}
        before, place, _ = server.rendered(request).rpartition(_PLACE)
        if not place:
            raise ProviderBroken("its chat template cannot be used", provider=NAME)
        return before

    def _read(self, server: LlamaServer, written: str, token: CancelToken) -> float:
        found = server.likeliest(self._before + written, _CANDIDATES, token)
        ends = sum(likely for text, likely in found if text in _ENDS)
        return min(1.0, max(ends, found[-1][1] / 2 if found else 0.0))


def as_written(words: str) -> str:
    """As one writes them, without a mark at the end or inside: recognisers differ in what they set, and where."""
    heard = words_of(words)
    steps = -(-max(0, len(heard) - _MOST_WORDS) // _LEFT_OUT_WORDS)
    spelled = [_CAPITALS.get(word, word) for word in heard[steps * _LEFT_OUT_WORDS :]]
    return " ".join([spelled[0][:1].upper() + spelled[0][1:], *spelled[1:]]) if spelled else ""


def _small(setup: LlamaSetup) -> LlamaSetup:
    return replace(setup, batch_tokens=_BATCH_TOKENS, threads_fixed=_THREADS, threads_beside=_THREADS)
