"""What is known of a service: the fields of a row in `providers.py`.

Rule of this file: a difference between two services of one protocol is a field here, not a class elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from localvoice.addresses import checked_url


@dataclass(frozen=True, slots=True)
class ChatDifferences:
    """Where a service departs from OpenAI's chat completions."""

    limit: str = "max_tokens"
    """The field that bounds the length of a reply."""
    asks_for_usage: bool = True
    """Whether `stream_options` is understood; the others say what a reply cost unasked, or not at all."""
    by_model: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Further fields for models whose name begins like that; None takes a field away."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars; what a model is not paid for stays 0."""

    hour: float = 0.0
    """Per hour of sound."""
    least_s: float = 0.0
    """Seconds of sound that are billed at least."""
    prompt: float = 0.0
    """Per million tokens read."""
    cached: float | None = None
    """Per million tokens that the service had in its cache; None: as the others."""
    completion: float = 0.0
    """Per million tokens written."""
    characters: float = 0.0
    """Per million characters spoken."""


@dataclass(frozen=True, slots=True)
class HotwordField:
    """How a recogniser is told of names and rare words, and how many of them it takes."""

    name: str
    """Of the field, in the query of its address or the form that is sent."""
    is_json: bool = False
    """Whether one field holds all of them as a list; else there is one for each."""
    models: str = ""
    """Pattern of the models that know it."""
    most: int = 100
    longest: int = 50
    """Characters of one."""
    characters: int = 1200
    """Of all together."""

    def fitting(self, words: Iterable[str], model: str) -> tuple[str, ...]:
        """Those of `words` that it takes, in their order."""
        if not re.match(self.models, model):
            return ()
        kept: list[str] = []
        for word in (one for one in words if one and len(one) <= self.longest):
            if len(kept) == self.most or sum(map(len, kept)) + len(word) > self.characters:
                break
            kept.append(word)
        return tuple(kept)


@dataclass(frozen=True, slots=True)
class Provider:
    """A service."""

    name: str
    """As in the flags."""
    base_url: str
    """As the vendor's own SDK takes it (product contract, section 4); empty where only the user knows. `{region}` and
    `{stage}` stand for what differs."""
    key: str = ""
    """The variable that its key stands in; empty where it needs none."""
    path: str = "/v1"
    """What stands between the host and the calls, where `base_url` does not hold it already."""
    always_adds_path: bool = False
    """Whether the SDK puts `path` behind every address, and not only behind a bare host."""
    models: Mapping[str, str] = field(default_factory=dict)
    """The model of each stage that it serves; empty where the service says itself what it has."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """The module of a stage's engine where it does not bear the name of the service."""
    voice: str = ""
    """The voice that speaks where none is named."""
    voices: str = r"(?!)"
    """Pattern of its names for voices: `speech.voice` is meant for the synthesiser whose voice it is."""
    chat: ChatDifferences = ChatDifferences()
    hotwords: HotwordField | None = None
    """None where its recogniser cannot be told of any."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By the beginning of a model's name; the longest beginning counts."""

    @property
    def needs_key(self) -> bool:
        """Whether it serves nobody without one."""
        return bool(self.key)

    def root(self, base_url: str = "", **where: str) -> str:
        """Where the calls begin; `base_url` as the settings have it. Raises `ConfigError` for a bad one."""
        base = checked_url(base_url or self.base_url.format(**where), self.name)
        adds = self.always_adds_path or not urlsplit(base).path
        return base + self.path if adds and not base.endswith(self.path or "/") else base

    def hotword_fields(self, words: Iterable[str], model: str) -> list[tuple[str, str]]:
        """What tells its recogniser of `words`: names of fields and what they hold."""
        field_ = self.hotwords
        told = field_.fitting(words, model) if field_ is not None else ()
        if field_ is None or not told:
            return []
        return [(field_.name, json.dumps(told))] if field_.is_json else [(field_.name, word) for word in told]

    def module(self, stage: str) -> str:
        """Where `load(order)` makes the engine of `stage`."""
        return f"localvoice.{stage}.{self.modules.get(stage, self.name)}"
