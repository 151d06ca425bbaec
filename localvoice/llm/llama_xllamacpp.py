"""A GGUF model in llama.cpp's server inside this process, without using its network side for replies.

Nothing can stop that server within a prompt, so prompts are read in steps of tokens, each as long as an abort may wait.
A model that forgets (hybrid, recurrent) goes back to the end of a step or of a prompt: the server keeps states there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ModelError, ProviderBroken, ProviderError
from localvoice.llm.chat_chunks import ChunkReader
from localvoice.llm.chat_messages import as_chat_messages, as_chat_tools
from localvoice.llm.llama_server import LlamaServer, runtime_version
from localvoice.llm.llama_setup import NAME, LlamaSetup, Pace, closed, fitting, too_long, words_so_far
from localvoice.llm.prompt_states import WORTH_S, PromptStates, prompt_states
from localvoice.messages import Message, Role, ToolSpec
from localvoice.streams import CancelToken, Worker, read_ahead

_WARM_UP = (Message(Role.USER, "Hello."),)

_FEWEST_CHARACTERS = 2
"""A text with fewer characters a token is rare."""

Push = Callable[[ReplyPart], None]


class XLlamaCppModel:
    """`engines.ChatModel` by xllamacpp."""

    def __init__(self, setup: LlamaSetup, states: PromptStates | None = None) -> None:
        """Load the model and run it once.

        Raises:
            ModelError: llama.cpp does not take the file.
            ProviderUnavailable: The package is missing.
        """
        self._setup = setup
        self._states = states or prompt_states(setup, runtime_version())
        self._server: LlamaServer | None = LlamaServer(setup, self._states.folder)
        self._cache = _Cache(self._server, forgets=setup.header.forgets, threads=setup.threads_beside)
        try:
            for _ in range(2):  # the second time nothing is new, which tells what a token costs
                self._write(self._server, self._request(_WARM_UP, (), max_tokens=1), CancelToken(), lambda _: None)
        except ProviderError as error:
            raise ModelError(f"{setup.path} cannot be used: {error}") from error
        self._worker = Worker("llama.cpp")

    @property
    def name(self) -> str:
        """As in the flag `--llm`."""
        return NAME

    def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`. Closing stops at the next token, or at the next step of an unread prompt."""
        server = self._open_server()
        messages, offered = tuple(history), tuple(tools)

        def work(token: CancelToken, push: Push) -> None:
            request = self._request(messages, offered, max_tokens=self._setup.reply.max_tokens)
            self._write(server, request, token, push, messages)

        return _pushed(self._worker, work)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache, in steps that a cancelled await ends soon.

        Where its last words are the user's, they may go on: it is read up to the last of them.
        """
        server = self._open_server()
        messages, offered = tuple(history), tuple(tools)

        def work(token: CancelToken) -> None:
            request = self._request(messages, offered, max_tokens=0) | {"add_generation_prompt": False}
            prompt = words_so_far(self._fitted(server, request, messages), messages)
            tokens = server.tokens(prompt)  # a text that is read already costs nothing else
            if all(message.role is Role.SYSTEM for message in messages):
                self._read_system(server, tokens, token)
            else:
                self._cache.read(tokens, len(tokens), token)
            self._cache.text = prompt

        await self._worker.call(work)

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        if self._server is not None:
            self._server = None
            self._worker.afterwards(self._cache.forget)
            self._worker.close()

    def _open_server(self) -> LlamaServer:
        if self._server is None:
            raise closed()
        return self._server

    def _request(self, history: Sequence[Message], tools: Sequence[ToolSpec], *, max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "messages": as_chat_messages(history),
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": max_tokens,
            "cache_prompt": True,
            "chat_template_kwargs": {"enable_thinking": False},
            **self._setup.sampling.as_options(),
        }
        if tools:
            request["tools"] = as_chat_tools(tools)
        return request

    def _write(
        self,
        server: LlamaServer,
        request: dict[str, Any],
        token: CancelToken,
        push: Push,
        history: Sequence[Message] = (),
    ) -> None:
        """Run `request`; in the worker."""
        prompt = self._fitted(server, request, history)
        cached = None
        if not self._cache.is_nearly_read(prompt):
            tokens = server.tokens(prompt)
            cached = self._cache.read(tokens, len(tokens) - 1, token)
        reply = ChunkReader(cached)
        failures: list[ProviderError] = []

        def on_chunk(chunk: Mapping[str, Any]) -> bool:
            try:
                for part in reply.feed(chunk):
                    push(part)
            except ProviderError as error:
                failures.append(error)
            return bool(failures) or token.is_cancelled

        token.check()
        server.chat(request, on_chunk, token)
        self._cache.wrote(prompt + reply.text, reply.prompt_tokens)
        if failures:
            raise failures[0]
        token.check()
        for part in reply.finish():
            push(part)

    def _fitted(self, server: LlamaServer, request: dict[str, Any], history: Sequence[Message]) -> str:
        """The prompt of `request`, whose messages are made fewer where they do not fit.

        Empty where llama.cpp cannot tell: the steps are then left out, the reply comes all the same.

        Raises:
            ProviderBroken: It does not fit, however few they are.
        """
        prompt = server.rendered(request)
        limit = self._setup.prompt_tokens
        if len(prompt.encode()) <= limit:  # a token has a byte at least
            return prompt

        def tokens_of(messages: Sequence[Message]) -> int:
            return len(server.tokens(server.rendered({**request, "messages": as_chat_messages(messages)})))

        try:
            request["messages"] = as_chat_messages(fitting(history, tokens_of, limit))
        except ProviderBroken as error:
            raise too_long(self._setup.context_tokens) from error
        return server.rendered(request)

    def _read_system(self, server: LlamaServer, tokens: Sequence[int], token: CancelToken) -> None:
        """Read a prompt that holds no word of the user: from disk where it was kept, and to disk where that pays."""
        key = self._states.key(tokens)
        kept = None if self._cache.has(tokens) else self._states.find(key)
        if kept is not None:
            if server.restore(kept.name):
                self._cache.restored(tokens)
            else:
                self._states.drop(kept)
        began_s = time.perf_counter()
        self._cache.read(tokens, len(tokens), token)
        if time.perf_counter() - began_s < WORTH_S:
            return
        part = self._states.place(key)
        if part is not None and server.save(part.name):
            self._states.keep(part, key)


class _Cache:
    """What the server has read, as far as we know, and the steps in which it reads on. In the worker only."""

    def __init__(self, server: LlamaServer, *, forgets: bool, threads: int) -> None:
        self.text = ""
        """What has been read, where that is known; tokens need not be counted then."""
        self._server: LlamaServer | None = server
        self._forgets = forgets
        self._threads = threads
        self._known: Sequence[int] = ()
        self._written = ""
        """A reply and its prompt where these are known, and not yet counted: that would hold up the reply's end."""
        self._ends: list[int] = []
        """Where states are kept: a model that forgets can only go back to these."""
        self._pace = Pace()

    def read(self, tokens: Sequence[int], end: int, token: CancelToken) -> int | None:
        """Read `tokens` up to `end`, in steps; a last step is left, unless `end` is the end of all.

        Returns how many tokens were there before; None where no step was needed.
        """
        cached: int | None = None
        self.text = ""
        for stop in self._stops(tokens, end):
            token.check()
            server, began_s, cpu_began_s = self._server, time.perf_counter(), time.process_time()
            if server is None:
                return cached
            usage = server.read(tokens[:stop], token)
            cpu_s = (
                time.process_time() - cpu_began_s
            ) / self._threads  # smaller steps are no help against others' load
            self._pace.took(stop - usage.cached_tokens, min(cpu_s, time.perf_counter() - began_s))
            cached = usage.cached_tokens if cached is None else cached
            self._known, self._written = tokens[:stop], ""
            self._ends = [*(one for one in self._ends if one < stop), stop]
        return cached

    def is_nearly_read(self, prompt: str) -> bool:
        """Whether no more than a last step is missing."""
        rest = len(prompt) - len(self.text)
        return bool(self.text) and prompt.startswith(self.text) and rest <= _FEWEST_CHARACTERS * self._pace.rest_tokens

    def _stops(self, tokens: Sequence[int], end: int) -> Iterator[int]:
        at = self._shared(tokens)
        while end - at > self._pace.rest_tokens:
            at += self._pace.step_of(end - at)
            yield at
        if at < end == len(tokens):
            yield end

    def _shared(self, tokens: Sequence[int]) -> int:
        if self._written and self._server is not None:
            self._known, self._written = self._server.tokens(self._written), ""
        pairs = enumerate(zip(tokens, self._known, strict=False))
        shared = next((at for at, (new, old) in pairs if new != old), min(len(tokens), len(self._known)))
        if self._forgets and shared < len(self._known):
            return max((one for one in self._ends if one <= shared), default=0)
        return shared

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether a prompt has been read, and nothing else than what follows it since."""
        return self._shared(tokens) == len(tokens)

    def wrote(self, text: str, prompt_tokens: int) -> None:
        """A reply was written: `text` is it and its prompt, which was so long; 0 where it broke off."""
        self.text = self._written = text
        if prompt_tokens:
            self._ends = [*(one for one in self._ends if one < prompt_tokens), prompt_tokens]

    def restored(self, tokens: Sequence[int]) -> None:
        """A state was read from disk."""
        self._known, self._written, self._ends = tokens, "", [len(tokens)]

    def forget(self) -> None:
        """Let go of the server."""
        self._server = None


async def _pushed(worker: Worker, work: Callable[[CancelToken, Push], None]) -> AsyncIterator[ReplyPart]:
    """What `work(token, push)` pushes from the worker's thread, and then what it raises.

    Closing sets the token and returns at once.
    """
    loop = asyncio.get_running_loop()
    parts: asyncio.Queue[ReplyPart | None] = asyncio.Queue()  # a reply has at most `reply.max_tokens` parts

    def put(part: ReplyPart) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads any more
            loop.call_soon_threadsafe(parts.put_nowait, part)

    async def finished() -> AsyncIterator[None]:
        try:
            await worker.call(lambda token: work(token, put))
        finally:
            parts.put_nowait(None)  # not from the worker, which does nothing where it was closed meanwhile
        yield None

    async with read_ahead(finished(), 1) as end:
        while (part := await parts.get()) is not None:
            yield part  # noqa: ASYNC119 - readers close their iterators; the contract of engines.py says so
        async for _ in end:
            pass
