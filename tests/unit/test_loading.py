"""Engines that do not come up: who is replaced, and who was only to stand behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localvoice.candidates import Candidate
from localvoice.errors import ModelError
from localvoice.loading import Loaded, load_stage


class Engine:
    """One that came up."""

    def __init__(self, name: str) -> None:
        self.name = name


def works(name: str) -> Candidate:
    return Candidate(name, lambda: Engine(name))


def fails(name: str) -> Candidate:
    def load() -> Engine:
        raise ModelError(f"{name} is damaged")

    return Candidate(name, load)


async def loaded(*candidates: Candidate, say: Callable[[str], None] = lambda _: None) -> Loaded:
    return await load_stage("llm", candidates, say)


def told(failed: tuple[tuple[str, Exception], ...]) -> list[tuple[str, str]]:
    return [(name, str(error)) for name, error in failed]


async def test_the_engine_in_use_has_taken_over_from_those_before_it_and_from_nobody_behind_it() -> None:
    stage = await loaded(fails("first"), works("second"), fails("third"), works("fourth"))
    assert stage.name == "second"
    assert [engine.name for engine in stage.engines] == ["second", "fourth"]
    assert told(stage.skipped) == [("first", "first is damaged")]
    assert told(stage.absent) == [("third", "third is damaged")]


async def test_where_none_comes_up_the_first_says_why() -> None:
    with pytest.raises(ModelError, match="first is damaged"):
        await loaded(fails("first"), fails("second"))
