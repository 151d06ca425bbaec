"""The models that hear and read whether a turn is finished: used where they are installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from localvoice.config import Config
from localvoice.engines import TurnDetector, TurnReader
from localvoice.errors import ModelError
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
from localvoice.streams import Worker
from localvoice.turn.end_of_turn import words_have_a_vote


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
    """The installed ones; `told` why one cannot be used (stage, from, to, reason)."""
    loading = _load_detector_of(store, told), _load_reader_of(store, config, told)
    return TurnModels(*await asyncio.gather(*loading))


async def _load_detector_of(store: ModelStore, told: Callable[[str, str, str, str], None]) -> TurnDetector | None:
    installed = [one for one in store.installed() if one.kind is Kind.TURN]
    if not installed:
        return None
    worker = Worker("loading smart-turn")
    try:
        return await worker.call(lambda _: _load(installed[0].path))
    except ModelError as error:
        told("turn", installed[0].name, "words", str(error))
        return None
    finally:
        worker.close()


async def _load_reader_of(
    store: ModelStore, config: Config, told: Callable[[str, str, str, str], None]
) -> TurnReader | None:
    """Where the language of the session is its own, and words are known at a pause at all."""
    language = config.session.language
    installed = [one for one in store.installed() if one.kind is Kind.WORDS and one.knows(language)]
    if not installed or not words_have_a_vote(config):
        return None
    worker = Worker("loading the turn reader")
    try:
        return await worker.call(lambda _: _load_reader(installed[0].path))
    except ModelError as error:
        told("turn", installed[0].name, "words", str(error))
        return None
    finally:
        worker.close()


def _load_reader(model: Path) -> TurnReader:
    from localvoice.llm.turn_reader import LlamaTurnReader

    return LlamaTurnReader(model)


def _load(model: Path) -> TurnDetector:
    from localvoice.audio.smart_turn import SmartTurn

    return SmartTurn(model)
