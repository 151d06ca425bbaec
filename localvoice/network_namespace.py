"""Linux network namespaces: the process moves into one that has loopback and nothing else.

Rule of this file: what may fail half-way is tried in a child first, so that the process itself is never left between
two namespaces (Ubuntu lets one in and then refuses the rest).
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWNET = 0x4000_0000
"""linux/sched.h; `os.unshare` comes with Python 3.12 only."""
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 1
"""linux/sockios.h and linux/if.h."""
_PROBE_LIMIT_S = 5
"""A child that has not answered by then counts as failed; the work takes some ms."""


def enter() -> str:
    """Move this process into a network namespace of its own, with loopback up. Empty, or the reason why not.

    To be called before any thread is started: a namespace belongs to a thread, and a user namespace is refused to a
    process that has two. Children inherit it. Nothing leads back.
    """
    if sys.platform != "linux":
        return "only Linux has network namespaces"
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        return "threads are running already"
    as_user = not _may_unshare_alone()
    reason = _tried_in_a_child(as_user=as_user)
    if not reason:
        _enter(as_user=as_user)
    return reason


def _may_unshare_alone() -> bool:
    """Whether the process has CAP_SYS_ADMIN (bit 21), so that it needs no user namespace around the network's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> 21 & 1)
    return False


def _tried_in_a_child(*, as_user: bool) -> str:
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        signal.alarm(_PROBE_LIMIT_S)
        try:
            _enter(as_user=as_user)
            answer = "entered"
        except OSError as error:
            answer = f"the system does not allow it ({error.strerror})"
        os.write(write_end, answer.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    return "" if answer == "entered" else answer or "the system does not allow it"


def _enter(*, as_user: bool) -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET | (_CLONE_NEWUSER if as_user else 0)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if as_user:  # every id stays what it was: files, sound devices and sockets see the same user as before
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    _bring_loopback_up()


def _bring_loopback_up() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        flags = struct.unpack_from("16sh", answer)[1] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))
