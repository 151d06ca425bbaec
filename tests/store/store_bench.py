"""A store, a hub and a small catalogue to try downloads on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hub_server import FakeHub

from localvoice.model_store.catalogue import Catalogue, Kind, Model, ModelFile, Tier
from localvoice.model_store.download import DownloadSettings, download
from localvoice.model_store.hub import HubSettings
from localvoice.model_store.store import ModelStore

REVISION = "1" * 40


@dataclass
class Recorded:
    """What a download reported."""

    moves: list[tuple[str, int, int | None]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def moved(self, label: str, have_bytes: int, total_bytes: int | None) -> None:
        self.moves.append((label, have_bytes, total_bytes))

    def finished(self, label: str) -> None:
        self.done.append(label)

    def note(self, message: str) -> None:
        self.notes.append(message)


@dataclass
class Bench:
    """A store, a hub and a catalogue of two models: a recogniser of four files, a voice of two."""

    store: ModelStore
    hub: FakeHub
    progress: Recorded = field(default_factory=Recorded)
    waits: list[float] = field(default_factory=list)
    token: str = ""

    def model(self, name: str) -> Model:
        return self.store.catalogue.named(name)

    def path(self, name: str, file: str) -> str:
        """Of a file at the hub."""
        model = self.model(name)
        path = next(one.path for one in model.files if one.name == file)
        return f"/{model.repo}/resolve/{model.revision}/{path}"

    def get(self, *names: str, force: bool = False, offline: str = "") -> list[str]:
        """Download; returns the names of what came."""

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        settings = DownloadSettings(HubSettings(self.hub.endpoint, self.token, offline), force=force, sleep=sleep)
        return [one.name for one in download(self.store, [self.model(one) for one in names], self.progress, settings)]

    def part(self, name: str, file: str = "") -> Path:
        return self.store.part_folder(self.model(name)) / file


def content(size: int, seed: int) -> bytes:
    return Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


STT_FILES = {
    "model.bin": content(300_000, 1),
    "config.json": b"{}",
    "tokenizer.json": b'{"version": "1.0"}',
    "vocabulary.txt": b"a\nb\n",
}
VOICE_FILES = {"en_US-ann-medium.onnx": content(200_000, 2), "en_US-ann-medium.onnx.json": b'{"audio": {}}'}


def tiny_catalogue(*, verified: bool = False) -> Catalogue:
    def files(contents: dict[str, bytes], folder: str, large: str) -> tuple[ModelFile, ...]:
        return tuple(
            ModelFile(folder + name, name, len(data), sha256(data)) if name == large else ModelFile(folder + name, name)
            for name, data in contents.items()
        )

    def model(name: str, kind: Kind, repo: str, contents: tuple[ModelFile, ...]) -> Model:
        return Model(
            name=name,
            kind=kind,
            engine={Kind.STT: "faster-whisper", Kind.TTS: "piper"}[kind],
            tiers=(Tier.SMALL,),
            default=True,
            title="Mini" if kind is Kind.STT else "Ann",
            licence="MIT",
            repo=repo,
            revision=REVISION,
            files=contents,
            pin_verified=verified,
        )

    return Catalogue(
        (
            model("mini.en", Kind.STT, "test/mini", files(STT_FILES, "", "model.bin")),
            model("en_US-ann-medium", Kind.TTS, "test/voices", files(VOICE_FILES, "en/ann/", "en_US-ann-medium.onnx")),
        )
    )


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder
