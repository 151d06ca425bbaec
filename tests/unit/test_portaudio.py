"""PortAudio's failures as one line: the library missing, broken, or refusing a device."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MISSING_LIBRARY = "raise OSError('PortAudio library not found')"

FAILING_INIT = """
class PortAudioError(Exception): pass
raise PortAudioError('Error initializing PortAudio: Unanticipated host error', -9999)
"""

REFUSING = """
class PortAudioError(Exception): pass
def query_hostapis():
    raise PortAudioError('Error opening', {code}, (0, 5, ' busy '))
"""


def failure(sounddevice: str, folder: Path) -> list[str]:
    """What a program that lists devices says when the module `sounddevice` is this text: exit code, lines."""
    (folder / "sounddevice.py").write_text(sounddevice, encoding="utf-8")
    program = (
        "import sys\n"
        "from localvoice.audio.device import list_devices\n"
        "from localvoice.errors import DeviceError\n"
        "try: list_devices()\n"
        "except DeviceError as error: print(int(error.exit_code), error.code); print(error)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_missing_library_says_how_to_install_it_and_how_to_do_without(tmp_path: Path) -> None:
    numbers, message = failure(MISSING_LIBRARY, tmp_path)
    assert numbers == "4 0"
    for advice in ("sudo apt install libportaudio2", "brew install portaudio", "--input FILE.wav"):
        assert advice in message


def test_a_portaudio_that_does_not_start_says_so(tmp_path: Path) -> None:
    numbers, message = failure(FAILING_INIT, tmp_path)
    assert numbers.startswith("4 ")
    assert "PortAudio does not start" in message


@pytest.mark.parametrize(("code", "reason"), [(-9985, "another program uses it"), (-9996, "not there any more")])
def test_a_refusal_keeps_its_code_and_says_why(tmp_path: Path, code: int, reason: str) -> None:
    numbers, message = failure(REFUSING.format(code=code), tmp_path)
    assert numbers == f"4 {code}"
    assert reason in message
    assert "(busy)" in message


def test_noise_of_libraries_is_dropped_and_standard_error_comes_back() -> None:
    program = (
        "import os\n"
        "from localvoice.audio.portaudio import quiet_stderr\n"
        "with quiet_stderr(): os.write(2, b'ALSA lib')\n"
        "os.write(2, b'ours')\n"
        "os.close(2)\n"
        "with quiet_stderr(): pass\n"
        "print('done')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stderr, done.stdout) == ("ours", "done\n")
