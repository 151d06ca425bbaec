"""Small files of models, looked at by ourselves: what a library says of one that is cut off helps nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localvoice.errors import ModelError


def read_json(file: Path, kind: type, advice: str) -> Any:
    """What `file` holds.

    Raises:
        ModelError: It is missing, cut off or no `kind`; the message ends with `advice`.
    """
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"{file} is missing: {advice}") from error
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}): {advice}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is cut off or damaged: {advice}") from error
    if not isinstance(content, kind) or not content:
        raise ModelError(f"{file} is not the file of that name of a model: {advice}")
    return content
