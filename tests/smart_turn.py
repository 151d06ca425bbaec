"""Where the tests find smart-turn: scripts/ensure_smart_turn.sh puts it there."""

from __future__ import annotations

from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent.parent / "build" / "smart-turn"

SMART_TURN = _FOLDER / "smart-turn-v3.2-cpu.onnx"
REFERENCE = _FOLDER / "_whisper_features.py"
"""The features as the model's makers compute them, numpy only."""

needs_smart_turn = pytest.mark.skipif(
    not (SMART_TURN.is_file() and REFERENCE.is_file()),
    reason="no smart-turn: fetch it with `sh scripts/ensure_smart_turn.sh .venv/bin/python`",
)
