"""Personas: files that come with the program, the user's own, and how one is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localvoice import persona_files
from localvoice.commands.persona import persona_app
from localvoice.config import Config
from localvoice.config_sources import Flag, LoadedConfig, load
from localvoice.errors import ConfigError, FileError


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's personas."""
    folder = tmp_path / "config" / "personas"
    monkeypatch.setattr(persona_files, "own_folder", lambda: folder)
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.chdir(tmp_path)
    return folder


def loaded(name: str, **environ: str) -> LoadedConfig:
    return load({"session.persona": Flag(name, "--persona")}, environ=environ, cwd=Path.cwd())


def run(*words: str, typed: str | None = None) -> str:
    result = CliRunner().invoke(persona_app, words, input=typed, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("name", ["brisk", "tutor"])
def test_an_included_persona_changes_manner_pace_and_waits(name: str):
    config = loaded(name).config
    assert config.reply.system_prompt != Config().reply.system_prompt
    assert config.speech.rate != 1.0
    assert config.turn.patience != "normal"
    assert loaded(name).source_of("turn.patience") == f"persona {name}"


def test_the_users_file_wins_over_an_included_one_and_a_section_over_both(own: Path):
    own.mkdir(parents=True)
    (own / "tutor.toml").write_text('prompt = "Mine."\n')
    assert loaded("tutor").config.reply.system_prompt == "Mine."
    Path("localvoice.toml").write_text('[personas.tutor]\nprompt = "A section."\n')
    assert loaded("tutor").config.reply.system_prompt == "A section."


def test_a_variable_wins_over_a_persona(own: Path):
    assert not own.exists()
    config = loaded("brisk", LOCALVOICE_TURN__PATIENCE="patient").config
    assert config.turn.patience == "patient"


def test_a_persona_may_be_a_file_anywhere(own: Path, tmp_path: Path):
    assert not own.exists()
    (tmp_path / "pirate.toml").write_text('prompt = "Arr."\n')
    assert loaded(str(tmp_path / "pirate.toml")).config.reply.system_prompt == "Arr."
    with pytest.raises(ConfigError, match="there is no persona file"):
        loaded("nowhere/pirate.toml")


def test_an_unknown_persona_names_the_nearest_file(own: Path):
    assert not own.exists()
    with pytest.raises(ConfigError, match="unknown persona 'tutr'; the nearest one is tutor"):
        loaded("tutr")


def test_a_bad_line_in_a_persona_file_is_named(own: Path):
    own.mkdir(parents=True)
    (own / "odd.toml").write_text("promt = 'x'\n")
    with pytest.raises(ConfigError, match=r"unknown key promt in .*odd.toml; the nearest valid one is prompt"):
        loaded("odd")


def test_a_written_persona_says_what_was_asked_for(own: Path):
    run("new", "chef", "--purpose", "helps me cook", "--manner", "warm", "--latency-ms", "500")
    config = loaded("chef").config
    assert "helps me cook." in config.reply.system_prompt
    assert "warm." in config.reply.system_prompt
    assert config.turn.patience == "fast"
    assert config.session.latency_budget_ms == 500
    assert loaded("chef").config.reply.max_tokens < Config().reply.max_tokens
    assert str(own / "chef.toml") in run("list")
    assert "helps me cook" in run("show", "chef")


def test_more_time_makes_a_persona_more_patient(own: Path):
    assert not own.exists()
    run("new", "sage", "--purpose", "philosophy", "--manner", "slow", "--latency-ms", "2000")
    assert loaded("sage").config.turn.patience == "patient"


def test_the_answers_are_asked_for_on_a_terminal(own: Path, monkeypatch: pytest.MonkeyPatch):
    assert not own.exists()
    monkeypatch.setattr("localvoice.commands.first_run.can_ask", lambda: True)
    run("new", typed="chef\nhelps me cook\n\n\n")
    assert "friendly and to the point" in loaded("chef").config.reply.system_prompt
    assert loaded("chef").config.session.latency_budget_ms == 800


def test_an_answer_that_will_not_do_is_asked_for_again(own: Path, monkeypatch: pytest.MonkeyPatch):
    assert not own.exists()
    monkeypatch.setattr("localvoice.commands.first_run.can_ask", lambda: True)
    run("new", typed="a/b\nchef\nhelps me cook\n\nsoon\n0\n600\n")
    assert loaded("chef").config.session.latency_budget_ms == 600


def test_a_persona_that_is_there_is_replaced_only_when_told(own: Path):
    own.mkdir(parents=True)
    (own / "chef.toml").write_text('prompt = "Mine."\n')
    words = ("new", "chef", "--purpose", "x", "--manner", "y", "--latency-ms", "500")
    with pytest.raises(FileError, match="is there already"):
        run(*words)
    assert loaded("chef").config.reply.system_prompt == "Mine."
    run(*words, "--force")
    assert loaded("chef").config.reply.system_prompt != "Mine."


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("new", "a/b"), "is no name for a persona"),
        (("new", "chef"), "--purpose is missing, and nobody can be asked"),
        (("show", "tutr"), "the nearest one is tutor"),
    ],
)
def test_what_cannot_be_done_is_one_line(words: tuple[str, ...], reason: str):
    with pytest.raises(ConfigError, match=reason) as caught:
        run(*words)
    assert "\n" not in str(caught.value)


def test_a_bad_file_among_the_personas_disturbs_no_other(own: Path):
    own.mkdir(parents=True)
    (own / "odd.toml").write_text("promt = 'x'\n")
    assert loaded("brisk").config.turn.patience == "fast"
    assert "brisk" in run("list")
