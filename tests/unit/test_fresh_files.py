"""A session that does not come to begin leaves the folder as it was."""

from __future__ import annotations

from pathlib import Path

from localvoice.app.fresh_files import FreshFiles


def listing(folder: Path) -> dict[str, bool]:
    return {path.name: path.is_symlink() for path in folder.iterdir()}


def test_what_was_made_is_removed_and_what_was_there_stays(tmp_path: Path):
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.touch()
    fresh = FreshFiles([old, new], tmp_path / "kept")
    new.touch()
    (tmp_path / "kept").mkdir()
    fresh.withdraw()
    assert listing(tmp_path) == {"old.jsonl": False}


def test_a_link_that_led_nowhere_leads_nowhere_again(tmp_path: Path):
    link = tmp_path / "reply.wav"
    link.symlink_to(tmp_path / "elsewhere.wav")
    fresh = FreshFiles([link], None)
    link.touch()
    fresh.withdraw()
    assert listing(tmp_path) == {"reply.wav": True}
