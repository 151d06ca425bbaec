from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import FakeHub
from store_bench import REVISION, STT_FILES, VOICE_FILES, Bench, tiny_catalogue

from localvoice.model_store.store import ModelStore


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    fake = FakeHub()
    for prefix, files in (
        (f"/test/mini/resolve/{REVISION}/", STT_FILES),
        (
            f"/test/voices/resolve/{REVISION}/en/ann/",
            VOICE_FILES,
        ),
    ):
        for name, data in files.items():
            fake.files[prefix + name] = data
            if len(data) < 1000:
                fake.small.add(prefix + name)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def bench(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Bench(ModelStore(tmp_path / "models", tiny_catalogue()), hub)
