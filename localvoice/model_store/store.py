"""Where models lie and which of them are here and whole.

Rule of this file: it reads and removes; what writes models is in `download.py` and `importing.py`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localvoice.errors import ConfigError, FileError, ModelError
from localvoice.languages import language_code
from localvoice.model_store.catalogue import Catalogue, Kind, Model, Tier, read_catalogue
from localvoice.model_store.receipt import Receipt, sha256_of
from localvoice.small_files import path_at_home

PART_SUFFIX = ".part"
"""Folder of a model on its way (`NAME.part/`), and file of bytes on their way (`FILE.part`)."""

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_VOICE_NAME = re.compile(r"([a-z]{2})_[A-Z]{2}-")
_SUFFIX = {Kind.LLM: ".gguf", Kind.TTS: ".onnx", Kind.TURN: ".onnx", Kind.WORDS: ".gguf", Kind.VAD: ".onnx"}


def models_root(environ: Mapping[str, str]) -> Path:
    """The store's folder: `LOCALVOICE_MODELS`, else `models/` of a source checkout, else the user's data folder."""
    if chosen := environ.get("LOCALVOICE_MODELS"):
        return path_at_home(chosen)
    if (_PACKAGE_PARENT / "pyproject.toml").is_file():
        return _PACKAGE_PARENT / "models"
    import platformdirs

    return platformdirs.user_data_path("localvoice", appauthor=False) / "models"


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is here and complete."""

    kind: Kind
    name: str
    folder: Path
    path: Path
    """What the engine is given: the folder for speech recognisers, the .gguf or .onnx file for the others."""
    bytes: int
    model: Model | None
    """Its entry in the catalogue; None for one put there by hand under a name of its own."""
    receipt: Receipt | None
    """None for one put there by hand."""

    def knows(self, language: str) -> bool:
        """Whether it can do with a language; a voice put there by hand tells by its name, as `de_DE-anna-low`."""
        if self.model is not None:
            return self.model.knows(language)
        named = _VOICE_NAME.match(self.name) if self.kind is Kind.TTS else None
        return not language or named is None or named[1] == language_code(language)


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what it should be."""

    path: Path
    reason: str


class ModelStore:
    """The models under `root`, which need not exist."""

    def __init__(self, root: Path, catalogue: Catalogue | None = None) -> None:
        self.root = root
        self.catalogue = read_catalogue() if catalogue is None else catalogue

    def folder(self, kind: Kind, name: str) -> Path:
        """Where a model of that name lies, or would."""
        return self.root / kind / name

    def part_folder(self, model: Model) -> Path:
        """Where a model lies while it is being fetched."""
        return self.root / model.kind / (model.name + PART_SUFFIX)

    def installed(self) -> list[Installed]:
        """All models that are here and complete, by kind and name; of the folders put there by hand, too."""
        found = (self.find(kind, name) for kind in Kind for name in self._names(kind))
        return [one for one in found if one is not None]

    def find(self, kind: Kind | str, name: str) -> Installed | None:
        """The model of that kind and name, if it is here and complete."""
        kind = Kind(kind)
        model = self.catalogue.get(name)
        if model is not None and model.kind is kind:
            name = model.name
        elif name not in self._names(kind):
            return None  # also keeps names like `../..` inside the store
        else:
            model = None
        folder = self.folder(kind, name)
        path = _engine_path(kind, folder, model)
        receipt = Receipt.load(folder)
        if path is None or (receipt and _wrong_sizes(folder, receipt)):
            return None
        return Installed(kind, name, folder, path, _folder_bytes(folder), model, receipt)

    def all_named(self, name: str) -> list[Installed]:
        """The models of that name that are here and complete, one of a kind; `KIND/NAME` means that kind alone."""
        kinds, name = _asked_for(name)
        return [found for kind in kinds if (found := self.find(kind, name))]

    def path_of(self, name: str) -> Path | None:
        """What an engine is given to load the model `name`, if it is here and complete."""
        return next((found.path for found in self.all_named(name)), None)

    def preferred(
        self, kind: Kind | str, tier: Tier, others: Collection[str] = (), language: str = ""
    ) -> Installed | None:
        """The model to use where none was named: of those here, one that fits `tier`, of the highest tier, a default.

        Larger ones and those put there by hand under a name of their own come last. Models of the engines `others` are
        left out, and those that do not know `language`.
        """
        here = [one for one in self.installed() if one.kind == kind and not (one.model and one.model.engine in others)]
        return min((one for one in here if one.knows(language)), key=lambda one: _rank(one, tier), default=None)

    def smaller(self, one: Installed, language: str = "") -> list[Installed]:
        """Other models here that could stand in for `one` where it is too large, the largest first."""
        here = [other for other in self.installed() if other.kind == one.kind and other.knows(language)]
        return sorted((other for other in here if other.bytes < one.bytes), key=lambda other: -other.bytes)

    def missing(self, tier: Tier, language: str = "") -> tuple[Model, ...]:
        """The models of a tier that are not here."""
        wanted = self.catalogue.tier(tier, language)
        return tuple(model for model in wanted if self.find(model.kind, model.name) is None)

    def partial_bytes(self, model: Model) -> int:
        """Bytes of `model` that an earlier, unfinished download left."""
        return _folder_bytes(self.part_folder(model))

    def damaged(self) -> list[Fault]:
        """Folders in the store that hold something, but no complete model."""
        return [
            Fault(self.folder(kind, name), "files are missing or have the wrong size")
            for kind in Kind
            for name in self._names(kind)
            if self.find(kind, name) is None
        ]

    def folders_of(self, name: str) -> list[Path]:
        """What there is of a model, whole or on its way; `name` may be written `KIND/NAME`.

        Raises:
            ConfigError: there is one of that name in several kinds.
            ModelError: nothing of that name is here.
        """
        kinds, name = _asked_for(name)
        model = self.catalogue.get(name)
        name = model.name if model else name
        both = (name, name + PART_SUFFIX)
        found = {
            kind: [self.folder(kind, one) for one in both if one in self._names(kind, partial=True)] for kind in kinds
        }
        here = {f"{kind}/{name}": folders for kind, folders in found.items() if folders}
        if not here:
            raise ModelError(f"{name} is not installed: `localvoice models list` shows what is")
        if len(here) > 1:
            raise ConfigError(f"{name} is the name of several models: write which, {' or '.join(here)}")
        return next(iter(here.values()))

    def remove(self, name: str) -> int:
        """Delete a model, and what an unfinished download of it left; returns the bytes freed.

        Raises:
            ConfigError, ModelError: it is not clear which, or nothing of that name is here; see `folders_of`.
            FileError: it cannot be deleted.
        """
        folders = self.folders_of(name)
        freed = sum(_folder_bytes(folder) for folder in folders)
        for folder in folders:
            try:
                folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
            except OSError as error:
                raise FileError(f"cannot delete {folder} ({error.strerror}): check its rights") from error
        return freed

    def _names(self, kind: Kind, *, partial: bool = False) -> list[str]:
        try:
            folders = [entry.name for entry in (self.root / kind).iterdir() if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise FileError(f"cannot read {self.root / kind} ({error.strerror}): check its rights") from error
        return sorted(name for name in folders if partial or not name.endswith(PART_SUFFIX))


def _asked_for(name: str) -> tuple[Sequence[Kind], str]:
    """`KIND/NAME` in its parts; a name alone may be of any kind."""
    kind, slash, rest = name.partition("/")
    return ([Kind(kind)], rest) if slash and kind in set(Kind) else (list(Kind), name)


def verify(installed: Installed) -> list[Fault]:
    """Read all files of a model again and compare them with what was verified when they came; blocking.

    Files put there by hand are compared with the catalogue, where it knows them.
    """
    if installed.receipt:
        expected = {name: file.sha256 for name, file in installed.receipt.files.items()}
    else:
        files = installed.model.files if installed.model else ()
        expected = {file.name: file.sha256 for file in files if file.sha256}
    faults = []
    for name, sha256 in expected.items():
        path = installed.folder / name
        if not path.is_file():
            faults.append(Fault(path, "is missing"))
        elif (found := sha256_of(path)) != sha256:
            faults.append(Fault(path, f"has sha256 {found[:12]}…, expected {sha256[:12]}…"))
    return faults


def _engine_path(kind: Kind, folder: Path, model: Model | None) -> Path | None:
    """What the engine of that kind loads from `folder`; None while a file it needs is missing or empty.

    Goes by what the engine needs and not by the catalogue's list, so that models put there by hand count.
    """
    if kind is Kind.STT and any(folder.glob("encoder-model*.onnx")):  # Parakeet
        needed = ["encoder-model*.onnx", "decoder_joint-model*.onnx", "vocab.txt", "config.json"]
        return folder if all(any(map(_has, folder.glob(name))) for name in needed) else None
    if kind is Kind.STT:
        needed = ["model.bin", "config.json", "tokenizer.json"]
        if model and any(file.name == "preprocessor_config.json" for file in model.files):
            needed.append("preprocessor_config.json")  # without it faster-whisper assumes 80 mels, which is wrong here
        is_complete = all(_has(folder / name) for name in needed) and any(map(_has, folder.glob("vocabulary.*")))
        return folder if is_complete else None
    candidates = [path for path in sorted(folder.glob("*" + _SUFFIX[kind])) if _has(path)]
    if kind is Kind.TTS:
        has_voices = any(map(_has, folder.glob("voices*.bin")))  # Kokoro's, which are parts of one model
        candidates = [path for path in candidates if has_voices or _has(path.with_name(path.name + ".json"))]
    return candidates[0] if candidates else None


def _rank(one: Installed, wanted: Tier) -> tuple[int, int, bool]:
    """Sorts what is here, the most suitable first."""
    order = list(Tier)
    if one.model is None:
        return len(order) + 1, 0, True
    levels = [order.index(tier) for tier in one.model.tiers]
    fitting = [level for level in levels if level <= order.index(wanted)]
    below = order.index(wanted) - max(fitting) if fitting else len(order)
    return below, min(levels), not one.model.default


def _has(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _wrong_sizes(folder: Path, receipt: Receipt) -> bool:
    """Whether a file of the receipt is missing or has another size."""
    paths = ((folder / name, file.bytes) for name, file in receipt.files.items())
    return any(not path.is_file() or path.stat().st_size != size for path, size in paths)


def _folder_bytes(folder: Path) -> int:
    """Size of a model's files, whole or on their way; not of ours beside them."""
    return sum(path.stat().st_size for path in folder.rglob("[!.]*") if path.is_file())
