"""A language model that reads whether a sentence ends behind the user's words."""

from __future__ import annotations

import asyncio
import shutil
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from localvoice.app.turn_detection import TurnModels, load_turn_models
from localvoice.config import Config, ReplyConfig, SessionConfig
from localvoice.errors import ModelError
from localvoice.llm.turn_reader import LlamaTurnReader, as_written
from localvoice.model_store.catalogue import Kind, read_catalogue
from localvoice.model_store.store import ModelStore
from tests.e2e.spoken import MODELS
from tests.turn_reader import TURN_READER, needs_turn_reader

TINY = MODELS / "llm" / "localvoice-tiny-test.gguf"


@pytest.fixture(scope="module")
def tiny() -> Iterator[LlamaTurnReader]:
    reader = LlamaTurnReader(TINY)
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def real() -> Iterator[LlamaTurnReader]:
    reader = LlamaTurnReader(TURN_READER)
    yield reader
    reader.close()


def test_words_are_written_as_one_writes_them():
    assert as_written("what's 5 and i,  i'm...") == "What's five and I I'm"
    assert as_written(" ?! ") == ""


async def test_an_opinion_is_a_probability_and_the_same_each_time(tiny):
    first = await tiny.probability("what is the capital of france")
    await tiny.probability("tell me a")
    assert 0.0 < first < 1.0
    assert await tiny.probability("What is the capital of France?") == pytest.approx(first, rel=0.01)


async def test_no_words_end_no_sentence(tiny):
    assert await tiny.probability("...") == 0.0


async def test_a_turn_of_a_thousand_words_is_read_by_its_last_ones(tiny):
    assert 0.0 < await tiny.probability("and then " * 500) < 1.0


def test_in_a_long_turn_most_pauses_add_words_to_what_was_read_before():
    words = [f"x{chr(97 + n // 26)}y{chr(97 + n % 26)}" for n in range(400)]
    read = [as_written(" ".join(words[:count])) for count in range(1, 401)]
    assert sum(not now.startswith(before) for before, now in pairwise(read)) == 5
    assert max(len(one.split()) for one in read) == 120
    assert all(one.split()[-1].lower() == words[count] for count, one in enumerate(read))


async def test_a_reader_that_is_closed_has_no_opinion():
    reader = LlamaTurnReader(TINY)
    reader.close()
    reader.close()
    assert await reader.probability("stop") == 0.0


async def test_who_stops_waiting_does_not_hold_up_the_next_question(tiny):
    asked = asyncio.create_task(tiny.probability("tell me a joke about computers"))
    await asyncio.sleep(0)
    asked.cancel()
    async with asyncio.timeout(5):
        assert await tiny.probability("stop") > 0.0


def test_a_file_that_is_cut_off_is_one_clear_error(tmp_path):
    broken = tmp_path / "reader.gguf"
    broken.write_bytes(TINY.read_bytes()[:5000])
    with pytest.raises(ModelError, match="localvoice models"):
        LlamaTurnReader(broken)


def with_template(folder: Path, template: str) -> Path:
    """The model with another chat template, filled up to the length of its own."""
    before, key, behind = TINY.read_bytes().partition(b"tokenizer.chat_template")
    (length,) = struct.unpack_from("<Q", behind, 4)
    path = folder / "other.gguf"
    path.write_bytes(before + key + behind[:12] + template.encode().ljust(length) + behind[12 + length :])
    return path


@pytest.mark.parametrize("end", ["<|im_end|>", "<|end_of_text|>"])
async def test_the_words_stand_where_the_template_has_those_of_the_user(tmp_path, tiny, end):
    template = "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content + 'END\\n' }}{%- endfor %}"
    reader = LlamaTurnReader(with_template(tmp_path, template.replace("END", end)))
    expected = await tiny.probability("what time is it")
    assert await reader.probability("what time is it") == pytest.approx(expected, rel=0.01)
    reader.close()


def test_where_its_runtime_cannot_run_nobody_is_told_to_compile_the_other_one(monkeypatch):
    old = SimpleNamespace(missing=lambda _: ("avx2",))
    monkeypatch.setattr("localvoice.llm.llama_cpp.this_machine", lambda: old)
    with pytest.raises(ModelError, match=r"lacks AVX2.*: do without the turn reader: `localvoice models remove words/"):
        LlamaTurnReader(TINY)


def test_a_template_that_leaves_the_words_out_is_one_clear_error(tmp_path):
    with pytest.raises(ModelError, match="its chat template cannot be used"):
        LlamaTurnReader(with_template(tmp_path, "{{- '<|im_start|>' }}"))


def installed(folder: Path, name: str = "smollm2-135m-q4") -> ModelStore:
    place = folder / "words" / name
    place.mkdir(parents=True)
    shutil.copy(TINY, place / "reader.gguf")
    return ModelStore(folder)


async def loaded(store: ModelStore, config: Config, told: list[tuple[str, str, str, str]]) -> TurnModels:
    models = await load_turn_models(store, config, lambda *said: told.append(said))
    models.close()
    return models


async def test_it_is_used_where_it_is_installed(tmp_path):
    assert (await loaded(installed(tmp_path), Config(), [])).reader is not None
    assert (await loaded(ModelStore(tmp_path / "none"), Config(), [])).reader is None


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(Config(session=SessionConfig(language="de")), id="another language"),
        pytest.param(Config(reply=ReplyConfig(prepare=False)), id="no words at a pause"),
    ],
)
async def test_it_is_not_loaded_where_it_has_nothing_to_say(tmp_path, config):
    store = installed(tmp_path)
    assert next(one for one in store.installed() if one.kind is Kind.WORDS).model is not None
    assert (await loaded(store, config, [])).reader is None


async def test_a_broken_one_is_told_and_left_out(tmp_path):
    store = installed(tmp_path, "mine")
    (tmp_path / "words" / "mine" / "reader.gguf").write_bytes(b"GGUF")
    told: list[tuple[str, str, str, str]] = []
    assert (await loaded(store, Config(), told)).reader is None
    ((stage, name, instead, reason),) = told
    assert (stage, name, instead) == ("turn", "mine", "words")
    assert "reader.gguf" in reason


@needs_turn_reader
async def test_what_lacks_its_end_is_told_from_what_has_it(real):
    whole = ("what time is it", "remind me to call my mother", "turn on the light in the kitchen")
    cut = ("what time", "remind me to", "turn on the light in the")
    opinions = [[await real.probability(words) for words in some] for some in (whole, cut)]
    assert min(opinions[0]) > 3 * max(opinions[1])


@needs_turn_reader
def test_the_file_is_the_one_of_the_catalogue():
    (file,) = (file for model in read_catalogue() if model.kind is Kind.WORDS for file in model.files)
    assert TURN_READER.stat().st_size == file.bytes
