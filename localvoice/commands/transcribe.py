"""`localvoice transcribe`: speech to text."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import flags
from localvoice.errors import ConfigError
from localvoice.printable import printable_lines

if TYPE_CHECKING:
    from localvoice.app.transcribing import Done


def transcribe(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE|-", help="Recordings of any format; - is one on standard input.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="A JSON object per recording, one a line.")
    ] = False,
    as_srt: Annotated[bool, typer.Option("--srt", metavar="", help="Subtitles, of one recording.")] = False,
    stt: flags.Stt = None,
    language: flags.Language = None,
    offline: flags.Offline = False,
    profile: flags.Profile = None,
) -> None:
    """Write down what is said in recordings."""
    if as_json and as_srt:
        raise ConfigError("--json and --srt exclude each other: leave one of them out")
    if as_srt and len(files) > 1:
        raise ConfigError("--srt takes one recording at a time: its times begin at zero")
    if files.count("-") > 1:
        raise ConfigError("standard input can be read only once: leave one - out")
    loaded = flags.settings({**flags.engine_flags(stt), "session.language": (language, "--language")}, profile)
    loaded, _ = flags.offline_mode(offline, loaded)

    from localvoice.app.transcribing import transcribe as transcribe_all
    from localvoice.ui.progress import TranscriptionProgress

    form = _as_json if as_json else _as_srt if as_srt else _as_text

    with TranscriptionProgress() as progress:

        def show(done: Done) -> None:
            progress.hide()
            typer.echo(form(done, len(files) > 1), nl=False)

        code = asyncio.run(transcribe_all(loaded.config, flags.model_store(), files, show, progress))
    raise typer.Exit(int(code))


def _as_text(done: Done, is_one_of_many: bool) -> str:
    text = printable_lines(done.transcript.text)
    return f"{done.name}: {text}\n" if is_one_of_many else f"{text}\n"


def _as_json(done: Done, is_one_of_many: bool) -> str:
    transcript = done.transcript
    segments = [
        {"start": round(one.start_s, 3), "end": round(one.end_s, 3), "text": one.text} for one in transcript.segments
    ]
    fields = {
        "text": transcript.text,
        "language": transcript.language,
        "engine": transcript.engine,
        "segments": segments,
    }
    return json.dumps(({"file": done.name} if is_one_of_many else {}) | fields, ensure_ascii=False) + "\n"


def _as_srt(done: Done, _: bool) -> str:
    from localvoice.text.subtitles import srt

    return srt(done.transcript.segments)
