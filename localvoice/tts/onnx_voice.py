"""How a local voice's model is opened: our own session, because the packages' take all cores and keep them spinning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from localvoice.errors import ModelError


def open_session(
    path: Path, threads: int, advice: str, *, patched: Callable[[bytes], bytes | None] | None = None
) -> Any:
    """An onnxruntime session over the file at `path`, or over what `patched` makes of it, unless that is None. Blocks.

    Raises:
        ModelError: it is no model; the message ends with `advice`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # it keeps a block for every length of clause that was spoken: 880 MB, not 400
    options.log_severity_level = 4  # failures come as exceptions
    try:
        model = (patched(path.read_bytes()) if patched else None) or str(path)
        return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base for its load errors
        raise ModelError(f"{path} is corrupt or no ONNX model; {advice}") from error
