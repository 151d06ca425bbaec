"""Recognisers of real size with random weights, in CTranslate2's format.

What they write is rubbish; the time they take is that of Whisper, because nothing in it depends on the values but when
it stops, which is bounded from outside.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
_MEL_BANDS, _POSITIONS, _TEXT_POSITIONS = 80, 1500, 448


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """A model's proportions; `layers` of the encoder and as many of the decoder."""

    width: int
    layers: int
    vocabulary: int = 51_864

    @property
    def heads(self) -> int:
        """Whisper's are 64 wide."""
        return self.width // 64


BASE = WhisperShape(512, 6)
THIRD_OF_BASE = WhisperShape(512, 2, 8_000)
"""Made in a second, and takes a third of the time."""


def make(folder: Path, shape: WhisperShape, tokens: Sequence[str] = _SPECIAL, seed: int = 0) -> Path:
    """Write an int8 model; nothing where it is there already. `tokens` begin the vocabulary, the rest is made up."""
    if (folder / "model.bin").exists():
        return folder
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from ctranslate2.specs import WhisperSpec

    spec = WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    _fill(spec, shape, np.random.default_rng(seed))
    vocabulary = [*tokens, *(f"<unused{at}>" for at in range(shape.vocabulary - len(tokens)))]
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [vocabulary.index("<|en|>")]
    spec.config.alignment_heads = [(shape.layers - 1, 0)]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    return folder


def _fill(spec: Any, shape: WhisperShape, random: np.random.Generator) -> None:
    def weights(*size: int) -> Any:
        return random.standard_normal(size, np.float32) * np.float32(0.02)

    def linear(layer: Any, rows: int, columns: int) -> None:
        layer.weight, layer.bias = weights(rows, columns), np.zeros(rows, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(shape.width, np.float32), np.zeros(shape.width, np.float32)

    def attention(layer: Any, *rows: int) -> None:
        norm(layer.layer_norm)
        for part, times in zip(layer.linear, rows, strict=True):
            linear(part, times * shape.width, shape.width)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * shape.width, shape.width)
        linear(layer.linear_1, shape.width, 4 * shape.width)

    encoder, decoder = spec.encoder, spec.decoder
    for part, channels in ((encoder.conv1, _MEL_BANDS), (encoder.conv2, shape.width)):
        part.weight, part.bias = weights(shape.width, channels, 3), np.zeros(shape.width, np.float32)
    encoder.position_encodings.encodings = weights(_POSITIONS, shape.width)
    decoder.position_encodings.encodings = weights(_TEXT_POSITIONS, shape.width)
    decoder.embeddings.weight = decoder.projection.weight = weights(shape.vocabulary, shape.width)
    for layer in encoder.layer:
        attention(layer.self_attention, 3, 1)
        feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.self_attention, 3, 1)
        attention(layer.attention, 1, 2, 1)
        feed_forward(layer.ffn)
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
