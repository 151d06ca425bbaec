"""AssemblyAI's /v3/ws."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.stt_servers.ears import Closing, Dialect


class AssemblyAI(Dialect):
    takes_any_key = True

    def __init__(self, query: dict[str, str]) -> None:
        super().__init__(query)
        self._turn = 0

    def greeting(self) -> Iterable[str]:
        yield json.dumps({"type": "Begin", "id": "s-1", "expires_at": 1_800_000_000})

    def wrong_key(self) -> Iterable[str]:
        yield json.dumps({"type": "Error", "error_code": 4001, "error": "Not Authorized"})
        raise Closing(4001, "Not Authorized")

    def hear(self, message: str | bytes) -> Iterable[str]:
        if isinstance(message, bytes):
            if not 1600 <= len(message) <= 32_000:
                raise Closing(3007, "Input duration violation")
            before = len(self.sound.words)
            self.sound.hear(message)
            if len(self.sound.words) > before:
                yield self._turn_message(is_over=False)
            return
        kind = json.loads(message)["type"]
        if kind == "ForceEndpoint" and self.fresh:
            yield self._end()
        if kind == "Terminate":
            if self.fresh:
                yield self._end()
            seconds = round(self.sound.seconds)
            yield json.dumps({
                "type": "Termination", "audio_duration_seconds": seconds, "session_duration_seconds": seconds
            })  # fmt: skip
            raise Closing

    def _end(self) -> str:
        message = self._turn_message(is_over=True)
        self.settle()
        self._turn += 1
        return message

    def _turn_message(self, *, is_over: bool) -> str:
        words = self.fresh.split()
        standing = words if is_over else words[:-1]
        return json.dumps(
            {
                "type": "Turn",
                "turn_order": self._turn,
                "turn_is_formatted": False,
                "end_of_turn": is_over,
                "transcript": " ".join(standing),
                "end_of_turn_confidence": 0.9 if is_over else 0.2,
                "words": [
                    {
                        "text": word,
                        "start": 0,
                        "end": 1,
                        "confidence": 0.9,
                        "word_is_final": is_over or word is not words[-1],
                    }
                    for word in words
                ],
            }
        )
