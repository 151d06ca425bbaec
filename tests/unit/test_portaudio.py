"""PortAudio's failures as one line: the library missing, broken, or refusing a device."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localvoice.audio import portaudio
from localvoice.audio.portaudio import OpenStreams

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


def said(program: str) -> str:
    """What a program leaves on standard error."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr


def test_two_threads_that_want_quiet_do_not_take_standard_error_from_each_other() -> None:
    program = (
        "import os\n"
        "from localvoice.audio.portaudio import quiet_stderr\n"
        "one, other = quiet_stderr(), quiet_stderr()\n"
        "one.__enter__(); other.__enter__(); one.__exit__(None, None, None)\n"
        "os.write(2, b'ALSA lib')\n"
        "other.__exit__(None, None, None)\n"
        "os.write(2, b'ours')\n"
    )
    assert said(program) == "ours"


@pytest.mark.parametrize(("apart", "left"), [("_apart(sys.stderr)", "ours\n"), ("sys.stderr", "ALSA lib ours\n")])
def test_noise_of_a_lost_device_is_dropped_where_our_lines_have_a_descriptor_of_their_own(
    apart: str, left: str
) -> None:
    program = (
        "import os, sys\n"
        "from localvoice.__main__ import _apart\n"
        f"sys.stderr = {apart}\n"
        "from localvoice.audio.portaudio import _drop_noise_for_good\n"
        "_drop_noise_for_good()\n"
        "os.write(2, b'ALSA lib ')\n"
        "print('ours', file=sys.stderr)\n"
    )
    assert said(program) == left


class Stream:
    """A stream whose device answers when the test says so."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.calls: list[str] = []

    def start(self) -> None:
        raise OSError("it is not there any more")

    def abort(self) -> None:
        self.may_answer.wait(10.0)
        self.calls.append("abort")
        raise OSError("it is gone")

    def close(self) -> None:
        self.calls.append("close")


def test_closing_waits_shortly_and_a_stream_that_hangs_stays_open() -> None:
    streams, stream = OpenStreams(), Stream()
    streams.add(stream, memory := [0.0])
    start_s = time.monotonic()
    streams.close(stream)
    assert time.monotonic() - start_s < 1.0
    assert len(streams) == 1
    assert sys.getrefcount(memory) > 2, "the callback may still write into it"
    stream.may_answer.set()
    streams.start_closing(stream).join()
    assert len(streams) == 0
    assert stream.calls[-2:] == ["abort", "close"], "closed also where it could not be aborted"


def test_a_stream_that_does_not_start_is_closed_at_once() -> None:
    streams, stream = OpenStreams(), Stream()
    stream.may_answer.set()
    with pytest.raises(OSError, match="not there any more"):
        streams.start(stream)
    assert stream.calls == ["abort", "close"]
    assert len(streams) == 0


def test_a_stream_that_does_not_start_and_hangs_holds_nobody_up() -> None:
    streams, stream = OpenStreams(), Stream()
    with pytest.raises(OSError, match="not there any more"):
        streams.start(stream)
    assert stream.calls == []
    assert len(streams) == 1
    stream.may_answer.set()


def test_portaudio_is_not_started_again_under_an_open_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "load_sounddevice", lambda: pytest.fail("must not be touched"))
    stream = Stream()
    stream.may_answer.set()
    portaudio.open_streams.add(stream)
    assert not portaudio.refresh_devices()
    portaudio.open_streams.start_closing(stream).join()
