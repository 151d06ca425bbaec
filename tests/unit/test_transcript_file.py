"""The transcript that is kept."""

from __future__ import annotations

from localvoice.ui.transcript_file import TranscriptFile


def test_half_a_letter_as_services_send_it_does_not_end_the_session(tmp_path):
    kept = TranscriptFile(tmp_path / "talk.md")
    kept({"type": "transcript", "rejected": False, "text": "a\ud83d b"})
    assert (tmp_path / "talk.md").read_text(encoding="utf-8").startswith("you: a? b\n")
