"""The guard of `--offline`: Python sockets go nowhere but to this machine, and whoever tries is named."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

from localvoice.errors import LocalVoiceError


class OfflineRefusal(LocalVoiceError, OSError):
    """Something tried to reach another machine while `--offline` is in force."""


_SWITCHES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""What model hubs and libraries read themselves, at import."""


def go_offline() -> str:
    """Refuse connections beyond loopback from now on, name look-ups included; returns how it is kept: `guarded`."""
    os.environ.update(_SWITCHES)
    sys.addaudithook(_refuse)
    return "guarded"


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise OfflineRefusal(f"--offline: {_caller()} tried to reach {address[0]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = arguments[0]
        name = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
        if name and not _is_loopback(name):
            raise OfflineRefusal(f"--offline: {_caller()} tried to look up {name}")


def _is_loopback(host: str) -> bool:
    if host in {"localhost", "localhost.localdomain", socket.gethostname(), ""}:
        return True
    try:
        return ipaddress.ip_address(host.split("%", 1)[0]).is_loopback
    except ValueError:
        return False


def _caller() -> str:
    """The first module outside the standard library's socket code, for the message."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to see who called
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.split(".", 1)[0] not in {"socket", "ssl", "asyncio", "http", "urllib", "localvoice"}:
            return str(name)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "something"
