from pathlib import Path

import pytest

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.llm.llama_setup import llama_setup
from localvoice.machine import Machine, cores_in_quota, instructions_in, this_machine

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


@pytest.mark.parametrize(("hears", "asked", "beside"), [(True, 0, 3), (False, 0, 7), (True, 5, 5)])
def test_prompts_are_read_with_fewer_threads_where_a_recogniser_works_too(monkeypatch, hears, asked, beside):
    monkeypatch.setattr("localvoice.llm.llama_setup.this_machine", lambda: machine(8))
    path = Path(__file__).parents[1] / "models/llm/localvoice-tiny-test.gguf"
    setup = llama_setup(path, EngineOptions(threads=asked), ReplyConfig(), hears=hears)
    assert setup.threads == (asked or 7)
    assert setup.threads_beside == beside


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
