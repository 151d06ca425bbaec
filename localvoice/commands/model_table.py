"""The store as rows: what `localvoice models list` shows, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localvoice.model_store.catalogue import Model, size_text
from localvoice.model_store.receipt import Receipt
from localvoice.model_store.store import Installed, ModelStore
from localvoice.printable import printable

_OPEN = frozenset({"MIT", "Apache-2.0", "BSD-2-Clause", "public-domain"})
"""Licences that need no remark."""


def model_rows(store: ModelStore) -> list[dict[str, Any]]:
    """The catalogue, then what else is here."""
    here = {(one.kind, one.name): one for one in store.installed()}
    rows = [_known(store, model, here.pop((model.kind, model.name), None)) for model in store.catalogue]
    return rows + [_unknown(one) for one in here.values()]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for people, with remarks on licences below."""
    cells = [("  name", "kind", "used by", "tier", "size", "licence", "state")]
    cells += [
        (
            ("* " if row["default"] else "  ") + row["name"],
            row["kind"],
            row["engine"] or "-",
            ",".join(row["tiers"]) or "-",
            size_text(row["bytes"]),
            row["licence"],
            _state(row),
        )
        for row in rows
    ]
    remarks = [
        f"{row['name']}: {row['licence_note']}" for row in rows if row["licence_note"] and row["licence"] not in _OPEN
    ]
    return "\n".join([columns(cells), *remarks])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned plain text."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "\n".join(line.rstrip() for line in lines)


def _known(store: ModelStore, model: Model, installed: Installed | None) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind.value,
        "engine": model.engine,
        "tiers": [tier.value for tier in model.tiers],
        "default": model.default,
        "title": model.title,
        "bytes": installed.bytes if installed else model.bytes,
        "licence": model.licence,
        "licence_note": model.licence_note,
        "source": model.repo,
        "revision": model.revision,
        "files": _files(installed.receipt)
        if installed and installed.receipt
        else [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in model.files],
        "installed": installed is not None,
        "path": str(installed.path) if installed else None,
        "partial_bytes": store.partial_bytes(model),
    }


def _unknown(installed: Installed) -> dict[str, Any]:
    """A row of the same keys for a model put there by hand under a name of its own."""
    return {
        "name": installed.name,
        "kind": installed.kind.value,
        "engine": "",
        "tiers": [],
        "default": False,
        "title": "",
        "bytes": installed.bytes,
        "licence": "unknown",
        "licence_note": "",
        "source": "",
        "revision": "",
        "files": _files(installed.receipt) if installed.receipt else [],
        "installed": True,
        "path": str(installed.path),
        "partial_bytes": 0,
    }


def _files(receipt: Receipt) -> list[dict[str, Any]]:
    return [{"name": name, "bytes": file.bytes, "sha256": file.sha256} for name, file in receipt.files.items()]


def _state(row: dict[str, Any]) -> str:
    if row["installed"]:
        return "installed"
    return f"{size_text(row['partial_bytes'])} fetched" if row["partial_bytes"] else "-"
