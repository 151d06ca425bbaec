"""How a benchmark looks on a terminal: a table, what is off, and what would help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localvoice.bench.result import Change, rows
from localvoice.ui.table_console import table_console


def show(found: Mapping[str, Any], changed: Sequence[Change]) -> None:
    """On standard output; colours where that is a terminal that wants them. `changed`: since an older result."""
    from rich.table import Table

    console = table_console()
    engines, machine = found["engines"], found["machine"]
    console.print(
        f"{engines['stt']} + {engines['llm']} + {engines['tts']} on {machine['cores']} cores of {machine['processor']}",
        style="bold",
        markup=False,
    )
    since = {change.title: change for change in changed}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("ms")
    for name in ("median", "95 %", *(("median before", "95 % before", "") if since else ())):
        table.add_column(name, justify="right")
    for title, ranks in rows(found):
        table.add_row(title, *_cells(title, ranks, since))
    console.print(table)
    for line in _notes(found):
        console.print(line, markup=False)


def _cells(title: str, ranks: Mapping[str, float] | None, since: Mapping[str, Change]) -> list[str]:
    if ranks is None:
        return ["-", "-"]
    cells = [f"{ranks['p50']:.0f}", f"{ranks['p95']:.0f}"]
    both = [since.get(f"{title.strip()} {rank}") for rank in ("p50", "p95")]
    known = [change for change in both if change is not None]
    if len(known) == len(both):
        cells += [f"{change.before:.0f}" for change in known]
        cells.append(_told(*known))
    return cells


def _told(median: Change, worst: Change) -> str:
    """What has changed; where only the 95th percentile has, it is named."""
    change, named = (median, "") if median.told else (worst, "95 % ")
    return f"[{_STYLES[change.told]}]{named}{change.told}[/]" if change.told else ""


_STYLES = {"slower": "red", "faster": "green"}


def _notes(found: Mapping[str, Any]) -> list[str]:
    cpu, alarms = found["cpu"], found["false_alarms"]
    held = (
        f"{len(found['answers'])} answers and {len(found['interruptions'])} interruptions in {found['seconds']:.0f} s"
    )
    lines = [
        f"{held}; processor {cpu['seconds']:.1f} s ({cpu['cores']:.2f} cores), memory {found['memory_mb']:.0f} MB."
    ]
    if "field" in found:
        read = found["field"]
        wrong = f"{read['errors']} of {read['words']} words wrong ({100 * read['word_error']:.1f} %)"
        pace = f"{read['real_time_factor']:.2f} times real time, {read['cores']:.1f} cores"
        lines.append(f"Read aloud to {read['engine']}: {wrong}, {pace}.")
    if alarms:
        told = ", ".join(f"“{one['text']}” taken for {one['reason']}" for one in alarms)
        lines.append(f"Said over a reply, which went on: {told}.")
    if found["unanswered"]:
        lines.append(f"Not answered: {', '.join(found['unanswered'])}.")
    return [*lines, *(f"-> {line}" for line in found["advice"])]
