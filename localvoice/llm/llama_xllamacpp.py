"""llama.cpp's own server inside this process, through xllamacpp.

Rule of this file: the library is called in the model's worker only. It pushes what it writes through a callback, whose
exceptions it swallows; returning True from it stops the reply at the next token.
"""

from __future__ import annotations

import asyncio
import atexit
import http.client
import json
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ModelError, ProviderBroken, ProviderError, ProviderUnavailable, get_again
from localvoice.llm.chat_chunks import ChunkReader, usage_in
from localvoice.llm.chat_messages import as_chat_messages, as_chat_tools
from localvoice.llm.llama_setup import BATCH_TOKENS, NAME, STEP_TOKENS, LlamaSetup, closed, too_long
from localvoice.messages import Message, Role, ToolSpec
from localvoice.streams import CancelToken, Worker, read_ahead

_LOG = logging.getLogger(__name__)

_STEP_CHARACTERS = 3 * STEP_TOKENS
"""English has 3 to 4.5 characters a token."""

_FEWEST_CHARACTERS = 2
"""A prompt with fewer characters a token is rare; a longer one is counted before it is read."""

_SINGLE_SPACE = re.compile(r"(?<=\S) (?=\S)")
"""Where a prompt may be cut without changing its tokens: tokenizers join a space to the word after it."""

_LAST_STEP_S = 2.0
"""Longest wait for a step of a prompt, or a token, at the end of the process."""

_WARM_UP = (Message(Role.USER, "Hello."),)

Push = Callable[[ReplyPart], None]


class XLlamaCppModel:
    """A GGUF model in llama.cpp's server, without using its network side for replies."""

    def __init__(self, setup: LlamaSetup) -> None:
        """Load the model and run it once.

        The server always opens a loopback port; it answers only to a key made here.

        Raises:
            ModelError: llama.cpp does not take the file.
            ProviderUnavailable: The package is missing.
        """
        self._setup = setup
        self._key = secrets.token_hex(32)
        self._evaluated = ""
        self._server: Any = _started(setup, self._key)
        try:
            self._write(self._server, self._request(_WARM_UP, (), max_tokens=1), CancelToken(), lambda _: None)
        except ProviderError as error:
            raise ModelError(f"{setup.path} cannot be used: {error}") from error
        self._worker = Worker("llama.cpp")

    @property
    def name(self) -> str:
        """As in the flag `--llm`."""
        return NAME

    def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`. Closing stops at the next token, or within `STEP_TOKENS` of an unread prompt."""
        server = self._open_server()
        request = self._request(history, tools, max_tokens=self._setup.reply.max_tokens)
        return _pushed(self._worker, lambda token, push: self._write(server, request, token, push))

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache, in steps that a cancelled await ends soon."""
        server = self._open_server()
        request = {**self._request(history, tools, max_tokens=0), "add_generation_prompt": False}

        def work(token: CancelToken) -> None:
            prompt = self._rendered(server, request)
            self._evaluate(server, prompt, [*_step_ends(prompt, self._shared(prompt)), len(prompt)], token)

        await self._worker.call(work)

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        if self._server is not None:
            self._server = None
            self._worker.close()

    def _open_server(self) -> Any:
        if self._server is None:
            raise closed()
        return self._server

    def _request(self, history: Sequence[Message], tools: Sequence[ToolSpec], *, max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "messages": as_chat_messages(history),
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": max_tokens,
            "temperature": self._setup.reply.temperature,
            "top_p": self._setup.reply.top_p,
            "cache_prompt": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        if tools:
            request["tools"] = as_chat_tools(tools)
        return request

    def _write(self, server: Any, request: dict[str, Any], token: CancelToken, push: Push) -> None:
        """Run `request`; in the worker."""
        prompt = self._rendered(server, request)
        cached = self._evaluate(server, prompt, list(_step_ends(prompt, self._shared(prompt))), token)
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
        _ask(server.handle_chat_completions, request, on_chunk, token)
        self._evaluated = prompt + reply.text
        if failures:
            raise failures[0]
        token.check()
        for part in reply.finish():
            push(part)

    def _shared(self, prompt: str) -> int:
        pairs = enumerate(zip(prompt, self._evaluated, strict=False))
        return next((at for at, (ours, theirs) in pairs if ours != theirs), min(len(prompt), len(self._evaluated)))

    def _evaluate(self, server: Any, prompt: str, ends: Sequence[int], token: CancelToken) -> int | None:
        """Read `prompt` up to each of `ends` into the cache: nothing else can be stopped before its first token.

        Returns how many tokens were there before; None where no step was needed.
        """
        cached: int | None = None
        for end in ends:
            token.check()
            request = {"prompt": prompt[:end], "max_tokens": 0, "cache_prompt": True}
            chunks: list[Mapping[str, Any]] = []
            _ask(server.handle_completions, request, chunks.append, token)
            for chunk in chunks:
                usage = usage_in(chunk)
                cached = usage.cached_tokens if cached is None and usage else cached
            self._evaluated = prompt[:end]
        return cached

    def _rendered(self, server: Any, request: Mapping[str, Any]) -> str:
        """`request` through the model's chat template.

        Empty where that fails: the steps are then left out, the reply comes all the same.

        Raises:
            ProviderBroken: It does not fit into the context. Known before the part that fits is read in vain.
        """
        prompt = str(self._posted(server, "/apply-template", request).get("prompt", ""))
        limit = self._setup.context_tokens
        if len(prompt) > _FEWEST_CHARACTERS * limit:
            tokens = self._posted(server, "/tokenize", {"content": prompt, "parse_special": True}).get("tokens", ())
            if len(tokens) >= limit:
                raise too_long(limit)
        return prompt

    def _posted(self, server: Any, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the server answers on its loopback port, the only way to what is not a completion; empty on failure."""
        connection = http.client.HTTPConnection(server.listening_address.partition("://")[2], timeout=5)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            _LOG.debug("no answer from llama.cpp to %s", path, exc_info=True)
            return {}
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else {}


_IN_NATIVE_CODE: set[CancelToken] = set()
"""Of all models, so that the end of the process can wait for them."""


@atexit.register
def _leave_native_code() -> None:
    """Stop what still writes: a callback that wants the interpreter after its end aborts the process."""
    deadline_s = time.monotonic() + _LAST_STEP_S
    while _IN_NATIVE_CODE and time.monotonic() < deadline_s:
        for token in tuple(_IN_NATIVE_CODE):
            token.cancel()
        time.sleep(0.002)


def _ask(
    handle: Callable[..., Any],
    request: dict[str, Any],
    on_chunk: Callable[[Mapping[str, Any]], Any],
    token: CancelToken,
) -> None:
    _IN_NATIVE_CODE.add(token)
    try:
        handle(request, on_chunk)
    except (RuntimeError, ValueError) as error:
        raise ProviderBroken(f"llama.cpp failed: {error}", provider=NAME) from error
    finally:
        _IN_NATIVE_CODE.discard(token)


def _step_ends(prompt: str, start: int) -> Iterator[int]:
    """Where to pause while reading `prompt` from `start`; its own end not included."""
    while (cut := _SINGLE_SPACE.search(prompt, start + _STEP_CHARACTERS)) is not None:
        start = cut.start()
        yield start


def _started(setup: LlamaSetup, key: str) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ProviderUnavailable(f"the package xllamacpp cannot be loaded ({error})", provider=NAME) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(setup.path)
    params.n_ctx = setup.context_tokens
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = setup.threads
    params.cache_ram_mib = 0  # keeps other conversations' prompts; there is one
    params.prefill_assistant = False  # a history that ends with our words is context, not a reply to go on with
    params.api_keys = [key]
    params.ui = params.endpoint_slots = params.endpoint_metrics = False
    params.offline = True
    params.verbosity = 0
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"llama.cpp cannot load {setup.path}: {get_again(setup.path.parent)}") from error


async def _pushed(worker: Worker, work: Callable[[CancelToken, Push], None]) -> AsyncIterator[ReplyPart]:
    """What `work(token, push)` pushes from the worker's thread, and then what it raises.

    Closing sets the token and returns at once.
    """
    loop = asyncio.get_running_loop()
    parts: asyncio.Queue[ReplyPart | None] = asyncio.Queue()  # a reply has at most `reply.max_tokens` parts

    def put(part: ReplyPart | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads any more
            loop.call_soon_threadsafe(parts.put_nowait, part)

    def run(token: CancelToken) -> None:
        try:
            work(token, put)
        finally:
            put(None)

    async def finished() -> AsyncIterator[None]:
        await worker.call(run)
        yield None

    async with read_ahead(finished(), 1) as end:
        while (part := await parts.get()) is not None:
            yield part  # noqa: ASYNC119 - readers close their iterators; the contract of engines.py says so
        async for _ in end:
            pass
