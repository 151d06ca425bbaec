"""llama.cpp's own server inside this process, as xllamacpp hands it out: started, asked, stopped.

Rule of this file: the library is called in the model's worker only. It pushes what it writes through a callback, whose
exceptions it swallows; returning True from it stops the reply at the next token.
"""

from __future__ import annotations

import atexit
import http.client
import json
import logging
import math
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.llm.chat_chunks import usage_in
from localvoice.llm.llama_setup import NAME, LlamaSetup, cannot_load
from localvoice.messages import Usage
from localvoice.streams import CancelToken

_LOG = logging.getLogger(__name__)

_LAST_STEP_S = 2.0
"""Longest wait for a step of a prompt, or a token, at the end of the process."""

_POST_S = 5.0

_PIECE_BYTES = 1 << 20

OnChunk = Callable[[Mapping[str, Any]], Any]


class LlamaServer:
    """A loaded model. Its loopback port is always open, and answers only to a key made here."""

    def __init__(self, setup: LlamaSetup, state_folder: Path) -> None:
        """Load the model; states are written to and read from `state_folder`.

        Raises:
            ModelError: llama.cpp does not take the file.
            ProviderUnavailable: The package is missing.
        """
        self._key = secrets.token_hex(32)
        self._server: Any = _started(setup, self._key, state_folder)

    def chat(self, request: dict[str, Any], on_chunk: OnChunk, token: CancelToken) -> None:
        """A chat completion, chunk by chunk."""
        _ask(self._server.handle_chat_completions, request, on_chunk, token)

    def read(self, tokens: Sequence[int], token: CancelToken) -> Usage:
        """Bring `tokens` into the cache; a step that nothing can stop."""
        chunks: list[Mapping[str, Any]] = []
        request = {"prompt": list(tokens), "max_tokens": 0, "cache_prompt": True}
        _ask(self._server.handle_completions, request, chunks.append, token)
        return next((usage for chunk in chunks if (usage := usage_in(chunk)) is not None), Usage())

    def likeliest(self, prompt: str, count: int, token: CancelToken) -> list[tuple[str, float]]:
        """The likeliest tokens behind `prompt` with their probabilities, falling; `prompt` stays in the cache."""
        chunks: list[Mapping[str, Any]] = []
        request = {"prompt": prompt, "max_tokens": 1, "logprobs": count, "temperature": 0, "cache_prompt": True}
        _ask(self._server.handle_completions, request, chunks.append, token)
        return _likeliest(chunks)

    def rendered(self, request: Mapping[str, Any]) -> str:
        """`request` through the model's chat template; empty where that fails."""
        return str(self._posted("/apply-template", request).get("prompt", ""))

    def tokens(self, prompt: str) -> list[int]:
        """As a chat completion would make them of `prompt`; none where that fails."""
        asked = {"content": prompt, "add_special": True, "parse_special": True}
        return list(self._posted("/tokenize", asked).get("tokens", ())) if prompt else []

    def save(self, name: str) -> bool:
        """Write the state of what is in the cache into the folder of states."""
        return bool(self._posted("/slots/0?action=save", {"filename": name}).get("n_written"))

    def restore(self, name: str) -> bool:
        """Read such a state; what was in the cache is gone."""
        return bool(self._posted("/slots/0?action=restore", {"filename": name}).get("n_restored"))

    def _posted(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the server answers on its loopback port, the only way to what is not a completion; empty on failure."""
        connection = http.client.HTTPConnection(self._server.listening_address.partition("://")[2], timeout=_POST_S)
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


def _ask(handle: Callable[..., Any], request: dict[str, Any], on_chunk: OnChunk, token: CancelToken) -> None:
    _IN_NATIVE_CODE.add(token)
    try:
        handle(request, on_chunk)
    except (RuntimeError, ValueError) as error:
        raise ProviderBroken(f"llama.cpp failed: {error}", provider=NAME) from error
    finally:
        _IN_NATIVE_CODE.discard(token)


def _likeliest(chunks: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    try:
        (first, *_) = chunks[0]["choices"][0]["logprobs"]["content"]
        return [(str(one["token"]), math.exp(one["logprob"])) for one in first["top_logprobs"]]
    except (LookupError, TypeError, ValueError) as error:
        raise ProviderBroken("llama.cpp told no probabilities", provider=NAME) from error


def runtime_version() -> str:
    """Name and version of the package, without loading it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"xllamacpp {version('xllamacpp')}"
    except PackageNotFoundError:
        return "xllamacpp"


def _bring_in(path: Path) -> None:
    """Read the file into the system's cache: xllamacpp holds the GIL while it loads, from a disk for seconds.

    188 MB that were not in the cache: nobody else ran for 252 ms instead of 384, and it took no longer (2 shared cores,
    AMD EPYC, 2026-11-21).
    """
    piece = bytearray(_PIECE_BYTES)
    with suppress(OSError), path.open("rb", buffering=0) as file:  # whoever loads it says what is wrong with it
        while file.readinto(piece):
            pass


def _has_other_memory(xllamacpp: Any) -> bool:
    """Whether a card has memory of its own, into which as much as fits is put.

    What fits is found by loading the file a first time, with the GIL held: without it 57 MB take 175 ms instead of 240
    (2 shared cores, AMD EPYC, 2026-11-22).
    """
    processor = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    return any(device["type"] != processor for device in xllamacpp.get_device_info())


def _unloadable(error: ImportError) -> str:
    if "libgomp" in str(error):  # small Linux systems leave it out; the other packages bring theirs
        return "the package xllamacpp needs the library libgomp: on Debian and Ubuntu `sudo apt install libgomp1`"
    return f"the package xllamacpp cannot be loaded ({error}): `pip install --force-reinstall xllamacpp`"


def _started(setup: LlamaSetup, key: str, state_folder: Path) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ProviderUnavailable(_unloadable(error), provider=NAME) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(setup.path)
    params.n_ctx = setup.context_tokens
    params.n_batch = params.n_ubatch = setup.batch_tokens
    params.n_parallel = 1
    params.cpuparams.n_threads = setup.threads_fixed  # of replies; nothing changes either of the two later
    params.cpuparams_batch.n_threads = setup.threads_beside  # of prompts, read while the user speaks
    params.cache_ram_mib = 0  # keeps other conversations' prompts; there is one
    if sys.platform != "darwin":  # a token behind 2800 others takes a processor 41 ms with it, 14 without (0.1 B)
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.swa_full = True  # else a model with a sliding window cannot take back what was not heard
    params.slot_save_path = f"{state_folder}/"  # put before the names as it is
    params.prefill_assistant = False  # a history that ends with our words is context, not a reply to go on with
    params.api_keys = [key]
    params.ui = params.endpoint_slots = params.endpoint_metrics = False
    params.offline = True
    params.fit_params = _has_other_memory(xllamacpp)
    params.verbosity = 0
    _bring_in(setup.path)
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise cannot_load(setup) from error
