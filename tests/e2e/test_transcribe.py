"""`localvoice transcribe`: any recording to text, JSON lines or subtitles."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import TINY_ENGINES, speech

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
TINY = TINY_ENGINES[:2]
QUESTION = "What is the capital of France?"


@pytest.fixture(scope="session")
def question() -> Samples:
    return np.concatenate((silence(8000), speech(QUESTION), silence(8000)))


@pytest.fixture
def wav(localvoice: CommandLine, question) -> Path:
    path = localvoice.folder / "q.wav"
    soundfile.write(path, question, SPEECH_RATE_HZ)
    return path


def encoded(path: Path, sound: Samples, codec: str, rate_hz: int) -> None:
    """`sound` in the container that the suffix names, in stereo."""
    pcm = np.stack([resample(sound, SPEECH_RATE_HZ, rate_hz)] * 2)
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="stereo")
        resampler = av.AudioResampler(stream.format.name, "stereo", rate_hz, frame_size=stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm), format="fltp", layout="stereo")
        frame.sample_rate = rate_hz
        for one in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(one))


def test_one_recording_is_its_text(localvoice, wav):
    outcome = localvoice("transcribe", "q.wav", *TINY)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{QUESTION}\n", "")


def test_several_recordings_are_lines_with_names(localvoice, wav):
    outcome = localvoice("transcribe", "q.wav", wav, *TINY)
    assert outcome.code == 0
    assert outcome.out == f"q.wav: {QUESTION}\n{wav}: {QUESTION}\n"


def test_json_is_an_object_per_line(localvoice, wav):
    outcome = localvoice("transcribe", "--json", "q.wav", *TINY)
    (found,) = map(json.loads, outcome.out.splitlines())
    assert list(found) == ["text", "language", "engine", "segments"]
    assert (found["text"], found["language"], found["engine"]) == (QUESTION, "en", "faster-whisper")
    assert " ".join(one["text"] for one in found["segments"]) == QUESTION
    assert 0.0 <= found["segments"][0]["start"] < found["segments"][-1]["end"] <= soundfile.info(wav).duration


def test_json_of_several_names_the_file(localvoice, wav):
    outcome = localvoice("transcribe", "--json", "q.wav", "q.wav", *TINY)
    assert [json.loads(line)["file"] for line in outcome.out.splitlines()] == ["q.wav", "q.wav"]


def test_subtitles(localvoice, wav):
    outcome = localvoice("transcribe", "--srt", "q.wav", *TINY)
    number, times, text = outcome.out.splitlines()
    assert (number, text) == ("1", QUESTION)
    assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}", times)


def test_a_recording_on_standard_input(localvoice, wav):
    assert localvoice("transcribe", "-", *TINY, stdin=wav.read_bytes()).out == f"{QUESTION}\n"


def test_a_wav_of_unknown_length_on_standard_input(localvoice, wav):
    data = bytearray(wav.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"  # as `arecord` and `ffmpeg` write into a pipe
    assert localvoice("transcribe", "-", *TINY, stdin=bytes(data)).out == f"{QUESTION}\n"


def test_words_are_corrected_by_the_user_s_table(localvoice, wav):
    (localvoice.folder / "words.toml").write_text('"capital of france" = "Capital of FRANCE"\n')
    (localvoice.folder / "localvoice.toml").write_text('[stt]\ncorrections = "words.toml"\n')
    outcome = localvoice("transcribe", "q.wav", *TINY)
    assert (outcome.code, outcome.out) == (0, "What is the Capital of FRANCE?\n")


def test_a_table_of_words_that_is_not_there_is_said_before_any_work(localvoice, wav):
    (localvoice.folder / "localvoice.toml").write_text('[stt]\ncorrections = "none.toml"\n')
    outcome = localvoice("transcribe", "q.wav", *TINY)
    assert outcome.code == 2
    assert "none.toml" in outcome.err


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz"),
    [("q.mp3", "mp3", 44_100), ("q.m4a", "aac", 48_000), ("q.ogg", "libopus", 48_000), ("q.flac", "flac", 96_000)],
)
def test_other_formats(localvoice, question, name, codec, rate_hz):
    encoded(localvoice.folder / name, question, codec, rate_hz)
    assert localvoice("transcribe", name, *TINY).out == f"{QUESTION}\n"


@posix
def test_progress_on_a_terminal_keeps_out_of_the_text(localvoice, wav):
    import pty

    ours, theirs = pty.openpty()
    shown = bytearray()
    reader = threading.Thread(target=read_all, args=(ours, shown), daemon=True)
    reader.start()
    done = subprocess.run(
        [sys.executable, "-m", "localvoice", "transcribe", "q.wav", wav, *TINY],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=localvoice.folder,
        env=localvoice.environ | {"TERM": "xterm"},
        timeout=30,
        check=True,
    )
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    assert done.stdout.decode() == f"q.wav: {QUESTION}\n{wav}: {QUESTION}\n"
    assert b"loading faster-whisper" in shown
    assert b"q.wav" in shown
    assert QUESTION.encode() not in shown


def read_all(terminal: int, into: bytearray) -> None:
    """Until nobody holds the other end, which Linux reports as an error."""
    with suppress(OSError):
        while data := os.read(terminal, 4096):
            into += data


def test_silence_is_an_empty_text(localvoice):
    soundfile.write(localvoice.folder / "silent.wav", np.zeros(SPEECH_RATE_HZ), SPEECH_RATE_HZ)
    outcome = localvoice("transcribe", "--json", "silent.wav", *TINY)
    assert outcome.code == 0
    assert (json.loads(outcome.out)["text"], json.loads(outcome.out)["segments"]) == ("", [])


def test_a_starter_hears_utterance_by_utterance_and_says_what_it_is(localvoice):
    parts = [speech("What time is it?"), speech("Set a timer for five minutes.")]
    sound = np.concatenate((silence(8000), parts[0], silence(24_000), parts[1], silence(8000)))
    soundfile.write(localvoice.folder / "two.wav", sound, SPEECH_RATE_HZ)
    outcome = localvoice("transcribe", "--json", "two.wav", "--stt", "pocketsphinx")
    found = json.loads(outcome.out)
    starts = [one["start"] for one in found["segments"]]
    assert starts == pytest.approx([0.5, 2.0 + len(parts[0]) / SPEECH_RATE_HZ], abs=0.15)
    assert found["engine"] == "pocketsphinx"
    assert found["text"] == " ".join(one["text"] for one in found["segments"])
    assert len(outcome.complaints) == 1
    assert "starter" in outcome.complaints[0]


def test_a_starter_says_so_where_it_does_not_know_the_language(localvoice):
    soundfile.write(localvoice.folder / "silent.wav", np.zeros(SPEECH_RATE_HZ), SPEECH_RATE_HZ)
    [said] = localvoice("transcribe", "silent.wav", "--stt", "pocketsphinx", "--language", "fr").complaints
    assert "English only, not 'fr'" in said


# what is no recording


def test_a_bad_file_among_good_ones_is_found_before_any_work(localvoice, wav):
    assert "gone.wav" in localvoice.refusal("transcribe", "q.wav", "gone.wav", *TINY, code=2)


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "standard input is empty"), (b"no sound\n" * 99, "standard input is no")]
)
def test_standard_input_that_is_no_recording(localvoice, data, said):
    assert said in localvoice.refusal("transcribe", "-", *TINY, code=2, stdin=data)


def test_a_wav_without_a_sample_is_refused(localvoice):
    soundfile.write(localvoice.folder / "none.wav", np.zeros(0), SPEECH_RATE_HZ)
    assert "holds no sound" in localvoice.refusal("transcribe", "none.wav", *TINY, code=2)


def test_a_picture_is_refused(localvoice):
    with av.open(localvoice.folder / "film.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for one in (av.VideoFrame(32, 32, "yuv420p"), None):
            container.mux(stream.encode(one))
    assert "no sound track" in localvoice.refusal("transcribe", "film.mp4", *TINY, code=2)


def test_a_language_that_the_model_does_not_know_is_refused(localvoice, wav):
    assert "xx" in localvoice.refusal("transcribe", "q.wav", *TINY, "--language", "xx", code=2)


def test_a_damaged_recording_gives_what_is_left_of_it(localvoice, question):
    path = localvoice.folder / "q.mp3"
    encoded(path, np.concatenate((question, silence(32_000))), "mp3", 44_100)
    data = bytearray(path.read_bytes())
    data[-4000:-2000] = bytes(2000)
    path.write_bytes(data)
    outcome = localvoice("transcribe", "q.mp3", *TINY)
    assert (outcome.code, outcome.out) == (0, f"{QUESTION}\n")


def test_a_playlist_reaches_nobody(localvoice):
    """Neither an address nor another file that a playlist names is opened."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialled = threading.Event()

        def listen() -> None:
            try:
                server.accept()[0].close()
                dialled.set()
            except OSError:
                pass

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", address, "#EXT-X-ENDLIST", ""]
        (localvoice.folder / "list.m3u8").write_text("\n".join(lines), encoding="utf-8")
        localvoice.refusal("transcribe", "list.m3u8", *TINY, code=2)
        localvoice.refusal("transcribe", address, *TINY, code=2)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert not dialled.is_set()


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_the_work_ends_it(localvoice, wav, question, number, code):
    soundfile.write(localvoice.folder / "long.wav", np.tile(question, 200), SPEECH_RATE_HZ)
    running = localvoice.start("transcribe", "q.wav", "long.wav", *TINY)
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == f"q.wav: {QUESTION}\n"
    outcome, took_s = running.stop(number)
    assert (outcome.code, outcome.out, outcome.err) == (code, "", "")
    assert took_s < 2.0


@posix
def test_a_signal_while_it_waits_for_standard_input_ends_it(localvoice):
    running = localvoice.start("transcribe", "-", *TINY)
    time.sleep(0.7)  # it would wait for ever; an earlier moment is as good
    outcome, took_s = running.stop(signal.SIGINT)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")
    assert took_s < 2.0
