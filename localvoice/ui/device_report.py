"""How the test of a pair of devices looks: a bar while it listens, then a few lines, or one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from localvoice.audio.duplex_mode import BARS, MODES, longest_s, pauses
from localvoice.audio.echo_response import FLOOR_DB, STEP_MS
from localvoice.audio.vad import WINDOW_S
from localvoice.ui.terminal_bar import TerminalBar

if TYPE_CHECKING:
    from localvoice.audio.duplex_mode import Verdict
    from localvoice.audio.self_test import PathReport

_QUIET_DB = 6.0
"""What is left counts as quiet as the room (audio.md 8)."""

_STEADY_MS = 1.0
"""Measurements of one path are within 1 ms (audio.md 8)."""

_METER_DBFS = -60.0
"""Where a meter begins."""
_COLUMNS = " ▁▂▃▄▅▆▇█"
_TICK_MS = 100

_STYLES = {"full": "bold green", "guarded": "bold yellow", "half": "bold red"}


def _columns(progress: ModuleType) -> tuple[Any, ...]:
    levels = progress.TextColumn("{task.fields[levels]}")
    return progress.TextColumn("{task.description}"), progress.BarColumn(bar_width=16), levels


class ListeningBar(TerminalBar):
    """Notes and a bar on standard error, the bar where that is a terminal."""

    def __init__(self) -> None:
        super().__init__(_columns, takes_output=True, takes_errors=True)

    def note(self, text: str) -> None:
        """One line."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif sys.stderr is not None:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def heard(self, share: float, microphone_dbfs: float, loudspeaker_dbfs: float) -> None:
        """Move the bar and both meters."""
        if self._bar is None:
            return
        levels = f"loudspeaker {meter(loudspeaker_dbfs)}  microphone {meter(microphone_dbfs)}"
        if self._task is None:
            self._task = self._bar.add_task("listening", total=1.0, levels=levels)
            self._bar.start()
        self._bar.update(self._task, completed=share, levels=levels)


def meter(dbfs: float) -> str:
    """A level between -60 and 0 dBFS as a bar of ten characters."""
    eighths = round(max(0.0, min(1.0, (dbfs - _METER_DBFS) / -_METER_DBFS)) * 80)
    full, rest = divmod(eighths, 8)
    partial: str = ["", *"▏▎▍▌▋▊▉"][rest]
    return ("█" * full + partial).ljust(10, "·")


def echo_picture(response_db: Sequence[float]) -> list[str]:
    """The echo path as a row of columns, 5 ms each, with the milliseconds below; empty where nothing is known."""
    if not response_db:
        return []
    columns = "".join(_COLUMNS[round((1 - level / FLOOR_DB) * (len(_COLUMNS) - 1))] for level in response_db)
    every = _TICK_MS // STEP_MS
    ticks = "".join(f"{at * STEP_MS}".ljust(every) for at in range(0, len(response_db), every))
    return [columns.rstrip() or columns, f"{ticks.rstrip()} ms"]


def print_report(heading: list[tuple[str, str]], report: PathReport, verdict: Verdict, kept: str) -> None:
    """Everything on standard output, in colour where that is a terminal."""
    rows = [
        *heading,
        *_figures(report),
        *_picture(report),
        (verdict.mode, verdict.why),
        ("", verdict.advice),
        ("", kept),
    ]
    rows = [row for row in rows if row[1]]
    width = max(len(label) for label, _ in rows)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console()
        for label, text in rows:
            style = _STYLES.get(label, "dim")
            console.print(Text.assemble((label.ljust(width), style), "  ", text), soft_wrap=True)
        return
    for label, text in rows:
        print(f"{label.ljust(width)}  {text}".rstrip())  # noqa: T201 - the report is what was asked for


def report_json(report: PathReport, verdict: Verdict, **fields: Any) -> str:
    """One object: `fields`, the verdict and the figures."""
    delay = report.delay
    figures = {
        "own_speech_s": report.own_speech_s,
        "noise_dbfs": report.noise_dbfs,
        "echo_dbfs": report.heard_dbfs if report.has_echo else None,
        "clipped_samples": report.clipped,
        "delay_ms": delay.delay_ms,
        "delay_spread_ms": delay.spread_ms if delay.measured else None,
        "slips": delay.slips,
        "drift_ppm": delay.drift_ppm,
        "attenuation_db": report.attenuation_db,
        "left_over_noise_db": report.left_over_noise_db,
        "own_voice_highest": max(report.voices, default=None),
        "own_voice_highest_cold": max(report.cold_voices, default=None),
        "own_voice_longest_ms": 1000 * longest_s(report.voices, BARS["full"].warm),
        "false_pauses": {mode: pauses(report.voices, BARS[mode].warm) for mode in MODES if mode != "half"},
        "cut_tail_ms": report.cut_tail_ms,
        "echo_response_db": [round(level, 1) for level in report.response_db],
    }
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    said = {"mode": verdict.mode, "why": verdict.why, "advice": verdict.advice, "is_sure": verdict.is_sure}
    return json.dumps({**fields, **said, "measured": rounded}, ensure_ascii=False)


def _figures(report: PathReport) -> list[tuple[str, str]]:
    rows = [("room", f"{report.noise_dbfs:.0f} dBFS")]
    if not report.has_echo:
        return [*rows, ("echo", "none heard")]
    rows += [("echo", _echo(report)), ("taken out", _taken_out(report)), ("taken for yours", _taken_for_yours(report))]
    if report.cut_tail_ms is not None:
        rows.append(("after a stop", f"{report.cut_tail_ms:.0f} ms until the last sound is heard"))
    return rows


def _picture(report: PathReport) -> list[tuple[str, str]]:
    """The path, where the terminal or file can show it."""
    if not report.has_echo or "utf" not in (sys.stdout.encoding or "").lower():
        return []
    return list(zip(("echo path", " "), echo_picture(report.response_db), strict=False))


def _echo(report: PathReport) -> str:
    delay = report.delay
    parts = [f"{report.heard_dbfs:.0f} dBFS"]
    if report.clipped:
        parts.append(f"{report.clipped} samples cut off")
    parts.append("delay not found" if delay.delay_ms is None else f"after {delay.delay_ms:.0f} ms")
    if delay.slips:
        parts.append(f"which jumped {delay.slips} times" if delay.slips > 1 else "which jumped once")
    elif delay.measured > 1:
        parts.append("steady" if delay.spread_ms <= _STEADY_MS else f"within {delay.spread_ms:.1f} ms")
    if delay.drift_ppm is not None:
        parts.append(f"clocks {abs(delay.drift_ppm):.0f} ppm apart")
    return ", ".join(parts)


def _taken_out(report: PathReport) -> str:
    if report.attenuation_db is None or report.left_over_noise_db is None:
        return ""
    left = report.left_over_noise_db
    rest = "as quiet as the room" if left <= _QUIET_DB else f"{left:.0f} dB over the room"
    return f"{report.attenuation_db:.0f} dB, {rest}"


def _taken_for_yours(report: PathReport) -> str:
    if report.attenuation_db is None or not report.voices:
        return ""
    count = pauses(report.voices, BARS["full"].warm)
    if not count:
        return f"never (highest probability {max(report.voices):.2f})"
    times = "once" if count == 1 else f"{count} times"
    seconds = len(report.voices) * WINDOW_S
    return f"{times} in {seconds:.0f} s, up to {1000 * longest_s(report.voices, BARS['full'].warm):.0f} ms"
