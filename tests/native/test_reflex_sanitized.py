"""The reflex compiled with sanitizers, on this processor and as on one without AVX2."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.native_reflex import NativeSilero, ReflexLibrary
from localvoice.audio.silero_network import OnnxSilero
from localvoice.audio.silero_weights import read_weights
from localvoice.audio.vad import WINDOW, bundled_silero
from tests.e2e.spoken import speech

SOURCES = Path(__file__).parents[2] / "localvoice" / "audio"
DRIVER = Path(__file__).with_name("rush.c")
COMPILER = shutil.which("gcc") or shutil.which("clang")
PLAIN = "-DLV_WITHOUT_WIDE"
STRICT = "-Wall", "-Wextra", "-Wconversion", "-Wshadow"

pytestmark = pytest.mark.skipif(
    COMPILER is None, reason="there is no C compiler: `apt-get install gcc libc6-dev` enables this test"
)


def compiled(target: Path, *words: str) -> Path:
    """What the compiler made, without a warning; skips where it has not what `words` ask for."""
    assert COMPILER is not None
    command = [COMPILER, "-std=c99", *STRICT, f"-I{SOURCES}", *words, str(SOURCES / "reflex.c"), "-o", str(target)]
    done = subprocess.run([*command, "-lm"], capture_output=True, text=True, check=False)
    if "cannot find -l" in done.stderr or "unsupported option" in done.stderr:
        pytest.skip(f"{words[-1]}: `apt-get install gcc libc6-dev` brings the sanitizers of gcc")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr
    return target


def rush(program: Path, blocks: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), str(blocks)], capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("kind", [(), (PLAIN,)])
def test_no_memory_is_misused_and_nothing_is_undefined(tmp_path: Path, kind: tuple[str, ...]) -> None:
    sanitized = "-O1", "-g", "-fno-sanitize-recover=all", "-fsanitize=address,undefined"
    done = rush(compiled(tmp_path / "rush", *sanitized, *kind, str(DRIVER)), 3000)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_a_row_too_few_is_noticed(tmp_path: Path) -> None:
    for source in SOURCES.glob("reflex*.[ch]"):
        (tmp_path / source.name).write_text(source.read_text().replace("LV_ROW = 168", "LV_ROW = 160"))
    sources = str(DRIVER), str(tmp_path / "reflex.c"), "-o", str(tmp_path / "rush"), "-lm"
    command = [str(COMPILER), "-std=c99", "-w", "-O1", "-g", "-fsanitize=address,undefined", f"-I{tmp_path}", *sources]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("`apt-get install gcc libc6-dev` brings the sanitizers of gcc")
    assert rush(tmp_path / "rush", 100).returncode != 0


def test_gcc_for_windows_uses_no_vectors_that_its_stack_is_not_aligned_for() -> None:
    gcc = shutil.which("gcc")
    if gcc is None or "clang" in subprocess.run([gcc, "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("`apt-get install gcc libc6-dev` enables this test")
    for words in ([], ["-D_WIN32"]):
        macros = subprocess.run(
            [gcc, "-E", "-dM", *words, str(SOURCES / "reflex.c")], capture_output=True, text=True, check=True
        ).stdout
        is_for_it = "define __x86_64__" in macros and not words
        assert ("define LV_HAS_WIDE" in macros) == is_for_it


def test_without_avx2_it_hears_the_same(tmp_path: Path) -> None:
    flags = "-O3", "-fno-math-errno", "-ffp-contract=fast", "-fPIC", "-shared"
    plain = NativeSilero(ReflexLibrary(compiled(tmp_path / "plain.so", *flags, PLAIN)), read_weights(bundled_silero()))
    reference = OnnxSilero(bundled_silero())
    said = speech("Please tell me what the weather will be like tomorrow.")
    heard = [
        (plain.hear(window), reference.hear(window)) for window in said[: len(said) // WINDOW * WINDOW].reshape(-1, 512)
    ]
    assert max(both[0] for both in heard) > 0.9
    assert np.abs(np.subtract(*np.transpose(heard))).max() < 1e-4
