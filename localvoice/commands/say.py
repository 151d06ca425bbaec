"""`localvoice say`: text to speech."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from localvoice.commands import flags
from localvoice.errors import ConfigError

Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="WHAT", help="FILE.wav, - (raw PCM, 16 kHz) or a device."),
]


def say(
    words: Annotated[list[str], typer.Argument(metavar="TEXT|-", help="What to say; - reads standard input.")],
    *,
    output: Output = None,
    tts: flags.Tts = None,
    voice: flags.Voice = None,
    language: flags.Language = None,
    offline: flags.Offline = False,
    profile: flags.Profile = None,
) -> None:
    """Say a text, or what comes on standard input, sentence by sentence as it arrives."""
    given = {
        **flags.engine_flags(tts=tts),
        "audio.output": (output, "--output"),
        "speech.voice": (voice, "--voice"),
        "session.language": (language, "--language"),
    }
    loaded = flags.settings(given, profile)
    loaded, _ = flags.offline_mode(offline, loaded)
    is_stream = words == ["-"]
    if is_stream and (sys.stdin is None or sys.stdin.closed):
        raise ConfigError("standard input is closed: pipe text into `localvoice say -`")

    from localvoice.app.saying import SayOptions
    from localvoice.app.saying import say as say_all

    options = SayOptions(
        text="" if is_stream else " ".join(words),
        stream=sys.stdin.buffer if is_stream else None,
        progress=flags.note_to_watchers,
        warn=flags.warn,
    )
    raise typer.Exit(int(asyncio.run(say_all(loaded.config, flags.model_store(), options))))
