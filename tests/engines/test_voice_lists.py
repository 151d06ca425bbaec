"""The lists of voices that services give, against services on this machine."""

from __future__ import annotations

import traceback
from importlib import import_module

import numpy as np
import pytest

from localvoice.errors import ProviderRefused, ProviderUnavailable
from localvoice.providers import PROVIDERS, has_voice
from localvoice.tts.elevenlabs_voices import listed
from localvoice.tts.kokoro import voice_names
from tests.cloud_orders import PLANTED, order
from tests.scripted_server import (
    completion,
    failure,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    serving,
    status,
)

KATIE = PROVIDERS["cartesia"].voice
AVA = "en-US-AvaMultilingualNeural"
LISTS = {
    "cartesia": (
        {"data": [{"id": KATIE, "name": "Katie", "language": "en"}], "has_more": False},
        (KATIE, "Katie", "en"),
    ),
    "deepgram": (
        {"stt": [], "tts": [{"name": "thalia", "canonical_name": "aura-2-thalia-en", "languages": ["en", "en-US"]}]},
        ("aura-2-thalia-en", "thalia", "en"),
    ),
    "google": (
        {"voices": [{"languageCodes": ["en-US"], "name": "en-US-Neural2-F", "ssmlGender": "FEMALE"}]},
        ("en-US-Neural2-F", "female", "en-US"),
    ),
    "azure": ([{"ShortName": AVA, "DisplayName": "Ava", "Locale": "en-US"}], (AVA, "Ava", "en-US")),
}


def listing(name: str, url: str):
    return import_module(PROVIDERS[name].module("tts")).voices(order(name, url), "")


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_read_and_its_voices_are_known_as_the_service_s(name):
    answer, expected = LISTS[name]
    async with serving(completion("x"), listing=status(200, answer)) as server:
        (found,) = await listing(name, server.url)
        assert any(PLANTED in value for value in server.checks[0].headers.values())
    assert (found.engine, found.is_cloud, found.voice, found.title, found.language) == (name, True, *expected)
    assert has_voice(name, found.voice)


@pytest.mark.parametrize("name", LISTS)
async def test_a_wrong_key_is_said(name):
    async with serving(completion("x"), listing=failure(401, PLANTED)) as server:
        with pytest.raises(ProviderRefused) as caught:
            await listing(name, server.url)
    assert PLANTED not in str(caught.value)


def test_the_voices_of_kokoro_are_read_without_its_model(tmp_path):
    with (tmp_path / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, bf_emma=np.zeros(2), af_heart=np.zeros(2))
    assert voice_names(tmp_path) == ["af_heart", "bf_emma"]
    (tmp_path / "voices-v1.0.bin").write_bytes(b"nothing")
    assert voice_names(tmp_path) == []


async def test_a_proxy_that_is_no_address_is_told_without_its_password(monkeypatch):
    pytest.importorskip("elevenlabs", reason="needs the package of ElevenLabs: pip install 'localvoice[cloud]'")
    monkeypatch.setenv("https_proxy", "http://us:pl/anted@127.0.0.1:9")
    with pytest.raises(ProviderUnavailable, match="the proxy is no address: check HTTPS_PROXY") as caught:
        await listed(order("elevenlabs", "https://192.0.2.1"), "")
    assert "'pl'" not in "".join(traceback.format_exception(caught.value))
