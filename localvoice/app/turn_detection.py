"""The models that hear and read whether a turn is finished: used where they are installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from localvoice.config import Config
from localvoice.engines import TurnDetector, TurnReader
from localvoice.errors import ModelError
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import Installed, ModelStore
from localvoice.streams import Worker
from localvoice.turn.end_of_turn import words_have_a_vote

T = TypeVar("T")


class TurnModels(NamedTuple):
    """Those in use; None each where there is none, or where it cannot be used."""

    detector: TurnDetector | None = None
    reader: TurnReader | None = None

    def close(self) -> None:
        """Free them."""
        for model in self:
            if model is not None:
                model.close()


async def load_turn_models(store: ModelStore, config: Config, told: Callable[[str, str, str, str], None]) -> TurnModels:
    """The installed ones; `told` why one cannot be used (stage, from, to, reason).

    A reader where the language of the session is its own, and words are known at a pause at all.
    """
    installed = store.installed()
    detectors = [one for one in installed if one.kind is Kind.TURN]
    readers = [one for one in installed if one.kind is Kind.WORDS and one.knows(config.session.language)]
    reading = _first(readers if words_have_a_vote(config) else (), _load_reader, told)
    return TurnModels(*await asyncio.gather(_first(detectors, _load_detector, told), reading))


async def _first(
    installed: Sequence[Installed], load: Callable[[Path], T], told: Callable[[str, str, str, str], None]
) -> T | None:
    if not installed:
        return None
    worker = Worker("loading a model of turns")
    try:
        return await worker.call(lambda _: load(installed[0].path))
    except ModelError as error:
        told("turn", installed[0].name, "words", str(error))
        return None
    finally:
        worker.close()


def _load_detector(model: Path) -> TurnDetector:
    from localvoice.audio.smart_turn import SmartTurn

    return SmartTurn(model)


def _load_reader(model: Path) -> TurnReader:
    from localvoice.llm.turn_reader import LlamaTurnReader

    return LlamaTurnReader(model)
