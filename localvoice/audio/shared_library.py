"""Libraries of our own, compiled from the C files beside this one: how they are found, opened and refused.

Rule of this file: the header is what Python and C agree on; a library that was made from another one is not used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}


class StaleLibraryError(Exception):
    """The library was made from another version of the source."""


UNUSABLE = ImportError, OSError, AttributeError, StaleLibraryError
"""What opening a library raises where there is none that fits."""


def library_file(name: str) -> Path:
    """Where installation puts the library of that name; it is not there where no compiler was."""
    return _FOLDER / f"_{name}{_SUFFIXES.get(sys.platform, '.so')}"


def open_library(path: Path, header: str, structs: Sequence[str], prefix: str = "lv") -> tuple[Any, Any]:
    """(what makes its structs, what holds its functions). It is never unloaded.

    Args:
        path: The library.
        header: Name of the file with its declarations.
        structs: In the order in which its function `size` tells how large they are.
        prefix: Of its functions `abi` and `size`; in capitals, of the constant ABI.

    Raises:
        OSError: It is no library.
        AttributeError: It is another one.
        StaleLibraryError: It was made from another version of the header.
    """
    ffi: Any = import_module("cffi").FFI()  # which comes without types
    ffi.cdef(_declarations(header))
    # A stream that hangs may call us while Python ends: the code has to stay where it is.
    flags = getattr(ffi, "RTLD_NOW", 0) | getattr(ffi, "RTLD_NODELETE", 0)
    lib: Any = ffi.dlopen(str(path), flags)
    size = getattr(lib, f"{prefix}_size")
    fits = getattr(lib, f"{prefix}_abi")() == getattr(lib, f"{prefix.upper()}_ABI")
    if not fits or [ffi.sizeof(name) for name in structs] != [size(i) for i in range(len(structs))]:
        raise StaleLibraryError(f"{path.name} is older than {header}: run `pip install -e .` again")
    return ffi, lib


def why_unusable(path: Path, error: Exception | None) -> str:
    """In half a sentence why there is no library; empty where it was opened without an error."""
    if error is None:
        return ""
    if not path.exists():
        return "no C compiler was found at installation"
    return str(error) if isinstance(error, StaleLibraryError) else f"{path.name} cannot be loaded: {error}"


def _declarations(header: str) -> str:
    """The header as cffi reads it: no preprocessor lines."""
    lines = (_FOLDER / header).read_text(encoding="ascii").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")).replace("LV_API ", "")
