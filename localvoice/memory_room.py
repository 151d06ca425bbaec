"""Whether a model fits into the memory that is free, asked before anything of it is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from localvoice.engine_names import LOCAL, STARTERS
from localvoice.errors import ModelError
from localvoice.llm.gguf import chat_model_header
from localvoice.machine import free_bytes
from localvoice.model_store.catalogue import size_text
from localvoice.model_store.store import ModelStore

_AROUND_BYTES = 150_000_000
"""Library and working memory of an engine."""

_WEIGHT_TIMES = 1.2
"""Memory for each byte of an ONNX or CTranslate2 file (base.en, int8 on load, and Piper medium: 1.0 to 1.2)."""


class NoRoomError(ModelError):
    """A model does not fit into the memory that is free; `short` says so without a way out."""

    def __init__(self, short: str, way_out: str) -> None:
        super().__init__(f"{short}: {way_out}")
        self.short = short


class MemoryRoom:
    """The memory that was free when the first model asked; engines load in parallel, so what is promised is counted."""

    def __init__(self, free: Callable[[], int] = free_bytes) -> None:
        self._free = free
        self._left: int | None = None
        self._lock = threading.Lock()

    def take(self, stage: str, path: Path, store: ModelStore, context_tokens: int) -> None:
        """Room for the model at `path`.

        Raises:
            NoRoomError: there is none; the message names a smaller model that fits.
            ModelError: It is no whole language model.
        """
        needed = needed_bytes(path, context_tokens)
        with self._lock:
            self._left = self._free() if self._left is None else self._left
            if needed <= self._left:
                self._left -= needed
                return
            left = self._left
        name = path.parent.name if path.is_file() and path.parent.parent.name == stage else path.name
        raise NoRoomError(
            f"{name} needs about {size_text(needed)} of memory and {size_text(left)} are free",
            _way_out(stage, path, min(left, needed), store),
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
    return _about(sum(one.stat().st_size for one in files))


def _way_out(stage: str, path: Path, most: int, store: ModelStore) -> str:
    """What to do without the model at `path`: another one takes less than `most`."""
    others = [one for one in store.installed() if one.kind == stage and one.path != path]
    here = [one for one in others if _about(one.bytes) < most]
    if here:
        best = max(here, key=lambda one: one.bytes)
        engine = best.model.engine if best.model else LOCAL[stage][0]
        return f"close other programs, or use a smaller one that is here: --{stage} {engine}:{best.name}"
    known = [one for one in store.catalogue if one.kind == stage and one.default and _about(one.bytes) < most]
    if not known:
        return f"close other programs, or use --{stage} {STARTERS[stage]}"
    smaller = max(known, key=lambda one: one.bytes)
    return (
        f"close other programs, or get the smaller one of the tier {smaller.tiers[0]}: "
        f"`localvoice models download {smaller.name}`"
    )


def _about(size: int) -> int:
    return int(_WEIGHT_TIMES * size) + _AROUND_BYTES
