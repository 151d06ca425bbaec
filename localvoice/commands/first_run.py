"""The question at the first run: whether to fetch better engines than the starters."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from localvoice.config import Config
    from localvoice.model_store.catalogue import Model
    from localvoice.model_store.download import DownloadSettings
    from localvoice.model_store.offer import Offer
    from localvoice.model_store.store import ModelStore


def asked_before() -> Path:
    """The file that remembers that the question was answered; in the user's state folder."""
    import platformdirs

    return platformdirs.user_state_path("localvoice", appauthor=False) / "first-run-asked"


def accepts(offer: Offer, ask: Callable[[str], bool], memory: Path) -> bool:
    """Whether the user wants the models of `offer`; asks once per tier, and remembers a "no" in `memory`.

    `ask` shows its text and returns the answer. Where nothing can be remembered the question comes again.
    """
    if offer.is_empty or offer.tier in _answers(memory):
        return False
    if ask(f"{offer.line}\n{offer.details}\nDownload now?"):
        return True
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with memory.open("a", encoding="utf-8") as file:
            file.write(f"{offer.tier}\n")
    except OSError:
        pass
    return False


def ask_on_terminal(question: str) -> bool:
    """Show `question` on standard error and read yes or no; no answer means no. Ctrl-C ends the program.

    Not `typer.confirm`, which writes to standard output too, where sound or events may go, and takes Ctrl-C for an end
    of the input.
    """
    while True:
        typer.echo(f"{question} [y/N]: ", nl=False, err=True)
        answer = sys.stdin.readline().strip().lower()
        if answer in {"", "n", "no"}:
            return False
        if answer in {"y", "yes"}:
            return True
        question = "y or n?"


def offer_better(config: Config, store: ModelStore, *, offline: bool) -> str:
    """Before a conversation on starters: what would be better, in one line; on a terminal it is asked once instead.

    Whatever goes wrong with the download is said in a line, and the conversation begins on the starters.
    """
    from localvoice.errors import LocalVoiceError
    from localvoice.model_store.download import DownloadSettings
    from localvoice.model_store.hub import HubSettings
    from localvoice.model_store.offer import first_run_offer
    from localvoice.tiers.known_speeds import tier_here

    engines = config.engines
    if "auto" not in {*engines.stt, *engines.llm, *engines.tts}:
        return ""
    offer = first_run_offer(store, tier_here()[0].tier, config.session.language)
    if any(one.kind in {"stt", "llm", "tts"} for one in store.installed()) or offer.is_empty:
        return ""
    hub = HubSettings.from_environ(os.environ, offline=offline)
    if hub.offline or not can_ask() or offer.tier in _answers(asked_before()):
        return offer.line
    if not accepts(offer, ask_on_terminal, asked_before()):
        return ""
    try:
        fetch(store, offer.models, DownloadSettings(hub))
    except LocalVoiceError as error:
        typer.echo(f"{error}\nGoing on with the starters.", err=True)
    except KeyboardInterrupt:
        typer.echo("Stopped; what has come is kept. Going on with the starters.", err=True)
    return ""


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def fetch(store: ModelStore, models: Sequence[Model], settings: DownloadSettings) -> list[Model]:
    """Download with progress shown on standard error; what `download` raises, and `KeyboardInterrupt`."""
    from localvoice.commands.model_progress import shown_progress
    from localvoice.model_store.download import download

    with shown_progress(sum(model.bytes for model in models)) as progress:
        return download(store, models, progress, settings)


def _answers(memory: Path) -> set[str]:
    try:
        return set(memory.read_text(encoding="utf-8").split())
    except OSError:
        return set()
