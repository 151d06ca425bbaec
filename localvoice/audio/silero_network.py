"""Silero's network: in our own C where it is compiled and knows the file, else in onnxruntime."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from localvoice.audio import native_reflex
from localvoice.audio.native_reflex import NativeSilero
from localvoice.audio.onnx_model import open_model
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.silero_weights import UnknownNetworkError, read_weights

_WINDOW = 512
_CONTEXT = 64
"""Samples of the window before that Silero sees in front; without them it answers 0.001 throughout (engines.md 1)."""

_STATE_SHAPE = (2, 1, 128)


class SileroNetwork(Protocol):
    """The network with its memory: windows must be given in order. Not thread-safe."""

    @property
    def runtime(self) -> str:
        """What runs it: `native` or `onnxruntime`."""

    def hear(self, window: Samples) -> float:
        """Speech probability of the next 512 samples."""

    def reset(self) -> None:
        """State and context to zeros, together."""

    def another(self) -> SileroNetwork:
        """One with a memory of its own; the weights are shared, and both may be used in one thread only."""


def load_network(model: Path) -> SileroNetwork:
    """The faster one of both. Raises `ModelError` for a file that neither can read."""
    library = native_reflex.load()
    if library is not None:
        try:
            return NativeSilero(library, read_weights(model))
        except (UnknownNetworkError, OSError):
            pass  # onnxruntime knows more networks, and says what is wrong with the file
    return OnnxSilero(model)


class OnnxSilero:
    """Either file form in onnxruntime."""

    runtime = "onnxruntime"

    def __init__(self, model: Path) -> None:
        self._session = open_model(model, "Silero VAD")
        self._is_sequence = any(one.name == "h" for one in self._session.get_inputs())
        self._begin()

    def _begin(self) -> None:
        self._input = np.zeros((1, _CONTEXT + _WINDOW), dtype=np.float32)
        self._feeds: dict[str, Any] = {}
        self.reset()

    def another(self) -> OnnxSilero:
        """The session is shared."""
        twin = copy(self)
        twin._begin()  # noqa: SLF001 - of its own kind
        return twin

    def reset(self) -> None:
        """State and context to zeros, together."""
        self._input[:] = 0.0
        self._feeds = {"input": self._input}
        if self._is_sequence:
            self._feeds |= {name: np.zeros((1, 1, 128), dtype=np.float32) for name in ("h", "c")}
        else:
            self._feeds |= {"state": np.zeros(_STATE_SHAPE, dtype=np.float32), "sr": np.array(SPEECH_RATE_HZ)}

    def hear(self, window: Samples) -> float:
        """Speech probability of the next 512 samples."""
        self._input[0, _CONTEXT:] = window
        answer, *state = self._session.run(None, self._feeds)
        if self._is_sequence:
            self._feeds["h"], self._feeds["c"] = state
        else:
            self._feeds["state"] = state[0]
        self._input[0, :_CONTEXT] = window[-_CONTEXT:]
        return float(answer.reshape(-1)[0])
