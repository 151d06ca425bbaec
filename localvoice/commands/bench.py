"""`localvoice bench`: how fast this machine answers, and how fast it falls silent."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import textwrap
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localvoice.commands import flags
from localvoice.errors import ConfigError, ExitCode, FileError, unwritable

if TYPE_CHECKING:
    from localvoice.bench.result import Change
    from localvoice.config import Config


def bench(  # noqa: PLR0913 - one parameter a flag
    *,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="One JSON object instead of a table.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", callback=flags.place, help="A picture of the waits: .svg, or .png."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", callback=flags.place, help="What changed since an older result of --json."),
    ] = None,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, max=50, help="How often the dialogue is held.")] = 1,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", callback=flags.place, help="Keep both sides of the sound and the session for replay."
        ),
    ] = None,
    field: Annotated[
        bool, typer.Option("--field", metavar="", help="First count the words that are misheard of a text you read.")
    ] = False,
    input: flags.Input = None,  # noqa: A002 - the flag's name
    stt: flags.Stt = None,
    llm: flags.Llm = None,
    tts: flags.Tts = None,
    vad: flags.Vad = None,
    cloud: flags.CloudFlag = None,
    offline: flags.Offline = False,
    patience: Annotated[str | None, typer.Option(metavar="PRESET", help="fast, normal or patient.")] = None,
    voice: flags.Voice = None,
    profile: flags.Profile = None,
) -> None:
    """Hold a fixed dialogue of a good minute with the engines of a conversation, and measure it. Nothing is heard."""
    given = {
        **flags.engine_flags(stt, llm, tts, vad),
        "engines.cloud": (cloud, "--cloud"),
        "turn.patience": (patience, "--patience"),
        "speech.voice": (voice, "--voice"),
        "audio.input": (input, "--input"),
    }
    loaded, shield = flags.offline_mode(offline, flags.settings(given, profile))
    old = _checked(plot, compare, record)
    reading = _reading(loaded.config) if field else {}

    from localvoice.bench.result import changes
    from localvoice.bench.running import BenchOptions, run_dialogue
    from localvoice.ui.bench_progress import BenchProgress

    with ExitStack() as stack:
        folder = _made(record, stack) if record else Path(stack.enter_context(_temporary()))
        progress = stack.enter_context(BenchProgress())
        options = BenchOptions(folder, rounds, progress.said, offline=shield.mode)
        code, found = asyncio.run(run_dialogue(loaded, flags.model_store(), options))
    if found is None:
        raise typer.Exit(int(code))
    found |= reading
    changed = [] if old is None else list(changes(old, found))
    _tell(found, changed, as_json=as_json)
    if plot is not None:
        _draw(found, plot)
    raise typer.Exit(int(ExitCode.OK if found["answers"] else ExitCode.ENGINES))


def _made(folder: Path, stack: ExitStack) -> Path:
    """The folder, which the stack removes if it is still empty then."""
    from localvoice.app.fresh_files import FreshFiles

    stack.callback(FreshFiles([], folder).withdraw)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(f"to {folder}", error) from error
    return folder


def _temporary() -> tempfile.TemporaryDirectory[str]:
    """For both sides of the sound, where nobody wants to keep them."""
    try:
        return tempfile.TemporaryDirectory(prefix="localvoice-bench-")
    except OSError as error:
        raise FileError(
            "there is no folder for temporary files: name one in TMPDIR, or keep all with --record"
        ) from error


def _reading(config: Config) -> dict[str, Any]:
    """The figures of a text that is read aloud."""
    from localvoice.audio.opening import EndKind, parse_end
    from localvoice.bench.field import TEXT, measure_reading

    if parse_end(config.audio.input).kind is not EndKind.FILE:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigError(
                "--field waits for a key: run it in a terminal, or give the reading with --input FILE.wav"
            )
        typer.echo(f"Read this aloud, then press Enter:\n\n{textwrap.fill(TEXT, 78)}\n", err=True)
    finished = sys.stdin.readline if sys.stdin is not None else str
    code, figures = asyncio.run(measure_reading(config, flags.model_store(), finished, flags.note_to_watchers))
    if figures is None:
        raise typer.Exit(int(code))
    return {"field": figures}


def _tell(found: dict[str, Any], changed: list[Change], *, as_json: bool) -> None:
    if as_json:
        compared = {one.title: {"before": one.before, "after": one.after, "told": one.told} for one in changed}
        typer.echo(json.dumps(found | ({"compared": compared} if changed else {}), indent=2, ensure_ascii=False))
        return
    from localvoice.bench.report import show

    show(found, changed)


def _checked(plot: Path | None, compare: Path | None, record: Path | None) -> dict[str, Any] | None:
    """The older result; whatever would fail behind a minute of measuring fails now."""
    from localvoice.audio.files import check_writable
    from localvoice.bench.result import read_result

    if plot is not None:
        if plot.suffix.lower() not in {".svg", ".png"}:
            raise ConfigError(f"--plot draws .svg and .png: {plot} is neither")
        check_writable(plot)
        if plot.suffix.lower() == ".png":
            _check_matplotlib()
    if record is not None and record.exists() and (not record.is_dir() or any(record.iterdir())):
        raise FileError(f"{record} is not an empty folder: name another one")
    return None if compare is None else read_result(compare)


def _check_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        raise ConfigError("a .png needs matplotlib (`pip install matplotlib`): name an .svg file instead")


def _draw(found: dict[str, Any], path: Path) -> None:
    from localvoice.bench.picture import waterfall

    place = Path(os.path.realpath(path))  # a link stays one
    part = place.with_name(f"{place.name}.part")
    try:
        if path.suffix.lower() == ".png":
            from localvoice.bench.picture_png import draw

            draw(found, part)
        else:
            part.write_text(waterfall(found), encoding="utf-8")
        part.replace(place)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise unwritable(path, error) from error
    typer.echo(f"{path} shows the waits", err=True)
