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
    monkeypatch.setattr("localvoice.engine_choice.MemoryRoom", lambda: MemoryRoom(lambda: 2 * GIB))
    config = Config(engines=EnginesConfig(llm=(f"llama-cpp:{path}", "skills")))
    candidates = EngineChoice(config, store, Skills()).candidates("llm")
    loaded = await load_stage("llm", candidates, lambda _: None)
    assert loaded.name == "skills"
    assert "GB are free" in str(loaded.skipped[0][1])
    assert loaded.took_s.keys() == {"skills"}
