"""Phoneme lengths from any Piper voice: published ones compute them, but do not hand them out.

Rule of this file: the model's bytes are read as protobuf and never rewritten; an output is added behind them, since
protobuf merges what stands twice. The package `onnx`, which Piper's own patch needs, is not.
"""

from __future__ import annotations

from collections.abc import Iterator

# field numbers of onnx.proto
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_OUTPUT = 1, 12
_NODE_OUTPUT, _NODE_OP_TYPE = 2, 4
_VALUE_NAME = 1

# wire types of protobuf
_VARINT = 0
_BYTES = 2
_FIXED_BYTES = {1: 8, 5: 4}
"""Wire types and their sizes."""


def with_phoneme_lengths(model: bytes) -> bytes | None:
    """`model` with the phonemes' lengths (in hops) as its second output.

    None where it has one already, where they cannot be found (they are what its only `Ceil` node gives), or where it is
    no ONNX model: then it is to be used as it is.
    """
    try:
        graphs = [value for field, value in _fields(memoryview(model)) if field == _MODEL_GRAPH]
        entries = [entry for graph in graphs for entry in _fields(graph)]
        rounded = [name for field, value in entries if field == _GRAPH_NODE for name in _ceil_outputs(value)]
    except (IndexError, ValueError):
        return None
    outputs = sum(field == _GRAPH_OUTPUT for field, _ in entries)
    if outputs != 1 or len(rounded) != 1:
        return None
    output = _message(_VALUE_NAME, rounded[0])
    return model + _message(_MODEL_GRAPH, _message(_GRAPH_OUTPUT, output))


def _ceil_outputs(node: memoryview) -> list[bytes]:
    fields = list(_fields(node))
    is_ceil = any(field == _NODE_OP_TYPE and bytes(value) == b"Ceil" for field, value in fields)
    return [bytes(value) for field, value in fields if is_ceil and field == _NODE_OUTPUT]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the fields that have a length; numbers are passed over."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _BYTES:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise ValueError("the field is longer than its message")
            yield key >> 3, message[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = _varint(message, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            raise ValueError(f"{kind} is no wire type")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at `at`, and the index behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _message(field: int, content: bytes) -> bytes:
    """A field that has a length, shorter than 128 bytes times 128."""
    length = len(content)
    size = bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
    return bytes([field << 3 | _BYTES]) + size + content
