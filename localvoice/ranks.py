"""The engines of one stage in order of preference: which one works, who is out, and who comes back.

Rule of this file: it knows nothing of what engines do; a call that failed is repeated only where the error says that
nothing was accepted.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from localvoice.errors import AllProvidersFailed, ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable

_log = logging.getLogger(__name__)

_FIRST_PROBE_S = 5.0
"""Until a provider that failed is tried in the background; doubled with each failure in a row."""
_LONGEST_PROBE_S = 120.0
_TOO_SLOW_S = 4.0
"""An engine of this machine that has not begun by then does not hold a conversation, and a service may."""
_JITTER = 0.2
"""Share by which these waits are spread: not everybody comes back in the same second."""


class Engine(Protocol):
    """What every engine has."""

    @property
    def name(self) -> str:
        """As in the flags."""

    def close(self) -> None:
        """Free the model."""


@runtime_checkable
class Checked(Protocol):
    """An engine that can be asked, for nothing, whether it would work."""

    async def check(self) -> None:
        """Raises `ProviderError` where it would not."""


E = TypeVar("E", bound=Engine)
R = TypeVar("R")

Told = Callable[[str, str, str, str], None]
"""Called with stage, old engine, new engine and reason."""


@dataclass(slots=True)
class _Rank(Generic[E]):
    engine: E
    error: ProviderError | None = None
    """Why it is out."""
    failures: int = 0
    """In a row."""
    probe_s: float = 0.0
    """Loop time of the next try; not before that."""
    is_retired: bool = False
    """It must not be used any more, even if nobody else works."""

    @property
    def can_return(self) -> bool:
        """Whether it is out, and trying it may tell that it works again."""
        refused = isinstance(self.error, ProviderRefused)
        return self.error is not None and not refused and isinstance(self.engine, Checked)


class Ranks(Generic[E]):
    """The engines of one stage, best first. Used from one event loop."""

    def __init__(
        self, stage: str, engines: Sequence[E], told: Told, unreachable: Mapping[str, ProviderError] | None = None
    ) -> None:
        """`unreachable`: engines that are out from the beginning, by name, and why."""
        self._stage = stage
        self._told = told
        self._ranks = [_Rank(engine) for engine in engines]
        self._changed = asyncio.Event()
        for rank in self._ranks:
            rank.error = (unreachable or {}).get(rank.engine.name)
            rank.failures = int(rank.error is not None)

    @property
    def first(self) -> E:
        """The engine in use."""
        if not self._ranks:
            raise AllProvidersFailed(self._stage, ())
        return self._working().engine

    def all(self) -> Iterator[E]:
        """All of them, those that are out too."""
        return (rank.engine for rank in self._ranks)

    def behind(self) -> list[E]:
        """Those that work beside the engine in use."""
        return [rank.engine for rank in self._ranks if rank.error is None and rank.engine is not self.first]

    def prefer(self, engine: E, reason: str) -> None:
        """`engine`, which may be a new one, is in use from the next call on; those before it stand behind it.

        Raises:
            ProviderError: it does no more work in this session; nothing has changed then.
        """
        known = next((rank for rank in self._ranks if rank.engine is engine), None)
        if known is not None and known.is_retired and known.error is not None:
            raise known.error
        before = self.first
        rank = known or _Rank(engine)
        rank.error, rank.failures = None, 0
        self._ranks = [rank, *(other for other in self._ranks if other is not rank)]
        if self.first.name != before.name:  # another voice of the same engine is no other engine
            self._told(self._stage, before.name, self.first.name, reason)

    def demote(self, engine: E, error: ProviderError) -> None:
        """`engine` has failed: the next one is in use. Raises `AllProvidersFailed` where there is none."""
        failed = next(rank for rank in self._ranks if rank.engine is engine)
        failed.failures += 1
        if self._working() is failed and not self.behind():  # it is tried again with the next turn
            others = [rank.error for rank in self._ranks if rank is not failed and rank.error is not None]
            raise AllProvidersFailed(self._stage, [*others, error]) from error
        was_in_use = self._working() is failed
        failed.error = error
        self._put_off(failed)
        if was_in_use:
            self._told(self._stage, engine.name, self.first.name, str(error))

    def retire(self, is_over: Callable[[E], bool], reason: str) -> None:
        """Engines for which it `is_over` do no more work in this session."""
        before = self._working()
        for rank in self._ranks:
            if not rank.is_retired and is_over(rank.engine):
                rank.error, rank.is_retired = ProviderRefused(reason, provider=rank.engine.name), True
        if before.is_retired:
            self._told(self._stage, before.engine.name, self.first.name, reason)

    def worked(self, engine: E) -> None:
        """`engine` has done its work: its failures are forgotten."""
        for rank in self._ranks:
            if rank.engine is engine:
                rank.failures = 0

    async def attempt(self, call: Callable[[E], Awaitable[R]]) -> R:
        """`call` with the engine in use, once again where that may help, or with the next that works."""
        retry = Retry()
        while True:
            engine = self.first
            try:
                result = await call(engine)
            except ProviderError as error:
                if not retry.may(engine, error):
                    self.demote(engine, error)
            else:
                self.worked(engine)
                return result

    async def keep_watch(self) -> None:
        """Try in the background who is out, and bring back who works. Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        for rank in self._ranks:
            if rank.can_return:
                self._put_off(rank)
        while True:
            self._changed.clear()
            waiting = [rank for rank in self._ranks if rank.can_return]
            due_s = min((rank.probe_s for rank in waiting), default=None)
            try:
                async with asyncio.timeout_at(due_s):
                    await self._changed.wait()
            except TimeoutError:
                for rank in waiting:
                    if rank.probe_s <= loop.time():
                        await self._probe(rank)

    async def _probe(self, rank: _Rank[E]) -> None:
        check = getattr(rank.engine, "check")  # noqa: B009 - only `Checked` engines can return
        try:
            await check()
        except Exception as error:  # noqa: BLE001 - beside the turns: a bug in it must not end the conversation
            _log.debug("%s cannot be used again", rank.engine.name, exc_info=True)
            rank.error = error if isinstance(error, ProviderError) else _bug_in(rank.engine, error)
            rank.failures += 1
            self._put_off(rank)
            return
        before = self.first
        rank.error = None
        if self.first is not before:
            self._told(self._stage, before.name, rank.engine.name, "it works again")

    def _put_off(self, rank: _Rank[E]) -> None:
        wait_s = min(_FIRST_PROBE_S * 2.0 ** max(0, rank.failures - 1), _LONGEST_PROBE_S)
        wait_s *= 1 + _JITTER * (2 * random.random() - 1)
        if isinstance(rank.error, ProviderUnavailable) and rank.error.retry_after_s is not None:
            wait_s = max(wait_s, rank.error.retry_after_s)
        rank.probe_s = asyncio.get_running_loop().time() + wait_s
        self._changed.set()

    def _working(self) -> _Rank[E]:
        allowed = [rank for rank in self._ranks if not rank.is_retired]
        if not allowed:
            raise AllProvidersFailed(self._stage, [rank.error for rank in self._ranks if rank.error is not None])
        return next((rank for rank in allowed if rank.error is None), allowed[-1])

    def close(self) -> None:
        """Free all models."""
        for rank in self._ranks:
            rank.engine.close()


def _bug_in(engine: Engine, error: Exception) -> ProviderError:
    return ProviderBroken(f"{engine.name} cannot be tried: {type(error).__name__}", provider=engine.name)


@asynccontextmanager
async def patience(ranks: Ranks[Any], engine: Engine, *, has_begun: bool = True) -> AsyncIterator[Callable[[], None]]:
    """Ends a wait for an engine in this process that keeps the user waiting while a service stands behind it.

    Yields what begins the wait, where it has not begun: the engine has nothing to work on yet.

    Raises:
        ProviderUnavailable: it was too slow.
    """
    has_service = any(isinstance(one, Checked) for one in ranks.behind())
    limit_s = _TOO_SLOW_S if has_service and not isinstance(engine, Checked) else None
    try:
        async with asyncio.timeout(limit_s if has_begun else None) as scope:

            def begin() -> None:
                if limit_s is not None and scope.when() is None:
                    scope.reschedule(asyncio.get_running_loop().time() + limit_s)

            yield begin
    except TimeoutError as error:
        message = f"{engine.name} did not answer within {_TOO_SLOW_S:g} s"
        raise ProviderUnavailable(message, provider=engine.name) from error


class Retry:
    """One more try at once per engine and call, where nothing was accepted."""

    def __init__(self) -> None:
        self._tried: list[object] = []

    def may(self, engine: object, error: ProviderError) -> bool:
        """Whether `engine` gets its second try."""
        if not (isinstance(error, ProviderUnavailable) and error.may_retry) or engine in self._tried:
            return False
        self._tried.append(engine)
        return True
