"""The models that are known: `models/catalogue.toml`, read and checked.

Rule of this file: nothing here touches the store or the network.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from localvoice.errors import ConfigError, ModelError
from localvoice.languages import language_code

DEFAULT_ENDPOINT = "https://huggingface.co"
CATALOGUE_FILE = "catalogue.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?<!\.part)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}|main")


class Kind(StrEnum):
    """What a model does; also the name of its folder in the store."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    TURN = "turn"
    WORDS = "words"
    VAD = "vad"


class Tier(StrEnum):
    """How much machine a set of models wants."""

    SMALL = "small"
    STANDARD = "standard"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    path: str
    """In the source repository."""
    name: str
    """In the model's folder: what the engine looks for."""
    bytes: int | None = None
    sha256: str | None = None
    about_bytes: int = 0
    """For offers and disk space, where `bytes` is not known."""

    @property
    def expected_bytes(self) -> int:
        """Size for sums: exact where known, else about; 0 for small files that nobody has measured."""
        return self.bytes or self.about_bytes


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue."""

    name: str
    kind: Kind
    engine: str
    tiers: tuple[Tier, ...]
    default: bool
    """Whether `--tier` takes it."""
    title: str
    licence: str
    repo: str
    revision: str
    files: tuple[ModelFile, ...]
    licence_note: str = ""
    languages: tuple[str, ...] = ()
    """ISO 639-1, of speech that it hears or speaks; none where it is about no language, or about very many."""
    url: str = ""
    """Address of a file with `{revision}` and `{path}`, for what lies on no hub."""
    pin_verified: bool = False
    """Whether sizes and checksums were compared with a download of ours. Otherwise the server's word counts more."""

    @property
    def bytes(self) -> int:
        """Size of all files in bytes, as far as known."""
        return sum(file.expected_bytes for file in self.files)

    def knows(self, language: str) -> bool:
        """Whether it can do with a language, with or without a region; "" is any."""
        return not language or not self.languages or language_code(language) in self.languages

    def url_of(self, file: ModelFile, endpoint: str = DEFAULT_ENDPOINT) -> str:
        """Where `file` is fetched; `endpoint` is the hub or a mirror of it."""
        template = self.url or f"{endpoint.rstrip('/')}/{self.repo}/resolve/{{revision}}/{{path}}"
        return template.replace("{revision}", self.revision).replace("{path}", file.path)


class Catalogue:
    """All known models, by name and in the order of the file."""

    def __init__(self, models: tuple[Model, ...]) -> None:
        self._models = {model.name.casefold(): model for model in models}
        if len(self._models) != len(models):
            raise ModelError("the model catalogue names a model twice: repair models/catalogue.toml")

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def get(self, name: str) -> Model | None:
        """The model called `name` (upper and lower case alike), or None."""
        return self._models.get(name.casefold())

    def named(self, name: str) -> Model:
        """The model called `name`; `ConfigError` with the nearest known name otherwise."""
        if model := self.get(name):
            return model
        near = difflib.get_close_matches(name.casefold(), list(self._models), n=1)
        hint = f"did you mean {self._models[near[0]].name}?" if near else "`localvoice models list` shows them."
        raise ConfigError(f"no model is called {name!r}: {hint}")

    def tier(self, tier: Tier, language: str = "") -> tuple[Model, ...]:
        """What `models download --tier` takes: one model of each kind that the tier needs.

        Where the default does not know `language`, the first one of its engine that does; none where there is none.
        """
        here = [model for model in self if tier in model.tiers]
        found = (_knowing(language, usual, here) for usual in here if usual.default)
        return tuple(model for model in found if model is not None)


def _knowing(language: str, usual: Model, here: Sequence[Model]) -> Model | None:
    alike = (model for model in here if (model.kind, model.engine) == (usual.kind, usual.engine))
    return next((model for model in (usual, *alike) if model.knows(language)), None)


@cache
def read_catalogue() -> Catalogue:
    """The catalogue that came with this program: inside the package when installed, else in the source checkout."""
    packaged = resources.files("localvoice.model_store") / CATALOGUE_FILE
    if packaged.is_file():
        return parse_catalogue(packaged.read_text(encoding="utf-8"))
    checkout = Path(__file__).resolve().parents[2] / "models" / CATALOGUE_FILE
    try:
        return parse_catalogue(checkout.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"the model catalogue is missing ({checkout}): reinstall localvoice") from error


def parse_catalogue(text: str) -> Catalogue:
    """A catalogue from TOML; `ModelError` names the entry that is wrong."""
    try:
        entries = tomllib.loads(text)["model"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ModelError(f"the model catalogue cannot be read ({error}): reinstall localvoice") from error
    return Catalogue(tuple(_model(entry) for entry in entries))


def _model(entry: Mapping[str, Any]) -> Model:
    """One entry, checked: names become folders, so they must not lead out of the store."""
    try:
        model = Model(
            name=_matching(_NAME, entry["name"]),
            kind=Kind(entry["kind"]),
            engine=entry["engine"],
            tiers=tuple(Tier(tier) for tier in entry["tiers"]),
            default=entry["default"],
            title=entry["title"],
            licence=entry["licence"],
            licence_note=entry.get("licence_note", ""),
            languages=tuple(entry.get("languages", ())),
            repo=entry["repo"],
            url=entry.get("url", ""),
            revision=_matching(_REVISION, entry["revision"]),
            pin_verified={"verified": True, "unverified": False}[entry["pin"]],
            files=tuple(_file(file) for file in entry["files"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the catalogue's entry {entry.get('name', '?')!r} is wrong ({error}): reinstall") from error
    if not model.files:
        raise ModelError(f"the catalogue's entry {model.name!r} has no files: reinstall localvoice")
    return model


def _file(entry: Mapping[str, Any]) -> ModelFile:
    """One file of an entry, checked."""
    path = PurePosixPath(entry["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"path {path} leads out of the repository")
    sha256 = entry.get("sha256")
    return ModelFile(
        path=str(path),
        name=_matching(_NAME, entry.get("name", path.name)),
        bytes=entry.get("bytes"),
        sha256=_matching(_SHA256, sha256) if sha256 else None,
        about_bytes=entry.get("about_bytes", 0),
    )


def _matching(pattern: re.Pattern[str], value: str) -> str:
    """`value`, when all of it matches."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is not of the form {pattern.pattern}")
    return value


def size_text(count: int) -> str:
    """A number of bytes for people: decimal units, as shops and hubs count."""
    if count < 1_000_000:
        return f"{-(-count // 1000)} kB"
    return f"{count / 1e6:.0f} MB" if count < 999_500_000 else f"{count / 1e9:.1f} GB"
