"""`localvoice devices`: what can be heard with and spoken through.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from localvoice.audio.device import DeviceInfo


def devices() -> None:
    """List the sound devices, their channels and rates. `--input` and `--output` take an index or part of a name."""
    from localvoice.audio.device import list_devices
    from localvoice.errors import DeviceError

    found = list_devices()
    if not found:
        raise DeviceError("there is no sound device on this machine: connect one, or use `--input FILE.wav`")
    typer.echo("\n".join(table_lines(found)))


def table_lines(found: list[DeviceInfo]) -> list[str]:
    """One line per device under a heading, columns aligned; `in` and `out` mark the system's defaults."""
    rows = [("", "name", "host API", "in", "out", "rate", "default")]
    rows += [
        (
            str(device.index),
            device.name,
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
