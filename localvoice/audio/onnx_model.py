"""Small ONNX models on the processor: how they are opened, the same for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localvoice.errors import ModelError


def open_model(file: Path, title: str, *, has_arena: bool = False, inner: tuple[str, ...] = ()) -> Any:
    """An onnxruntime session of one thread; blocking.

    Args:
        file: The .onnx file.
        title: What it should hold, as messages say it.
        inner: Names of values inside its graph that become its last outputs.
        has_arena: For a model whose working memory is large: one arena holds it, block by block as a run needs it. C's
            heap keeps three times as much of it (smart-turn: 140 MB in all instead of 56; Silero: no less, and slower).

    Raises:
        ModelError: It cannot be read as a model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # pools of spinning threads otherwise
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = has_arena
    options.enable_mem_pattern = not has_arena  # one block for the largest run, beside what smaller ones left
    options.log_severity_level = 3
    try:
        source = file.read_bytes() + b"".join(map(_output, inner)) if inner else str(file)
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base for its load errors
        raise ModelError(
            f"{file} is cut off, or no {title} model: delete it or get it again with `localvoice models download`"
        ) from error
    session._model_bytes = None  # noqa: SLF001 - it keeps the file (smart-turn: 9 MB) for a change of providers
    return session


def _output(name: str) -> bytes:
    """`ModelProto{graph{output{name}}}`: behind another one, protobuf adds its output to that one's."""
    told = name.encode()
    for field in (1, 12, 7):  # ValueInfoProto.name, GraphProto.output, ModelProto.graph
        told = bytes([field << 3 | 2, len(told)]) + told  # lengths below 128 take one byte
    return told
