"""A sound server that is started because we ask for it runs as if somebody else had asked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localvoice.audio.foremost import may_go_first

pytestmark = [
    pytest.mark.devices,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no sound server is started so"),
]

NOBODY = 65534

OPENING = """
import os, subprocess, sys, time
import numpy, rtmixer
from localvoice.audio import device_path, device_streams, native, native_streams, portaudio, pulse_client
from localvoice.audio.device import find_device
from localvoice.config import AudioConfig
path, nobody = sys.argv[1], int(sys.argv[2])
if path == "rtmixer":
    native.load = lambda: None
native.load(), pulse_client.load_pulse()
sounddevice = portaudio.load_sounddevice()
sounddevice._terminate()
if os.getuid() == 0:
    os.setreuid(nobody, 0)  # for root none is started; what we have loaded by now, nobody may not read
sounddevice._initialize()  # which starts one already
device = find_device("default", "input")
subprocess.run(["pulseaudio", "--kill"], check=True)
while subprocess.run(["pulseaudio", "--check"]).returncode == 0:
    time.sleep(0.05)
microphone = device_path.microphone(device, AudioConfig())
print(microphone.path, flush=True)
sys.stdin.readline()
os._exit(0)
"""

SCRIPT = "load-module module-native-protocol-unix\nload-module module-null-sink sink_name=speaker norewinds=1\n"


def settings(folder: Path) -> dict[str, str]:
    """Of a client that starts a server of its own, in `folder`."""
    folder.chmod(0o700)
    (folder / "script.pa").write_text(SCRIPT)
    words = f"-n -F {folder / 'script.pa'} --exit-idle-time=-1 --log-target=file:{folder / 'log'}"
    (folder / "client.conf").write_text(f"autospawn = yes\nextra-arguments = {words}\n")
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    places = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_CLIENTCONFIG": str(folder / "client.conf")}
    return {**environ, **places}


@pytest.fixture
def open_folder(server_folder: Path) -> Iterator[Path]:
    """A folder that others than root can come to."""
    del server_folder  # skips where there is no sound server to be had
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.parametrize("path", ["native", "rtmixer"])
def test_a_server_that_we_start_is_an_ordinary_program_on_all_cores(open_folder: Path, path: str) -> None:
    if not may_go_first():
        pytest.skip("nothing goes first here: `ulimit -r` is 0")
    program = subprocess.Popen(
        [sys.executable, "-c", OPENING, path, str(NOBODY)],
        env=settings(open_folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().strip() == path
        server = int((open_folder / "pulse" / "pid").read_text())
        assert os.sched_getaffinity(server) == os.sched_getaffinity(0)
        assert os.sched_getscheduler(server) == os.SCHED_OTHER
    finally:
        program.communicate("\n", timeout=10)
        if (pid := open_folder / "pulse" / "pid").exists():
            os.kill(int(pid.read_text()), 9)
