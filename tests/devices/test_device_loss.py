"""A device that goes away, hangs or was never there, each seen by a program of its own: PortAudio is not safe after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from virtual_card import SoundServer

pytestmark = pytest.mark.devices

DRIVER = Path(__file__).with_name("lose_device.py")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["server dies", "server hangs"])
def test_a_lost_device_is_an_error_within_3_s_and_closes(server_folder: Path, path: str, how: signal.Signals) -> None:
    server = SoundServer(server_folder)
    try:
        program = subprocess.run(
            [sys.executable, str(DRIVER), str(server.process.pid), str(int(how)), path],
            env=server.environ,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        server.stop()
    assert program.returncode == 0, program.stderr
    seen = json.loads(program.stdout)
    for end in ("capture", "player"):
        assert "does not answer any more" in seen[end]["error"]
        assert seen[end]["after_s"] < 3.0
        assert seen[end]["close_s"] < 1.0


def list_in(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = "from localvoice.commands.devices import devices; devices()"
    return subprocess.run(
        [sys.executable, "-c", command], env=environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_the_list_names_the_card_and_prints_nothing_else(sound_server: SoundServer) -> None:
    program = list_in(sound_server.environ)
    assert program.returncode == 0
    heading, *lines = program.stdout.splitlines()
    assert heading.split() == ["name", "host", "API", "in", "out", "rate", "default"]
    assert any(line.endswith("in out") and "default" in line for line in lines)
    assert not program.stderr


def test_names_of_any_kind_are_listed(sound_server: SoundServer, tmp_path: Path) -> None:
    names = "Zoës 🎧".encode(), "Kopfhörer".encode("latin-1")
    card = b'pcm."%s" { type pulse }\n'
    (tmp_path / ".asoundrc").write_bytes(b"".join(card % name for name in names))
    program = list_in({**sound_server.environ, "HOME": str(tmp_path)})
    assert program.returncode == 0, program.stderr
    assert {"Zoës", "Kopfhörer"} <= {line.split()[1] for line in program.stdout.splitlines()[1:] if line.strip()}


def test_without_a_card_the_error_says_what_to_do(tmp_path: Path) -> None:
    if Path("/dev/snd").exists():
        pytest.skip("this machine has a sound card: run it in a container without /dev/snd")
    program = list_in({**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/nothing", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert program.returncode != 0
    last = program.stderr.splitlines()[-1]
    assert last.startswith("localvoice.errors.DeviceError: there is no sound device")
    assert "--input FILE.wav" in last
    assert "ALSA" not in program.stderr
