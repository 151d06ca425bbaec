"""Recorded sessions are decided as they were: tests/recordings/README.md says how to add one."""

from __future__ import annotations

from pathlib import Path

import pytest

from localvoice.replay.differing import compared
from localvoice.replay.folder import read_folder
from tests.event_rules import check_events

FOLDERS = sorted(path.parent for path in (Path(__file__).parent.parent / "recordings").glob("*/meta.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recorded_session_is_decided_as_it_was(folder: Path):
    recorded = read_folder(folder)
    made, found = compared(recorded)
    told = [one.told() for one in found]
    assert told == [], f"where that is intended: python scripts/accept_recording.py tests/recordings/{folder.name}"
    assert made == len(recorded.events)
    check_events([dict(event) for event in recorded.events])


def test_there_are_recorded_sessions():
    assert len(FOLDERS) >= 2
