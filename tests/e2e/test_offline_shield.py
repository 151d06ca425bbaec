"""What `--offline` refuses, in processes of their own: nothing leads back from it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localvoice import offline

REPOSITORY = Path(__file__).parent.parent.parent

BEGIN = """
import asyncio, ctypes, os, socket, struct, sys
from localvoice.errors import ConfigError
from localvoice.offline import go_offline

def said(attempt):
    try:
        attempt()
    except (OSError, ConfigError) as error:
        return f"{type(error).__name__}: {error}"
    return "done"
"""

GUARDED = "shield = go_offline('it is tested')\n"
SEALED = "shield = go_offline()\n"

NATIVE = """
def native():
    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack('=H', socket.AF_INET) + struct.pack('!H', 80) + socket.inet_aton('192.0.2.1') + bytes(8)
    if libc.connect(libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0), address, 16):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""


def outcome(*code: str, **environ: str) -> list[str]:
    """What a process prints that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + "".join(map(textwrap.dedent, code))],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environ,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def can_seal() -> bool:
    return outcome(SEALED, "print(shield.mode)") == ["sealed"]


sealed = pytest.mark.skipif(
    not can_seal(),
    reason="this system lets nobody into a network namespace; on Ubuntu: "
    "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
)
BOTH = pytest.mark.parametrize("shield", [GUARDED, pytest.param(SEALED, marks=sealed)], ids=["guarded", "sealed"])


ATTEMPTS = {
    "socket.create_connection(('192.0.2.1', 80))": "look up 192.0.2.1",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))": "reach 192.0.2.1",
    "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(('2001:db8::1', 53))": "reach 2001:db8::1",
    "socket.getaddrinfo('example.com', 80)": "look up example.com",
    "socket.getaddrinfo(b'example.com', 80)": "look up example.com",
    "socket.gethostbyname('example.com')": "look up example.com",
    "socket.getnameinfo(('192.0.2.1', 80), 0)": "look up 192.0.2.1",
    "socket.getaddrinfo('127.0.0.1.example.com', 80)": "look up 127.0.0.1.example.com",
    "socket.getaddrinfo('localhost.localdomain', 80)": "look up localhost.localdomain",
    "socket.getaddrinfo('localhost.', 80)": "look up localhost.",
    "asyncio.run(asyncio.open_connection('example.com', 80))": "look up example.com",
    "__import__('urllib.request').request.urlopen('http://example.com')": "look up example.com",
}


@BOTH
def test_what_would_leave_is_refused_and_its_caller_named(shield):
    said = outcome(shield, *(f"print(said(lambda: {attempt}))\n" for attempt in ATTEMPTS))
    for line, what in zip(said, ATTEMPTS.values(), strict=True):
        assert f"--offline: __main__ tried to {what}" in line


@BOTH
def test_a_client_that_dials_for_others_is_not_named_but_who_used_it(shield):
    (said,) = outcome(
        shield,
        """
        import httpx

        async def ask():
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get('http://example.com/')

        try:
            asyncio.run(ask())
        except httpx.ConnectError as error:
            print(error)
        """,
    )
    assert said == "--offline: __main__ tried to look up example.com"


def test_our_own_client_is_named_where_nothing_has_to_be_looked_up():
    (said,) = outcome(
        GUARDED,
        """
        from localvoice.http_client import HttpClient

        async def ask():
            await HttpClient('https://192.0.2.1', {}, 3.0, may_use_proxy=False).ask('GET', '/')

        print(said(lambda: asyncio.run(ask())))
        """,
    )
    assert "--offline: localvoice.http_client tried to reach 192.0.2.1" in said


@BOTH
def test_this_machine_can_be_reached(shield):
    said = outcome(
        shield,
        """
        for host, name in (('127.0.0.1', '127.0.0.1'), ('127.0.0.1', 'localhost'), ('127.8.8.8', '127.8.8.8')):
            listening = socket.create_server((host, 0))
            print(said(lambda: socket.create_connection((name, listening.getsockname()[1]), 5)))
        """,
    )
    assert said == ["done"] * 3


@BOTH
def test_sockets_that_are_files_can_be_reached(shield, tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "pulse"))
        listening.listen()
        code = f"print(said(lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / 'pulse')!r})))"
        assert outcome(shield, code) == ["done"]


@sealed
def test_native_code_is_held_by_the_kernel():
    (said,) = outcome(SEALED, NATIVE, "print(said(native))")
    assert "unreachable" in said


@sealed
def test_files_belong_to_the_same_user_as_before(tmp_path):
    before = (os.getuid(), os.getgid())
    (said,) = outcome(SEALED, f"open({str(tmp_path / 'x')!r}, 'w'); print(os.getuid(), os.getgid())")
    assert said == f"{before[0]} {before[1]}"
    assert ((tmp_path / "x").stat().st_uid, (tmp_path / "x").stat().st_gid) == before


@sealed
def test_programs_that_it_starts_are_sealed_too():
    code = f"import subprocess; print(subprocess.run([sys.executable, '-c', {BEGIN + NATIVE!r} + 'print(said(native))']"
    (said,) = outcome(SEALED, code + ", capture_output=True, text=True).stdout)")[:1]
    assert "unreachable" in said


def test_with_a_thread_running_it_stays_guarded_and_says_why():
    code = "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    assert outcome(code, SEALED, "print(shield.mode, '-', shield.reason)") == ["guarded - threads are running already"]


def test_where_the_host_is_needed_it_stays_guarded_and_says_why():
    assert outcome(GUARDED, "print(shield.mode, '-', shield.reason)") == ["guarded - it is tested"]


@pytest.mark.parametrize("server", ["unix:@pulse", "localhost:4713", "{abc}tcp:[::1]:4713"])
def test_a_sound_server_in_the_hosts_network_keeps_it_there(server):
    (said,) = outcome(SEALED, "print(shield.mode, '-', shield.reason)", PULSE_SERVER=server)
    assert said.startswith("guarded - the sound server")


@sealed
@pytest.mark.parametrize("server", ["/run/user/1000/pulse/native", "unix:/run/user/1000/pulse/native"])
def test_the_usual_sound_server_does_not_mind(server):
    assert outcome(SEALED, "print(shield.mode)", PULSE_SERVER=server) == ["sealed"]


def test_a_sound_server_on_another_machine_contradicts_it():
    (said,) = outcome("print(said(go_offline))", PULSE_SERVER="tcp:192.0.2.1:4713")
    assert "PULSE_SERVER=tcp:192.0.2.1:4713 sends sound to another machine" in said


def test_hubs_and_telemetry_are_switched_off():
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
    assert outcome(GUARDED, f"print(*(os.environ[name] for name in {names}))") == ["1 1 1 1"]


def test_no_shield_says_no():
    assert (offline.NO_SHIELD.mode, offline.NO_SHIELD.reason) == ("no", "")
