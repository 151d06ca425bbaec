"""What was measured of this machine, kept in the user's state folder until the machine changes.

Rule of this file: a memory that cannot be read or written is no reason to fail.
"""

from __future__ import annotations

import json
import logging
import platform
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from localvoice.machine import this_machine, total_bytes
from localvoice.model_store.offer import Recommendation, recommended_tier
from localvoice.model_store.offer import this_machine as by_rule
from localvoice.tiers.speeds import Speeds, recommended

_log = logging.getLogger(__name__)

_FORM = 1
"""Of file and measurement; others are ignored."""

_MEMORY_STEP = 2**30
"""Memory counts in whole GiB: kernels keep a little more or less of it."""


class KnownSpeeds:
    """The file of figures. Each call reads it anew."""

    def __init__(self, file: Path, machine: str) -> None:
        """`machine`: what the figures are true of."""
        self._file = file
        self._machine = machine

    def recall(self) -> Speeds | None:
        """What was measured on this machine; None where nothing was, or the machine is another now."""
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["form"] != _FORM or content["machine"] != self._machine:
                return None
            speeds = Speeds(**content["speeds"])
            if not all(value > 0 for value in asdict(speeds).values() if isinstance(value, float)):
                raise ValueError("no speed")  # noqa: TRY301 - said with the others below
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.debug("%s is ignored: %r", self._file, error)
            return None
        return speeds

    def keep(self, speeds: Speeds) -> bool:
        """Remember it in place of what was known; False where that is not possible."""
        content = {"form": _FORM, "machine": self._machine, "speeds": asdict(speeds)}
        part = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            part.replace(self._file)
        except OSError as error:
            _log.debug("%s cannot be written: %r", self._file, error)
            with suppress(OSError):
                part.unlink()
            return False
        return True


def known_speeds() -> KnownSpeeds:
    """The user's, of this machine."""
    import platformdirs

    return KnownSpeeds(platformdirs.user_state_path("localvoice", appauthor=False) / "speed.json", fingerprint())


def fingerprint() -> str:
    """What decides a machine's speed and can be read at once: another one makes figures worthless."""
    here = this_machine()
    cores = f"{here.physical_cores}/{here.usable_cores} cores"
    memory = f"{round(total_bytes() / _MEMORY_STEP)} GiB"
    return f"{platform.node()}, {platform.machine()}, {here.processor}, {cores}, {memory}"


def tier_here() -> tuple[Recommendation, bool]:
    """The tier of this machine, and whether it was measured; else by rule of thumb."""
    speeds = known_speeds().recall()
    if speeds is not None:
        return recommended(speeds), True
    return recommended_tier(*by_rule()), False
