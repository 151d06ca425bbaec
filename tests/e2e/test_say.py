"""`localvoice say`: what is written and heard, when it comes, and what is left where it fails."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, from_int16, resample
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import MODELS, TINY_ENGINES
from tests.waiting import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and signals are POSIX's")
TINY_VOICE = TINY_ENGINES[4:]
SENTENCE = "The capital of France is Paris."


async def words_in(samples, rate_hz: int) -> str:
    recognizer = FasterWhisperRecognizer(MODELS / "stt")
    try:
        return (await recognizer.transcribe(resample(samples, rate_hz, SPEECH_RATE_HZ))).text
    finally:
        recognizer.close()


async def test_a_file_holds_the_words_at_the_voices_rate(localvoice):
    outcome = localvoice("say", *SENTENCE.split(), *TINY_VOICE, "-o", "said.wav")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    info = soundfile.info(localvoice.folder / "said.wav")
    assert (info.channels, info.subtype, info.samplerate) == (1, "PCM_16", 22_050)
    samples, rate_hz = soundfile.read(localvoice.folder / "said.wav", dtype="float32")
    assert await words_in(samples, rate_hz) == SENTENCE


def test_what_a_package_logs_is_not_told(localvoice):
    pytest.importorskip("kokoro_onnx")
    voice = ("--tts", f"kokoro:{MODELS / 'tts' / 'kokoro-tiny'}")
    words = ("say", "I am 5 km away, on 3rd St.", *voice, "-o", "said.wav")  # phonemizer warns of counts that differ
    outcome = localvoice(*words)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert "phonemizer" in localvoice(*words, "--debug").err, "and is told who asks for it"


async def test_standard_output_is_raw_sound_at_16_khz(localvoice):
    outcome = localvoice("say", SENTENCE, "--tts", "espeak", "--output", "-")
    assert outcome.code == 0
    assert await words_in(from_int16(outcome.sound), SPEECH_RATE_HZ) == SENTENCE


def test_a_file_is_made_faster_than_it_is_spoken(localvoice):
    text = "This sentence takes a while to say, and there are many of it. " * 20
    outcome = localvoice("say", text, "--tts", "espeak", "-o", "long.wav", timeout_s=20)
    assert outcome.code == 0
    assert soundfile.info(localvoice.folder / "long.wav").duration > 40


def test_sentences_on_standard_input_are_spoken_as_they_arrive(localvoice):
    running = localvoice.start("say", "-", "--tts", "espeak", "-o", "-")
    process = running.process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("Here is a first sentence. And the second is not")
    process.stdin.flush()
    first = os.read(process.stdout.fileno(), 2)  # comes while the input is open
    assert first
    process.stdin.write(" complete.")
    process.stdin.close()
    assert len(process.stdout.buffer.read()) > 2 * SPEECH_RATE_HZ
    assert process.wait(10) == 0


def test_characters_split_between_two_writes_are_put_together(localvoice):
    running = localvoice.start("say", "-", "--tts", "espeak", "-o", "said.wav")
    assert running.process.stdin is not None
    for part in ("caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode()[:-1], b"\xa9 ", b"\xff."):
        running.process.stdin.buffer.write(part)
        running.process.stdin.flush()
    running.process.stdin.close()
    assert running.process.wait(10) == 0


def test_the_volume_of_the_settings_counts(localvoice):
    for volume in ("1.0", "0.25"):
        localvoice.environ["LOCALVOICE_SPEECH__VOLUME"] = volume
        assert localvoice("say", "hello", "--tts", "espeak", "-o", f"{volume}.wav").code == 0
    loud, quiet = (np.abs(soundfile.read(localvoice.folder / f"{one}.wav")[0]).max() for one in ("1.0", "0.25"))
    assert quiet == pytest.approx(loud / 4, rel=0.01)


def test_a_voice_that_fails_to_load_is_replaced_with_a_warning(localvoice):
    (localvoice.folder / "bad.onnx").write_bytes(b"no model")
    outcome = localvoice("say", "hello", "--tts", "piper:bad.onnx,espeak", "-o", "said.wav")
    assert outcome.code == 0
    assert len(outcome.complaints) == 1
    assert "espeak speaks in place of piper" in outcome.complaints[0]


def test_a_voice_that_was_to_stand_behind_another_has_not_been_replaced(localvoice):
    outcome = localvoice("say", "hello", "--tts", "espeak,piper:gone.onnx", "-o", "said.wav")
    assert outcome.code == 0
    assert len(outcome.complaints) == 1
    assert outcome.complaints[0].startswith("warning: piper does not stand behind espeak: there is no model gone.onnx")


def test_an_output_of_none_says_nothing(localvoice):
    before = localvoice.files()
    outcome = localvoice("say", "hello", "--output", "none")
    assert (outcome.code, outcome.out, localvoice.files()) == (0, "", before)


@pytest.mark.parametrize("text", ["...", "\N{PARTY POPPER}"])
def test_text_without_a_word_is_refused(localvoice, text):
    assert "nothing to say" in localvoice.refusal("say", text, "-o", "said.wav", code=2)
    assert "nothing to say" in localvoice.refusal("say", "-", "-o", "said.wav", stdin=text, code=2)


def test_a_voice_that_nobody_has_is_refused(localvoice):
    assert "klingon" in localvoice.refusal("say", "hi", "--tts", "espeak", "--voice", "klingon", "-o", "a.wav", code=2)


def test_without_a_loudspeaker_it_says_what_can_be_done(localvoice):
    localvoice.without_sound_card()
    assert "--output FILE.wav" in localvoice.refusal("say", "hello", code=4)


# the file


def test_a_failed_run_leaves_the_old_file_as_it_was(localvoice):
    (localvoice.folder / "said.wav").write_bytes(b"precious")
    localvoice.refusal("say", "...", "-o", "said.wav", code=2)
    assert (localvoice.folder / "said.wav").read_bytes() == b"precious"


@posix
def test_a_file_keeps_its_mode_and_a_link_stays_a_link(localvoice):
    target, link = localvoice.folder / "target.wav", localvoice.folder / "link.wav"
    target.touch(mode=0o640)
    target.chmod(0o640)
    link.symlink_to(target)
    assert localvoice("say", "hello", "--tts", "espeak", "-o", "link.wav").code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert soundfile.info(target).frames > 0


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="/dev/null is POSIX's")
def test_a_device_file_stays_one(localvoice):
    assert localvoice("say", "hello", "--tts", "espeak", "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_half_written(localvoice: CommandLine, number, code):
    before = localvoice.files()
    running = localvoice.start("say", "-", "--tts", "espeak", "-o", "said.wav")
    assert running.process.stdin is not None
    running.process.stdin.write("A first sentence. And more")
    running.process.stdin.flush()
    wait_until(lambda: any(path.stat().st_size > 44 for path in localvoice.folder.glob(".said.wav*")))
    outcome, took_s = running.stop(number)
    assert (outcome.code, outcome.complaints) == (code, [])
    assert took_s < 2.0
    assert localvoice.files() == before
