"""Silero's own package, in torch (extra `torch`): the reference that the ONNX path is compared with."""

from __future__ import annotations

import warnings
from typing import Any

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.vad import WINDOW
from localvoice.errors import ModelError


class TorchSileroVad:
    """`silero_vad.load_silero_vad()`, one thread; it keeps state and context itself. Memory: about 250 MB more."""

    name = "silero"

    def __init__(self) -> None:
        try:
            import torch
            from silero_vad import load_silero_vad
        except ImportError as error:
            raise ModelError("vad.runtime = \"torch\" needs `pip install 'localvoice[torch]'`") from error
        torch.set_num_threads(1)
        self._torch: Any = torch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the package loads TorchScript, torch objects to it
            self._model: Any = load_silero_vad(onnx=False)
        self.probability(silence(WINDOW))
        self.reset()

    def reset(self) -> None:
        """State and context to zeros."""
        self._model.reset_states()

    def probability(self, window: Samples) -> float:
        """Speech probability of the next 512 samples."""
        with self._torch.inference_mode():
            return float(self._model(self._torch.from_numpy(window.copy()), SPEECH_RATE_HZ).item())
