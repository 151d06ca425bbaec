"""Writes ONNX files without the package `onnx`, as far as a synthesiser of random weights needs it.

Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, encoded as protocol buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_OPSET = 15
_IR_VERSION = 8
_FLOAT, _INT64 = 1, 7
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}
_ATTRIBUTE_INT, _ATTRIBUTE_INTS, _ATTRIBUTE_FLOAT = 2, 7, 1

Attribute = int | float | Sequence[int]
Size = Sequence[int | str]
"""Words are sizes that may vary."""


@dataclass(slots=True)
class Graph:
    """A model under construction."""

    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    nodes: list[bytes] = field(default_factory=list)
    constants: list[bytes] = field(default_factory=list)
    count: int = 0

    def input(self, name: str, size: Size, *, is_int: bool = False) -> str:
        """Declare an input."""
        self.inputs.append(_value_info(name, size, _INT64 if is_int else _FLOAT))
        return name

    def output(self, name: str, size: Size) -> None:
        """Declare what `name` holds as an output."""
        self.outputs.append(_value_info(name, size, _FLOAT))

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Weights, by the name that nodes know them by."""
        self.count += 1
        name = f"c{self.count}"
        dims = b"".join(_number(1, one) for one in values.shape)
        kind = _number(2, _TYPES[values.dtype])
        self.constants.append(dims + kind + _bytes(8, name.encode()) + _bytes(9, values.tobytes()))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Attribute) -> str:
        """An operation; returns the name of what comes out."""
        self.count += 1
        output = output or f"v{self.count}"
        body = b"".join(_bytes(1, one.encode()) for one in inputs) + _bytes(2, output.encode())
        body += _bytes(3, f"n{self.count}".encode()) + _bytes(4, kind.encode())
        self.nodes.append(body + b"".join(_bytes(5, _attribute(*one)) for one in attributes.items()))
        return output

    def as_bytes(self) -> bytes:
        """The file."""
        graph = b"".join(_bytes(1, one) for one in self.nodes) + _bytes(2, b"graph")
        for number, parts in ((5, self.constants), (11, self.inputs), (12, self.outputs)):
            graph += b"".join(_bytes(number, one) for one in parts)
        return _number(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, _OPSET))


def _attribute(name: str, value: Attribute) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    if isinstance(value, float):
        return head + b"\x15" + np.float32(value).tobytes() + _number(20, _ATTRIBUTE_FLOAT)
    return head + b"".join(_number(8, one) for one in value) + _number(20, _ATTRIBUTE_INTS)


def _value_info(name: str, size: Size, kind: int) -> bytes:
    dims = b"".join(_bytes(1, _bytes(2, one.encode()) if isinstance(one, str) else _number(1, one)) for one in size)
    tensor = _number(1, kind) + _bytes(2, dims)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field_number: int, value: int) -> bytes:
    return _varint(field_number << 3) + _varint(value)


def _bytes(field_number: int, value: bytes) -> bytes:
    return _varint(field_number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
