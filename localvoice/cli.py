"""The command line: what can be typed, and how errors look.

Rule of this file: what it imports at the top has to be light, because `--help` comes at once.
"""

from __future__ import annotations

import difflib
import errno
import itertools
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from localvoice import __version__
from localvoice.commands.ask import ask
from localvoice.commands.bench import bench
from localvoice.commands.completing import name_talk
from localvoice.commands.config import config_app, keys_app
from localvoice.commands.devices import devices
from localvoice.commands.doctor import doctor
from localvoice.commands.models import app as models_app
from localvoice.commands.persona import persona_app
from localvoice.commands.plain_help import show_plainly
from localvoice.commands.replay import replay
from localvoice.commands.say import say
from localvoice.commands.talk import talk
from localvoice.commands.transcribe import transcribe
from localvoice.commands.voices import voices_app
from localvoice.errors import AllProvidersFailed, ConfigError, ExitCode, LocalVoiceError, ProviderUnavailable
from localvoice.printable import printable

app = typer.Typer(
    name="localvoice",
    help="A local-first voice assistant: you talk, it answers, you may talk over it. Alone: `localvoice talk`.",
    epilog=(
        'Begin with `localvoice`, `localvoice doctor` or `localvoice say "Hello"`.\n\n'
        "Exit codes: 0 fine, 1 unexpected, 2 wrong use, 3 model, 4 sound device, 5 engines, 130 Ctrl-C."
    ),
    context_settings={"help_option_names": ["--help", "-h"]},  # all commands have it from here
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
app.command()(talk)
app.command()(ask)
app.command()(say)
app.command()(transcribe)
app.command()(devices)
app.command()(doctor)
app.command()(bench)
app.command()(replay)
app.add_typer(models_app, name="models")
app.add_typer(config_app, name="config")
app.add_typer(keys_app, name="keys")
app.add_typer(persona_app, name="persona")
app.add_typer(voices_app, name="voices")
show_plainly(app)

_TALK = "talk"
_CLOUD_WORDS = frozenset({"off", "prefer", "fallback"})
_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG})
"""Of a name that the user gave: a folder that is closed to them, or more letters than the system takes."""


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", metavar="", help="Print the version and end.")] = False,
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show where an error came from.")] = False,  # noqa: ARG001
) -> None:
    """A local-first voice assistant: you talk, it answers, you may talk over it."""
    if version:
        typer.echo(f"localvoice {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Whatever goes wrong is one line on standard error."""
    debug = "--debug" in arguments
    shown = logging.StreamHandler()
    shown.setLevel(logging.DEBUG if debug else logging.CRITICAL)  # a package's logger with a level passes the root's by
    logging.basicConfig(level=shown.level, handlers=[shown])
    if "_LOCALVOICE_COMPLETE" in os.environ:
        name_talk(os.environ, is_talk=_is_talk)
    try:
        code = app([*_completed(arguments)], prog_name="localvoice", standalone_mode=False)
        return code if isinstance(code, int) else ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the third of three places: the top
        return _ended_by(_innermost(error), debug=debug)
    except SystemExit as end:
        if end.code != 1:
            raise
        return ExitCode.OK  # typer's way with a broken pipe: the reader has gone, which is no failure


def _innermost(error: BaseException) -> BaseException:
    """What went wrong first, where tasks hand it up in a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _ended_by(error: BaseException, *, debug: bool) -> int:
    match error:
        case ProviderUnavailable() | AllProvidersFailed():
            return _failed(f"{error}; try again, or name another engine behind it", error.exit_code, debug=debug)
        case LocalVoiceError():
            return _failed(str(error), error.exit_code, debug=debug)
        case KeyboardInterrupt() | typer.Abort():
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing to say to it
            return ExitCode.OK
        case OSError() if said := _of_the_surroundings(error):
            return _failed(said, ExitCode.USAGE, debug=debug)
        case _:
            return _unforeseen(error, debug=debug)


def _of_the_surroundings(error: OSError) -> str:
    """What is wrong with the machine's state, whatever was being done; empty where it is something else."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full: free some space, or write elsewhere"
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return "too many files are open: allow more, as `ulimit -n 1024` does"
    if isinstance(error, FileNotFoundError) and error.filename is None:  # of os.getcwd alone
        return "the folder this runs in is gone: change to another one"
    if error.errno in _REFUSALS and error.filename is not None:  # Python already fails to ask whether it is there
        return f"{error.filename} cannot be used: {str(error.strerror).lower()}; name another place"
    return ""


def _completed(arguments: Sequence[str]) -> list[str]:
    """`talk` where no command is named, `--cloud` with its value, and `help COMMAND` as it is meant."""
    words = [word for word in arguments if word != "--debug"]
    for at, word in enumerate(words):
        if word == "--cloud" and (at + 1 == len(words) or words[at + 1] not in _CLOUD_WORDS):
            words[at] = "--cloud=prefer"
        elif word == "--cloud":
            words[at : at + 2] = [f"--cloud={words[at + 1]}"]
    if "--record=" in words or ("--record", "") in itertools.pairwise(words):  # to `Path` that is the present folder
        raise ConfigError("--record wants a folder, and what stands behind it is empty: name one")
    if not words or _is_talk(words[0]):
        return [_TALK, *words]
    if words[0] == "help":
        words = [*words[1:], "--help"]
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    if words[0] not in known and not words[0].startswith("-"):
        near = difflib.get_close_matches(words[0], known, n=1)
        guess = f"did you mean `localvoice {near[0]}`?" if near else "`localvoice --help` lists the commands"
        raise ConfigError(f"there is no command '{words[0]}'; {guess}")
    return words


def _is_talk(word: str) -> bool:
    """Whether a line that begins with `word` is one of `talk`."""
    return word.startswith("-") and word not in {"--help", "-h", "--version"} and "completion" not in word


def _unforeseen(error: BaseException, *, debug: bool) -> int:
    format_message = getattr(error, "format_message", None)
    if callable(format_message):  # a usage error of the command line
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "localvoice"
        message = " ".join(str(format_message()).split()).rstrip(".")
        return _failed(f"{message} (`{command} --help` shows what there is)", ExitCode.USAGE, debug=debug)
    what = str(error) or "no further word"
    message = f"unexpected {type(error).__name__}: {what}; run again with --debug to see where it came from"
    return _failed(message, ExitCode.UNEXPECTED, debug=debug)


def _failed(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo(f"localvoice: {printable(message)}", err=True)
    return code
