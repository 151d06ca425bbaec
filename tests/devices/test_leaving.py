"""Programs that end, or find nobody, while PulseAudio's own client works: they do so cleanly, and without its noise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_card import SoundServer

from localvoice.audio import native
from localvoice.audio.pulse_client import load_pulse

pytestmark = [
    pytest.mark.devices,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such server"),
]

SOMEBODY = 65534

CONNECTING = """
import atexit, threading, time
atexit.register(time.sleep, 0.1)  # at the very end, when whoever connects looks again
from localvoice.audio import native, pulse_stream
from localvoice.audio.device import DeviceInfo
from localvoice.config import AudioConfig
wanted = native.load(), DeviceInfo(0, "default", "ALSA", 2, 2, 48_000), "output", AudioConfig()
threading.Thread(target=pulse_stream.PulseStream, args=wanted, daemon=True).start()
while not pulse_stream._running:
    time.sleep(0.01)
time.sleep(0.05)
"""

CLOSING = """
import time
from localvoice.audio import native
from localvoice.audio.device import DeviceInfo
from localvoice.audio.pulse_connection import PulseConnection
from localvoice.audio.pulse_stream import PulseStream
from localvoice.config import AudioConfig
close = PulseConnection.close
def close_slowly(connection, stream):
    time.sleep(0.1)
    close(connection, stream)
    print("closed", flush=True)
PulseConnection.close = close_slowly
PulseStream(native.load(), DeviceInfo(0, "default", "ALSA", 2, 2, 48_000), "output", AudioConfig()).start_closing()
"""

FINDING_NOBODY = """
from contextlib import suppress
from localvoice.audio.pulse_connection import NoServerError, PulseConnection
connection = PulseConnection()
with suppress(NoServerError):
    connection.connect(NoServerError)
connection.close(None)
"""

WITHOUT_FILES = """
import os, resource
from localvoice.audio.pulse_client import load_pulse
from localvoice.audio.pulse_connection import NoServerError, PulseConnection
load_pulse()
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
try:
    PulseConnection()
except NoServerError:
    os._exit(7)
"""


@pytest.fixture(autouse=True)
def _client() -> None:
    if load_pulse() is None:
        pytest.skip("PulseAudio's client is missing: `apt-get install libpulse0` enables this test")
    if native.load() is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")


@pytest.fixture
def hanging_server(tmp_path: Path) -> Iterator[str]:
    """Where somebody listens who never answers."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "native"))
        listening.listen()
        yield f"unix:{tmp_path / 'native'}"


def ending(program: str, environ: dict[str, str]) -> tuple[int, str]:
    """(exit code, standard error)."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stderr


def test_a_program_that_ends_while_it_connects_ends_cleanly(hanging_server: str) -> None:
    """What is being asked in another thread is not taken away under it: the client would abort the program."""
    assert ending(CONNECTING, {**os.environ, "PULSE_SERVER": hanging_server}) == (0, "")


def test_a_program_that_ends_while_it_closes_waits_for_that(card: SoundServer) -> None:
    """The client's loop would abort it where a thread has ended in the possession of its lock."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSING], env=card.environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_a_folder_of_somebody_else_is_nothing_to_print(tmp_path: Path) -> None:
    """With `sudo` XDG_RUNTIME_DIR may be the user's own, of which the client complains on standard error."""
    folder = tmp_path
    if os.getuid():
        folder = Path("/")
    else:
        os.chown(folder, SOMEBODY, SOMEBODY)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    assert ending(FINDING_NOBODY, {**environ, "XDG_RUNTIME_DIR": str(folder)}) == (0, "")


def test_where_no_more_files_can_be_opened_there_is_no_server() -> None:
    """Without its thread the client would abort the program with the first thing it is asked."""
    assert ending(WITHOUT_FILES, {**os.environ})[0] == 7
