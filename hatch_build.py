"""Compiles our C files while the package is built; without a compiler the package is built without them.

`python hatch_build.py` does the same in a checkout that is installed already.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, or its functions by a test
    BuildHookInterface = object

_AUDIO = Path("localvoice") / "audio"
_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
LIBRARY = _AUDIO / f"_callback{_SUFFIXES.get(sys.platform, '.so')}"
REFLEX = _AUDIO / f"_reflex{_SUFFIXES.get(sys.platform, '.so')}"
"""As `localvoice.audio.shared_library` looks for them; these names belong together."""

SOURCES = {LIBRARY: _AUDIO / "callback.c", REFLEX: _AUDIO / "reflex.c"}
"""Each library by its source: no other file of ours is compiled."""

_WITHOUT = {LIBRARY: "sound devices will run on rtmixer", REFLEX: "listening will run in Python"}

_UNIX_FLAGS = ("-std=c99", "-O3", "-fno-math-errno", "-ffp-contract=fast", "-fPIC", "-shared", "-fvisibility=hidden")
"""The middle ones let loops over numbers use what the processor has; neither changes what is no number."""

_COMPILES_WITHIN_S = 120.0
"""ziglang compiles its own C library first: half a minute on a slow machine."""

_ZIGLANG = "ziglang>=0.13"
"""A whole compiler in a wheel: 7 s to install and 4 s for its first file, 410 MB while building, none of it later."""

_ZIGLANG_MACHINES = frozenset({"x86_64", "amd64", "aarch64", "arm64"})
"""Those it has wheels for on each system; elsewhere the requirement alone would make the installation fail."""


def commands(source: Path, target: Path) -> Iterator[list[str]]:
    """Ways to compile `source`, the most likely first: $CC, the system's compilers, the ziglang wheel."""
    unix = [*_UNIX_FLAGS, str(source), "-o", str(target), "-lm"]
    named = shlex.split(os.environ.get("CC", ""))
    if named and shutil.which(named[0]):
        yield [*named, *unix]
    if sys.platform == "win32" and shutil.which("cl"):
        yield ["cl", "/nologo", "/O2", "/LD", str(source), f"/Fe:{target}", f"/Fo:{target.with_suffix('.obj')}"]
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            yield [name, *unix]
    if importlib.util.find_spec("ziglang") is not None:
        yield [sys.executable, "-m", "ziglang", "cc", *unix]


def compile_libraries(root: Path) -> str:
    """Compile the libraries below `root`, beside their sources; "" or why one of them is missing."""
    reasons = [compile_library(root, library) for library in SOURCES]
    return next(filter(None, reasons), "")


def compile_library(root: Path, library: Path) -> str:
    """Compile one of `SOURCES`; "" or why it is missing."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / library.name
        reason = _compile(root / SOURCES[library], target)
        if not reason:
            _replace(target, root / library)
    return reason


def _compile(source: Path, target: Path) -> str:
    reason = "no C compiler: install gcc or clang"
    for command in commands(source, target):
        try:
            done = subprocess.run(
                command, cwd=target.parent, capture_output=True, text=True, timeout=_COMPILES_WITHIN_S, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            reason = f"{command[0]}: {error}"
            continue
        if done.returncode == 0 and target.is_file():
            return ""
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = f"{command[0]}: {lines[0] if lines else 'failed'}"
    return reason


def _replace(new: Path, library: Path) -> None:
    """Put `new` in the place of a library that may be in use: whoever has that one open keeps it."""
    beside = library.with_suffix(f".{os.getpid()}.new")
    shutil.copyfile(new, beside)
    beside.replace(library)


class CompilingHook(BuildHookInterface):  # type: ignore[misc,valid-type] # `object` where hatchling is missing
    """Builds the libraries into a wheel, and beside their sources for an editable installation."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Called by hatchling before the build: a compiler to bring along, where the system's cannot do it."""
        if platform.machine().lower() not in _ZIGLANG_MACHINES:
            return []
        with tempfile.TemporaryDirectory() as folder:
            reason = _compile(Path(self.root) / SOURCES[LIBRARY], Path(folder) / LIBRARY.name)
        return [_ZIGLANG] if reason else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is packed; `version` is "standard" or "editable"."""
        root = Path(self.root)
        reasons = {library: compile_library(root, library) for library in SOURCES}
        for library, reason in reasons.items():
            if reason:
                (root / library).unlink(missing_ok=True)  # one of another source would be packed
                self.app.display_warning(f"localvoice: {_WITHOUT[library]} ({reason})")
            else:
                build_data["artifacts"].append(library.as_posix())
        if version == "standard" and not all(reasons.values()):
            machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{machine}"


if __name__ == "__main__":
    sys.exit(compile_libraries(Path(__file__).parent))
