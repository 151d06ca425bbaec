"""One reply on its way through a service that speaks text as it is written.

Rule of this file: services differ in their `Dialect`, which is plain data in and out; the course of a reply is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from localvoice.audio.samples import from_int16
from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.messages import SpeechChunk
from localvoice.remote import Service, plain
from localvoice.tts.aligned_speech import AlignedSpeech
from localvoice.tts.letter_spans import Mark
from localvoice.tts.lines import Line, LineClosed, Message
from localvoice.tts.paced_speech import PacedSpeech

_STEP_S = 0.05
"""How often it is looked after text without a sound, and after the patience that is left."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message of a service comes to."""

    sound: bytes = b""
    """PCM s16le mono; may end within a sample."""
    marks: Sequence[Mark] = ()
    """Of characters, in order; their times count from the first sample of `sound`."""
    clauses: int = 0
    """How many clauses, from the first that has not, have all their sound with it."""
    is_last: bool = False
    """Nothing follows."""


class Dialect(Protocol):
    """One reply in the words of a service. One object per reply."""

    context: str
    """Tells it from others on a shared line."""
    rate_hz: int
    tells_times: bool
    """Whether it says when its words sound."""
    one_at_a_time: bool
    """Whether a clause is sent only when the one before has its sound: nothing else tells them apart."""

    def begin(self) -> Sequence[Message]:
        """What is sent first."""

    def speak(self, text: str) -> Sequence[Message]:
        """`text` is to be spoken at once."""

    def end(self) -> Sequence[Message]:
        """There is no more text."""

    def stop(self) -> Sequence[Message]:
        """The reply was cut; the line goes on to others."""

    def read(self, message: Message) -> Heard:
        """What a message says.

        Raises:
            ProviderError: that it failed.
            ValueError, TypeError, AttributeError, KeyError: nothing that can be read.
        """

    def is_refusal(self, word: str) -> bool:
        """Whether the word that a socket was closed with says that another try changes nothing."""


class Speaking:
    """The course of one reply: `send` and `next` run beside each other."""

    def __init__(self, line: Line, service: Service, dialect: Dialect, speech: AlignedSpeech | PacedSpeech) -> None:
        self._line = line
        self._service = service
        self._dialect = dialect
        self._speech = speech
        self._has_text = True
        """More of it may come."""
        self._odd = b""
        """Half a sample at the end of a message."""
        self._heard_s = _now_s()
        """When something last came, or was sent while nothing was awaited."""
        self._moved = asyncio.Event()

    async def send(self, text: AsyncIterator[str]) -> None:
        """Send the clauses of `text`, each to be spoken at once. Raises what `text` does."""
        try:
            await self._tell(self._dialect.begin())
            async for clause in text:
                while self._dialect.one_at_a_time and self._speech.is_waiting:
                    self._moved.clear()
                    await self._moved.wait()
                if not self._speech.is_waiting:
                    self._heard_s = _now_s()
                spoken = self._speech.expect(clause).strip()
                if spoken:
                    await self._tell(self._dialect.speak(spoken))
        finally:
            self._has_text = False
        await self._tell(self._dialect.end())

    async def _tell(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self._line.send(message)

    async def next(self) -> list[SpeechChunk] | None:
        """The next chunks, None behind the last. Raises `ProviderError`."""
        while True:
            if chunks := self._speech.ready():
                self._moved.set()
                return chunks
            if not self._has_text and not self._speech.is_waiting:
                return None
            try:
                async with asyncio.timeout(_STEP_S):
                    message = await self._line.receive()
            except TimeoutError:
                self._check_patience()
                continue
            except LineClosed as error:
                if not self._has_text and not self._speech.is_waiting:
                    return self._speech.ready() or None
                raise self._closed(error) from error
            self._heard_s = _now_s()
            if self._take(message):
                return self._rest()

    def hang_up(self) -> None:
        """At once: what is still being made is not waited for."""
        self._line.hang_up(self._dialect.stop())

    def _rest(self) -> list[SpeechChunk] | None:
        """What is left when the service says that it has finished."""
        if chunks := self._speech.ready():
            return [*chunks, *(self._rest() or ())]
        if self._speech.lacks_sound or (self._has_text and not self._speech.is_waiting):
            raise self._broke_off()
        return self._speech.finish() or None

    def _check_patience(self) -> None:
        if self._speech.is_waiting and _now_s() - self._heard_s > self._service.timeout_s:
            name = self._service.name
            raise ProviderUnavailable(f"{name} does not answer ({self._service.host})", provider=name)

    def _take(self, message: Message) -> bool:
        """Whether it was the last one."""
        try:
            heard = self._dialect.read(message)
            sound = self._odd + heard.sound
            whole = len(sound) // 2 * 2
            self._odd = sound[whole:]
            self._speech.take(from_int16(sound[:whole]), heard.marks)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            name = self._service.name
            raise ProviderBroken(f"{name} sent a message that cannot be read", provider=name) from error
        except ProviderUnavailable as error:
            error.may_retry = error.may_retry and not self._speech.has_begun
            raise
        for _ in range(heard.clauses):
            if not self._speech.end_clause():
                raise self._broke_off()
        return heard.is_last

    def _closed(self, closed: LineClosed) -> ProviderError:
        if closed.code == 1000 or not closed.reason:
            return self._broke_off()
        name, why = self._service.name, plain(self._service, closed.reason)
        if self._dialect.is_refusal(closed.reason):
            return ProviderRefused(f"{name} will not speak: {why}", provider=name)
        return ProviderUnavailable(f"{name} failed: {why}", provider=name)

    def _broke_off(self) -> ProviderError:
        name, may_retry = self._service.name, not self._speech.has_begun
        return ProviderUnavailable(f"{name} broke off in the middle of a reply", provider=name, may_retry=may_retry)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
