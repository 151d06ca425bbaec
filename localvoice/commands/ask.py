"""`localvoice ask`: one typed question."""

from __future__ import annotations

import io
from typing import Annotated

import typer

from localvoice.commands import flags
from localvoice.commands.talk import hold
from localvoice.errors import ConfigError


def ask(  # noqa: PLR0913 - its flags
    words: Annotated[list[str], typer.Argument(metavar="TEXT", help="The question.")],
    *,
    output: flags.Output = None,
    llm: flags.Llm = None,
    tts: flags.Tts = None,
    language: flags.Language = None,
    voice: flags.Voice = None,
    offline: flags.Offline = False,
    profile: flags.Profile = None,
) -> None:
    """Ask one question, answered in text, and in speech unless `--output none`."""
    question = " ".join(words).strip()
    if not question:
        raise ConfigError("there is no question: type one behind `localvoice ask`")
    given = {
        **flags.engine_flags(llm=llm, tts=tts),
        "audio.input": ("none", "ask"),
        "audio.output": (output, "--output"),
        "session.language": (language, "--language"),
        "speech.voice": (voice, "--voice"),
    }
    line = io.StringIO(question.replace("\n", " ") + "\n")
    hold(given, profile=profile, offline=offline, typed=True, once=True, lines=line)
