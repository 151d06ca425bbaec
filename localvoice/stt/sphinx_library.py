"""pocketsphinx's C functions, called past its Python binding: that one holds the GIL while it decodes.

The extension module of the wheel exports them. Rule of this file: a function that computes gives the GIL away
(`ctypes.CDLL`), one that only answers keeps it (`ctypes.PyDLL`): getting it back may take a switch interval each time.
ctypes and not cffi, which gives it away in every call.
"""

from __future__ import annotations

import ctypes
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_READ = ("5.0.", "5.1.")
"""Versions whose sources were read for these declarations: some are of headers that pocketsphinx does not install."""

_P, _S, _I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_INTS = ctypes.POINTER(_I)

_COMPUTING: dict[str, tuple[Any, ...]] = {  # result, then arguments
    "ps_init": (_P, _P),
    "ps_reinit_feat": (_I, _P, _P),
    "ps_free": (_I, _P),
    "fsg_model_readfile": (_P, _S, _P, ctypes.c_float),
    "ps_add_fsg": (_I, _P, _S, _P),
    "ps_start_utt": (_I, _P),
    "ps_process_cep": (_I, _P, _P, _I, _I, _I),
    "ps_end_utt": (_I, _P),
    "fe_process_frames": (_I, _P, ctypes.POINTER(_P), ctypes.POINTER(ctypes.c_size_t), _P, _INTS),
}
_ANSWERING: dict[str, tuple[Any, ...]] = {
    "ps_config_init": (_P, _P),
    "ps_config_free": (_I, _P),
    "ps_config_set_str": (_P, _P, _S, _S),
    "ps_config_set_int": (_P, _P, _S, ctypes.c_long),
    "ps_config_set_bool": (_P, _P, _S, _I),
    "ps_config_set_float": (_P, _P, _S, ctypes.c_double),
    "ps_config_float": (ctypes.c_double, _P, _S),
    "ps_config_str": (_S, _P, _S),
    "ps_get_config": (_P, _P),
    "ps_get_logmath": (_P, _P),
    "ps_get_fe": (_P, _P),
    "ps_add_word": (_I, _P, _S, _S, _I),
    "ps_activate_search": (_I, _P, _S),
    "ps_current_search": (_S, _P),
    "ps_start_stream": (_I, _P),
    "ps_get_hyp": (_S, _P, _INTS),
    "ps_seg_iter": (_P, _P),
    "ps_seg_next": (_P, _P),
    "ps_seg_word": (_S, _P),
    "ps_seg_frames": (None, _P, _INTS, _INTS),
    "ps_seg_prob": (_I, _P, _INTS, _INTS, _INTS),
    "ps_lookup_word": (_P, _P, _S),
    "ckd_free": (None, _P),
    "logmath_log_to_ln": (ctypes.c_double, _P, _I),
    "fsg_model_free": (_I, _P),
    "fe_get_output_size": (_I, _P),
    "fe_start_utt": (_I, _P),
    "fe_end_utt": (_I, _P, _P, _INTS),
}


class SphinxError(RuntimeError):
    """A C function has failed. A subclass of what the binding raises."""


def open_library() -> Any | None:
    """The functions as attributes; None where this pocketsphinx does not export them, or nobody has read its source.

    The library is never unloaded. No two threads may be in functions of the same decoder.
    """
    from pocketsphinx import _pocketsphinx

    try:
        is_read = metadata.version("pocketsphinx").startswith(_READ)
        return functions(Path(_pocketsphinx.__file__)) if is_read else None
    except (metadata.PackageNotFoundError, OSError, AttributeError):
        return None


def functions(path: Path) -> Any:
    """The functions of the library at `path`. Raises `OSError` or `AttributeError` where they are not there."""
    found: dict[str, Any] = {}
    for library, declarations in ((ctypes.CDLL(str(path)), _COMPUTING), (ctypes.PyDLL(str(path)), _ANSWERING)):
        for name, (result, *arguments) in declarations.items():
            found[name] = function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    return SimpleNamespace(**found)
