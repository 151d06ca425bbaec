"""Sound files and pipes at both ends of the conversation."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.files import PcmSink, PcmSource, SilentSource, WavSink, WavSource, check_is_wav, check_writable
from localvoice.errors import FileError

BLOCK = 160


def tone(seconds: float, rate_hz: int, channels: int = 1) -> np.ndarray:
    sound = 0.5 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.repeat(sound[:, None], channels, axis=1)


def read_all(source) -> np.ndarray:
    """Everything up to the end, which stands in a block of its own size."""
    blocks = []
    while not source.ended:
        blocks.append(source.read(BLOCK))
        assert len(blocks[-1]) == BLOCK
        assert blocks[-1].dtype == np.float32
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype", "kind"),
    [
        (11_025, 2, "PCM_U8", "WAV"),
        (8_000, 1, "ULAW", "WAV"),
        (16_000, 1, "PCM_16", "WAV"),
        (22_050, 1, "PCM_16", "WAV"),
        (44_100, 2, "PCM_24", "WAV"),
        (48_000, 6, "PCM_16", "WAVEX"),
        (48_000, 2, "FLOAT", "WAV"),
        (96_000, 1, "PCM_24", "WAVEX"),
        (96_000, 2, "PCM_32", "WAV"),
        (48_000, 1, "DOUBLE", "WAV"),
    ],
)
def test_any_width_rate_and_channel_count_becomes_mono_at_16_khz(tmp_path, rate_hz, channels, subtype, kind):
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(0.5, rate_hz, channels), rate_hz, subtype=subtype, format=kind)
    source = WavSource(path)
    sound = read_all(source)
    source.close()
    assert 8_000 - 4 <= len(sound) <= 8_000 + BLOCK
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    assert loud[-1] + 1 == pytest.approx(8_000, abs=20)
    middle = sound[1000:7000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_silence_follows_the_end(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(0.015, 16_000), 16_000)
    source = WavSource(path)
    assert source.read(BLOCK).any()
    assert not source.ended
    last = source.read(BLOCK)
    assert last[:80].any()
    assert not last[80:].any()
    assert source.ended
    assert not source.read(BLOCK).any()
    source.close()


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_a_file_without_frames_has_ended_after_one_block(tmp_path, rate_hz):
    path = tmp_path / "in.wav"
    soundfile.write(path, np.zeros((0, 1)), rate_hz)
    source = WavSource(path)
    assert not source.read(BLOCK).any()
    assert source.ended
    source.close()


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(1.0, 16_000), 16_000)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 8_000])
    source = WavSource(path)
    assert len(read_all(source)) == pytest.approx(8_000, abs=BLOCK)
    source.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "there is no file"), (b"", "empty"), (b"not a sound at all, but long enough to look at", "cannot be read")],
)
def test_what_is_no_sound_file_is_said_in_one_line(tmp_path, content, complaint):
    path = tmp_path / "in.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=complaint) as caught:
        WavSource(path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_sound_file(tmp_path):
    with pytest.raises(FileError, match="folder"):
        WavSource(tmp_path)


@pytest.mark.parametrize("extra", [b"", b"\x07"])
def test_raw_sound_ends_with_its_pipe(extra):
    pcm = struct.pack("<200h", *range(200))
    source = PcmSource(io.BytesIO(pcm + extra))
    sound = read_all(source)
    assert (sound[:200] * 32768).round().tolist() == list(range(200))
    assert not sound[200:].any()
    assert not source.read(BLOCK).any()


def test_raw_sound_that_ends_with_a_block_has_ended_one_block_later():
    source = PcmSource(io.BytesIO(bytes(2 * BLOCK)))
    source.read(BLOCK)
    assert not source.ended
    source.read(BLOCK)
    assert source.ended


def test_silence_has_no_end():
    source = SilentSource()
    assert not source.read(1000).any()
    assert not source.ended


def test_a_sink_writes_mono_16_bit_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "out.wav"
    path.write_bytes(b"old" * 100_000)
    sink = WavSink(path, 22_050)
    sound = tone(0.1, 22_050)[:, 0].astype(np.float32)
    for at in range(0, len(sound), 220):
        sink.write(sound[at : at + 220])
    sink.close()
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (22_050, 1, "PCM_16", len(sound))
    assert soundfile.read(path)[0] == pytest.approx(sound, abs=1e-4)


def test_a_pipe_gets_raw_samples_at_once():
    pipe = io.BytesIO()
    PcmSink(pipe).write(np.array([0.5, -0.5], dtype=np.float32))
    assert struct.unpack("<2h", pipe.getvalue()) == (16384, -16384)


def test_a_pipe_that_nobody_reads_is_told_in_one_line():
    class Gone(io.BytesIO):
        def write(self, _data):
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(FileError, match="standard output"):
        PcmSink(Gone()).write(np.zeros(10, dtype=np.float32))


def test_a_check_leaves_no_trace(tmp_path):
    path = tmp_path / "out.wav"
    check_writable(path)
    assert not path.exists()
    path.write_bytes(b"kept")
    check_writable(path)
    assert path.read_bytes() == b"kept"


def test_a_check_of_a_link_that_leads_nowhere_leaves_no_trace(tmp_path):
    link, end = tmp_path / "link.wav", tmp_path / "elsewhere.wav"
    link.symlink_to(end)
    check_writable(link)
    assert link.is_symlink()
    assert not end.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in a folder are POSIX's")
def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for check in (check_writable, check_is_wav):
        with pytest.raises(FileError, match="is a pipe"):
            check(tmp_path / "pipe.wav")


@pytest.mark.parametrize("place", ["", "missing/out.wav"])
def test_what_cannot_be_written_is_said_beforehand(tmp_path, place):
    with pytest.raises(FileError):
        check_writable(tmp_path / place)


_ON_A_SMALL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from localvoice.audio.files import WavSink
from localvoice.errors import FileError

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
sink = WavSink(Path(sys.argv[1]), int(sys.argv[2]))
try:
    for _ in range(int(sys.argv[3])):
        sink.write(np.full(1600, 0.1, np.float32))
    print("written")
    sink.close()
except FileError as error:
    print(error)
sink.close()
"""


def on_a_small_disk(path: Path, rate_hz: int, writes: int) -> list[str]:
    """What a program says whose files end at 10 kB: a limit of its own, or the log of the tests would end there too."""
    pytest.importorskip("resource", reason="limits of file sizes exist on POSIX only")
    command = [sys.executable, "-c", _ON_A_SMALL_DISK, str(path), str(rate_hz), str(writes)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_disk_that_becomes_full_is_told_and_the_file_can_still_be_closed(tmp_path):
    said = on_a_small_disk(tmp_path / "out.wav", rate_hz=16_000, writes=20)
    assert len(said) == 1
    assert said[0].startswith("cannot write ")


def test_what_the_end_of_a_file_could_not_hold_is_told_at_its_end(tmp_path):
    said = on_a_small_disk(tmp_path / "out.wav", rate_hz=96_000, writes=5)
    assert said[0] == "written"
    assert said[1].startswith("cannot write ")


def test_a_file_that_is_closed_to_us_is_told_as_such(tmp_path, monkeypatch):
    path = tmp_path / "closed.wav"
    path.write_text("what only its owner may read")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read anything
    with pytest.raises(FileError, match=r"closed\.wav: permission denied; correct its permissions$"):
        WavSource(path)
