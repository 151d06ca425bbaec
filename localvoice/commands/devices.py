"""`localvoice devices`: what can be heard with and spoken through, and whether one may talk over it.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import flags
from localvoice.printable import printable

if TYPE_CHECKING:
    from localvoice.app.testing_devices import Tested
    from localvoice.audio.device import DeviceInfo
    from localvoice.config import Config

_PATHS = {"native": "compiled callbacks", "rtmixer": "rtmixer"}


def devices(
    *,
    test: Annotated[
        bool,
        typer.Option("--test", metavar="", help="Play, record, measure, and choose who may interrupt by voice."),
    ] = False,
    input: flags.Input = None,  # noqa: A002 - the flag's name
    output: flags.Output = None,
    tts: flags.Tts = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="One JSON object, of --test.")] = False,
    profile: flags.Profile = None,
) -> None:
    """List the sound devices, their channels and rates. `--input` and `--output` take an index or part of a name."""
    from localvoice.audio.device import list_devices
    from localvoice.errors import ConfigError, DeviceError

    if as_json and not test:
        raise ConfigError("--json is of --test: run `localvoice devices --test --json`")
    given = {
        **flags.engine_flags(tts=tts),
        "audio.input": (input, "--input"),
        "audio.output": (output, "--output"),
    }
    config = flags.settings(given, profile).config
    found = list_devices()
    if not found:
        raise DeviceError("there is no sound device on this machine: connect one, or use `--input FILE.wav`")
    if test:
        raise typer.Exit(_test(config, as_json=as_json))
    typer.echo("\n".join(table_lines(found)))
    if line := _in_use(config, found):
        typer.echo(f"\n{line}")


def table_lines(found: list[DeviceInfo]) -> list[str]:
    """One line per device under a heading, columns aligned; `in` and `out` mark the system's defaults."""
    rows = [("", "name", "host API", "in", "out", "rate", "default")]
    rows += [
        (
            str(device.index),
            printable(device.name),  # a headset says it itself
            device.host_api,
            str(device.input_channels),
            str(device.output_channels),
            f"{device.default_rate_hz} Hz",
            " ".join(["in"] * device.is_default_input + ["out"] * device.is_default_output),
        )
        for device in found
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    is_number = (True, False, False, True, True, True, False)
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in rows
    ]


def _in_use(config: Config, found: list[DeviceInfo]) -> str:
    """What is known of the two devices a conversation would take; empty where it would take none."""
    from localvoice.app.known_pairs import DevicePair, known_pairs
    from localvoice.audio.device import find_device
    from localvoice.audio.opening import EndKind, parse_end
    from localvoice.errors import DeviceError

    ends = [parse_end(spec) for spec in (config.audio.input, config.audio.output)]
    if any(end.kind is not EndKind.DEVICE for end in ends):
        return ""
    try:
        microphone = find_device(ends[0].spec, "input", found)
        loudspeaker = find_device(ends[1].spec, "output", found)
    except DeviceError:
        return ""
    known = known_pairs().recall(DevicePair.of(microphone, loudspeaker, config.audio.sample_rate))
    pair = f'"{microphone.name}" with "{loudspeaker.name}"'
    if known is None:
        return f"{pair}: never tested; `localvoice devices --test` says how well you can talk over me"
    source = "tested" if known.source == "test" else "judged by a greeting"
    advice = f"; {known.advice}" if known.advice else ""
    return f"{pair}: {known.mode}, as {source}: {known.why}{advice}"


def _test(config: Config, *, as_json: bool) -> int:
    """Run the test and print what it came to; the exit code."""
    from localvoice.app.known_pairs import known_pairs
    from localvoice.app.testing_devices import run_device_test
    from localvoice.errors import ExitCode
    from localvoice.ui.device_report import ListeningBar, print_report, report_json

    with ListeningBar() as bar:
        tested = asyncio.run(run_device_test(config, flags.model_store(), known_pairs(), bar))
    if isinstance(tested, ExitCode):
        return int(tested)
    pair = tested.pair
    if as_json:
        fields = {"input": pair.input, "output": pair.output, "path": pair.path, "voice": tested.voice}
        typer.echo(report_json(tested.report, tested.verdict, **fields, is_kept=tested.is_kept))
    else:
        print_report(_heading(tested), tested.report, tested.verdict, _kept(tested))
    return int(ExitCode.OK)


def _heading(tested: Tested) -> list[tuple[str, str]]:
    pair = tested.pair
    return [
        ("microphone", f"{pair.input} ({pair.input_api}, {pair.input_rate_hz} Hz)"),
        ("loudspeaker", f"{pair.output} ({pair.output_api}, {pair.output_rate_hz} Hz, {_PATHS[pair.path]})"),
        ("my voice", f"{tested.voice}, {tested.report.own_speech_s:.0f} s of speech"),
    ]


def _kept(tested: Tested) -> str:
    if tested.is_kept:
        return "Remembered for these two devices; `localvoice talk` begins with it."
    return "Not remembered."
