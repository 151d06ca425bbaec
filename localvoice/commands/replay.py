"""`localvoice replay`: a recorded session decided, heard or shown again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import flags
from localvoice.errors import ExitCode
from localvoice.printable import printable

if TYPE_CHECKING:
    from localvoice.replay.folder import Recorded


def replay(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", callback=flags.place, help="Written by `localvoice talk --record DIR`."),
    ],
    *,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", callback=flags.place, help="Write one page with sound, states, words and times."),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", metavar="", help="Hear the sound again, with the engines that are here.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", metavar="", help="Tell every difference, turn by turn.")
    ] = False,
) -> None:
    """Decide a recorded session again: the same events, or the differences and exit code 1."""
    from localvoice.replay.folder import read_folder

    recorded = read_folder(folder)
    if html is not None:
        from localvoice.replay.page import write_page

        write_page(recorded, html)
        typer.echo(f"{html} shows the session", err=True)
    if recompute:
        raise typer.Exit(int(_recompute(recorded)))
    raise typer.Exit(int(_decide_again(recorded, every=compare)))


def _decide_again(recorded: Recorded, *, every: bool) -> ExitCode:
    from localvoice.replay.differing import compared
    from localvoice.replay.report import story_lines, verdict_lines

    made, found = compared(recorded)
    for line in (*story_lines(recorded), *verdict_lines(recorded, made, found, every=every)):
        typer.echo(printable(line))  # the recording may be somebody else's
    return ExitCode.UNEXPECTED if found else ExitCode.OK


def _recompute(recorded: Recorded) -> ExitCode:
    from localvoice.replay.recomputing import recompute, show

    rows = asyncio.run(recompute(recorded, flags.model_store(), flags.note_to_watchers))
    show(rows)
    return ExitCode.UNEXPECTED if any(row.differs for row in rows) else ExitCode.OK
