"""What is sent with a request: JSON, or a form with a file in it, each in one piece."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes, and what they are."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file in a form."""

    field: str
    name: str
    media_type: str
    data: bytes


def as_json(value: Any) -> Body:
    """`value` as JSON in UTF-8, without spaces; half of a letter of two units stays an escape of JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Body("application/json", text.encode("utf-8", "backslashreplace"))


def as_form(fields: Mapping[str, str], file: File) -> Body:
    """A form as browsers send it; names of fields and files are ours and hold no quotes."""
    boundary = os.urandom(16).hex()
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{file.name}"\r\n'
        f"Content-Type: {file.media_type}\r\n\r\n"
    )
    data = b"".join(("".join(lines).encode("utf-8", "replace"), file.data, f"\r\n--{boundary}--\r\n".encode()))
    return Body(f"multipart/form-data; boundary={boundary}", data)
