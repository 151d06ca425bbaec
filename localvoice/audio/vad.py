"""Voice activity: the probability that a window of 512 samples (32 ms at 16 kHz) holds speech."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence, to_int16
from localvoice.audio.silero_network import SileroNetwork, load_network
from localvoice.errors import ModelError

_log = logging.getLogger(__name__)

WINDOW = 512
"""Samples per window: what Silero was trained on at 16 kHz."""

WINDOW_S = WINDOW / SPEECH_RATE_HZ


class VoiceActivity(Protocol):
    """A detector with memory: windows must be given in order. Not thread-safe."""

    @property
    def name(self) -> str:
        """As in the flag `--vad`."""

    def probability(self, window: Samples) -> float:
        """Speech probability, 0..1, of the next 512 samples."""

    def reset(self) -> None:
        """Forget what was heard; call in silence, where a stale state would delay the next onset."""


class SileroVad:
    """Silero VAD from either file form, state and context carried from window to window."""

    name = "silero"

    def __init__(self, model: Path, network: SileroNetwork | None = None) -> None:
        self._network = load_network(model) if network is None else network
        self.probability(silence(WINDOW))
        self.reset()

    @property
    def runtime(self) -> str:
        """What runs it: `native` or `onnxruntime`."""
        return self._network.runtime

    def another(self) -> SileroVad:
        """One with a memory of its own; the weights are shared, and both may be used in one thread only."""
        twin = copy(self)
        twin._network = self._network.another()  # noqa: SLF001 - of its own kind
        return twin

    def reset(self) -> None:
        """State and context to zeros, together."""
        self._network.reset()

    def probability(self, window: Samples) -> float:
        """Speech probability of the next 512 samples."""
        return self._network.hear(window)


class WebRtcVad:
    """WebRTC's VAD, as pocketsphinx carries it: fast, and less sure about noise than Silero."""

    name = "webrtc"
    _FRAME = 160

    def __init__(self) -> None:
        from pocketsphinx import Vad

        self._vad = Vad(mode=2, sample_rate=SPEECH_RATE_HZ, frame_length=self._FRAME / SPEECH_RATE_HZ)
        self._rest = silence(0)
        self._last = 0.0

    def reset(self) -> None:
        """Forget the samples left over; the detector's own noise model stays."""
        self._rest = silence(0)

    def probability(self, window: Samples) -> float:
        """The share of 10 ms frames that were called speech."""
        pcm = np.concatenate((self._rest, window))
        frames = len(pcm) // self._FRAME
        heard = sum(
            self._vad.is_speech(to_int16(pcm[i * self._FRAME : (i + 1) * self._FRAME]).tobytes()) for i in range(frames)
        )
        self._rest = pcm[frames * self._FRAME :]
        return int(heard) / frames


class EnergyVad:
    """Level over an adaptive noise floor: for machines on which nothing else runs."""

    name = "energy"
    _RISE_DB_PER_S = 3.0
    """How fast the floor follows a louder room; slower than a syllable, faster than a person waits."""
    _HALF_DB = 9.0
    """Level over the floor at which the probability is 0.5."""

    def __init__(self) -> None:
        self._floor_db = -60.0

    def reset(self) -> None:
        """The noise floor stays: it belongs to the room."""

    def probability(self, window: Samples) -> float:
        """A logistic curve over the level above the noise floor."""
        level_db = level_dbfs(window)
        self._floor_db = max(-80.0, min(level_db, self._floor_db + self._RISE_DB_PER_S * WINDOW_S))
        over_db = min(level_db - self._floor_db, level_db + 60.0)
        return float(1.0 / (1.0 + np.exp(-(over_db - self._HALF_DB) / 2.0)))


def level_dbfs(samples: Samples) -> float:
    """RMS level in dB relative to full scale; -120 for digital silence."""
    return float(10.0 * np.log10(np.mean(np.square(samples), dtype=np.float64) + 1e-12))


def bundled_silero() -> Path:
    """The Silero file inside faster-whisper's package: there without a download, weights a little older."""
    spec = find_spec("faster_whisper")  # finds the folder, imports nothing
    if spec is not None and spec.origin is not None:
        assets = Path(spec.origin).parent / "assets"
        for file in sorted(assets.glob("silero_vad*.onnx"), reverse=True):
            return file
    raise ModelError("no Silero VAD model: run `pip install faster-whisper`, or take `--vad webrtc`")


def load_vad(
    name: str, installed: Path | None = None, runtime: str = "onnx", told: Callable[[str], None] = _log.warning
) -> VoiceActivity:
    """The detector of `--vad NAME`.

    Args:
        name: `silero`, `energy` or `webrtc`.
        installed: The catalogue's newer Silero file, where it is there.
        runtime: Of Silero: `onnx`, or `torch` for the package's own code.
        told: Called where `installed` cannot be used, and the one of faster-whisper's package is taken.
    """
    if name == "energy":
        return EnergyVad()
    if name == "webrtc":
        return WebRtcVad()
    if runtime == "torch":
        from localvoice.audio.vad_torch import TorchSileroVad

        return TorchSileroVad()
    if installed is not None:
        try:
            return SileroVad(installed)
        except ModelError as error:
            told(f"{error}; an older one is used meanwhile")
    return SileroVad(bundled_silero())
