"""A voice of Piper's size and form with random weights: what it speaks is noise, in the time that speech takes.

The decoder (HiFi-GAN, where most of the time goes) is that of Piper's quality "medium"; in place of the text encoder
and the flow stand convolutions of their width.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.tiers.onnx_file import Graph

_RATE_HZ = 22_050
_WIDTH = 192
_FRAMES_A_PHONEME = 6
"""Of 256 samples: 70 ms, as Piper speaks."""
_TEXT_LAYERS = 12
_STAGES = ((8, 16), (8, 16), (4, 8))
"""Upsampling: factor and kernel."""
_FIRST_CHANNELS = 256
_BLOCKS = ((3, (1, 2)), (5, (2, 6)), (7, (3, 12)))
"""Kernel and dilations of the residual blocks behind each stage."""


@dataclass(slots=True)
class _Weights:
    graph: Graph
    random: np.random.Generator

    def make(self, *size: int) -> str:
        loudness = np.sqrt(2 / np.prod(size[1:]))  # as loud behind a layer as before it
        values = self.random.standard_normal(size, np.float32) * np.float32(loudness)
        return self.graph.constant(values)

    def convolution(self, source: str, inputs: int, outputs: int, kernel: int, dilation: int = 1) -> str:
        pad = dilation * (kernel - 1) // 2
        weights = self.make(outputs, inputs, kernel)
        return self.graph.node("Conv", source, weights, dilations=[dilation], pads=[pad, pad])


def make(path: Path, like: Path | None = None, seed: int = 0) -> Path:
    """Write a voice; nothing where it is there already. `like`: a voice whose phonemes and language it takes."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_voice(np.random.default_rng(seed)))
        if like is not None:
            settings: dict[str, Any] = json.loads(Path(f"{like}.json").read_text(encoding="utf-8"))
            settings["audio"] = settings.get("audio", {}) | {"sample_rate": _RATE_HZ}
            Path(f"{path}.json").write_text(json.dumps(settings), encoding="utf-8")
    return path


def _voice(random: np.random.Generator) -> bytes:
    graph = Graph()
    weights = _Weights(graph, random)
    phonemes = graph.input("input", (1, "phonemes"), is_int=True)
    graph.input("input_lengths", (1,), is_int=True)
    graph.input("scales", (3,))
    at = graph.node("Gather", weights.make(256, _WIDTH), phonemes, axis=0)
    at = graph.node("Transpose", at, perm=[0, 2, 1])
    for _ in range(_TEXT_LAYERS):
        at = graph.node("Relu", weights.convolution(at, _WIDTH, _WIDTH, 3))
    lengthen = graph.constant(np.ones((_WIDTH, 1, _FRAMES_A_PHONEME), np.float32))
    at = graph.node("ConvTranspose", at, lengthen, strides=[_FRAMES_A_PHONEME], group=_WIDTH)
    at = weights.convolution(at, _WIDTH, _FIRST_CHANNELS, 7)
    channels = _FIRST_CHANNELS
    for factor, kernel in _STAGES:
        at = graph.node("LeakyRelu", at, alpha=0.1)
        pad = (kernel - factor) // 2
        shape = weights.make(channels, channels // 2, kernel)
        at = graph.node("ConvTranspose", at, shape, strides=[factor], pads=[pad, pad])
        channels //= 2
        blocks = [_residual(weights, at, channels, *block) for block in _BLOCKS]
        at = graph.node("Sum", *blocks)
    at = weights.convolution(graph.node("LeakyRelu", at, alpha=0.1), channels, 1, 7)
    graph.node("Unsqueeze", graph.node("Tanh", at), graph.constant(np.array([1], np.int64)), output="output")
    graph.output("output", (1, 1, 1, "samples"))
    return graph.as_bytes()


def _residual(weights: _Weights, source: str, channels: int, kernel: int, dilations: tuple[int, ...]) -> str:
    for dilation in dilations:
        bent = weights.graph.node("LeakyRelu", source, alpha=0.1)
        source = weights.graph.node("Add", weights.convolution(bent, channels, channels, kernel, dilation), source)
    return source
