"""`localvoice models`: what can be had, what is here, fetch, check, bring in, remove.

Rule of this file: only typer and the standard library at the top, so that the program starts fast.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import completing, flags

if TYPE_CHECKING:
    from localvoice.model_store.catalogue import Tier
    from localvoice.model_store.store import Fault, Installed, ModelStore

app = typer.Typer(help="The model store: what can be had, what is here; download, verify, import, remove.")

_AsJson = Annotated[bool, typer.Option("--json", metavar="", help="A JSON array instead of a table.")]
_AsObject = Annotated[bool, typer.Option("--json", metavar="", help="A JSON object instead of lines.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context, *, as_json: _AsJson = False) -> None:
    """The model store; alone: what can be had and what is here."""
    if context.invoked_subcommand is None:
        list_models(as_json=as_json)


@app.command("list")
def list_models(*, as_json: _AsJson = False) -> None:
    """What can be had and what is here."""
    from localvoice.commands.model_table import model_rows, table

    store = open_store()
    rows = model_rows(store)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    typer.echo(f"Models in {store.root} (* = the default of its tier)")
    typer.echo(table(rows))


@app.command()
def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Models; none: those of the tier.", autocompletion=completing.models),
    ] = None,
    *,
    tier: Annotated[
        str,
        typer.Option(
            metavar="TIER",
            help="small, standard, large or auto (this machine's); small if no model is named.",
            autocompletion=completing.words("small", "standard", "large", "auto"),
        ),
    ] = "",
    yes: _Yes = False,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Also what is here: repairs a damaged model.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", metavar="", help="Refuse to use the network.")] = False,
) -> None:
    """Fetch models, verified; an interrupted download goes on where it stopped."""
    from localvoice.commands.first_run import can_ask, fetch
    from localvoice.model_store.download import DownloadSettings
    from localvoice.model_store.hub import HubSettings
    from localvoice.model_store.offer import Offer

    store = open_store()
    wanted = [store.catalogue.named(name) for name in names or ()]
    chosen = _tier(tier or "small")
    if tier or not wanted:
        wanted += [model for model in store.catalogue.tier(chosen) if model not in wanted]
    missing = tuple(model for model in wanted if force or store.find(model.kind, model.name) is None)
    settings = DownloadSettings(HubSettings.from_environ(os.environ, offline=offline), force=force)
    if not missing:
        typer.echo("Everything is here already: " + ", ".join(model.name for model in wanted))
        return
    settings.hub.require_network()
    offer = Offer(chosen, missing)
    typer.echo(f"To download, about {_size(offer.bytes)} into {store.root}:\n{offer.details}", err=True)
    if not yes and can_ask() and not typer.confirm("Download?", default=True, err=True):
        return
    try:
        fetched = fetch(store, missing, settings)
    except KeyboardInterrupt as error:
        typer.echo("Stopped; what has come is kept: the same command goes on from there.", err=True)
        raise typer.Exit(130) from error
    typer.echo("Installed: " + ", ".join(model.name for model in fetched))


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Models; none: all that are here.", autocompletion=completing.own_models),
    ] = None,
) -> None:
    """Read all files again and compare their checksums."""
    from localvoice.errors import ModelError
    from localvoice.model_store.store import verify as verify_model

    store = open_store()
    broken, chosen = _asked_for(store, names or ())
    faults = [(fault, fault.path.name) for fault in broken]
    for installed in chosen:
        found = verify_model(installed)
        faults += [(fault, installed.name) for fault in found]
        if not found:
            typer.echo(
                f"{installed.name}: {'verified' if _has_checksums(installed) else 'complete, no checksum known'}"
            )
    if not chosen and not faults:
        typer.echo(f"No models in {store.root}")
    for fault, name in faults[:-1]:
        typer.echo(f"{fault.path} {fault.reason}: {_repair(store, name)}", err=True)
    if faults:
        fault, name = faults[-1]
        raise ModelError(f"{fault.path} {fault.reason}: {_repair(store, name)}")


@app.command("import")
def import_folder(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", callback=flags.place, help="A copied store, or a folder with model files."),
    ],
) -> None:
    """Bring models from a folder (a USB stick, another machine): copied and verified."""
    from localvoice.commands.model_progress import shown_progress
    from localvoice.errors import ModelError
    from localvoice.model_store.importing import import_models

    store = open_store()
    try:
        with shown_progress(0) as progress:
            report = import_models(store, folder, progress)
    except KeyboardInterrupt as error:
        typer.echo("Stopped; models not named above were not imported.", err=True)
        raise typer.Exit(130) from error
    strangers = [skipped for skipped in report.skipped if skipped.is_stranger]
    for skipped in report.skipped:
        if not skipped.is_stranger or len(strangers) == 1:
            typer.echo(f"skipped: {skipped.path} {skipped.reason}", err=True)
    if len(strangers) > 1:
        typer.echo(f"skipped: {len(strangers)} files that belong to no model that is known", err=True)
    for name in report.imported:
        typer.echo(f"imported: {name}")
    if not report.imported and not any("here already" in skipped.reason for skipped in report.skipped):
        raise ModelError(f"{folder} holds no model that is known: `localvoice models list` names them")


@app.command()
def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Models; KIND/NAME where several have one name.",
            autocompletion=completing.own_models,
        ),
    ],
    *,
    yes: _Yes = False,
) -> None:
    """Delete models, and what is left of their unfinished downloads."""
    from localvoice.commands.first_run import can_ask

    store = open_store()
    for name in names:
        store.folders_of(name)  # what cannot be removed is told before anything is
    question = f"Delete {', '.join(names)} from {store.root}?"
    if not yes and can_ask() and not typer.confirm(question, default=False, err=True):
        return
    for name in names:
        freed = store.remove(name)
        typer.echo(f"removed {name}: {_size(freed)} freed")


@app.command()
def path(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A model; none: the store.", autocompletion=completing.own_models)
    ] = "",
) -> None:
    """Where the store is, or the file or folder that a model's engine is given."""
    from localvoice.errors import ConfigError

    store = open_store()
    found = _installed(store, name) if name else ()
    if len(found) > 1:
        which = " or ".join(f"{one.kind}/{one.name}" for one in found)
        raise ConfigError(f"{name} is the name of several models: write which, {which}")
    typer.echo(str(found[0].path if found else store.root))


@app.command()
def recommend(*, as_json: _AsObject = False) -> None:
    """Measure this machine, in about ten seconds, and say which tier suits it; remembered until it changes."""
    from localvoice.commands.recommending import as_json as rendered
    from localvoice.commands.recommending import lines
    from localvoice.tiers.known_speeds import known_speeds
    from localvoice.tiers.measuring import measure
    from localvoice.tiers.recogniser_choice import measured_recognisers
    from localvoice.tiers.speeds import recommended

    store = open_store()
    speeds = measure(lambda what: None if as_json else typer.echo(f"measuring: {what}", err=True))
    speeds = replace(speeds, recognisers=measured_recognisers(store, recommended(speeds).tier))
    if not known_speeds().keep(speeds):
        typer.echo("It cannot be remembered: the user's state folder is read-only.", err=True)
    typer.echo(rendered(speeds) if as_json else "\n".join(lines(speeds, store)))


@app.command()
def du() -> None:
    """What takes how much room."""
    from localvoice.commands.model_table import columns

    store = open_store()
    rows = [(one.kind.value, one.name, one.bytes) for one in store.installed()]
    rows += [
        (model.kind.value, f"{model.name} (unfinished)", size)
        for model in store.catalogue
        if (size := store.partial_bytes(model))
    ]
    cells = [(kind, name, _size(size)) for kind, name, size in rows]
    typer.echo(columns([*cells, ("", "in all", _size(sum(size for *_, size in rows)))]))


def open_store() -> ModelStore:
    """The user's model store."""
    from localvoice.model_store.store import ModelStore, models_root

    return ModelStore(models_root(os.environ))


def _tier(word: str) -> Tier:
    from localvoice.errors import ConfigError
    from localvoice.model_store.catalogue import Tier

    if word == "auto":
        from localvoice.tiers.known_speeds import tier_here

        return tier_here()[0].tier
    try:
        return Tier(word)
    except ValueError as error:
        raise ConfigError(f"no tier is called {word!r}: use small, standard, large or auto", key="--tier") from error


def _installed(store: ModelStore, name: str) -> Sequence[Installed]:
    """The models of that name; what to do where none is here."""
    from localvoice.errors import ModelError

    if found := store.all_named(name):
        return found
    model = store.catalogue.named(name)
    raise ModelError(f"{model.name} is not installed: `localvoice models download {model.name}`")


def _asked_for(store: ModelStore, names: Sequence[str]) -> tuple[Sequence[Fault], Sequence[Installed]]:
    """What is broken and what is whole of the models of those names; of all models where none is named."""
    broken = store.damaged()
    if not names:
        return broken, store.installed()
    faults: list[Fault] = []
    whole: list[Installed] = []
    for name in names:
        found = [one for one in broken if name in {one.path.name, f"{one.path.parent.name}/{one.path.name}"}]
        faults += found
        whole += store.all_named(name) if found else _installed(store, name)
    return faults, whole


def _has_checksums(installed: Installed) -> bool:
    return bool(installed.receipt or (installed.model and any(file.sha256 for file in installed.model.files)))


def _repair(store: ModelStore, name: str) -> str:
    if store.catalogue.get(name):
        return f"`localvoice models download {name} --force` fetches it again"
    return f"`localvoice models remove {name}`, then `localvoice models import DIR` with a good copy"


def _size(count: int) -> str:
    from localvoice.model_store.catalogue import size_text

    return size_text(count)
