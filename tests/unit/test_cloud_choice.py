"""Which services a stage gets: by name, by `--cloud`, by address, with and without a key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localvoice.addresses import is_here, is_loopback
from localvoice.cloud_choice import host_services, leaves_machine, without_cloud
from localvoice.config import Config, EngineOptions, EnginesConfig, SpeechConfig
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ConfigError
from localvoice.model_store.store import ModelStore
from localvoice.providers import PROVIDERS
from localvoice.secrets_store import Secret
from localvoice.skills.catalog import Skills

KEYS = {"groq": Secret("g"), "openai": Secret("o"), "elevenlabs": Secret("e")}
LOCAL = "http://127.0.0.1:9/v1"


def chosen(tmp_path, stage, *wanted, keys=KEYS, voice="", **engines):
    """The names of the candidates of a stage."""
    config = Config(
        engines=replace(EnginesConfig(), **{stage: wanted or ("auto",)}, **engines), speech=SpeechConfig(voice)
    )
    return [one.name for one in EngineChoice(config, ModelStore(tmp_path), Skills(), keys.get).candidates(stage)]


def test_behind_a_cloud_engine_stands_the_local_default(tmp_path):
    assert chosen(tmp_path, "llm", "groq") == ["groq", "skills"]
    assert chosen(tmp_path, "llm", "groq", "openai:gpt-4o") == ["groq", "openai", "skills"]


def test_unless_it_is_not_wanted_or_a_local_engine_is_named(tmp_path):
    assert chosen(tmp_path, "llm", "groq", fallback=False) == ["groq"]
    assert chosen(tmp_path, "stt", "groq", "pocketsphinx") == ["groq", "pocketsphinx"]
    assert chosen(tmp_path, "llm", "skills", "groq") == ["skills", "groq"]


def test_a_server_on_this_machine_is_a_local_engine(tmp_path):
    assert chosen(tmp_path, "llm", "ollama", keys={}) == ["ollama"]
    assert chosen(tmp_path, "llm", f"openai-compatible:{LOCAL}", keys={}) == ["openai-compatible"]


@pytest.mark.parametrize("name", ["lm-studio", "llama-server", "vllm"])
def test_servers_that_people_run_have_names_of_their_own(tmp_path, name):
    assert chosen(tmp_path, "llm", name, keys={}) == [name]


def test_a_server_elsewhere_is_not(tmp_path):
    assert chosen(tmp_path, "llm", "openai-compatible:https://example.com/v1") == ["openai-compatible", "skills"]
    for name in ("openai-compatible", "ollama"):
        options = {name: EngineOptions(base_url="https://example.com/v1")}
        assert chosen(tmp_path, "llm", name, options=options) == [name, "skills"]
        assert chosen(tmp_path, "llm", name, "skills", options=options) == [name, "skills"]


def test_a_model_of_a_server_on_this_machine_is_no_address(tmp_path):
    assert chosen(tmp_path, "llm", "ollama:https://example.com/v1") == ["ollama"]


def test_a_cloud_engine_without_a_key_is_refused_with_the_cure(tmp_path):
    with pytest.raises(ConfigError, match=r"groq needs a key: set GROQ_API_KEY, or run `localvoice keys set groq`"):
        chosen(tmp_path, "llm", "groq", keys={})


@pytest.mark.parametrize(
    ("keys", "said"),
    [({}, "a key and its region: set AZURE_SPEECH_KEY and"), ({"azure": Secret("a")}, "the region of its key: set")],
)
def test_what_azure_lacks_is_told_at_once(tmp_path, monkeypatch, keys, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZURE_SPEECH_REGION", raising=False)
    with pytest.raises(ConfigError, match=f"^azure needs {said} AZURE_SPEECH_REGION$"):
        chosen(tmp_path, "tts", "azure", keys=keys)


def test_one_that_answers_on_this_machine_needs_none(tmp_path):
    options = {"groq": EngineOptions(base_url="http://127.0.0.1:9")}
    assert chosen(tmp_path, "llm", "groq", keys={}, options=options) == ["groq", "skills"]


@pytest.mark.parametrize(
    ("stage", "prefer", "fallback"),
    [("stt", ["groq", "pocketsphinx"], ["groq", "pocketsphinx"]), ("llm", ["groq", "skills"], ["groq", "skills"])],
)
def test_cloud_stands_before_the_local_engines_or_before_the_starter(tmp_path, stage, prefer, fallback):
    assert chosen(tmp_path, stage, cloud="prefer") == prefer
    assert chosen(tmp_path, stage, cloud="fallback") == fallback
    assert chosen(tmp_path, stage, cloud="prefer", keys={}) == prefer[1:]


def test_cloud_takes_the_first_service_whose_key_is_set(tmp_path):
    assert chosen(tmp_path, "llm", cloud="prefer", keys={"openai": Secret("o")}) == ["openai", "skills"]


def test_cloud_leaves_a_list_of_names_as_it_is(tmp_path):
    assert chosen(tmp_path, "llm", "skills", cloud="prefer") == ["skills"]


def test_a_service_without_an_address_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"openai-compatible:http://127\.0\.0\.1:8080/v1"):
        chosen(tmp_path, "llm", "openai-compatible")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/v1", "unencrypted"),
        ("http://192.168.1.2:11434/v1", "unencrypted"),
        ("ftp://example.com", "no address"),
        ("example.com", "no address"),
        ("https://", "no address"),
        ("https://host:port/v1", "no address"),
        ("https://user:password@example.com/v1", "more than an address"),
        ("https://example.com/v1?key=x", "more than an address"),
    ],
)
def test_a_key_is_sent_to_tls_or_this_machine_only(tmp_path, url, said):
    with pytest.raises(ConfigError, match=said):
        chosen(tmp_path, "llm", f"openai-compatible:{url}")


@pytest.mark.parametrize(
    ("name", "base_url", "root"),
    [
        ("groq", "", "https://api.groq.com/openai/v1"),
        ("groq", "http://127.0.0.1:9", "http://127.0.0.1:9/openai/v1"),
        ("groq", "http://127.0.0.1:9/openai/v1/", "http://127.0.0.1:9/openai/v1"),
        ("groq", "https://proxy.example.com/x", "https://proxy.example.com/x/openai/v1"),
        ("openai", "", "https://api.openai.com/v1"),
        ("openai", "https://proxy.example.com/x", "https://proxy.example.com/x"),
        ("cerebras", "https://api.cerebras.ai", "https://api.cerebras.ai/v1"),
        ("gemini", "", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ollama", "http://localhost:11434", "http://localhost:11434/v1"),
        ("lm-studio", "", "http://127.0.0.1:1234/v1"),
        ("llama-server", "", "http://127.0.0.1:8080/v1"),
        ("vllm", "http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
        ("anthropic", "", "https://api.anthropic.com"),
        ("cartesia", "http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_addresses_are_what_the_vendors_own_sdk_takes(name, base_url, root):
    assert PROVIDERS[name].root(base_url) == root


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "::ffff:127.0.0.1"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example.com", "localhost.example.com", "0.0.0.1", "192.168.0.1", "::2", ""]
)
def test_not_loopback(host):
    assert not is_loopback(host)


def test_the_host_of_an_address_decides():
    assert is_here("http://[::1]:8080/v1")
    assert not is_here("http://127.0.0.1@example.com/v1")


# offline


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("groq", True),
        ("elevenlabs", True),
        ("deepgram:nova-3", True),
        ("ollama", False),
        (f"openai-compatible:{LOCAL}", False),
        ("openai-compatible:https://example.com/v1", True),
        ("llama-cpp:x.gguf", False),
        ("auto", False),
    ],
)
def test_what_leaves_the_machine(text, leaves):
    assert leaves_machine(text, EnginesConfig()) is leaves


def test_the_address_decides_what_leaves_the_machine():
    options = {
        "groq": EngineOptions(base_url="http://127.0.0.1:9"),
        "ollama": EngineOptions(base_url="https://example.com/v1"),
    }
    engines = EnginesConfig(options=options)
    assert not leaves_machine("groq", engines)
    assert leaves_machine("ollama", engines)


def test_offline_leaves_out_the_cloud_and_nothing_else():
    engines = EnginesConfig(stt=("groq",), llm=("openai", "ollama", "skills"), tts=("espeak",), cloud="prefer")
    left, out = without_cloud(engines)
    assert (left.stt, left.llm, left.tts, left.cloud) == (("auto",), ("ollama", "skills"), ("espeak",), "off")
    assert out == ["groq", "openai", "cloud = prefer"]


def test_services_of_the_host_are_known_by_their_address():
    assert host_services(EnginesConfig(llm=("ollama", "skills"))) == "ollama"
    assert host_services(EnginesConfig(llm=("groq", "skills"))) == ""
