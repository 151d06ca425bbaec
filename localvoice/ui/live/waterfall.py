"""The latency of a turn as one line: a bar whose parts are the stages, and what each took."""

from __future__ import annotations

from collections.abc import Mapping

from localvoice.ui.live.spans import Line

STAGES = (
    ("endpoint_ms", "wait", "█"),
    ("stt_ms", "hear", "▓"),
    ("llm_first_token_ms", "think", "▒"),
    ("llm_first_sentence_ms", "write", "░"),
    ("tts_first_audio_ms", "voice", "▞"),
    ("playback_ms", "play", "▪"),
)
"""Key of `turn_metrics.stages`, its word here (and its style), and a sign that tells it without colour."""

_LEAST, _MOST = 8, 40
"""Cells of the bar."""
_TOLD_MS = 0.5
"""A stage below that is rounded to nothing and left out."""


def waterfall(stages: Mapping[str, float], width: int) -> Line:
    """From the end of the user's speech to the first sound of the answer; a hint where there was none yet."""
    total_ms = stages.get("total_ms")
    if total_ms is None:
        return [("no answer yet", "dim")]
    told = [(word, sign, stages.get(key, 0.0)) for key, word, sign in STAGES if stages.get(key, 0.0) >= _TOLD_MS]
    words: Line = [part for word, sign, ms in told for part in ((f" {sign}", word), (f"{word} {ms:.0f}", "dim"))]
    head = f"{total_ms:.0f} ms "
    room = width - len(head) - sum(len(text) for text, _ in words) - 1
    bar = _bar(told, min(max(room, 0), _MOST)) if room >= _LEAST else []
    return [(head, "bold"), *bar, *words]


def _bar(told: list[tuple[str, str, float]], cells: int) -> Line:
    """Every stage at its place in time: rounding is carried on, so that the bar is as long as the whole."""
    whole = sum(ms for _, _, ms in told)
    bar: Line = []
    at_ms, at = 0.0, 0
    for word, sign, ms in told:
        at_ms += ms
        end = round(cells * at_ms / whole)
        bar.append((sign * (end - at), word))
        at = end
    return bar
