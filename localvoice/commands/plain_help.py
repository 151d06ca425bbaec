"""Help without the types of switches: typer writes `<bool>` behind each one that is not told otherwise."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        """Those of the command, `--help` among them."""
        return _without_types(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        """Those of the group, `--help` and the two for shells among them."""
        return _without_types(super().get_params(ctx))


def show_plainly(app: typer.Typer) -> None:
    """From now on for all commands of `app`, and of the groups in it."""
    app.info.cls = _Group
    for command in app.registered_commands:
        command.cls = _Command
    for group in app.registered_groups:
        group.cls = _Group
        if group.typer_instance is not None:
            show_plainly(group.typer_instance)


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params
