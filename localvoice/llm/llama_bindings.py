"""llama.cpp through llama-cpp-python, compiled where it is installed: for processors the ready wheel leaves out.

Rule of this file: the library is called in the model's worker only, and prompts are tokens made by ourselves, because
its own chat function cannot turn a model's thinking off.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ModelError, ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.llm.chat_messages import as_chat_messages, as_chat_tools
from localvoice.llm.llama_cache import LlamaCache
from localvoice.llm.llama_setup import (
    BATCH_TOKENS,
    NAME,
    LlamaSetup,
    cannot_load,
    closed,
    fitting,
    too_long,
    words_so_far,
)
from localvoice.llm.prompt_states import WORTH_S, PromptStates, prompt_states
from localvoice.llm.reply_parser import ReplyParser
from localvoice.messages import Message, Role, ToolSpec, Usage
from localvoice.streams import CancelToken, Worker

_AHEAD = 8
"""Parts that may wait for the reader: the model keeps to the pace of the voice."""

_WARM_UP = (Message(Role.USER, "Hello."),)


class LlamaCppPythonModel:
    """A GGUF model in a `llama_cpp.Llama`."""

    def __init__(self, setup: LlamaSetup, states: PromptStates | None = None) -> None:
        """Load the model and run it once.

        Raises:
            ModelError: llama.cpp does not take the file.
            ProviderUnavailable: The package is missing.
        """
        self._setup = setup
        self._llama = _loaded(setup)
        self._cache = LlamaCache(self._llama, forgets=_forgets(self._llama))
        self._template = _ChatTemplate(self._llama, setup.header.chat_template)
        self._states = states or prompt_states(setup, _runtime_version())
        try:
            for _ in self._write(self._llama, _WARM_UP, (), CancelToken()):
                break
        except ProviderError as error:
            raise ModelError(f"{setup.path} cannot be used: {error}") from error
        self._worker = Worker("llama.cpp")

    @property
    def name(self) -> str:
        """As in the flag `--llm`."""
        return NAME

    def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`. Closing stops at once, also within an unread prompt."""
        llama = self._open_llama()
        messages, offered = tuple(history), tuple(tools)
        return self._worker.stream(lambda token: self._write(llama, messages, offered, token), _AHEAD)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache; cancelling the await stops that at once.

        Where its last words are the user's, they may go on: it is read up to the last of them. Fewer threads than a
        reply has work at it, because the recogniser works at the same time.
        """
        llama = self._open_llama()
        messages, offered = tuple(history), tuple(tools)

        def work(token: CancelToken) -> None:
            with self._working(llama, self._setup.threads_beside, token):
                prompt = self._fitted(llama, messages, offered, is_open=False)
                tokens = self._template.tokens(llama, words_so_far(prompt, messages))
                if all(message.role is Role.SYSTEM for message in messages):
                    self._read_system(tokens, token)
                else:
                    self._cache.read(tokens, len(tokens), token)
                self._cache.copy()

        await self._worker.call(work)

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        if self._llama is not None:
            self._llama = None
            self._worker.close()

    def _open_llama(self) -> Any:
        if self._llama is None:
            raise closed()
        return self._llama

    @contextmanager
    def _working(self, llama: Any, threads: int, token: CancelToken) -> Iterator[None]:
        import llama_cpp

        llama_cpp.llama_set_n_threads(llama.ctx, self._setup.threads, threads)
        with _our_errors(), self._cache.stoppable(token):
            yield

    def _write(
        self, llama: Any, history: Sequence[Message], tools: Sequence[ToolSpec], token: CancelToken
    ) -> Iterator[ReplyPart]:
        """The reply, token by token; in the worker."""
        with self._working(llama, self._setup.threads, token):
            prompt = self._fitted(llama, history, tools, is_open=True)
            tokens = self._template.tokens(llama, prompt)
            cached = self._cache.read(tokens, len(tokens) - 1, token)
            parser = ReplyParser(NAME, is_thinking=prompt.rstrip().endswith("<think>"))

            def is_over(*_: Any) -> bool:  # after each token, also where none gives text
                if llama.n_tokens == len(tokens):
                    self._cache.copy()
                return token.is_cancelled

            pieces = llama.create_completion(
                tokens,
                max_tokens=self._setup.reply.max_tokens,
                stream=True,
                stopping_criteria=is_over,
                **self._setup.sampling.as_options(),
            )
            with closing(pieces):
                for piece in pieces:
                    yield from parser.feed(piece["choices"][0]["text"])
            token.check()
            yield from parser.finish()
            yield Usage(len(tokens), max(0, llama.n_tokens - len(tokens)) + 1, cached)

    def _fitted(self, llama: Any, history: Sequence[Message], tools: Sequence[ToolSpec], *, is_open: bool) -> str:
        """The prompt, of fewer exchanges where not all of them fit. Raises `ProviderBroken` where one does not."""

        def tokens_of(messages: Sequence[Message]) -> int:
            return len(self._template.tokens(llama, self._template.rendered(messages, tools, is_open=is_open)))

        try:
            kept = fitting(history, tokens_of, self._setup.prompt_tokens)
        except ProviderBroken as error:
            raise too_long(self._setup.context_tokens) from error
        return self._template.rendered(kept, tools, is_open=is_open)

    def _read_system(self, tokens: Sequence[int], token: CancelToken) -> None:
        """Read a prompt that holds no word of the user: from disk where it was kept, and to disk where that pays."""
        key = self._states.key(tokens)
        kept = None if self._cache.has(tokens) else self._states.find(key)
        if kept is not None and not self._cache.restore(kept, tokens):
            self._states.drop(kept)
        began_s = time.perf_counter()
        self._cache.read(tokens, len(tokens), token)
        if time.perf_counter() - began_s < WORTH_S:
            return
        part = self._states.place(key)
        if part is not None and self._cache.save(part):
            self._states.keep(part, key)


class _ChatTemplate:
    """The model's own template, and the tokens of what it makes."""

    def __init__(self, llama: Any, source: str) -> None:
        import llama_cpp
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._bos = _text_of(llama, llama.token_bos())
        self._adds_bos = bool(llama_cpp.llama_vocab_get_add_bos(llama_cpp.llama_model_get_vocab(llama.model)))
        self._formatters: dict[bool, Callable[..., Any]] = {
            is_open: Jinja2ChatFormatter(
                template=source,
                eos_token=_text_of(llama, llama.token_eos()),
                bos_token=self._bos,
                add_generation_prompt=is_open,
            )
            for is_open in (True, False)
        }

    def rendered(self, history: Sequence[Message], tools: Sequence[ToolSpec], *, is_open: bool) -> str:
        """The prompt; `is_open`: ending where the model's reply begins."""
        messages = as_chat_messages(history, arguments_as_text=False)
        offered = as_chat_tools(tools) or None
        return str(self._formatters[is_open](messages=messages, tools=offered, enable_thinking=False).prompt)

    def tokens(self, llama: Any, prompt: str) -> list[int]:
        """`prompt` as tokens, markers of the template included."""
        adds_bos = self._adds_bos and not (self._bos and prompt.startswith(self._bos))
        return list(llama.tokenize(prompt.encode(), add_bos=adds_bos, special=True))


def _text_of(llama: Any, token: int) -> str:
    return str(llama.detokenize([token], special=True).decode("utf-8", "replace")) if token >= 0 else ""


def _forgets(llama: Any) -> bool:
    import llama_cpp

    return bool(llama_cpp.llama_model_is_recurrent(llama.model) or llama_cpp.llama_model_is_hybrid(llama.model))


def _runtime_version() -> str:
    from importlib.metadata import version

    return f"llama-cpp-python {version('llama-cpp-python')}"


def _loaded(setup: LlamaSetup) -> Any:
    try:
        import llama_cpp
        from llama_cpp.llama_chat_format import jinja2  # its dependency, not ours
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its shared library is missing or foreign
        raise ProviderUnavailable(
            "the package llama-cpp-python is missing or broken: pip install 'localvoice[llama-cpp-python]'",
            provider=NAME,
        ) from error
    llama_cpp.llama_log_set(_LOG.callback(llama_cpp), None)  # the package's own prints warnings, whatever is asked
    try:
        return llama_cpp.Llama(
            str(setup.path),
            n_ctx=setup.context_tokens,
            n_batch=BATCH_TOKENS,
            n_ubatch=BATCH_TOKENS,
            n_threads=setup.threads,
            n_threads_batch=setup.threads,
            n_gpu_layers=-1 if llama_cpp.llama_supports_gpu_offload() else 0,
            swa_full=True,  # else a model with a sliding window cannot take back what was not heard
            verbose=False,
        )
    except (RuntimeError, ValueError, OSError, jinja2.TemplateError) as error:
        raise cannot_load(setup, _LOG.said()) from error


class _NativeLog:
    """What llama.cpp says while it loads: shown to nobody, and asked for where loading fails."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=40)
        self._callback: Any = None

    def callback(self, llama_cpp: Any) -> Any:
        """To be given to the library, once more after each import of it; it lives as long as the process."""
        if self._callback is None:
            self._callback = llama_cpp.llama_log_callback(self._take)
        self._last.clear()
        return self._callback

    def said(self) -> str:
        """The last lines."""
        return "".join(self._last)

    def _take(self, _level: int, text: bytes, _user_data: object) -> None:
        self._last.append(text.decode("utf-8", "replace"))


_LOG = _NativeLog()


@contextmanager
def _our_errors() -> Iterator[None]:
    """The library's failures, and its template engine's, as ours."""
    from llama_cpp.llama_chat_format import jinja2

    try:
        yield
    except (RuntimeError, ValueError, jinja2.TemplateError) as error:
        raise ProviderBroken(f"llama.cpp failed: {error}", provider=NAME) from error
