"""Compiling the callbacks at installation: a compiler is used where there is one, and missed without harm."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from localvoice.audio import native, native_reflex

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source tree with nothing but our C files."""
    audio = tmp_path / "localvoice" / "audio"
    audio.mkdir(parents=True)
    for kind in ("*.c", "*.h"):
        for source in (ROOT / "localvoice" / "audio").glob(kind):
            shutil.copy(source, audio)
    return tmp_path


def test_the_libraries_lie_where_they_are_looked_for(build: ModuleType) -> None:
    assert native.library_path() == ROOT / build.LIBRARY
    assert native_reflex.library_path() == ROOT / build.REFLEX


def test_both_libraries_are_compiled_by_one_command(build: ModuleType, root: Path) -> None:
    if build.compile_libraries(root):
        pytest.skip("there is no C compiler: `apt-get install gcc libc6-dev` enables this test")
    native.Library(root / build.LIBRARY)
    reflex = native_reflex.ReflexLibrary(root / build.REFLEX)
    assert reflex.lib.lv_reflex_abi() == reflex.lib.LV_REFLEX_ABI


def test_one_that_cannot_be_compiled_does_not_keep_the_other_away(build: ModuleType, root: Path) -> None:
    (root / "localvoice" / "audio" / "reflex.c").write_text("no C")
    if build.compile_library(root, build.LIBRARY):
        pytest.skip("there is no C compiler: `apt-get install gcc libc6-dev` enables this test")
    assert build.compile_libraries(root)
    assert [(root / library).exists() for library in build.SOURCES] == [True, False]


def test_a_compiler_makes_a_library_that_opens(build: ModuleType, root: Path) -> None:
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl")):
        pytest.skip("there is no C compiler: `apt-get install gcc libc6-dev` enables this test")
    assert not build.compile_library(root, build.LIBRARY)
    library = native.Library(root / build.LIBRARY)
    assert library.lib.lv_abi() == library.lib.LV_ABI
    assert [path.name for path in (root / build.LIBRARY).parent.glob("_callback*")] == [build.LIBRARY.name]


def test_without_a_compiler_there_is_a_reason_and_no_library(
    build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(root))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "no C compiler" in build.compile_library(root, build.LIBRARY)
    assert not (root / build.LIBRARY).exists()


def test_a_compiler_that_fails_is_named(build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "commands", lambda *_: [["false"], ["no-such-compiler"]])
    assert build.compile_library(root, build.LIBRARY).startswith("no-such-compiler: ")
    assert not (root / build.LIBRARY).exists()


def test_a_library_of_other_structs_is_refused(build: ModuleType, root: Path) -> None:
    header = root / "localvoice" / "audio" / "callback.h"
    header.write_text(header.read_text().replace("uint64_t overflows;", "uint64_t overflows, another;"))
    if build.compile_library(root, build.LIBRARY):
        pytest.skip("there is no C compiler: `apt-get install gcc libc6-dev` enables this test")
    with pytest.raises(native.StaleLibraryError, match="pip install -e"):
        native.Library(root / build.LIBRARY)
