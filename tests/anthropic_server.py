"""Anthropic's Messages API on this machine: a reply as its stream of events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.scripted_server import Answer, raw, status

USAGE = {"input_tokens": 11, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2, "output_tokens": 1}


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


BEGIN = event(
    "message_start",
    message={
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "claude-haiku-4-5",
        "stop_reason": None, "stop_sequence": None, "usage": USAGE,
    },
)  # fmt: skip
PING = event("ping")


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    """A whole content block."""
    return [
        event("content_block_start", index=index, content_block=content),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def text(*pieces: str, index: int = 0) -> list[bytes]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def thinking(thought: str, index: int = 0) -> list[bytes]:
    deltas = [{"type": "thinking_delta", "thinking": thought}, {"type": "signature_delta", "signature": "c2ln"}]
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


def tool_use(name: str, *pieces: str, index: int = 1, call_id: str = "toolu_1") -> list[bytes]:
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    return block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, *deltas)


def end(reason: str = "end_turn", output_tokens: int = 7) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [event("message_delta", delta=delta, usage={"output_tokens": output_tokens}), event("message_stop")]


def whole(*pieces: str) -> list[bytes]:
    """A reply of text."""
    return [BEGIN, PING, *text(*pieces), *end()]


def message(*pieces: str, pause_s: float = 0.0) -> Answer:
    parts: list[bytes | float] = []
    for part in whole(*pieces):
        parts += [pause_s, part] if pause_s else [part]
    return raw(*parts)


def failure(code: int, kind: str, said: str, **headers: str) -> Answer:
    return status(code, {"type": "error", "error": {"type": kind, "message": said}}, **headers)


def error(kind: str, said: str) -> bytes:
    """In the middle of a stream."""
    return event("error", error={"type": kind, "message": said})


def models(*names: str) -> Answer:
    entries: Sequence[dict[str, Any]] = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names
    ]
    return status(200, {"data": entries, "has_more": False, "first_id": None, "last_id": None})
