"""Cartesia's /stt/websocket: told when to finish."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from tests.stt_servers.ears import Closing, Dialect

_SEGMENT = 4
"""Words behind which a stretch is final by itself."""


class Cartesia(Dialect):
    prefix = "Bearer "
    refusal: ClassVar[Any] = {"title": "Unauthorized", "message": "invalid API key", "error_code": "unauthorized"}

    def hear(self, message: str | bytes) -> Iterable[str]:
        if isinstance(message, bytes):
            before = len(self.sound.words)
            self.sound.hear(message)
            if len(self.sound.words) - self.told > _SEGMENT:
                yield from self._finals()
            elif len(self.sound.words) > before:
                yield self._transcript(self._space + self.fresh, is_final=False)
            return
        if self.fresh:
            yield from self._finals()
        if message == "finalize":
            yield _message("flush_done")
        if message == "close":
            yield _message("done")
            raise Closing

    @property
    def _space(self) -> str:
        return " " if self.told else ""

    def _finals(self) -> Iterable[str]:
        """In two pieces: they belong behind each other as they are, within a word too."""
        text = self._space + self.settle()
        yield self._transcript(text[:-1], is_final=True)
        yield self._transcript(text[-1:], is_final=True)

    def _transcript(self, text: str, *, is_final: bool) -> str:
        return _message("transcript", text=text, is_final=is_final, duration=self.sound.seconds, language="en")


def _message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "request_id": "r-1", **fields})
