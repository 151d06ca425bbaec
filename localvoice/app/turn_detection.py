"""The model that hears whether a turn is finished: used where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from localvoice.engines import TurnDetector
from localvoice.errors import ModelError
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
from localvoice.streams import Worker


async def load_turn_detector(store: ModelStore, told: Callable[[str, str, str, str], None]) -> TurnDetector | None:
    """The installed one; None where there is none, or where it cannot be used: `told` why (stage, from, to, reason)."""
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


def _load(model: Path) -> TurnDetector:
    from localvoice.audio.smart_turn import SmartTurn

    return SmartTurn(model)
