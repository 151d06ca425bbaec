"""API keys: found in their order, never printed."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import sys
import threading
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localvoice import small_files
from localvoice.cli import app
from localvoice.commands.config import keys_app
from localvoice.commands.flags import warn_of_keys_file
from localvoice.errors import ConfigError, ExitCode
from localvoice.secrets_store import (
    KEY_VARIABLES,
    REGION_VARIABLE,
    Secret,
    find_key,
    find_region,
    locate_key,
    read_env_file,
    remove_key,
    store_key,
)

KEY = "sk-very-secret-1234"


class MemoryKeyring(types.ModuleType):
    """The three functions of the keyring package that are used, over a dictionary."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def _check(self) -> None:
        if self.failure:
            raise self.failure

    def get_password(self, service: str, name: str) -> str | None:
        self._check()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        self._check()
        self.kept[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        self._check()
        del self.kept[service, name]


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    for variable in (*KEY_VARIABLES.values(), REGION_VARIABLE):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def keyring(monkeypatch) -> MemoryKeyring:
    memory = MemoryKeyring()
    monkeypatch.setitem(sys.modules, "keyring", memory)
    return memory


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, stdin: str = "") -> str:
    result = CliRunner().invoke(keys_app, words, input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert KEY not in result.output
    return result.output


def refusal(*words: str, stdin: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        run(*words, stdin=stdin)
    assert caught.value.exit_code == ExitCode.USAGE
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in message
    return message


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        "{}".format,
        "{:>20}".format,
        "{!r}".format,
        lambda secret: "%s" % secret,  # noqa: UP031 - the old way must be safe as well
        lambda secret: repr([{"key": secret}]),
        lambda secret: str(ValueError(secret)),
        lambda secret: str(copy.deepcopy(secret)),
    ],
)
def test_secret_cannot_be_printed(write):
    text = write(Secret(KEY))
    assert KEY not in text
    assert "***" in text


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, vars])
def test_secret_cannot_be_stored_by_accident(write):
    with pytest.raises(TypeError):
        write(Secret(KEY))


def test_secret_reveals_itself_when_asked():
    assert Secret(KEY).reveal() == KEY


def test_key_is_looked_up_in_environment_then_env_file_then_keyring(folder, keyring):
    (folder / ".env").write_text("GROQ_API_KEY=two\nOPENAI_API_KEY=\n")
    keyring.kept = {("localvoice", "groq"): "three", ("localvoice", "openai"): "four"}

    def found(provider: str, **environ: str) -> tuple[str, str]:
        secret, source = locate_key(provider, environ, folder)
        return secret.reveal(), source

    assert found("groq", GROQ_API_KEY=" one\n") == ("one", "environment")
    assert found("groq", GROQ_API_KEY="") == ("two", ".env")
    assert found("openai") == ("four", "keyring")
    assert find_key("groq", {}, folder).reveal() == "two"
    assert find_key("gemini", {}, folder) is None


def test_without_the_keyring_package_there_is_no_key(folder):
    assert find_key("groq", {}, folder) is None


def test_engines_that_need_no_key_have_none(folder):
    assert find_key("ollama", {"OLLAMA_API_KEY": "x", "OPENAI_API_KEY": "x"}, folder) is None


def test_region_comes_from_environment_or_env_file(folder):
    assert not find_region({}, folder)
    (folder / ".env").write_text("AZURE_SPEECH_REGION=westeurope")
    assert find_region({}, folder) == "westeurope"
    assert find_region({"AZURE_SPEECH_REGION": "eastus"}, folder) == "eastus"


def test_failing_keyring_counts_as_empty_and_is_logged_without_details(folder, keyring, caplog):
    keyring.failure = RuntimeError(KEY)
    with caplog.at_level(logging.DEBUG, "localvoice.secrets_store"):
        assert find_key("groq", {}, folder) is None
    assert "RuntimeError" in caplog.text
    assert KEY not in caplog.text
    assert all(record.levelno == logging.DEBUG for record in caplog.records)


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel", "tab\tbed"])
def test_key_that_could_not_be_sent_is_refused_without_repeating_it(folder, value):
    with pytest.raises(ConfigError, match=r"GROQ_API_KEY \(environment\) is not an API key") as caught:
        find_key("groq", {"GROQ_API_KEY": value}, folder)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=b", {"A": "b"}),
        ("  export A = b  ", {"A": "b"}),
        ("A=b # note", {"A": "b"}),
        ("A=b#c", {"A": "b#c"}),
        ("A= # note", {"A": ""}),
        ("A=", {"A": ""}),
        ("A='b # c' # note", {"A": "b # c"}),
        ('A="b \\"c\\"\\n"', {"A": 'b "c"\n'}),
        ("A='b\\n'", {"A": "b\\n"}),
        ('A="one\ntwo"\nB=c', {"A": "one\ntwo", "B": "c"}),
        ('A="open\nB=c', {"A": '"open', "B": "c"}),
        ("A=b\r\nB=c\r\n", {"A": "b", "B": "c"}),
        ("A=b\rB=c\r", {"A": "b", "B": "c"}),
        ("# A=b\nnonsense\n=x\n1A=b\nA=1\nA=2", {"A": "2"}),
        ("\ufeffA=b", {"A": "b"}),
        ("A=b=c==", {"A": "b=c=="}),
        ("A=${B}", {"A": "${B}"}),
    ],
)
def test_env_file_is_read_as_others_read_it(folder, text, expected):
    (folder / ".env").write_bytes(text.encode())
    assert read_env_file(folder / ".env") == expected


def test_env_file_of_another_program_is_no_obstacle(folder):
    (folder / ".env").write_bytes(b"NAME=caf\xe9\nGROQ_API_KEY=x\n")
    assert find_key("groq", {}, folder).reveal() == "x"
    (folder / ".env").unlink()
    (folder / ".env").mkdir()
    assert find_key("groq", {}, folder) is None


def test_example_file_names_every_variable_and_sets_none():
    example = Path(__file__).parents[2] / ".env.example"
    assert read_env_file(example) == dict.fromkeys([*KEY_VARIABLES.values(), REGION_VARIABLE], "")


def test_key_given_on_standard_input_is_kept(folder, keyring):
    run("set", "groq", stdin=f"{KEY}\nmore\n")
    assert keyring.kept == {("localvoice", "groq"): KEY}
    assert find_key("groq", {}, folder).reveal() == KEY


def test_provider_may_be_named_by_its_variable(folder, keyring):
    run("set", "AZURE_SPEECH_KEY", stdin=KEY)
    assert keyring.kept == {("localvoice", "azure"): KEY}


@pytest.mark.parametrize("stdin", ["", "\n", "two words\n"])
def test_what_is_no_key_is_not_kept(folder, keyring, stdin):
    assert "what was given for groq is not an API key" in refusal("set", "groq", stdin=stdin)
    assert not keyring.kept


def test_unknown_provider_names_the_nearest(folder, keyring):
    assert refusal("set", "grok") == "no provider 'grok' with a key; the nearest one is groq"
    assert refusal("remove", "opena1").endswith("the nearest one is openai")


@pytest.mark.parametrize("command", ["set", "remove"])
def test_without_the_keyring_package_two_ways_out_are_named(folder, command):
    message = refusal(command, "groq", stdin=KEY)
    assert "pip install 'localvoice[cloud]'" in message
    assert "GROQ_API_KEY" in message


def test_keyring_that_refuses_or_forgets_is_an_error_with_a_way_out(folder, keyring, monkeypatch):
    monkeypatch.setattr(keyring, "set_password", lambda *_: None)
    assert "GROQ_API_KEY" in refusal("set", "groq", stdin=KEY)
    keyring.failure = RuntimeError(KEY)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert "(RuntimeError)" in refusal("set", "groq", stdin=KEY)


def test_set_says_when_the_environment_wins(folder, keyring, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "other")
    assert "GROQ_API_KEY is set and wins" in run("set", "groq", stdin=KEY)


@pytest.mark.parametrize("words", [[], ["list"]])
def test_list_shows_where_each_key_is_and_never_the_key(folder, keyring, monkeypatch, words):
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    (folder / ".env").write_text(f"AZURE_SPEECH_KEY={KEY}")
    keyring.kept = {("localvoice", "openai"): KEY}
    rows = {row.split()[0]: row.split()[1:] for row in run(*words).splitlines()}
    assert rows.keys() == KEY_VARIABLES.keys()
    assert rows["groq"] == ["GROQ_API_KEY", "environment"]
    assert rows["azure"] == ["AZURE_SPEECH_KEY", ".env"]
    assert rows["openai"] == ["OPENAI_API_KEY", "keyring"]
    assert rows["gemini"] == ["GEMINI_API_KEY", "-"]


def test_removed_key_is_gone(folder, keyring):
    keyring.kept = {("localvoice", "groq"): KEY, ("localvoice", "openai"): KEY}
    run("remove", "groq")
    assert keyring.kept == {("localvoice", "openai"): KEY}
    assert "holds no key for groq" in refusal("remove", "groq")


def test_real_keyring_package_keeps_and_returns_keys(folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "keyring")
    package = pytest.importorskip("keyring", reason="pip install 'localvoice[cloud]'")
    from keyring.backend import KeyringBackend
    from keyring.errors import PasswordDeleteError

    class Memory(KeyringBackend):
        priority = 1
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012 - the backend's attributes may be set on the class

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            if self.kept.pop((service, username), None) is None:
                raise PasswordDeleteError

    before = package.get_keyring()
    package.set_keyring(Memory())
    try:
        store_key("groq", Secret(KEY))
        assert find_key("groq", {}, folder).reveal() == KEY
        remove_key("groq")
        assert find_key("groq", {}, folder) is None
    finally:
        package.set_keyring(before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")
def test_a_pipe_instead_of_a_file_of_keys_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / ".env")
    assert read_env_file(tmp_path / ".env") == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")
def test_a_pipe_that_reads_as_empty_until_its_writer_comes_is_waited_for(tmp_path, monkeypatch):
    path, writers = tmp_path / ".env", []
    os.mkfifo(path)

    def ready_at_once(ready, *_: object) -> tuple[list[int], list[int], list[int]]:
        """As POSIX has it and macOS does: without a writer a read does not wait."""
        if not writers:
            writers.append(threading.Timer(0.05, lambda: path.write_text("GROQ_API_KEY=planted")))
            writers[0].start()
        return ready, [], []

    monkeypatch.setattr(small_files.select, "select", ready_at_once)
    assert read_env_file(path) == {"GROQ_API_KEY": "planted"}
    writers[0].join()


def test_a_file_of_keys_that_is_too_long_to_be_read_is_told_once(tmp_path, capsys):
    long, ordinary = tmp_path / "long", tmp_path / "ordinary"
    for folder, text in ((long, "#" * 1_000_001), (ordinary, "#" * 1_000_000)):
        folder.mkdir()
        (folder / ".env").write_text(text)
        for _ in range(2):
            warn_of_keys_file(folder)
    assert capsys.readouterr().err == (
        "warning: .env is larger than 1 MB, and no key is read from it: keep keys in a file of their own\n"
    )


@pytest.mark.parametrize("command", [["keys", "list"], ["say", "hello", "--output", "nowhere/a.wav"]])
def test_every_command_that_looks_for_keys_tells_it(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("#" * 1_000_001)
    assert "larger than 1 MB" in CliRunner().invoke(app, command).stderr
