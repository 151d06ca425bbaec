"""`localvoice config`: what it prints and writes."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localvoice.commands.config import config_app
from localvoice.config import Config, EngineOptions
from localvoice.config_file import check_setting
from localvoice.config_schema import persona_settings, settings
from localvoice.config_sources import load
from localvoice.config_text import field_docs, init_text, set_in_file, without_secrets
from localvoice.errors import ConfigError, ExitCode, FileError

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and devices are POSIX's")


class Command:
    """`localvoice config` in a folder of its own, with one file named by LOCALVOICE_CONFIG."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "mine" / "config.toml"
        self.monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        self.env(LOCALVOICE_CONFIG=str(self.file))

    def env(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def write(self, text: str) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text, encoding="utf-8")

    def run(self, *words: str) -> str:
        result = CliRunner().invoke(config_app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        self.stderr = result.stderr
        return result.stdout

    def refusal(self, *words: str) -> str:
        with pytest.raises((ConfigError, FileError)) as caught:
            self.run(*words)
        assert caught.value.exit_code == ExitCode.USAGE
        assert "\n" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path, monkeypatch)


def lines_of(text: str) -> dict[str, str]:
    return dict(re.fullmatch(r"(\S+ = .*?) +# (.+)", line).groups() for line in text.splitlines())


@pytest.mark.parametrize("words", [[], ["show"]])
def test_show_prints_every_value_with_its_source(command, words):
    command.write('[turn]\npatience = "fast"\n')
    command.env(LOCALVOICE_ENGINES__PIPER__VOICE="joe", LOCALVOICE_TURN__STOP_WORDS="halt,hush")
    printed = lines_of(command.run(*words))
    assert printed['turn.patience = "fast"'] == f"file {Path('mine', 'config.toml')}"
    assert printed['engines.piper.voice = "joe"'] == "variable LOCALVOICE_ENGINES__PIPER__VOICE"
    assert printed['turn.stop_words = ["halt", "hush"]'] == "variable LOCALVOICE_TURN__STOP_WORDS"
    assert printed["vad.threshold = 0.5"] == "default"
    assert len(printed) == sum(len(setting.path) == 2 for setting in settings().values()) + 1


def test_show_all_adds_every_engine(command):
    command.write("")
    assert len(lines_of(command.run("show", "--all"))) == len(settings())


def test_what_show_prints_is_toml_that_sets_the_same(command):
    greeting = 'say "hi"\\\té\x7f\n# end'
    command.write("turn.sure_ms = 7\n")
    command.env(LOCALVOICE_SESSION__GREETING=greeting)
    command.write(command.run("show", "--all"))
    again = load({}, environ={"LOCALVOICE_CONFIG": str(command.file)}, cwd=Path.cwd()).config
    assert again.turn.sure_ms == 7
    assert again.session.greeting == greeting
    assert again.reply == Config().reply


def test_show_takes_a_profile(command):
    command.write("[profiles.work]\nturn.sure_ms = 7\n")
    assert lines_of(command.run("show", "--profile", "work"))["turn.sure_ms = 7"] == "profile work"


def test_show_blanks_logins_and_keys_in_addresses(command):
    command.write('[engines.openai]\nbase_url = "https://me:hush@host:8/v1?api_key=hush&x=1"\n')
    printed = command.run()
    assert "hush" not in printed
    assert 'engines.openai.base_url = "https://***@host:8/v1?api_key=***&x=1"' in printed


def test_addresses_without_secrets_are_printed_as_they_are():
    assert without_secrets('"http://host/v1?x=1, a@b"') == '"http://host/v1?x=1, a@b"'


def test_path_names_the_place_for_a_file_and_then_the_file(command):
    assert command.run("path").strip() == str(command.file)
    assert "config init" in command.stderr
    command.write("")
    assert command.run("path").strip() == str(command.file)
    assert not command.stderr


def test_path_names_the_strongest_file_first(command, monkeypatch, tmp_path):
    monkeypatch.delenv("LOCALVOICE_CONFIG")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "user")
    (tmp_path / "user").mkdir()
    for file in (tmp_path / "user" / "config.toml", tmp_path / "localvoice.toml"):
        file.write_text("")
    assert command.run("path").split("\n")[:2] == [
        str(tmp_path / "localvoice.toml"),
        str(tmp_path / "user" / "config.toml"),
    ]


def test_init_writes_a_file_that_changes_nothing(command):
    assert command.run("init").strip() == f"wrote {command.file}"
    assert load({}, environ={"LOCALVOICE_CONFIG": str(command.file)}, cwd=Path.cwd()).values == {}


def test_init_file_holds_every_key_at_its_default_behind_a_hash():
    text = re.sub(r"(?m)^#(\S+ = )", r"\1", init_text())
    table = tomllib.loads(text)
    engine = table["engines"].pop("openai")
    assert engine.keys() == {setting.path[-1] for setting in settings().values() if setting.owner is EngineOptions}
    assert EngineOptions(**engine) == EngineOptions()
    default = Config()
    for section, values in table.items():
        for key, value in values.items():
            expected = getattr(getattr(default, section), key)
            assert (tuple(value) if isinstance(value, list) else value) == expected
    written = {f"{section}.{key}" for section, values in table.items() for key in values}
    assert written == {key for key, setting in settings().items() if len(setting.path) == 2}


def test_every_key_is_explained():
    for setting in [*settings().values(), *persona_settings().values()]:
        assert field_docs().get((setting.owner.__name__, setting.path[-1])), setting.key


def test_init_does_not_replace_a_file_unless_forced(command):
    command.write("# mine\n")
    assert "--force" in command.refusal("init")
    assert command.file.read_text() == "# mine\n"
    command.run("init", "--force")
    assert command.file.read_text() == init_text()


def test_init_without_a_named_file_writes_the_users(command, monkeypatch, tmp_path):
    monkeypatch.delenv("LOCALVOICE_CONFIG")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "user")
    command.run("init")
    assert (tmp_path / "user" / "config.toml").read_text() == init_text()


def test_init_in_an_unwritable_place_is_an_error_of_one_line(command, tmp_path):
    (tmp_path / "file").write_text("")
    command.env(LOCALVOICE_CONFIG=str(tmp_path / "file" / "config.toml"))
    assert command.refusal("init").startswith("cannot write ")


def test_too_long_a_path_is_an_error_of_one_line(command):
    command.env(LOCALVOICE_CONFIG="x" * 5000)
    assert command.refusal("init").startswith("cannot write ")
    assert command.refusal("set", "turn.sure_ms", "5").startswith("cannot read ")


def test_set_makes_the_file_where_absent(command):
    assert command.run("set", "turn.patience", "fast").strip() == f'turn.patience = "fast" in {command.file}'
    assert command.file.read_text() == '[turn]\npatience = "fast"\n'


def test_set_keeps_comments_order_and_layout(command):
    before = """\
# on top

[turn]           # about turns
sure_ms = 100    # my own
# and this
limit_ms = 0x10

[audio]
# last word
"""
    command.write(before)
    command.run("set", "turn.sure_ms", "250")
    assert command.file.read_text() == before.replace("100 ", "250 ")
    command.run("set", "engines.faster-whisper.stt_model", "base.en")
    assert command.file.read_text().startswith(before.replace("100 ", "250 "))
    assert tomllib.loads(command.file.read_text())["engines"] == {"faster-whisper": {"stt_model": "base.en"}}


def test_set_brings_the_commented_default_to_life(command):
    command.run("init")
    command.run("set", "turn.patience", "fast")
    command.run("set", "session.greeting", 'say \\1 "hi"')
    expected = init_text().replace('#patience = "normal"', 'patience = "fast"')
    expected = expected.replace('#greeting = "Hello, I am listening."', 'greeting = "say \\\\1 \\"hi\\""')
    assert command.file.read_text() == expected


@pytest.mark.parametrize(
    ("before", "key", "text", "expected"),
    [
        ("turn.patience = 'fast'\n", "turn.sure_ms", "5", {"turn": {"patience": "fast", "sure_ms": 5}}),
        ("turn = {patience = 'fast'}\n", "turn.sure_ms", "5", {"turn": {"patience": "fast", "sure_ms": 5}}),
        ("[turn]\r\nsure_ms = 1", "turn.patience", "fast", {"turn": {"sure_ms": 1, "patience": "fast"}}),
        (
            "[engines.piper]\nvoice = 'a'\n[turn]\nsure_ms = 1\n[engines]\nvad = 'energy'\n",
            "engines.openai.voice",
            "b",
            {"engines": {"piper": {"voice": "a"}, "vad": "energy", "openai": {"voice": "b"}}, "turn": {"sure_ms": 1}},
        ),
        ("", "engines.stt", "groq, pocketsphinx", {"engines": {"stt": ["groq", "pocketsphinx"]}}),
        ("", "skills.disabled", "", {"skills": {"disabled": []}}),
        ("", "reply.prepare", "off", {"reply": {"prepare": False}}),
        ("", "vad.threshold", "1", {"vad": {"threshold": 1.0}}),
        ("", "profiles.work.turn.sure_ms", "5", {"profiles": {"work": {"turn": {"sure_ms": 5}}}}),
        ("", "personas.pirate.rate", "0.5", {"personas": {"pirate": {"rate": 0.5}}}),
        ("turn.sure_ms = -7\n", "turn.sure_ms", "7", {"turn": {"sure_ms": 7}}),
    ],
)
def test_set_fits_into_any_layout(command, before, key, text, expected):
    command.write(before)
    command.run("set", key, text)
    assert tomllib.loads(command.file.read_text()) == expected


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("turn.patiance", "fast", "unknown key turn.patiance; the nearest valid one is turn.patience"),
        ("turn", "fast", "unknown key turn; the nearest valid one is turn."),
        ("turn.sure_ms", "-5", "turn.sure_ms must be 0 or more, not '-5'"),
        ("turn.sure_ms", "soon", "turn.sure_ms must be a whole number, not 'soon'"),
        (
            "profiles.a.turn.sure",
            "1",
            "unknown key profiles.a.turn.sure; the nearest valid one is profiles.a.turn.sure_ms",
        ),
        ("personas.a.rate", "9", "personas.a.rate must be between 0.25 and 4, not '9'"),
    ],
)
def test_set_refuses_what_does_not_fit_and_writes_nothing(command, key, text, message):
    assert command.refusal("set", key, text).startswith(message)
    assert not command.file.exists()


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("engines.tts", "piper,espeek", "there is no synthesiser 'espeek'; the nearest one is espeak"),
        ("profiles.work.engines.stt", "piper", "there is no recogniser 'piper'; it is a synthesiser"),
        ("skills.disabled", "get_time,timer", "skills.disabled names no skill 'timer'; the nearest one is set_timer"),
        ("engines.openai.base_url", "example", "the address of openai is no address"),
    ],
)
def test_set_refuses_engines_and_addresses_that_no_start_would_take(command, key, text, message):
    assert command.refusal("set", key, text).startswith(message)
    assert not command.file.exists()


@pytest.mark.parametrize(("key", "text"), [("engines.llm", "auto,openai-compatible:http://127.0.0.1:1/v1,skills")])
def test_set_takes_engines_with_models_and_addresses(command, key, text):
    command.run("set", key, text)
    assert text.split(",")[1] in command.file.read_text(encoding="utf-8")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[turn]\r\nsure_ms = 1\r\n", b"[turn]\r\nsure_ms = 5\r\n"),
        (b"# mine\r\n\r\n[vad]\r\n", b"# mine\r\n\r\n[vad]\r\n\r\n[turn]\r\nsure_ms = 5\r\n"),
        (b"[turn]\r\n#sure_ms = 1\r\n", b"[turn]\r\nsure_ms = 5\r\n"),
        (b"[turn]\nsure_ms = 1\n", b"[turn]\nsure_ms = 5\n"),
    ],
)
def test_set_keeps_the_byte_order_mark_and_the_ends_of_lines(command, mark, before, after):
    command.file.parent.mkdir()
    command.file.write_bytes(mark + before)
    command.run("set", "turn.sure_ms", "5")
    assert command.file.read_bytes() == mark + after


@pytest.mark.parametrize("before", ["[turn]\nnonsense = 1\n", "[turn\n", "turn = 1\n"])
def test_set_leaves_a_file_with_another_mistake_alone(command, before):
    command.write(before)
    command.refusal("set", "turn.sure_ms", "5")
    assert command.file.read_text() == before
    assert list(command.file.parent.iterdir()) == [command.file]


@posix
def test_set_writes_through_a_link_and_keeps_the_files_mode(command, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    real.chmod(0o640)
    command.file.parent.mkdir()
    command.file.symlink_to(real)
    command.run("set", "turn.sure_ms", "5")
    assert command.file.is_symlink()
    assert tomllib.loads(real.read_text()) == {"turn": {"sure_ms": 5}}
    assert real.stat().st_mode & 0o777 == 0o640


@posix
def test_set_does_not_replace_a_device_or_folder(command):
    command.env(LOCALVOICE_CONFIG="/dev/null")
    assert "is not a file" in command.refusal("set", "turn.sure_ms", "5")
    assert "is not a file" in command.refusal("init", "--force")
    assert not Path("/dev/null").is_file()


def test_set_prefers_the_file_of_the_working_directory(command, monkeypatch, tmp_path):
    monkeypatch.delenv("LOCALVOICE_CONFIG")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "user")
    command.run("set", "turn.sure_ms", "5")
    assert (tmp_path / "user" / "config.toml").exists()
    (tmp_path / "localvoice.toml").write_text("")
    command.run("set", "turn.sure_ms", "6")
    assert tomllib.loads((tmp_path / "localvoice.toml").read_text()) == {"turn": {"sure_ms": 6}}
    assert tomllib.loads((tmp_path / "user" / "config.toml").read_text()) == {"turn": {"sure_ms": 5}}


def test_set_says_when_a_variable_wins(command):
    command.env(LOCALVOICE_TURN__SURE_MS="9")
    command.run("set", "turn.sure_ms", "5")
    assert "LOCALVOICE_TURN__SURE_MS is set and wins" in command.stderr


def test_failed_write_leaves_the_old_file_and_nothing_beside_it(command, monkeypatch):
    command.write("# mine\n")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match="no space left"):
        set_in_file(command.file, "turn.sure_ms", check_setting("turn.sure_ms", "5"))
    assert command.file.read_text() == "# mine\n"
    assert list(command.file.parent.iterdir()) == [command.file]
