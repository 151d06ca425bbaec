"""What was measured on pairs of devices, kept from one session to the next in the user's state folder.

Rule of this file: a memory that cannot be read or written is no reason to fail; one line at debug level says so.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from localvoice.audio.device import DeviceInfo
from localvoice.audio.device_path import PathName, path_name
from localvoice.audio.duplex_mode import MODES, DuplexMode, Verdict

_log = logging.getLogger(__name__)

_FORM = 1
"""Of the file; others are ignored."""

_MOST_PAIRS = 50
"""Pairs kept, the ones measured last: a person has a handful."""

Source = Literal["test", "greeting"]


@dataclass(frozen=True, slots=True)
class DevicePair:
    """A microphone and a loudspeaker, as PortAudio names them, and how they are opened."""

    input: str
    output: str
    input_api: str
    output_api: str
    input_rate_hz: int
    output_rate_hz: int
    path: PathName

    @classmethod
    def of(cls, microphone: DeviceInfo, loudspeaker: DeviceInfo, sample_rate: int) -> DevicePair:
        """`sample_rate` as in `audio.sample_rate`: 0 for the loudspeaker's own."""
        return cls(
            microphone.name,
            loudspeaker.name,
            microphone.host_api,
            loudspeaker.host_api,
            microphone.default_rate_hz,
            sample_rate or loudspeaker.default_rate_hz,
            path_name(),
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out about a pair."""

    mode: DuplexMode
    source: Source
    """`test`: of `devices --test`, which stands over what greetings find."""
    why: str
    advice: str = ""
    delay_ms: float | None = None
    """A first guess only: it changes with each start of the devices."""

    @classmethod
    def from_verdict(cls, verdict: Verdict, source: Source, delay_ms: float | None) -> Known:
        """To be kept."""
        rounded = None if delay_ms is None else round(delay_ms, 1)
        return cls(verdict.mode, source, verdict.why, verdict.advice, rounded)


class KnownPairs:
    """The file of known pairs. Each call reads it anew: two sessions may run beside each other."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def recall(self, pair: DevicePair) -> Known | None:
        """What is known of `pair`."""
        return self._read().get(pair)

    def keep(self, pair: DevicePair, known: Known) -> bool:
        """Remember it in place of what was known; False where that is not possible."""
        pairs = self._read()
        pairs.pop(pair, None)
        pairs[pair] = known
        return self._write(pairs)

    def forget(self, pair: DevicePair) -> None:
        """Know nothing of it any more."""
        pairs = self._read()
        if pairs.pop(pair, None) is not None:
            self._write(pairs)

    def _read(self) -> dict[DevicePair, Known]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            return dict(_entry(one) for one in content["pairs"]) if content["form"] == _FORM else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.debug("%s is ignored: %r", self._file, error)
            return {}

    def _write(self, pairs: Mapping[DevicePair, Known]) -> bool:
        last = list(pairs.items())[-_MOST_PAIRS:]
        content = {"form": _FORM, "pairs": [asdict(pair) | asdict(known) for pair, known in last]}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            _log.debug("%s cannot be written: %r", self._file, error)
            return False
        return True


def _entry(values: Mapping[str, Any]) -> tuple[DevicePair, Known]:
    """Raises `KeyError`, `TypeError` or `ValueError` where it is none."""
    pair, known = ({name: values[name] for name in kind.__dataclass_fields__} for kind in (DevicePair, Known))
    delay_ms = known["delay_ms"]
    words = [*pair.values(), known["why"], known["advice"]]
    is_delay = delay_ms is None or isinstance(delay_ms, int | float)
    if not is_delay or not all(isinstance(word, str | int) for word in words):
        raise TypeError(f"a wrong value in {values}")
    if known["mode"] not in MODES or known["source"] not in {"test", "greeting"}:
        raise ValueError(f"mode {known['mode']} by {known['source']}")
    return DevicePair(**pair), Known(**known)


def _replace(file: Path, text: str) -> None:
    """Put a whole new file in place of the old one."""
    number, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as part:
            part.write(text)
        Path(name).replace(file)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def known_pairs() -> KnownPairs:
    """The user's."""
    import platformdirs

    return KnownPairs(platformdirs.user_state_path("localvoice", appauthor=False) / "devices.json")
