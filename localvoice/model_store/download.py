"""Whole models from the hub: several files at a time, each model's folder appearing when it is complete."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localvoice.errors import LocalVoiceError, ModelError
from localvoice.model_store.catalogue import Model, ModelFile
from localvoice.model_store.hub import Hub, HubSettings
from localvoice.model_store.placing import clear, only_writer, publish, require_room, writing
from localvoice.model_store.receipt import Receipt, Resume, Verified, sha256_of
from localvoice.model_store.store import ModelStore
from localvoice.model_store.transfer import Progress, Sleep, Transfer, Wanted

_CONNECTIONS = 4
"""Files at a time: enough to fill a line, few enough not to annoy a hub."""


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """How to fetch."""

    hub: HubSettings = field(default_factory=HubSettings)
    force: bool = False
    """Fetch what is here already, too: the repair of a damaged model."""
    sleep: Sleep = asyncio.sleep


def download(
    store: ModelStore, models: Iterable[Model], progress: Progress, settings: DownloadSettings | None = None
) -> list[Model]:
    """Fetch those of `models` that are not here, and return them; blocks. Ctrl-C keeps what has come.

    One model's failure does not stop the others.

    Raises:
        ConfigError: the network is forbidden.
        FileError: the store cannot be written or has no room; nothing was fetched.
        ModelError: a model could not be had; the others have come.
    """
    settings = settings or DownloadSettings()
    wanted = [model for model in models if settings.force or store.find(model.kind, model.name) is None]
    if not wanted:
        return []
    settings.hub.require_network()
    missing_bytes = sum(max(model.bytes - store.partial_bytes(model), 0) for model in wanted)
    with writing(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
    require_room(store.root, missing_bytes)
    failures = asyncio.run(_Download(store, progress, settings).run(wanted))
    if failures:
        raise _summary(failures)
    return wanted


class _Download:
    """One run over several models."""

    def __init__(self, store: ModelStore, progress: Progress, settings: DownloadSettings) -> None:
        self._store = store
        self._progress = progress
        self._settings = settings
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._failures: list[LocalVoiceError] = []

    async def run(self, models: Sequence[Model]) -> list[LocalVoiceError]:
        """Fetch all; returns what went wrong."""
        async with Hub(self._settings.hub) as hub:
            transfer = Transfer(hub, self._progress, self._settings.sleep)
            async with asyncio.TaskGroup() as tasks:
                for model in models:
                    tasks.create_task(self._model(transfer, model))
        return self._failures

    async def _model(self, transfer: Transfer, model: Model) -> None:
        part = self._store.part_folder(model)
        try:
            with writing(self._store.root):
                with only_writer(part):
                    receipt = await self._files(transfer, model, part)
                if receipt:
                    publish(part, self._store.folder(model.kind, model.name), receipt)
                elif not self._store.partial_bytes(model):
                    shutil.rmtree(part, ignore_errors=True)  # nothing came: leave no traces
        except LocalVoiceError as error:
            self._failures.append(error)

    async def _files(self, transfer: Transfer, model: Model, part: Path) -> Receipt | None:
        """Fetch a model's files into `part`; None when one failed."""
        memory = _ReceiptMemory.of(model, part)
        failures: list[LocalVoiceError] = []

        async def fetch(file: ModelFile) -> None:
            try:
                async with self._places:
                    with writing(self._store.root):
                        await self._file(transfer, model, file, memory)
            except LocalVoiceError as error:
                failures.append(error)

        async with asyncio.TaskGroup() as tasks:
            for file in model.files:
                tasks.create_task(fetch(file))
        self._failures += failures
        return None if failures else memory.receipt

    async def _file(self, transfer: Transfer, model: Model, file: ModelFile, memory: _ReceiptMemory) -> None:
        label = f"{model.name}/{file.name}"
        target = memory.folder / file.name
        known = memory.receipt.files.get(file.name)
        if known and target.is_file() and await asyncio.to_thread(sha256_of, target) == known.sha256:
            self._progress.moved(label, known.bytes, known.bytes)
            self._progress.finished(label)
            return
        url = model.url_of(file, self._settings.hub.endpoint)
        wanted = Wanted(label, url, target, file.bytes, file.sha256, model.pin_verified)
        memory.verified(file.name, await transfer.fetch(wanted, memory))


class _ReceiptMemory:
    """What is known of the files on their way, in the receipt of the model's `.part` folder."""

    def __init__(self, folder: Path, receipt: Receipt) -> None:
        self.folder = folder
        self.receipt = receipt

    @classmethod
    def of(cls, model: Model, folder: Path) -> _ReceiptMemory:
        """What an earlier download left in `folder`; bytes of another revision are thrown away."""
        receipt = Receipt.load(folder)
        if receipt is None or receipt.revision != model.revision:
            receipt = Receipt(model.name, model.url or model.repo, model.revision)
            clear(folder)
        return cls(folder, receipt)

    def recall(self, name: str) -> Resume:
        """What was kept for the file of that name; an empty `Resume` where nothing was."""
        return self.receipt.resume.get(name, Resume())

    def keep(self, name: str, resume: Resume) -> None:
        """Keep it, on the disk."""
        if self.receipt.resume.get(name) != resume:
            self.receipt.resume[name] = resume
            self.receipt.save(self.folder)

    def verified(self, name: str, file: Verified) -> None:
        """The file of that name is complete."""
        self.receipt.resume.pop(name, None)
        self.receipt.files[name] = file
        self.receipt.save(self.folder)


def _summary(failures: Sequence[LocalVoiceError]) -> LocalVoiceError:
    """All failures in one line."""
    messages = list(dict.fromkeys(str(failure) for failure in failures))
    if len(messages) == 1:
        return failures[0]
    return ModelError(f"{messages[0]} (and {len(messages) - 1} more: {'; '.join(messages[1:])})")
