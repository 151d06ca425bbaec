"""Language models of real size with random weights.

What they write is rubbish; the time they take is that of a trained model of the same shape, because no step of
llama.cpp depends on the values. Vocabulary and template are those of another model, filled up to the size of a real
one, or bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.tiers.gguf_file import F32, Q4_0, Q8_0, Tensor, read_metadata, write

_UNKNOWN, _CONTROL, _UNUSED, _BYTE = 2, 3, 5, 6
"""Types of tokens (llama.h)."""
_TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
_BLOCKS = {Q4_0: (32, 18), Q8_0: (32, 34)}
"""Elements and bytes; both begin with a half-precision scale."""
_PIECE_BLOCKS = 1 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """A transformer's proportions."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocabulary: int
    kind: int = Q4_0
    architecture: str = "llama"
    window: int = 0
    """Tokens of a sliding window (gemma3: five layers of six have one)."""
    head_width: int = 0
    recurrent: tuple[int, ...] = ()
    """Layers with a short convolution in place of attention (lfm2)."""

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.head_width or self.width // self.heads


SIZES = {
    "tiny": Shape(64, 2, 4, 2, 128, 0, Q8_0),
    "tiny-sliding": Shape(64, 6, 4, 2, 128, 0, Q8_0, architecture="gemma3", window=64),
    "tiny-hybrid": Shape(64, 4, 4, 2, 128, 0, Q8_0, architecture="lfm2", recurrent=(0, 1, 3)),
    "0.1b": Shape(768, 12, 12, 4, 2048, 32_000),
    "0.35b": Shape(1024, 16, 16, 8, 4608, 65_536),
    "0.6b": Shape(1024, 28, 16, 8, 3072, 151_936, head_width=128),
    "1b": Shape(2048, 16, 32, 8, 8192, 128_256),
}
"""Of the small tier's models and their neighbours: 0.35b like LFM2.5-350M, 0.6b like Qwen3-0.6B, 1b like Llama-3.2-1B,
all attention."""


def make(path: Path, shape: Shape, like: Path | None = None, seed: int = 0) -> Path:
    """Write a model; nothing where it is there already. `like`: a model whose vocabulary and template it takes."""
    if not path.exists():
        part = path.with_suffix(".part")
        metadata = _metadata(shape, _bytes_as_tokens() if like is None else read_metadata(like))
        vocabulary = len(metadata["tokenizer.ggml.tokens"])
        tensors = list(_tensors(shape, vocabulary))
        random = np.random.default_rng(seed)
        silent = [at for at, token in enumerate(metadata["tokenizer.ggml.tokens"]) if not _is_word(token)]
        write(part, metadata, [(tensor, _weights(tensor, random, silent)) for tensor in tensors])
        part.replace(path)
    return path


def _bytes_as_tokens() -> dict[str, Any]:
    named = ["<unk>", "<s>", "</s>"]
    tokens = [*named, *(f"<0x{value:02X}>" for value in range(256))]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.chat_template": _TEMPLATE,
    }


def _metadata(shape: Shape, tiny: dict[str, Any]) -> dict[str, Any]:
    kind = shape.architecture
    metadata: dict[str, Any] = {
        "general.architecture": kind,
        "general.name": "random weights",
        f"{kind}.context_length": 32_768,
        f"{kind}.embedding_length": shape.width,
        f"{kind}.block_count": shape.layers,
        f"{kind}.feed_forward_length": shape.feed_forward,
        f"{kind}.attention.head_count": shape.heads,
        f"{kind}.attention.head_count_kv": _kv_heads(shape),
        f"{kind}.attention.key_length": shape.head,
        f"{kind}.attention.value_length": shape.head,
        f"{kind}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{kind}.rope.dimension_count": shape.head,
        f"{kind}.rope.freq_base": 10_000.0,
    }
    if shape.window:
        metadata[f"{kind}.attention.sliding_window"] = shape.window
    if shape.recurrent:
        metadata[f"{kind}.shortconv.l_cache"] = 3
    metadata |= {key: value for key, value in tiny.items() if key.startswith("tokenizer.")}
    tokens = metadata["tokenizer.ggml.tokens"]
    fill = max(0, shape.vocabulary - len(tokens))
    metadata["tokenizer.ggml.tokens"] = [*tokens, *(f"<unused{at}>" for at in range(fill))]
    metadata["tokenizer.ggml.token_type"] = [*metadata["tokenizer.ggml.token_type"], *[_UNUSED] * fill]
    if scores := metadata.get("tokenizer.ggml.scores"):
        metadata["tokenizer.ggml.scores"] = [*scores, *[0.0] * fill]
    return metadata | {f"{kind}.vocab_size": len(tokens) + fill}


def _is_word(token: str) -> bool:
    """Whether it gives text at once: pieces of letters and the ends of replies do not."""
    word = token.removeprefix("\u0120")  # byte-level tokenizers write a space like that
    return word.isascii() and word.isalpha()


def _kv_heads(shape: Shape) -> int | list[int]:
    if not shape.recurrent:
        return shape.kv_heads
    return [0 if layer in shape.recurrent else shape.kv_heads for layer in range(shape.layers)]


def _tensors(shape: Shape, vocabulary: int) -> Iterator[Tensor]:
    def matrix(name: str, columns: int, rows: int) -> Tensor:
        elements, size = _BLOCKS[shape.kind]
        return Tensor(f"{name}.weight", (columns, rows), shape.kind, columns * rows // elements * size)

    yield matrix("token_embd", shape.width, vocabulary)
    final = "token_embd_norm" if shape.recurrent else "output_norm"
    yield _vector(final, shape.width)
    for layer in range(shape.layers):
        yield from _mixer(shape, layer, matrix)
        yield _vector(f"blk.{layer}.ffn_norm", shape.width)
        if shape.window:
            yield _vector(f"blk.{layer}.post_ffw_norm", shape.width)
        yield matrix(f"blk.{layer}.ffn_gate", shape.width, shape.feed_forward)
        yield matrix(f"blk.{layer}.ffn_up", shape.width, shape.feed_forward)
        yield matrix(f"blk.{layer}.ffn_down", shape.feed_forward, shape.width)


def _mixer(shape: Shape, layer: int, matrix: Any) -> Iterator[Tensor]:
    """What mixes positions in a layer: attention, or a short convolution."""
    name, width = f"blk.{layer}", shape.width
    yield _vector(f"{name}.attn_norm", width)
    if layer in shape.recurrent:
        yield matrix(f"{name}.shortconv.in_proj", width, 3 * width)
        yield matrix(f"{name}.shortconv.out_proj", width, width)
        yield Tensor(f"{name}.shortconv.conv.weight", (3, width), F32, 12 * width)
        return
    yield matrix(f"{name}.attn_q", width, shape.heads * shape.head)
    yield matrix(f"{name}.attn_k", width, shape.kv_heads * shape.head)
    yield matrix(f"{name}.attn_v", width, shape.kv_heads * shape.head)
    yield matrix(f"{name}.attn_output", shape.heads * shape.head, width)
    if shape.window or shape.recurrent:
        yield _vector(f"{name}.attn_q_norm", shape.head)
        yield _vector(f"{name}.attn_k_norm", shape.head)
    if shape.window:
        yield _vector(f"{name}.post_attention_norm", width)


def _vector(name: str, length: int) -> Tensor:
    return Tensor(f"{name}.weight", (length,), F32, 4 * length)


def _weights(tensor: Tensor, random: np.random.Generator, silent: list[int]) -> Iterator[bytes]:
    """Random ones, but such that no token of `silent` is ever the likeliest: replies have to go on."""
    if tensor.name == "token_embd.weight":
        elements, size = _BLOCKS[tensor.kind]
        columns, rows = tensor.shape
        whole = b"".join(_blocks(tensor, random))
        by_row = np.frombuffer(bytearray(whole), np.uint8).reshape(rows, columns // elements, size)
        by_row[silent, :, :2] = 0
        yield by_row.tobytes()
        return
    yield from _blocks(tensor, random)


def _blocks(tensor: Tensor, random: np.random.Generator) -> Iterator[bytes]:
    if tensor.kind == F32:
        yield np.ones(tensor.bytes // 4, np.float32).tobytes()
        return
    _, size = _BLOCKS[tensor.kind]
    scale = np.array([0.02 / 5 if tensor.kind == Q4_0 else 0.02 / 74], np.float16).view(np.uint8)
    left = tensor.bytes // size
    while left:
        count = min(left, _PIECE_BLOCKS)
        blocks = random.integers(0, 256, (count, size), np.uint8)
        blocks[:, :2] = scale
        yield blocks.tobytes()
        left -= count
