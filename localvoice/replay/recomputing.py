"""A recorded session heard and understood again, and what differs from then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from localvoice.metrics import nearest_rank
from localvoice.model_store.store import ModelStore
from localvoice.printable import printable
from localvoice.replay.again import decided_again, turns_ended
from localvoice.replay.engines_again import Engines, ask_again
from localvoice.replay.folder import Recorded
from localvoice.replay.moved import Edges, edges, overlaps
from localvoice.replay.rehear import Heard, hear_again, with_windows
from localvoice.ui.table_console import table_console

_EDGES = {"speech_started": "onsets of speech", "speech_stopped": "ends of speech", "turn_ended": "ends of turns"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the report."""

    title: str
    then: str
    now: str
    differs: bool = False


async def recompute(recorded: Recorded, store: ModelStore, say: Callable[[str], None]) -> list[Row]:
    """The report. `say` is told what is being done.

    Raises:
        FileError, DeviceError: the sound is not there, or cannot be heard here as it was.
    """
    say("hearing the recording again")
    heard = hear_again(recorded, store)
    rows = list(_heard_rows(recorded, heard))
    ended = turns_ended(recorded.config, recorded.began, recorded.noted)
    engines = await ask_again(recorded, ended, heard.clean, store, say)
    return [*rows, *_engine_rows(engines)]


def _heard_rows(recorded: Recorded, heard: Heard) -> Iterator[Row]:
    noted = with_windows(recorded.noted, heard.windows)
    now = decided_again(recorded.config, recorded.began, noted)
    for kind, title in _EDGES.items():
        yield _edge_row(title, edges(kind, recorded.events, now))
    yield from _overlap_rows(overlaps(recorded.events), overlaps(now))


def _edge_row(title: str, found: Edges) -> Row:
    then = len(found.moved_ms) + len(found.lost_s)
    parts = []
    farthest = max(found.moved_ms, key=abs, default=0.0)
    if farthest:
        median = nearest_rank([abs(ms) for ms in found.moved_ms], 0.5)
        parts.append(f"{len(found.moved_ms)}, moved by {median:.0f} ms, at most {farthest:+.0f}")
    else:
        parts.append(f"{len(found.moved_ms)} in their place")
    parts += [f"none at {at_s:.2f} s" for at_s in found.lost_s]
    parts += [f"one more at {at_s:.2f} s" for at_s in found.new_s]
    return Row(title, str(then), ", ".join(parts), differs=not found.is_same)


def _overlap_rows(then: Sequence[tuple[int, str]], now: Sequence[tuple[int, str]]) -> Iterator[Row]:
    turns = sorted({turn for turn, _ in (*then, *now)})
    for turn in turns:
        before, after = (
            ", ".join(outcome.replace("_", "-") for at, outcome in side if at == turn) for side in (then, now)
        )
        yield Row(f"overlap, turn {turn}", before or "none", after or "none", differs=before != after)


def _engine_rows(engines: Engines) -> Iterator[Row]:
    for words in engines.words:
        yield Row(f"words, turn {words.turn}", words.then, words.now, differs=not words.is_same)
    for name, took in engines.took_ms.items():
        yield Row(f"{name}, median ms", _median(engines.then_ms, name), f"{nearest_rank(took, 0.5):.0f}")
    for absent in engines.absent:
        yield Row("not asked", "", absent)


def _median(then: Mapping[str, Sequence[float]], name: str) -> str:
    return f"{nearest_rank(then[name], 0.5):.0f}" if then.get(name) else "hidden in the wait"


def show(rows: Sequence[Row]) -> None:
    """A table on standard output; what differs is marked."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "then", "now", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        mark = Text("differs", style="yellow") if row.differs else Text("")
        cells = (Text(printable(cell)) for cell in (row.title, row.then, row.now))  # it may be somebody else's
        table.add_row(*cells, mark)
    console = table_console()
    console.print(table)
    count = sum(row.differs for row in rows)
    console.print(f"{count} of {len(rows)} differ." if count else "Nothing differs.", markup=False)
