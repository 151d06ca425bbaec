from pathlib import Path
from typing import NamedTuple

import pytest

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.llm.llama_cpp import load_llama
from localvoice.llm.llama_setup import llama_setup
from localvoice.machine import Machine, cores_in_quota, instructions_in, this_machine

GGUF = Path(__file__).parents[1] / "models/llm/localvoice-tiny-test.gguf"
CPUINFO = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse2 AVX2 fma\n\nprocessor\t: 1\nflags\t\t: fpu\n"


def machine(physical=4, usable=8, instructions=("avx2",), is_x86=True):
    return Machine(physical, usable, frozenset(instructions), is_x86)


def test_flags_are_those_of_the_first_processor():
    assert instructions_in(CPUINFO) == {"fpu", "sse2", "avx2", "fma"}


def test_arm_features_count_as_instructions():
    assert instructions_in("Features\t: fp asimd crc32\n") == {"fp", "asimd", "crc32"}


def test_missing_instructions_are_named_in_the_order_asked():
    assert machine().missing(("avx2", "fma", "bmi2")) == ("fma", "bmi2")


@pytest.mark.parametrize("unknown", [machine(instructions=()), machine(is_x86=False)])
def test_nothing_is_missing_where_it_cannot_be_known(unknown):
    assert unknown.missing(("avx2",)) == ()


@pytest.mark.parametrize(("physical", "model", "recogniser"), [(1, 1, 1), (2, 1, 1), (4, 3, 3), (6, 5, 4), (16, 15, 4)])
def test_models_leave_a_core_to_audio(physical, model, recogniser):
    assert machine(physical).model_threads == model
    assert machine(physical).recogniser_threads == recogniser


@pytest.mark.parametrize(("physical", "beside"), [(1, 1), (2, 1), (4, 1), (8, 3), (16, 11)])
def test_a_model_and_the_recogniser_beside_it_leave_a_core_together(physical, beside):
    here = machine(physical)
    assert here.model_threads_beside == beside


class Threads(NamedTuple):
    """What the library was given: to write with, to read prompts with."""

    reply: int
    prompt: int


@pytest.fixture
def threads_of(monkeypatch):
    """Loads the tiny model with xllamacpp as on a machine of so many cores."""
    xllamacpp = pytest.importorskip("xllamacpp")
    started, start = [], xllamacpp.Server

    def server(params):
        started.append(Threads(params.cpuparams.n_threads, params.cpuparams_batch.n_threads))
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        return start(params)

    monkeypatch.setattr(xllamacpp, "Server", server)

    def loaded(cores, threads=0, *, hears):
        monkeypatch.setattr("localvoice.llm.llama_setup.this_machine", lambda: machine(cores))
        load_llama(GGUF, EngineOptions(runtime="xllamacpp", threads=threads), ReplyConfig(), hears=hears).close()
        return started[-1]

    return loaded


@pytest.mark.parametrize(
    ("cores", "beside_a_recogniser", "alone"),
    [
        (2, Threads(1, 1), Threads(1, 1)),
        (4, Threads(2, 1), Threads(3, 3)),
        (8, Threads(4, 3), Threads(7, 7)),
        (16, Threads(11, 11), Threads(15, 15)),
    ],
)
def test_a_language_model_leaves_cores_to_a_recogniser_of_this_machine(threads_of, cores, beside_a_recogniser, alone):
    assert threads_of(cores, hears=True) == beside_a_recogniser
    assert threads_of(cores, hears=False) == alone


@pytest.mark.parametrize("hears", [True, False])
def test_a_number_of_threads_in_the_settings_is_kept(threads_of, hears):
    assert threads_of(8, threads=5, hears=hears) == Threads(5, 5)


def test_a_runtime_that_can_change_its_threads_writes_with_all(monkeypatch):
    monkeypatch.setattr("localvoice.llm.llama_setup.this_machine", lambda: machine(8))
    setup = llama_setup(GGUF, EngineOptions(), ReplyConfig(), hears=True)
    assert (setup.threads, setup.threads_beside) == (7, 3)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", None),
        ("200000 100000", 2),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("", None),
        ("1 0", None),
    ],
)
def test_container_quota_in_whole_cores(text, cores):
    assert cores_in_quota(text) == cores


def test_this_machine_has_cores_and_known_instructions():
    here = this_machine()
    assert 1 <= here.physical_cores <= here.usable_cores
    assert here.missing(("sse2",)) == ()
    assert "no-such-instruction" not in here.instructions
