"""Whether a model fits into the memory that is free, asked before anything of it is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from localvoice.errors import ModelError
from localvoice.llm.gguf import chat_model_header
from localvoice.machine import free_bytes
from localvoice.model_store.catalogue import Model, size_text
from localvoice.model_store.store import ModelStore

_AROUND_BYTES = 150_000_000
"""Library and working memory of an engine."""

_WEIGHT_TIMES = 1.2
"""Memory for each byte of an ONNX or CTranslate2 file (base.en, int8 on load, and Piper medium: 1.0 to 1.2)."""

_STARTERS = {"stt": "pocketsphinx", "llm": "skills", "tts": "espeak"}


class MemoryRoom:
    """The memory that was free when the first model asked; engines load in parallel, so what is promised is counted."""

    def __init__(self, free: Callable[[], int] = free_bytes) -> None:
        self._free = free
        self._left: int | None = None
        self._lock = threading.Lock()

    def take(self, stage: str, path: Path, store: ModelStore, context_tokens: int) -> None:
        """Room for the model at `path`.

        Raises:
            ModelError: there is none; the message names a smaller model that fits.
        """
        needed = needed_bytes(path, context_tokens)
        with self._lock:
            self._left = self._free() if self._left is None else self._left
            if needed <= self._left:
                self._left -= needed
                return
            left = self._left
        name = path.parent.name if path.is_file() and path.parent.parent.name == stage else path.name
        raise ModelError(
            f"{name} needs about {size_text(needed)} of memory and {size_text(left)} are free: "
            f"{_way_out(stage, needed, left, store)}"
        )


def needed_bytes(path: Path, context_tokens: int) -> int:
    """Memory that the model at `path` takes, about; of a language model with a context of so many tokens.

    Raises:
        ModelError: It is no whole language model.
    """
    if path.suffix == ".gguf" and path.is_file():
        header = chat_model_header(path)
        context = min(context_tokens, header.context_tokens or context_tokens)
        return path.stat().st_size + header.context_bytes_per_token * context + _AROUND_BYTES
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return int(_WEIGHT_TIMES * sum(one.stat().st_size for one in files)) + _AROUND_BYTES


def _way_out(stage: str, needed: int, left: int, store: ModelStore) -> str:
    smaller = [
        model
        for model in store.catalogue
        if model.kind == stage and model.default and _WEIGHT_TIMES * model.bytes + _AROUND_BYTES < min(left, needed)
    ]
    if not smaller:
        return f"close other programs, or use --{stage} {_STARTERS[stage]}"
    return f"close other programs, or {_instead(stage, max(smaller, key=lambda one: one.bytes), store)}"


def _instead(stage: str, model: Model, store: ModelStore) -> str:
    if store.find(model.kind, model.name) is not None:
        return f"use the smaller one of the tier {model.tiers[0]}: --{stage} {model.engine}:{model.name}"
    return f"get the smaller one of the tier {model.tiers[0]}: `localvoice models download {model.name}`"
