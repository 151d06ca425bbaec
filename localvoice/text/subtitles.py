"""Transcripts as subtitles in the SubRip format (.srt)."""

from __future__ import annotations

from collections.abc import Iterable

from localvoice.messages import Segment


def srt(segments: Iterable[Segment]) -> str:
    """Numbered blocks; empty where nothing was said."""
    spoken = (segment for segment in segments if segment.text.strip())
    return "\n".join(
        f"{number}\n{_time(segment.start_s)} --> {_time(segment.end_s)}\n{' '.join(segment.text.split())}\n"
        for number, segment in enumerate(spoken, 1)
    )


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, milliseconds = divmod(milliseconds, 3_600_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02},{milliseconds % 1000:03}"
