"""`doctor --online` asks each service whose key is set, as its engine would."""

from __future__ import annotations

import pytest

from localvoice.config import Config, EngineOptions, EnginesConfig
from localvoice.doctor.examination import Outcome, Result, examine
from localvoice.doctor.services import key_checks
from localvoice.providers import PROVIDERS
from tests.scripted_server import (
    failure,
    models,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    serving,
)
from tests.stt_servers.ears import KEY, listening
from tests.stt_servers.table import STREAMED


async def asked(config: Config) -> dict[str, Result]:
    results = await examine(key_checks(config, online=True), lambda _: None)
    return {one.name: one for one in results}


def at(name: str, url: str) -> Config:
    return Config(engines=EnginesConfig(options={name: EngineOptions(base_url=url, timeout_s=2.0)}))


@pytest.fixture(autouse=True)
def only_this_key(monkeypatch, tmp_path):
    from localvoice import secrets_store

    for variable in secrets_store.KEY_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


async def test_a_service_that_takes_the_key_is_fine(only_this_key):
    only_this_key.setenv("GROQ_API_KEY", "gsk_planted")
    async with serving(failure(500, "no talk here"), listing=models("whisper-large-v3-turbo")) as server:
        results = await asked(at("groq", server.url))
        assert [request.headers["authorization"] for request in server.checks] == ["Bearer gsk_planted"]
    assert results["service groq"].finding.outcome is Outcome.OK
    assert "gsk_planted" not in str(results)


async def test_a_service_that_refuses_the_key_is_told(only_this_key):
    only_this_key.setenv("GROQ_API_KEY", "gsk_planted")
    async with serving(failure(500, "no talk here"), listing=failure(401, "Invalid API Key")) as server:
        results = await asked(at("groq", server.url))
    assert results["service groq"].finding.outcome is Outcome.FAILED
    assert "gsk_planted" not in str(results)


async def test_a_voice_that_does_not_answer_is_told(only_this_key):
    only_this_key.setenv("ELEVENLABS_API_KEY", "sk_planted")
    results = await asked(at("elevenlabs", "http://127.0.0.1:9"))
    assert results["service elevenlabs"].finding.outcome is Outcome.FAILED


@pytest.mark.parametrize("name", [name for name in STREAMED if name != "flux"])
@pytest.mark.parametrize("is_right", [True, False])
async def test_recognisers_that_hear_along_are_asked_without_sound(only_this_key, name, is_right):
    provider = PROVIDERS[STREAMED[name].provider]
    only_this_key.setenv(provider.key, KEY if is_right else "planted_wrong")
    async with listening(STREAMED[name].dialect) as server:
        config = at(provider.name, server.url)
        check = next(one for one in key_checks(config, online=True) if one.name == f"service {provider.name}")
        (result,) = await examine([check], lambda _: None)
        assert all(not sound.bytes for sound in server.sounds)
        assert "planted" not in str(result)
    assert result.finding.outcome is (Outcome.OK if is_right else Outcome.FAILED)
