"""Going back in a model that forgets gives the state that a fresh reading gives, also after a stop within a step."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.llm import llama_cache
from localvoice.llm.llama_cache import LlamaCache
from localvoice.streams import Cancelled, CancelToken
from localvoice.tiers.random_llama import SIZES, make
from tests.engines.test_chat_model import GGUF

llama_cpp = pytest.importorskip("llama_cpp", reason="needs pip install 'localvoice[llama-cpp-python]'")

FIRST = list(range(300, 400))
SECOND = list(range(400, 440))
OTHER = list(range(500, 530))


@pytest.fixture(params=["tiny", "tiny-sliding", "tiny-hybrid"])
def kind(request):
    return request.param


@pytest.fixture
def load(kind, tmp_path):
    path = make(tmp_path / f"{kind}.gguf", SIZES[kind], GGUF)
    loaded = []

    def one() -> tuple[LlamaCache, object]:
        llama = llama_cpp.Llama(str(path), n_ctx=1024, n_batch=256, n_threads=1, swa_full=True, verbose=False)
        loaded.append(llama)
        return LlamaCache(llama, forgets=kind == "tiny-hybrid"), llama

    yield one
    for llama in loaded:
        llama.close()


def read(cache: LlamaCache, tokens: list[int]) -> int:
    cached = cache.read(tokens, len(tokens), CancelToken())
    cache.copy()
    return cached


def scores(llama) -> np.ndarray:
    """Of the next token; the library keeps its own of the last decode only."""
    return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(llama.ctx, -1), shape=(llama.n_vocab(),)).copy()


def fresh_scores(load, tokens: list[int]) -> np.ndarray:
    cache, llama = load()
    read(cache, tokens)
    return scores(llama)


def close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() < 0.02 * np.abs(other).max())


def test_a_way_back_leads_to_the_same_state(load):
    cache, llama = load()
    read(cache, FIRST)
    read(cache, [*FIRST, *SECOND])
    assert read(cache, [*FIRST, *OTHER]) == len(FIRST)
    assert close(scores(llama), fresh_scores(load, [*FIRST, *OTHER]))


def test_the_states_compared_are_not_alike(load):
    """Or else the test above could not fail."""
    wrong = fresh_scores(load, [*FIRST, *SECOND, *OTHER])
    assert not close(wrong, fresh_scores(load, [*FIRST, *OTHER]))


def test_a_step_that_was_stopped_is_read_again(load, monkeypatch):
    cache, llama = load()
    read(cache, FIRST)
    cancel, calls = CancelToken(), []

    def stop_midway(_) -> bool:
        calls.append(1)
        if len(calls) > 30:
            cancel.cancel()
        return cancel.is_cancelled

    callback = llama_cpp.ggml_abort_callback(stop_midway)
    monkeypatch.setattr(llama_cache, "_is_raised", lambda: callback)
    with pytest.raises(Cancelled), cache.stoppable(cancel):
        cache.read([*FIRST, *SECOND], len(FIRST) + len(SECOND), cancel)
    assert len(calls) > 30
    assert read(cache, [*FIRST, *SECOND]) == len(FIRST)
    assert close(scores(llama), fresh_scores(load, [*FIRST, *SECOND]))


def test_a_token_that_is_cancelled_stops_native_code_without_the_interpreter(load):
    cache, llama = load()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled), cache.stoppable(cancel):
        llama.eval(FIRST)
    assert not cache.has(FIRST)
    assert read(cache, FIRST) == 0


def test_a_saved_state_is_that_state(load, tmp_path):
    cache, _ = load()
    read(cache, FIRST)
    assert cache.save(tmp_path / "state")
    other, fresh = load()
    assert other.restore(tmp_path / "state", FIRST)
    assert read(other, [*FIRST, *OTHER]) == len(FIRST)
    assert close(scores(fresh), fresh_scores(load, [*FIRST, *OTHER]))
    assert not other.restore(tmp_path / "state", SECOND), "that is a state of other tokens"
    assert read(other, SECOND) == 0
