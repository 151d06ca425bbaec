"""What a shell completes, asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from localvoice.commands import completing
from localvoice.commands.config import config_app


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("localvoice pers", {"persona"}),
        ("localvoice persona n", {"new"}),
        ("localvoice talk --patience f", {"fast"}),
        ("localvoice talk --stt poc", {"pocketsphinx"}),
        ("localvoice talk --llm groq,llama-c", {"groq,llama-cpp"}),
        ("localvoice talk --persona tu", {"tutor"}),
        ("localvoice talk --voice en_US-norm", {"en_US-norman-medium"}),
        ("localvoice --stt poc", {"pocketsphinx"}),
        ("localvoice\n--patience\nf", {"fast"}),
        ("localvoice --offline --persona tu", {"tutor"}),
        ("localvoice --pers", {"--persona"}),
        ("localvoice models download base.", {"base.en"}),
        ("localvoice talk --stt no-such", set()),
        ("localvoice config set turn.pat", {"turn.patience"}),
        ("localvoice config set turn.overlap du", {"duck"}),
        ("localvoice config set no.such f", set()),
        ("localvoice keys set elev", {"elevenlabs"}),
        ("localvoice --cloud fa", {"fallback"}),
    ],
)
def test_bash_is_offered_what_fits(typed: str, offered: set[str]):
    asked = {"_LOCALVOICE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    command = (sys.executable, "-m", "localvoice")
    answer = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert set(answer.stdout.split()) == offered
    assert answer.stderr == ""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is worked in, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCALVOICE_CONFIG", "localvoice.toml")
    monkeypatch.setenv("LOCALVOICE_MODELS", str(tmp_path / "models"))
    return tmp_path


def test_profiles_of_the_settings_are_offered(here: Path):
    (here / "localvoice.toml").write_text("[profiles.kitchen]\n[profiles.car]\n", encoding="utf-8")
    assert completing.profiles("") == ["kitchen", "car"]
    assert completing.profiles("k") == ["kitchen"]


def test_settings_that_cannot_be_read_offer_nothing(here: Path):
    (here / "localvoice.toml").write_text("[[[", encoding="utf-8")
    assert completing.profiles("") == []


def test_only_models_that_are_here_can_be_removed(here: Path):
    for folder, name in (("llm/mine", "weights.gguf"), ("llm/broken", "notes.txt"), ("tts/en_US-x.part", "x.part")):
        (here / "models" / folder).mkdir(parents=True)
        (here / "models" / folder / name).write_bytes(b"GGUF")
    assert set(completing.own_models("")) == {"mine", "broken"}


def test_a_voice_of_the_starter_is_offered_once_it_is_begun():
    assert "en-gb" in completing.voices("en-g")
    assert "en-gb" not in completing.voices("")
    assert "en_US-norman-medium" in completing.voices("")


@pytest.mark.parametrize(
    ("key", "begun", "offered"),
    [
        ("reply.prepare", "", ["true", "false"]),
        ("vad.runtime", "to", ["torch"]),
        ("engines.llm", "groq,ski", ["groq,skills"]),
        ("session.persona", "tu", ["tutor"]),
        ("engines.elevenlabs.transport", "m", ["multi-context"]),
        ("turn.sure_ms", "", []),
    ],
)
def test_values_follow_from_the_key(key: str, begun: str, offered: list[str]):
    context = typer.Context(get_command(config_app))
    context.params["key"] = key
    assert completing.setting_values(context, begun) == offered


def test_keys_of_an_engine_come_once_its_name_is_there():
    assert completing.setting_keys("engines.gro") == ["engines.groq."]
    assert "engines.groq.timeout_s" in completing.setting_keys("engines.groq.")
    assert "engines.groq.timeout_s" not in completing.setting_keys("engines.")
