"""What `--offline` does: the kernel's seal where it can be had, the guard of Python's sockets everywhere.

Both together: the seal holds native code as well, the guard says who tried.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from localvoice import network_namespace
from localvoice.addresses import is_loopback
from localvoice.errors import ConfigError, LocalVoiceError


class OfflineRefusal(LocalVoiceError, OSError):
    """Something tried to reach another machine while `--offline` is in force."""


_SWITCHES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""What model hubs and libraries read themselves, at import."""

_PLUMBING = frozenset({
    *("socket", "ssl", "asyncio", "http", "urllib", "selectors", "concurrent", "threading", "contextlib"),
    *("httpx", "httpcore", "anyio", "urllib3", "requests", "websockets", "aiohttp"),
})  # fmt: skip
"""Packages that dial for others: whoever called them is named."""


@dataclass(frozen=True, slots=True)
class Shield:
    """How it is kept that nothing leaves."""

    mode: str
    """As in `session_started.offline`: `no`, `guarded` (this process) or `sealed` (the kernel)."""
    reason: str = ""
    """Why it is not sealed."""


NO_SHIELD = Shield("no")


def go_offline(stays: str = "") -> Shield:
    """Refuse connections beyond loopback from now on, name look-ups included.

    `stays` says why the process has to stay among the host's own loopback services, empty where nothing is lost with
    them. To be called before any thread is started.

    Raises:
        ConfigError: sound itself would travel to another machine.
    """
    os.environ.update(_SWITCHES)
    stays = stays or _sound_server(os.environ)
    reason = stays or network_namespace.enter()
    sys.addaudithook(_refuse)
    _name_who_looks_up()
    return Shield("guarded", reason) if reason else Shield("sealed")


def _sound_server(environ: Mapping[str, str]) -> str:
    """Why the sound server would be lost in a namespace; empty for the usual one, which is a socket file."""
    server = environ.get("PULSE_SERVER", "").split("}")[-1].strip().split(" ")[0]
    if not server or server.startswith(("/", "unix:/")):
        return ""
    host = server.removeprefix("tcp:").removeprefix("tcp4:").removeprefix("tcp6:")
    name = host[1:].split("]")[0] if host.startswith("[") else host.rsplit(":", 1)[0]
    if server.startswith("unix:") or is_loopback(name):
        return f"the sound server {server} belongs to the host's network"
    raise ConfigError(
        f"--offline: PULSE_SERVER={server} sends sound to another machine: unset it", source="variable PULSE_SERVER"
    )


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if isinstance(address, tuple) and arguments[0].family in {socket.AF_INET, socket.AF_INET6}:
            _check(str(address[0]), "reach")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        _check(arguments[0], "look up")
    elif event == "socket.getnameinfo":
        _check(str(arguments[0][0]), "look up")


def _check(host: object, verb: str) -> None:
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    if name and not is_loopback(name):
        raise OfflineRefusal(f"--offline: {_caller()} tried to {verb} {name}")


def _name_who_looks_up() -> None:
    """The event loop looks names up in a thread, where nobody can see any more for whom: ask before that."""
    look_up = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: asyncio.BaseEventLoop, host: Any, port: Any, **options: Any) -> Any:
        _check(host, "look up")
        return await look_up(loop, host, port, **options)

    asyncio.BaseEventLoop.getaddrinfo = getaddrinfo  # type: ignore[method-assign,assignment]


def _caller() -> str:
    """The module that wanted it: the first one that does not dial for others, else the one that was first to dial."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to see who called
    dialler = "something"
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        package = name.split(".", 1)[0]
        if name != __name__ and package not in _PLUMBING:
            return "a thread" if package in {"", "builtins"} else name
        if name != __name__:
            dialler = package
        frame = frame.f_back
    return dialler
