"""Models from a folder (a USB stick, another machine) into the store: copied, verified, appearing whole.

Rule of this file: bytes that the catalogue or a receipt knows must match; a folder under a name of its own must be
complete for its engine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localvoice.errors import FileError
from localvoice.model_store.catalogue import Kind, Model
from localvoice.model_store.part_file import PartFile
from localvoice.model_store.placing import clear, only_writer, publish, require_room, writing
from localvoice.model_store.receipt import RECEIPT_FILE, Receipt, Verified, sha256_of
from localvoice.model_store.store import PART_SUFFIX, Installed, ModelStore
from localvoice.model_store.transfer import Progress

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not taken."""

    path: Path
    reason: str
    is_stranger: bool = False
    """It belongs to no model that is known."""


@dataclass(slots=True)
class ImportReport:
    """What became of a folder."""

    imported: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A model in the source folder."""

    kind: Kind
    name: str
    files: Mapping[str, Path]
    expected: Mapping[str, str]
    """The sha256 by file name, where known."""
    origin: tuple[str, str] = ("", "")
    """Source and revision, for the receipt."""


def import_models(store: ModelStore, source: Path, progress: Progress) -> ImportReport:
    """Take all models out of `source`: folders in the store's layout, or loose files known by name and sha256; blocks.

    Raises:
        FileError: `source` cannot be read, or the store not written.
    """
    if not source.is_dir():
        raise FileError(f"{source} is not a folder: name the one that holds the models")
    report = ImportReport()
    taken: set[Path] = set()
    theirs = ModelStore(source, store.catalogue)
    for installed in theirs.installed():
        taken |= {path for path in installed.folder.rglob("*") if path.is_file()}
        _take(store, _in_layout(installed), report, progress, installed.folder)
    for fault in theirs.damaged():
        taken |= {path for path in fault.path.rglob("*") if path.is_file()}
        report.skipped.append(Skipped(fault.path, fault.reason))
    for model, files in _loose(store, source, taken):
        taken |= set(files.values())
        expected = {file.name: file.sha256 for file in model.files if file.sha256}
        origin = (model.url or model.repo, model.revision)
        found = _Found(model.kind, model.name, files, expected, origin)
        _take(store, found, report, progress, next(iter(files.values())))
    report.skipped += [
        Skipped(path, "is no file of a model that is known", is_stranger=True)
        for path in _files(source)
        if path not in taken
    ]
    return report


def _in_layout(installed: Installed) -> _Found:
    """A folder of another store: its receipt says what it must contain, else the catalogue."""
    receipt, model = installed.receipt, installed.model
    paths = {path.name: path for path in sorted(installed.folder.iterdir()) if path.is_file()}
    paths.pop(RECEIPT_FILE, None)
    if receipt:
        known = {name: file.sha256 for name, file in receipt.files.items()}
        return _Found(installed.kind, installed.name, paths, known, (receipt.source, receipt.revision))
    known = {file.name: file.sha256 for file in model.files if file.sha256} if model else {}
    return _Found(installed.kind, installed.name, paths, known)


def _loose(store: ModelStore, source: Path, taken: set[Path]) -> Iterator[tuple[Model, dict[str, Path]]]:
    """Models whose files with a known sha256 lie side by side in one folder; the small ones are taken from there."""
    for folder in sorted({path.parent for path in _files(source) if path not in taken}):
        for model in store.catalogue:
            pinned = [file for file in model.files if file.sha256]
            if not pinned or not all(_is_pinned(folder / file.name, file.sha256, file.bytes) for file in pinned):
                continue
            files = {file.name: folder / file.name for file in model.files if (folder / file.name).is_file()}
            if len(files) == len(model.files):
                yield model, files


def _is_pinned(path: Path, sha256: str | None, size: int | None) -> bool:
    """Whether the file is the one the catalogue knows; the size is looked at first, because it costs nothing."""
    return path.is_file() and size in {None, path.stat().st_size} and sha256_of(path) == sha256


def _take(store: ModelStore, found: _Found, report: ImportReport, progress: Progress, shown: Path) -> None:
    """Copy one model, unless it is here or does not match."""
    if store.find(found.kind, found.name):
        report.skipped.append(Skipped(shown, f"{found.name} is here already"))
        return
    require_room(store.root, sum(path.stat().st_size for path in found.files.values()))
    part = store.folder(found.kind, f"{found.name}.import{PART_SUFFIX}")
    try:
        with writing(store.root):
            with only_writer(part):
                clear(part)
                receipt, wrong = _copy(found, part, progress)
            if wrong:
                reason = f"does not have the checksum known for {found.name}: it is damaged"
                report.skipped.append(Skipped(wrong, reason))
                return
            publish(part, store.folder(found.kind, found.name), receipt)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    report.imported.append(found.name)


def _copy(found: _Found, part: Path, progress: Progress) -> tuple[Receipt, Path | None]:
    """Copy the files into `part`; returns their receipt, and the first file with a wrong checksum."""
    receipt = Receipt(found.name, *found.origin)
    for name, path in found.files.items():
        label = f"{found.name}/{name}"
        total = path.stat().st_size
        with PartFile(part / name) as copy, path.open("rb") as original:
            copy.open()
            while block := original.read(_BLOCK_BYTES):
                copy.write(block)
                progress.moved(label, copy.size, total)
            if copy.sha256 != found.expected.get(name, copy.sha256):
                return receipt, path
            receipt.files[name] = Verified(copy.size, copy.sha256)
            copy.finish()
        progress.finished(label)
    return receipt, None


def _files(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*") if path.is_file() and path.name != RECEIPT_FILE)
