"""How a model's words are chosen: the file, its card, the settings."""

from __future__ import annotations

import pytest

from localvoice.config import ReplyConfig
from localvoice.llm.gguf import GgufHeader
from localvoice.llm.sampling import Sampling, sampling_for


def header(architecture: str = "qwen3", **said: object) -> GgufHeader:
    return GgufHeader({"general.architecture": architecture} | {f"general.sampling.{k}": v for k, v in said.items()}, 0)


@pytest.mark.parametrize(
    ("model", "reply", "expected"),
    [
        pytest.param(header("llama"), ReplyConfig(), Sampling(0.7, 0.9), id="the defaults without a card"),
        pytest.param(header(), ReplyConfig(), Sampling(0.7, 0.8, 20, 0.0), id="the card"),
        pytest.param(header("lfm2"), ReplyConfig(), Sampling(0.1, 0.1, 50, 0.0, 1.05), id="a card with a penalty"),
        pytest.param(header(temp=0.6, top_k=64), ReplyConfig(), Sampling(0.6, 0.8, 64, 0.0), id="the file over it"),
        pytest.param(header(temp=0.6), ReplyConfig(temperature=0.0), Sampling(0.0, 0.8, 20, 0.0), id="the settings"),
        pytest.param(header(temp="hot"), ReplyConfig(), Sampling(0.7, 0.8, 20, 0.0), id="nonsense in the file"),
    ],
)
def test_what_is_said_nearest_counts(model, reply, expected):
    assert sampling_for(model, reply) == expected
