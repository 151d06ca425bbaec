"""Whether a compiled package runs on this processor, tried in a child: one built for another ends the whole process."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from localvoice.errors import ProviderUnavailable
from localvoice.machine import this_machine

_log = logging.getLogger(__name__)

_LONGEST_S = 30.0
"""A first import from a slow disk takes its time."""


def check_runs(package: str, program: str, provider: str, folder: Path | None = None) -> None:
    """Run `program`, which imports `package`, once for each version of it and each processor; a success is remembered.

    Args:
        package: As installed.
        program: Python; it has to end by itself.
        provider: Whose engine it is.
        folder: Of successes; the user's cache where none is given.

    Raises:
        ProviderUnavailable: The program was killed, as it would have killed us.
    """
    marker = (folder or _cache()) / _key(package)
    if marker.exists():
        return
    try:
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=_LONGEST_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        _log.debug("%s could not be tried", package, exc_info=True)
        return  # no obstacle that we know of
    if _was_killed(ended.returncode):
        raise ProviderUnavailable(
            f"the package {package} was built for another processor and would end this program: build it here with "
            f"`pip install --force-reinstall --no-binary :all: {package}`",
            provider=provider,
        )
    if ended.returncode == 0:
        _remember(marker)


def _was_killed(code: int) -> bool:
    """By a signal, or by Windows' exception for an illegal instruction and its like."""
    return code < 0 or code >= 0xC0000000


def _key(package: str) -> str:
    try:
        installed = version(package)
    except PackageNotFoundError:
        installed = "unknown"
    here = this_machine()
    told = f"{package} {installed} {here.processor} {sorted(here.instructions)} {sys.executable}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("localvoice", appauthor=False) / "runs"


def _remember(marker: Path) -> None:
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        _log.debug("%s cannot be written", marker, exc_info=True)
