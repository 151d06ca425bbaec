"""`localvoice doctor`: everything a conversation needs, checked one by one, with what to do about it.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from localvoice.commands import flags


def doctor(  # noqa: PLR0913 - one parameter a flag
    *,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="One JSON object instead of lines.")] = False,
    online: Annotated[
        bool, typer.Option("--online", metavar="", help="Ask the services whose keys are set; costs nothing.")
    ] = False,
    no_sound: Annotated[
        bool, typer.Option("--no-sound", metavar="", help="Leave out the self-test that plays and listens (13 s).")
    ] = False,
    input: flags.Input = None,  # noqa: A002 - the flag's name
    output: flags.Output = None,
    stt: flags.Stt = None,
    llm: flags.Llm = None,
    tts: flags.Tts = None,
    vad: flags.Vad = None,
    profile: flags.Profile = None,
) -> None:
    """Check what a conversation needs: machine, devices, engines and their speed, keys. Exit code 0: it would start."""
    given = {
        **flags.engine_flags(stt, llm, tts, vad),
        "audio.input": (input, "--input"),
        "audio.output": (output, "--output"),
    }
    config = flags.settings(given, profile).config

    from localvoice.app.echo_check import echo_check
    from localvoice.doctor.examination import Result, examine, exit_code
    from localvoice.doctor.machine import machine_checks
    from localvoice.doctor.services import key_checks
    from localvoice.doctor.stages import Stages
    from localvoice.ui.doctor_report import DoctorReport
    from localvoice.ui.doctor_report import as_json as rendered

    store = flags.model_store()
    report = DoctorReport()

    def told(result: Result) -> None:
        if not as_json:
            report.line(result)

    checks = [
        *machine_checks(config, store),
        *Stages(config, store).checks(),
        echo_check(config, store, may_sound=not no_sound),
        *key_checks(config, online=online),
    ]
    results = asyncio.run(examine(checks, told))
    code = exit_code(results)
    if as_json:
        typer.echo(rendered(results, code))
    else:
        report.end(results)
    raise typer.Exit(int(code))
