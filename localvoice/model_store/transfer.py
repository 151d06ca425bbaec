"""One file from the hub to the disk: resumed, tried again, verified.

Rule of this file: a file appears under its own name only after its size and checksum were right. Every attempt starts
from the hub's own address, because the one it redirects to expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localvoice.errors import ModelError
from localvoice.model_store.hub import Answer, Broken, Hub, Unreachable
from localvoice.model_store.part_file import PartFile
from localvoice.model_store.receipt import Resume, Verified

_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Waits between tries that brought nothing; half a minute in all, then the user decides."""
_LONGEST_WAIT_S = 120.0
"""Longer than this a server's `Retry-After` is not obeyed but reported."""
_PROGRESS_BYTES = 1 << 20
"""A try that brought this much counts as success: many breaks on a bad line are no reason to give up."""

Sleep = Callable[[float], Awaitable[None]]


class Progress(Protocol):
    """Who wants to know how downloads go. Called often; must not block."""

    def moved(self, label: str, have_bytes: int, total_bytes: int | None) -> None:
        """File `label` has so many bytes; fewer than before when it had to begin again."""

    def finished(self, label: str) -> None:
        """File `label` is complete and verified."""

    def note(self, message: str) -> None:
        """Something the user should read, one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch."""

    label: str
    """What the user sees: `base.en/model.bin`."""
    url: str
    target: Path
    bytes: int | None = None
    sha256: str | None = None
    pin_verified: bool = False
    """Whether `bytes` and `sha256` may overrule the server."""


class Memory(Protocol):
    """Keeps, over interruptions, what belongs to the bytes of a `.part`."""

    def recall(self, name: str) -> Resume:
        """What was kept for the file of that name; an empty `Resume` where nothing was."""

    def keep(self, name: str, resume: Resume) -> None:
        """Keep it."""


class Transfer:
    """Fetches files from `hub`. One event loop; several `fetch` at a time."""

    def __init__(self, hub: Hub, progress: Progress, sleep: Sleep = asyncio.sleep) -> None:
        self._hub = hub
        self._progress = progress
        self._sleep = sleep
        self._reached = False
        """Whether the network worked once: until then a failed connection means that there is none."""
        self._noted: set[str] = set()

    async def fetch(self, wanted: Wanted, memory: Memory) -> Verified:
        """Fetch `wanted` to its target; what is already in its `.part` is not fetched again.

        Cancelling keeps the bytes.

        Raises:
            ModelError: it cannot be had, or arrived damaged twice.
            OSError: the disk is full or cannot be written.
        """
        with PartFile(wanted.target) as part:
            await asyncio.to_thread(part.open)
            for try_again in (True, False):
                try:
                    await self._complete(wanted, part, memory)
                except _Damaged as damaged:
                    memory.keep(wanted.target.name, Resume())
                    part.restart()
                    if try_again:
                        self._progress.note(f"{wanted.label} arrived damaged ({damaged}); fetching it again")
                        continue
                    part.discard()
                    raise ModelError(
                        f"{wanted.label} arrived damaged twice ({damaged}): try again later, or set HF_ENDPOINT to "
                        f"another mirror"
                    ) from damaged
                break
            verified = Verified(part.size, part.sha256)
            part.finish()
        self._progress.finished(wanted.label)
        return verified

    async def _complete(self, wanted: Wanted, part: PartFile, memory: Memory) -> None:
        """Try until all bytes are there; `_Damaged` when they are not the right ones."""
        failures = 0
        while True:
            before = part.size
            try:
                expected = await self._receive(wanted, part, memory)
                if expected and part.sha256 != expected:
                    raise _Damaged(f"sha256 {part.sha256[:12]}…, expected {expected[:12]}…")
                return
            except Broken as broken:
                failures = 1 if part.size - before >= _PROGRESS_BYTES else failures + 1
                wait_s = self._wait_s(wanted, broken, failures)
            await self._sleep(wait_s)

    def _wait_s(self, wanted: Wanted, broken: Broken, failures: int) -> float:
        """Seconds until the next try; `ModelError` when there should be none."""
        if isinstance(broken, Unreachable) and not self._reached and failures > 1:
            raise ModelError(
                f"{broken}: check the network, or bring the files from elsewhere with `localvoice models import DIR`"
            ) from broken
        wait_s = broken.retry_after_s or 0.0
        if failures > len(_WAITS_S) or wait_s > _LONGEST_WAIT_S:
            when = f"in {wait_s:.0f} s" if wait_s else "later"
            raise ModelError(
                f"{wanted.label}: {broken}; what has come is kept: run the same command again {when}"
            ) from broken
        return max(wait_s, _WAITS_S[failures - 1])

    async def _receive(self, wanted: Wanted, part: PartFile, memory: Memory) -> str:
        """One try: ask for what is missing and append it; returns the sha256 that it must have, if anyone knows."""
        name = wanted.target.name
        resume = memory.recall(name)
        if not (resume.etag or resume.sha256 or wanted.sha256):
            part.restart()  # nothing would tell whether the rest belongs to the same file
        headers = {"Range": f"bytes={part.size}-"} if part.size else {}
        if part.size and resume.etag:
            headers["If-Range"] = resume.etag
        async with self._hub.get(wanted.url, headers) as answer:
            self._reached = True
            expected = self._expected(wanted, answer)
            total = answer.total_bytes
            if part.size and not _continues(answer, part.size, resume):
                part.restart()
                memory.keep(name, Resume())
                if answer.status != 200:
                    raise Broken("the server has another file than before")
            if answer.status == 416:
                return expected  # nothing is missing: only the checksum was not looked at yet
            memory.keep(name, Resume(_strong(answer.headers.get("ETag", "")), answer.sha256))
            async for block in answer.blocks():
                part.write(block)
                self._progress.moved(wanted.label, part.size, total)
                if total is not None and part.size > total:
                    raise _Damaged(f"more than its {total} bytes")
            if total is not None and part.size < total:
                raise Broken(f"only {part.size} of {total} bytes came")
            return expected

    def _expected(self, wanted: Wanted, answer: Answer) -> str:
        """The checksum to hold the bytes to: the server's, unless a pin of ours is verified and says otherwise."""
        sizes = (wanted.bytes, answer.total_bytes)
        differs = (answer.sha256 and wanted.sha256 and answer.sha256 != wanted.sha256) or (
            None not in sizes and sizes[0] != sizes[1]
        )
        if differs and wanted.pin_verified:
            raise ModelError(f"{wanted.label} on the server is not the file of the catalogue: update localvoice")
        if differs and answer.sha256 and wanted.label not in self._noted:
            self._noted.add(wanted.label)
            self._progress.note(
                f"{wanted.label}: the server has {answer.total_bytes} bytes with sha256 {answer.sha256[:12]}…, the "
                f"catalogue's unverified note says {wanted.bytes or '?'} and {(wanted.sha256 or '?')[:12]}; going by "
                f"the server"
            )
        return answer.sha256 or wanted.sha256 or ""


class _Damaged(Exception):
    """All bytes came, and they are not the file's."""


def _continues(answer: Answer, have_bytes: int, resume: Resume) -> bool:
    """Whether the answer goes on where our bytes end, in the same file."""
    if resume.sha256 and answer.sha256 and resume.sha256 != answer.sha256:
        return False
    if answer.status == 416:
        return answer.total_bytes == have_bytes
    return answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have_bytes}-")


def _strong(etag: str) -> str:
    """The validator if `If-Range` may use it: a weak one stands for similar bytes, not the same."""
    return "" if etag.startswith("W/") else etag
