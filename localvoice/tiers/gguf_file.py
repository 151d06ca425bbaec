"""Reads and writes GGUF files, as far as models with random weights need it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALIGNMENT = 32
F32, Q4_0, Q8_0 = 0, 2, 8
"""ggml's numbers of tensor types."""

_U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor that is made when it is written: models are larger than memory should be asked for."""

    name: str
    shape: tuple[int, ...]
    """As ggml counts: the row's length first."""
    kind: int
    bytes: int


def read_metadata(path: Path) -> dict[str, Any]:
    """Everything that the file says about itself, arrays included."""
    data = path.read_bytes()
    count, at = struct.unpack_from("<Q", data, 16)[0], 24
    found = {}
    for _ in range(count):
        key, at = _string(data, at)
        kind = struct.unpack_from("<I", data, at)[0]
        found[key], at = _value(data, at + 4, kind)
    return found


def _string(data: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<Q", data, at)[0]
    return data[at + 8 : at + 8 + length].decode(), at + 8 + length


def _value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _string(data, at)
    if kind == _ARRAY:
        inner, count = struct.unpack_from("<IQ", data, at)
        at += 12
        items = []
        for _ in range(count):
            item, at = _value(data, at, inner)
            items.append(item)
        return items, at
    return struct.unpack_from(_SCALARS[kind], data, at)[0], at + struct.calcsize(_SCALARS[kind])


def write(path: Path, metadata: Mapping[str, Any], tensors: Sequence[tuple[Tensor, Iterator[bytes]]]) -> None:
    """Write a model; the bytes of a tensor come in pieces."""
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
        for key, value in metadata.items():
            file.write(_text(key) + _typed(value))
        at = 0
        for tensor, _ in tensors:
            shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            file.write(_text(tensor.name) + shape + struct.pack("<IQ", tensor.kind, at))
            at += _aligned(tensor.bytes)
        file.write(bytes(-file.tell() % ALIGNMENT))
        for tensor, pieces in tensors:
            for piece in pieces:
                file.write(piece)
            file.write(bytes(_aligned(tensor.bytes) - tensor.bytes))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _kind(value: object) -> int:
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int):
        return _U32
    return _F32 if isinstance(value, float) else _STRING


def _typed(value: Any) -> bytes:
    if isinstance(value, list):
        kind = _I32 if isinstance(value[0], int) else _kind(value[0])  # what llama.cpp expects of token types
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + b"".join(_packed(one, kind) for one in value)
    kind = _kind(value)
    return struct.pack("<I", kind) + _packed(value, kind)


def _packed(value: Any, kind: int) -> bytes:
    return _text(value) if kind == _STRING else struct.pack(_SCALARS[kind], value)
