"""llama.cpp through llama-cpp-python, compiled where it is installed: for processors the ready wheel leaves out.

Rule of this file: the library is called in the model's worker only, and prompts are tokens made by ourselves, because
its own chat function cannot turn a model's thinking off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ModelError, ProviderBroken, ProviderError, ProviderUnavailable, get_again
from localvoice.llm.chat_messages import as_chat_messages, as_chat_tools
from localvoice.llm.llama_setup import BATCH_TOKENS, NAME, STEP_TOKENS, LlamaSetup, closed, too_long
from localvoice.llm.reply_parser import ReplyParser
from localvoice.messages import Message, Role, ToolSpec, Usage
from localvoice.streams import CancelToken, Worker

_AHEAD = 8
"""Parts that may wait for the reader: the model keeps to the pace of the voice."""

_WARM_UP = (Message(Role.USER, "Hello."),)


class LlamaCppPythonModel:
    """A GGUF model in a `llama_cpp.Llama`."""

    def __init__(self, setup: LlamaSetup) -> None:
        """Load the model and run it once.

        Raises:
            ModelError: llama.cpp does not take the file.
            ProviderUnavailable: The package is missing.
        """
        self._setup = setup
        self._llama = _loaded(setup)
        self._template = _ChatTemplate(self._llama, setup.header.chat_template)
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
        """The answer to `history`. Closing stops at the next token, or within `STEP_TOKENS` of an unread prompt."""
        llama = self._open_llama()
        messages, offered = tuple(history), tuple(tools)
        return self._worker.stream(lambda token: self._write(llama, messages, offered, token), _AHEAD)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache, in steps that a cancelled await ends soon."""
        llama = self._open_llama()
        messages, offered = tuple(history), tuple(tools)

        def work(token: CancelToken) -> None:
            with _our_errors():
                tokens = self._template.tokens(llama, self._template.rendered(messages, offered, is_open=False))
                if len(tokens) >= self._setup.context_tokens:
                    raise too_long(self._setup.context_tokens)
                _evaluate(llama, tokens, token)
                _read(llama, tokens)

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

    def _write(
        self, llama: Any, history: Sequence[Message], tools: Sequence[ToolSpec], token: CancelToken
    ) -> Iterator[ReplyPart]:
        """The reply, token by token; in the worker."""
        reply = self._setup.reply
        with _our_errors():
            prompt = self._template.rendered(history, tools, is_open=True)
            tokens = self._template.tokens(llama, prompt)
            if len(tokens) >= self._setup.context_tokens:
                raise too_long(self._setup.context_tokens)
            cached = _evaluate(llama, tokens, token)
            parser = ReplyParser(NAME, is_thinking=prompt.rstrip().endswith("<think>"))
            pieces = llama.create_completion(
                tokens,
                max_tokens=reply.max_tokens,
                temperature=reply.temperature,
                top_p=reply.top_p,
                stream=True,
                stopping_criteria=lambda *_: token.is_cancelled,  # after each token, also where none gives text
            )
            with closing(pieces):
                for piece in pieces:
                    yield from parser.feed(piece["choices"][0]["text"])
            token.check()
            yield from parser.finish()
            yield Usage(len(tokens), max(0, llama.n_tokens - len(tokens)) + 1, cached)


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


def _evaluate(llama: Any, tokens: list[int], cancel: CancelToken) -> int:
    """Read all but the last step of `tokens` into the cache, stoppable between steps; returns how many were there."""
    known = llama.input_ids[: llama.n_tokens]
    cached = int(llama.longest_token_prefix(known.tolist(), tokens))
    for end in range(cached + STEP_TOKENS, len(tokens), STEP_TOKENS):
        cancel.check()
        _read(llama, tokens[:end])
    cancel.check()
    return cached


def _read(llama: Any, tokens: list[int]) -> None:
    """Read `tokens`, of which all but the last few are in the cache; what the model would say next is thrown away."""
    with closing(llama.generate(tokens, temp=0.0)) as written:
        next(written)


def _text_of(llama: Any, token: int) -> str:
    return str(llama.detokenize([token], special=True).decode("utf-8", "replace")) if token >= 0 else ""


def _loaded(setup: LlamaSetup) -> Any:
    try:
        import llama_cpp
        from llama_cpp.llama_chat_format import jinja2  # its dependency, not ours
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its shared library is missing or foreign
        raise ProviderUnavailable(
            "the package llama-cpp-python is missing or broken: pip install 'localvoice[llama-cpp-python]'",
            provider=NAME,
        ) from error
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
        raise ModelError(f"llama.cpp cannot load {setup.path}: {get_again(setup.path.parent)}") from error


@contextmanager
def _our_errors() -> Iterator[None]:
    """The library's failures, and its template engine's, as ours."""
    from llama_cpp.llama_chat_format import jinja2

    try:
        yield
    except (RuntimeError, ValueError, jinja2.TemplateError) as error:
        raise ProviderBroken(f"llama.cpp failed: {error}", provider=NAME) from error
