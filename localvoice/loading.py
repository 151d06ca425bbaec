"""Engines brought up in parallel, off the event loop; one that fails is skipped where another stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localvoice.candidates import Candidate
from localvoice.engine_choice import STARTERS
from localvoice.errors import LocalVoiceError, ModelError, ProviderError
from localvoice.streams import Worker


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engines of a stage that came up, best first."""

    stage: str
    engines: tuple[Any, ...]
    skipped: tuple[tuple[str, LocalVoiceError], ...] = ()
    """Engines before the first, and why they did not come up."""

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return str(self.engines[0].name)

    @property
    def is_starter(self) -> bool:
        """Whether the engine in use is the one that needs no download."""
        return self.name == STARTERS[self.stage]


async def load_stage(stage: str, candidates: Sequence[Candidate], say: Callable[[str], None]) -> Loaded:
    """Load the candidates of a stage in a thread of their own; a starter behind a working engine is loaded as well.

    Raises:
        ModelError, ProviderError: of the first candidate, when none came up.
    """
    worker = Worker(f"loading {stage}")
    engines: list[Any] = []
    skipped: list[tuple[str, LocalVoiceError]] = []
    try:
        for candidate in candidates:
            if engines and candidate.name == "pocketsphinx":
                continue  # 100 MB of memory to stand by for a recogniser that works
            say(f"loading {candidate.name}")
            try:
                engines.append(await worker.call(lambda _, load=candidate.load: load()))  # type: ignore[misc]
            except (ModelError, ProviderError) as error:
                skipped.append((candidate.name, error))
    finally:
        worker.close()
    if not engines:
        raise skipped[0][1]
    return Loaded(stage, tuple(engines), tuple(skipped))


async def load_stages(stages: Mapping[str, Sequence[Candidate]], say: Callable[[str], None]) -> dict[str, Loaded]:
    """All stages at once."""
    loaded = await asyncio.gather(*(load_stage(stage, candidates, say) for stage, candidates in stages.items()))
    return {one.stage: one for one in loaded}
