"""What does not fit into memory is said before it is loaded, with what would."""

from __future__ import annotations

import pytest

from localvoice.config import Config, EnginesConfig
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ModelError
from localvoice.loading import load_stage
from localvoice.memory_room import MemoryRoom, needed_bytes
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.tiers.random_llama import SIZES, make
from tests.e2e.spoken import MODELS

GIB = 2**30
TINY = MODELS / "llm" / "localvoice-tiny-test.gguf"


@pytest.fixture
def store(tmp_path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def large(store: ModelStore, name: str = "qwen3-4b-instruct", size: int = 3 * GIB):
    """A language model of that size which takes no room on the disk."""
    path = store.root / "llm" / name / "model.gguf"
    path.parent.mkdir(parents=True)
    make(path, SIZES["tiny"], TINY)
    with path.open("ab") as file:
        file.truncate(size)
    return path


def test_with_2_gb_free_the_next_smaller_tier_is_named(store):
    with pytest.raises(ModelError) as failure:
        MemoryRoom(lambda: 2 * GIB).take("llm", large(store), store, 4096)
    said = str(failure.value)
    assert said.startswith("qwen3-4b-instruct needs about 3.4 GB of memory and 2.1 GB are free: ")
    assert said.endswith("get the smaller one of the tier standard: `localvoice models download qwen3-1.7b`")
    assert "\n" not in said


def test_where_nothing_fits_the_starter_is_left(store):
    with pytest.raises(ModelError, match="use --llm skills"):
        MemoryRoom(lambda: GIB // 4).take("llm", large(store), store, 4096)


def test_a_model_is_not_named_in_place_of_itself(store):
    path = large(store, size=GIB // 1024)
    with pytest.raises(ModelError, match="use --llm skills"):
        MemoryRoom(lambda: needed_bytes(path, 8192) - 1).take("llm", path, store, 8192)


def test_engines_that_load_beside_each_other_share_the_room(store):
    room, path = MemoryRoom(lambda: 7 * GIB), large(store)
    room.take("llm", path, store, 4096)
    room.take("llm", path, store, 4096)
    with pytest.raises(ModelError):
        room.take("llm", path, store, 4096)


def test_the_context_counts(store):
    path = large(store)
    assert needed_bytes(path, 8192) - needed_bytes(path, 4096) == 4096 * 2 * 2 * (16 + 16) * 2


async def test_a_conversation_begins_with_the_engine_behind(store, monkeypatch):
    path = large(store)
    monkeypatch.setattr("localvoice.local_engines.MemoryRoom", lambda: MemoryRoom(lambda: 2 * GIB))
    config = Config(engines=EnginesConfig(llm=(f"llama-cpp:{path}", "skills")))
    candidates = EngineChoice(config, store, Skills()).candidates("llm")
    loaded = await load_stage("llm", candidates, lambda _: None)
    assert loaded.name == "skills"
    assert "GB are free" in str(loaded.skipped[0][1])
    assert loaded.took_s.keys() == {"skills"}


@pytest.fixture
def automatic(store, monkeypatch):
    """What `auto` loads for the language model with 2 GiB free, and what is said meanwhile."""
    monkeypatch.setattr("localvoice.local_engines.MemoryRoom", lambda: MemoryRoom(lambda: 2 * GIB))

    async def load():
        said: list[str] = []
        loaded = await load_stage("llm", EngineChoice(Config(), store, Skills()).candidates("llm"), said.append)
        for engine in loaded.engines:
            engine.close()
        return loaded, said

    return load


async def test_auto_takes_the_next_smaller_model_that_is_here_and_says_so_before_loading_it(store, automatic):
    large(store, "qwen3-0.6b")
    large(store, "lfm2.5-350m", size=GIB // 8)
    loaded, said = await automatic()
    assert loaded.name == "llama-cpp"
    assert loaded.skipped == ()
    needs = "qwen3-0.6b needs about 3.4 GB of memory and 2.1 GB are free"
    assert said == ["loading llama-cpp", f"{needs}; lfm2.5-350m is taken in its place", "loading skills"]


async def test_auto_takes_the_next_model_in_place_of_one_that_is_damaged(store, automatic):
    damaged = large(store, "qwen3-0.6b", size=GIB)
    damaged.write_bytes(damaged.read_bytes()[:100_000])
    large(store, "lfm2.5-350m", size=90_000).write_bytes(TINY.read_bytes()[:90_000])
    large(store, "own", size=80_000).write_bytes(TINY.read_bytes()[:80_000])
    loaded, said = await automatic()
    assert loaded.name == "skills"
    assert str(loaded.skipped[0][1]).startswith(str(damaged))
    assert [line.endswith("is taken in its place") for line in said] == [False, True, True, False]


async def test_a_named_model_has_nothing_in_its_place(store, monkeypatch):
    monkeypatch.setattr("localvoice.local_engines.MemoryRoom", lambda: MemoryRoom(lambda: 2 * GIB))
    large(store, "qwen3-0.6b")
    large(store, "lfm2.5-350m", size=GIB // 8)
    config = Config(engines=EnginesConfig(llm=("llama-cpp:qwen3-0.6b",)))
    with pytest.raises(ModelError, match=r"use a smaller one that is here: --llm llama-cpp:lfm2\.5-350m"):
        await load_stage("llm", EngineChoice(config, store, Skills()).candidates("llm"), lambda _: None)
