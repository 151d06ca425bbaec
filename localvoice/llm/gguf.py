"""The header of a GGUF file, read before native code sees the file.

Rule of this file: nothing is trusted. A truncated download must become one clear line, never a crash of the process.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localvoice.errors import ModelError, get_again

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING = 8
_ARRAY = 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_KEPT_ARRAY = 64
"""Longer arrays (the vocabulary) are stepped over."""

_TENSOR_TYPES: Mapping[int, tuple[int, int]] = {
    **dict.fromkeys((0, 26), (1, 4)),  # F32, I32
    **dict.fromkeys((1, 30, 25), (1, 2)),  # F16, BF16, I16
    **dict.fromkeys((27, 28), (1, 8)),  # I64, F64
    24: (1, 1),  # I8
    **{kind: (32, size) for kind, size in ((2, 18), (3, 20), (6, 22), (7, 24), (8, 34), (9, 36), (20, 18), (39, 17))},
    **dict(zip(range(10, 16), ((256, 84), (256, 110), (256, 144), (256, 176), (256, 210), (256, 292)), strict=True)),
    **dict(zip(range(16, 20), ((256, 66), (256, 74), (256, 98), (256, 50)), strict=True)),
    **{kind: (256, size) for kind, size in ((21, 110), (22, 82), (23, 136), (29, 56), (34, 54), (35, 66))},
}
"""Elements and bytes of a block, by ggml's type number (ggml-common.h). An unknown type counts 0 bytes: newer files
than this table are left to llama.cpp."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says about itself."""

    metadata: Mapping[str, Any]
    """Scalars, strings and short arrays; of a long array only its length, as an int."""
    needed_bytes: int
    """Size that the file must have for its last tensor to be inside."""

    @property
    def architecture(self) -> str:
        """Such as "llama" or "qwen3"; empty where the file does not say."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def context_tokens(self) -> int:
        """Context that the model was trained for; 0 where the file does not say."""
        return int(self.metadata.get(f"{self.architecture}.context_length", 0))

    @property
    def forgets(self) -> bool:
        """Whether some layers keep a state in place of every token: it can go on, but not back."""
        return any(
            key.startswith(f"{self.architecture}.{part}")
            for key in self.metadata
            for part in ("ssm.", "shortconv.", "wkv")
        )

    @property
    def context_bytes_per_token(self) -> int:
        """Memory of one token of context, in half precision; sliding windows count like whole layers."""
        kind = self.architecture
        heads, layers = (
            self.metadata.get(f"{kind}.attention.head_count", 0),
            self.metadata.get(f"{kind}.block_count", 0),
        )
        kv_heads = self.metadata.get(f"{kind}.attention.head_count_kv", heads)
        width = self.metadata.get(f"{kind}.embedding_length", 0)
        most = max(heads) if isinstance(heads, list) else heads
        key = self.metadata.get(f"{kind}.attention.key_length", width // max(1, most))
        value = self.metadata.get(f"{kind}.attention.value_length", width // max(1, most))
        per_layer = sum(kv_heads) if isinstance(kv_heads, list) else kv_heads * layers
        return int(2 * per_layer * (key + value))

    @property
    def chat_template(self) -> str:
        """Jinja source; empty for a model that was not made to converse."""
        return str(self.metadata.get("tokenizer.chat_template", ""))


def chat_model_header(path: Path) -> GgufHeader:
    """The header of a complete chat model. Reads the vocabulary's lengths: about 0.1 s for 250 000 words.

    Raises:
        ModelError: The file is missing, truncated, no GGUF, or has no chat template.
    """
    again = get_again(path.parent)
    if not path.is_file():
        raise ModelError(f"no language model at {path}: get one with `localvoice models download`")
    try:
        header = read_header(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {again}") from error
    except ValueError as error:
        raise ModelError(f"{path} is not a whole GGUF file ({error}): {again}") from error
    size = path.stat().st_size
    if size < header.needed_bytes:
        raise ModelError(f"{path} is truncated ({size} of {header.needed_bytes} bytes): {again}")
    if not header.chat_template:
        raise ModelError(
            f"{path} has no chat template, so it cannot converse: take an instruct model (`localvoice models list`)"
        )
    return header


def read_header(path: Path) -> GgufHeader:
    """Metadata and extent of the file at `path`.

    Raises:
        ValueError: It is no GGUF file, ends within the header, or has values that cannot be.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise ValueError("it does not begin like one")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _Reader(data).header()
            except struct.error as error:
                raise ValueError("it ends within its header") from error


class _Reader:
    """Steps through the bytes of a header."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 4

    def header(self) -> GgufHeader:
        version = self._number("<I")
        if version not in _VERSIONS:
            raise ValueError(f"version {version} of the format")
        tensors, entries = self._count(), self._count()
        metadata = {self._string(): self._value(self._number("<I")) for _ in range(entries)}
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise ValueError("an impossible alignment")
        ends = [self._tensor_end() for _ in range(tensors)]
        start = math.ceil(self._at / alignment) * alignment
        return GgufHeader(metadata=metadata, needed_bytes=start + max(ends, default=0))

    def _number(self, form: str) -> Any:
        (number,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return number

    def _count(self) -> int:
        """A length; more than the file has bytes is rubbish, and looping over it would hang."""
        count = int(self._number("<Q"))
        if count > len(self._data):
            raise ValueError("an impossible length in the header")
        return count

    def _string(self) -> str:
        length = self._count()
        self._at += length
        if self._at > len(self._data):
            raise ValueError("it ends within its header")
        return self._data[self._at - length : self._at].decode("utf-8", "replace")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise ValueError(f"an unknown value type {kind} in the header")
        return self._number(_SCALARS[kind])

    def _array(self) -> Any:
        kind, count = self._number("<I"), self._count()
        if count <= _KEPT_ARRAY:
            return [self._value(kind) for _ in range(count)]
        if kind in _SCALARS:
            self._at += count * struct.calcsize(_SCALARS[kind])
        elif kind == _STRING:
            self._skip_strings(count)
        else:
            raise ValueError("a nested array in the header")
        return count

    def _skip_strings(self, count: int) -> None:
        data, at, length_at = self._data, self._at, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + length_at(data, at)[0]
        self._at = at

    def _tensor_end(self) -> int:
        self._string()
        dimensions = self._number("<I")
        if dimensions > 8:
            raise ValueError("an impossible tensor")
        elements: int = math.prod([int(self._number("<Q")) for _ in range(dimensions)])
        block, size = _TENSOR_TYPES.get(self._number("<I"), (1, 0))
        return int(self._number("<Q")) + elements // block * size
