"""Engines brought up in parallel, off the event loop; one that fails is skipped where another stands behind it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from localvoice.candidates import Candidate
from localvoice.engine_names import STARTERS
from localvoice.errors import LocalVoiceError, ModelError, ProviderError
from localvoice.memory_room import NoRoomError
from localvoice.ranks import Checked
from localvoice.streams import CancelToken, Worker

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engines of a stage that came up, best first."""

    stage: str
    engines: tuple[Any, ...]
    skipped: tuple[tuple[str, LocalVoiceError], ...] = ()
    """Engines before the one in use that did not come up, or cannot be reached now, and why."""
    absent: tuple[tuple[str, LocalVoiceError], ...] = ()
    """Engines behind the one in use that did not come up: nobody has taken over from them."""
    unreachable: Mapping[str, ProviderError] = field(default_factory=dict)
    """Those of the engines that may come back."""
    took_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds to load each engine and run it once, by name."""

    @property
    def first(self) -> Any:
        """The engine in use."""
        return next(engine for engine in self.engines if engine.name not in self.unreachable)

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return str(self.first.name)

    @property
    def is_cloud(self) -> bool:
        """Whether what the engine in use is told leaves this machine."""
        return bool(getattr(self.first, "is_remote", False))

    @property
    def paid(self) -> frozenset[str]:
        """Names of the engines whose work costs money: a server on this machine counts as local."""
        return frozenset(one.name for one in self.engines if getattr(one, "is_remote", False))

    @property
    def local(self) -> tuple[Any, ...]:
        """The engines in this process."""
        return tuple(one for one in self.engines if not isinstance(one, Checked))

    @property
    def is_starter(self) -> bool:
        """Whether the engine in use is the one that needs no download."""
        return self.name == STARTERS[self.stage]


async def load_stage(stage: str, candidates: Sequence[Candidate], say: Callable[[str], None]) -> Loaded:
    """Load the candidates of a stage in a thread of their own; a starter behind a working engine is loaded as well.

    A service is asked whether it would work, where it is the first that might; a service behind a working engine is not
    spoken to.

    Raises:
        ModelError, ProviderError: of the first candidate, when none came up.
    """
    worker = Worker(f"loading {stage}")
    loading = _Loading()
    try:
        for candidate in candidates:
            if candidate.name == "pocketsphinx" and loading.has_local:
                continue  # 100 MB of memory to stand by for a recogniser that works
            say(f"loading {candidate.name}")
            await loading.bring_up(candidate, worker, say)
    finally:
        worker.close()
    return loading.done(stage)


class _Loading:
    """What has come up of one stage so far."""

    def __init__(self) -> None:
        self._engines: list[Any] = []
        self._skipped: list[tuple[str, LocalVoiceError]] = []
        self._absent: list[tuple[str, LocalVoiceError]] = []
        self._unreachable: dict[str, ProviderError] = {}
        self._took_s: dict[str, float] = {}

    @property
    def has_local(self) -> bool:
        """Whether an engine in this process is among them."""
        return any(not isinstance(one, Checked) for one in self._engines)

    @property
    def _works(self) -> bool:
        return len(self._engines) > len(self._unreachable)

    async def bring_up(self, candidate: Candidate, worker: Worker, say: Callable[[str], None]) -> None:
        """Load it, and see whether it can be reached where nobody before it works."""
        began_s = time.perf_counter()
        try:
            engine = await _engine(candidate, worker, say)
        except (ModelError, ProviderError) as error:
            (self._absent if self._works else self._skipped).append((candidate.name, error))
            return
        self._engines.append(engine)
        self._took_s[candidate.name] = time.perf_counter() - began_s
        _log.info("%s was ready after %.2f s", candidate.name, self._took_s[candidate.name])
        if isinstance(engine, Checked) and len(self._engines) == len(self._unreachable) + 1:
            await self._reach(engine, candidate.name)

    async def _reach(self, engine: Checked, name: str) -> None:
        try:
            await engine.check()
        except ProviderError as error:
            self._skipped.append((name, error))
            self._unreachable[name] = error

    def done(self, stage: str) -> Loaded:
        """All of it. Raises what the first candidate failed with, when none works."""
        if not self._works:
            raise self._skipped[0][1]
        skipped, absent = tuple(self._skipped), tuple(self._absent)
        return Loaded(stage, tuple(self._engines), skipped, absent, self._unreachable, self._took_s)


async def _engine(candidate: Candidate, worker: Worker, say: Callable[[str], None]) -> Any:
    """What `candidate` loads, or the first model that can stand in for its own, which is said before it is loaded.

    Raises:
        ModelError, ProviderError: of its own, when none can be loaded.
    """
    failed: list[ModelError] = []
    for one in (candidate, *candidate.instead):
        if failed:
            why = failed[-1].short if isinstance(failed[-1], NoRoomError) else str(failed[-1])
            say(f"{why}; {one.model} is taken in its place")
        try:
            return await worker.call(partial(_loaded, one))
        except ModelError as error:
            failed.append(error)
    raise failed[0]


def _loaded(candidate: Candidate, _token: CancelToken) -> Any:
    return candidate.load()


async def load_stages(stages: Mapping[str, Sequence[Candidate]], say: Callable[[str], None]) -> dict[str, Loaded]:
    """All stages at once."""
    loaded = await asyncio.gather(*(load_stage(stage, candidates, say) for stage, candidates in stages.items()))
    return {one.stage: one for one in loaded}


def paid_of(engines: Mapping[str, Loaded]) -> frozenset[str]:
    """Names of the engines of all stages whose work costs money."""
    return frozenset(name for loaded in engines.values() for name in loaded.paid)
