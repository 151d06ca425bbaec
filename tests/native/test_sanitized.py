"""The callbacks compiled with sanitizers, under real threads; and that the guard of the ring is what keeps it right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "localvoice" / "audio"
DRIVER = Path(__file__).with_name("stress.c")
COMPILER = shutil.which("gcc") or shutil.which("clang")

pytestmark = pytest.mark.skipif(
    COMPILER is None, reason="there is no C compiler: `apt-get install gcc libc6-dev` enables this test"
)


def build(folder: Path, *flags: str) -> Path:
    """The driver; skips where this compiler has not what `flags` ask for."""
    program = folder / "stress"
    assert COMPILER is not None
    command = [COMPILER, "-std=c99", "-g", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pthread", f"-I{SOURCES}"]
    done = subprocess.run(
        [*command, *flags, str(DRIVER), str(SOURCES / "callback.c"), "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "cannot find -l" in done.stderr or "unsupported option" in done.stderr:
        pytest.skip(f"{flags[-1]}: `apt-get install gcc libc6-dev` brings the sanitizers of gcc")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr
    return program


def run(program: Path, samples: int, block: int, replies: int) -> subprocess.CompletedProcess[str]:
    command = [str(program), str(samples), str(block), str(replies)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def assert_is_clean(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.parametrize("block", [480, 4096])
def test_100_million_samples_are_not_torn(tmp_path: Path, block: int) -> None:
    assert_is_clean(run(build(tmp_path, "-O2"), 100_000_000, block, 500))


def test_without_the_guard_they_are(tmp_path: Path) -> None:
    program = build(tmp_path, "-O2", "-DLV_WITHOUT_GUARD")
    errors = [run(program, 100_000_000, 4096, 0).stderr for _ in range(3)]
    assert any("torn sample" in error for error in errors)


def test_no_memory_is_misused_and_nothing_is_undefined(tmp_path: Path) -> None:
    program = build(tmp_path, "-O1", "-fno-sanitize-recover=all", "-fsanitize=address,undefined")
    assert_is_clean(run(program, 5_000_000, 480, 200))


def test_no_two_threads_race(tmp_path: Path) -> None:
    flags = ["-O1", "-Wno-tsan"] if "gcc" in str(COMPILER) else ["-O1"]  # our fences only order what is atomic anyway
    done = run(build(tmp_path, *flags, "-fsanitize=thread"), 2_000_000, 480, 100)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel's address layout is too random: `sysctl vm.mmap_rnd_bits=28` enables this test")
    assert_is_clean(done)
