"""Recognisers that listen while one speaks: one socket per utterance, whatever the service's protocol (`wire.py`)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np

from localvoice.audio.samples import AUDIBLE, Samples
from localvoice.beside import Spare, start, stop
from localvoice.errors import ProviderBroken, ProviderError
from localvoice.languages import language_code
from localvoice.messages import Partial, Transcript
from localvoice.remote import Service
from localvoice.sockets import connected, is_open
from localvoice.streams import close_iterator
from localvoice.stt.socket_line import Line, Listening
from localvoice.stt.wire import Wire


class SocketRecognizer:
    """`engines.StreamingRecognizer` over a WebSocket."""

    def __init__(self, service: Service, wire: Wire, model: str, language: str = "") -> None:
        """`language` is what a transcript says it is in; the service was told by the wire."""
        self.name = service.name
        self.model = model
        self.language = language_code(language)
        self.prompt = ""
        self._service = service
        self._wire = wire
        self._is_closed = False
        self._spare = Spare(self._connected, lambda line: is_open(line.socket))

    @property
    def is_remote(self) -> bool:
        """Whether what it hears leaves this machine."""
        return self._service.is_remote

    async def check(self) -> None:
        """Whether a socket can be had. Costs nothing; where that stays so it is kept for the next turn."""
        self._check_open()
        await self._spare.ready()
        if not self._wire.is_kept_warm:
            self._hang_up()

    async def transcribe(self, samples: Samples) -> Transcript:
        """See `Recognizer.transcribe`; sent at once, not at the pace of speech. What is silent is not sent."""
        self._check_open()
        text = ""
        if np.any(np.abs(samples) > AUDIBLE):
            partials = self.stream(_once(samples.copy()))
            try:
                async for partial in partials:
                    text = partial.text
            finally:
                await close_iterator(partials)
        return Transcript(text, self.language, self.name)

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`. `blocks` are read, and closed, by a task of its own."""
        self._check_open()
        listening = Listening(await self._spare.take(), self._wire, self._service, self.prompt)
        sending = start(listening.send(blocks))
        try:
            while (partial := await listening.next()) is not None:
                yield partial
        except ProviderError as error:
            if listening.failure is not None:
                raise listening.failure from error
            raise
        finally:
            listening.hang_up()
            await stop(sending)
            if self._wire.is_kept_warm and not self._is_closed:
                self._spare.prepare()

    def close(self) -> None:
        """Hang up; no further call."""
        self._is_closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        line = self._spare.drop()
        if line is not None:
            line.hang_up()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ProviderBroken(f"{self.name} was closed", provider=self.name)

    async def _connected(self) -> Line:
        wire = self._wire
        key = self._service.key.reveal() if self._service.key else "none"
        headers = {**wire.headers(), wire.key_header: wire.key_prefix + key}
        line = Line(await connected(self._service, wire.path, headers), wire)
        try:
            if wire.greets:
                await Listening(line, wire, self._service).greeting()
        except BaseException:
            line.hang_up()
            raise
        if wire.is_kept_warm:
            line.keep()
        return line


async def _once(samples: Samples) -> AsyncIterator[Samples]:
    yield samples
