"""The weights of Silero's network out of an ONNX file, as the native code wants them.

Rule of this file: it knows one network, the one of Silero VAD 5 and 6 at 16 kHz. What differs in a shape or a stride is
not that, and stays with onnxruntime.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.samples import Samples

_PANEL = 32
"""LV_PANEL of reflex.h."""

_BASIS = "forward_basis_buffer"
_SHAPES: dict[str, tuple[int, ...]] = {
    _BASIS: (258, 1, 256),
    "0.weight": (128, 129, 3),
    "0.bias": (128,),
    "1.weight": (64, 128, 3),
    "1.bias": (64,),
    "2.weight": (64, 64, 3),
    "2.bias": (64,),
    "3.weight": (128, 64, 3),
    "3.bias": (128,),
    "decoder.weight": (1, 128, 1),
    "decoder.bias": (1,),
    "input": (512, 128),
    "hidden": (512, 128),
    "gates": (512,),
}
"""Of the tensors by the names used here, which are the ends of both files' names, put right by `_known`."""

_STRIDES = [(128, 0), (1, 1), (2, 1), (2, 1), (1, 1), (1, 0)]
"""(stride, padding) of the convolutions in their order."""

_BASIS_WITHIN = 1e-5
"""By how much a stored Fourier basis may differ from ours: float32."""


class UnknownNetworkError(Exception):
    """The file holds another network."""


def read_weights(model: Path) -> dict[str, Samples]:
    """Arrays by the fields of `lv_silero_net`, in float32. Raises `UnknownNetworkError`, `OSError`."""
    try:
        graph = memoryview(next(_of(memoryview(model.read_bytes()), 7)))
        tensors = _known(dict(_tensor(one) for one in _of(graph, 5)))
        nodes = [_node(one) for one in _of(graph, 1)]
    except (IndexError, StopIteration, UnicodeDecodeError, ValueError) as error:
        raise UnknownNetworkError(f"{model.name} is no ONNX file that can be read") from error
    if {name: array.shape for name, array in tensors.items()} != _SHAPES:
        raise UnknownNetworkError(f"{model.name} has other layers")
    if [places for kind, places in nodes if kind == "Conv"] != _STRIDES:
        raise UnknownNetworkError(f"{model.name} has other convolutions")
    if np.abs(tensors[_BASIS][:, 0] - _basis()).max() > _BASIS_WITHIN:
        raise UnknownNetworkError(f"{model.name} has another transform")
    return _packed(tensors)


def _packed(of: dict[str, Samples]) -> dict[str, Samples]:
    convolutions = [of[f"{layer}.weight"].transpose(0, 2, 1) for layer in range(4)]  # inputs by tap, then by channel
    return {
        "wide": _panels(convolutions[0]),
        "halved": _panels(convolutions[1]),
        "joined": _panels(convolutions[2][:, 1:]),
        "last": _panels(convolutions[3][:, 1:2]),
        "gates": _panels(np.concatenate((of["input"], of["hidden"]), axis=1)),
        "decoder": np.concatenate((of["decoder.weight"].reshape(-1), of["decoder.bias"])),
        "biases": np.concatenate([of[f"{layer}.bias"] for layer in range(4)] + [of["gates"]]),
    }


def _panels(matrix: NDArray[np.float32]) -> Samples:
    """Shape (outputs, ...) to panels of outputs: for each input the weights of the panel lie side by side."""
    flat = matrix.reshape(len(matrix) // _PANEL, _PANEL, -1)
    return np.ascontiguousarray(flat.transpose(0, 2, 1)).reshape(-1)


def _basis() -> NDArray[np.float64]:
    """A Fourier transform of 256 samples under a Hann window: real parts, then imaginary ones."""
    at = np.arange(256)
    turns = 2 * np.pi * np.outer(np.arange(129), at) / 256
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * at / 256)
    basis: NDArray[np.float64] = np.concatenate((np.cos(turns), -np.sin(turns))) * hann
    return basis


def _known(tensors: dict[str, Samples]) -> dict[str, Samples]:
    """By the names used here; gates in the order of ONNX: input, output, forget, cell."""
    found = {}
    for name, array in tensors.items():
        parts = name.split(".")
        if parts[-1] == _BASIS:
            found[_BASIS] = array
        elif "encoder" in parts:
            found[f"{next(part for part in parts if part.isdigit())}.{parts[-1]}"] = array
        elif parts[-1] in {"weight", "bias"}:
            found[f"decoder.{parts[-1]}"] = array
    recurrent = [array for name, array in tensors.items() if "LSTM" in name]
    if len(recurrent) == 3:
        found["input"], found["hidden"] = (array.reshape(512, 128) for array in recurrent[:2])
        found["gates"] = recurrent[2].reshape(2, 512).sum(axis=0)
        return found
    by_end = {name.rpartition(".")[2]: array for name, array in tensors.items() if ".rnn." in name}
    if by_end.keys() != {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}:
        raise UnknownNetworkError("there is another memory")
    found["input"], found["hidden"] = (_as_onnx(by_end[f"weight_{end}"]) for end in ("ih", "hh"))
    found["gates"] = _as_onnx(by_end["bias_ih"] + by_end["bias_hh"])
    return found


def _as_onnx(gates: Samples) -> Samples:
    """PyTorch's order is input, forget, cell, output."""
    first, forget, cell, output = np.split(gates, 4)
    return np.concatenate((first, output, forget, cell))


# The wire format of ONNX files (protobuf): fields of a number, of 1, 4 or 8 bytes, or of a length.


def _tensor(message: memoryview) -> tuple[str, Samples]:
    """(name, array); an empty one where it is not of float32."""
    name = bytes(next(_of(message, 8), b"")).decode()
    is_float = list(_numbers(message, 2)) == [1]
    shape = list(_numbers(message, 1))
    data = np.frombuffer(next(_of(message, 9), b""), dtype="<f4") if is_float else np.empty(0, dtype=np.float32)
    return name, data.reshape(shape) if data.size == prod(shape) else np.empty(0, dtype=np.float32)


def _node(message: memoryview) -> tuple[str, tuple[int, int]]:
    """(kind, (stride, padding)) of an operation."""
    attributes = {bytes(next(_of(one, 1))).decode(): list(_numbers(one, 8)) for one in _of(message, 5)}
    stride, pad = (attributes.get(name) or [0] for name in ("strides", "pads"))
    return bytes(next(_of(message, 4), b"")).decode(), (stride[0], pad[0])


def _of(message: memoryview, number: int) -> Iterator[memoryview]:
    """The parts of a message that have a length and this number."""
    for field, value in _fields(message):
        if field == number and isinstance(value, memoryview):
            yield value


def _numbers(message: memoryview, number: int) -> Iterator[int]:
    """The whole numbers of this number, one by one or packed."""
    for field, value in _fields(message):
        if field != number:
            continue
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            yield one


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        length, at = {1: (8, at), 5: (4, at)}.get(kind) or (_varint(message, at) if kind == 2 else _refuse(kind))
        if at + length > len(message):
            raise ValueError("the file is cut off")
        yield key >> 3, message[at : at + length]
        at += length


def _refuse(kind: int) -> tuple[int, int]:
    raise ValueError(f"unknown kind of field: {kind}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """(value, place behind it)."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
