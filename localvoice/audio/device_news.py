"""What a session is told about its devices."""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.errors import DeviceError


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """From now on another device, or the same one opened again, stands at one end."""

    which: str
    """`input` or `output`."""
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceWarning:
    """Something the user can do something about; the session goes on."""

    code: str
    message: str


DeviceNews = DeviceChanged | DeviceWarning | DeviceError
"""The error is the end: nothing could be opened any more."""
