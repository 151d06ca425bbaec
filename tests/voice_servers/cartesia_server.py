"""Cartesia's socket: contexts, flushes, the times of words from the beginning of a context."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.voice_servers.mouth import Frame, Manner, Mouth, Word, seconds


class Cartesia(Manner):
    prefix = "Bearer "
    restarts = False
    """Whether the times of words begin anew with each piece: documents do not say."""

    def __init__(self, asked: dict[str, str], mouth: Mouth) -> None:
        super().__init__(asked, mouth)
        self._spoken_s: dict[str, float] = {}
        self._flushes: dict[str, int] = {}

    def hear(self, message: Frame) -> Iterable[Frame]:
        request = json.loads(message)
        context = request["context_id"]
        if request.get("cancel"):
            return
        if context not in self._spoken_s:
            assert request["output_format"]["encoding"] == "pcm_s16le"
            self._spoken_s[context], self._flushes[context] = 0.0, 1
        flush = self._flushes[context]
        piece_s = self._spoken_s[context]
        for sound, words in self.pieces(request["transcript"]):
            data = base64.b64encode(sound).decode()
            yield self._fields(context, "chunk", data=data, flush_id=flush, step_time=1.0)
            self._spoken_s[context] += seconds(sound)
            if request.get("add_timestamps") and words:
                times = self._times(words, 0.0 if self.restarts else piece_s)
                yield self._fields(context, "timestamps", word_timestamps=times, flush_id=flush)
        if request.get("flush"):
            self._flushes[context] += 1
            yield self._fields(context, "flush_done", flush_id=flush, flush_done=True)
        if not request.get("continue"):
            yield self._fields(context, "done", done=True)

    @staticmethod
    def _times(words: list[Word], piece_s: float) -> dict[str, list[Any]]:
        return {
            "words": [word.strip(".,?") for word, _, _ in words],
            "start": [piece_s + start_s for _, start_s, _ in words],
            "end": [piece_s + end_s for _, _, end_s in words],
        }

    def error(self, status: int, said: str) -> Frame:
        return json.dumps({"type": "error", "done": True, "status_code": status, "title": said, "message": said})

    @staticmethod
    def _fields(context: str, kind: str, **more: Any) -> str:
        return json.dumps({"type": kind, "context_id": context, "status_code": 206, "done": False, **more})
