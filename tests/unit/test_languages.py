"""A language is written in many ways and read in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from localvoice.config_sources import Flag, load
from localvoice.languages import language_code, language_tag
from localvoice.turn.end_of_turn import words_have_a_vote

WRITTEN = {
    "en": "en",
    "EN": "en",
    "english": "en",
    " German ": "de",
    "en_US": "en-US",
    "en-us": "en-US",
    "de_AT.UTF-8": "de-AT",
    "ca_ES@valencia": "ca-ES",
    "zh_hans_cn": "zh-hans-CN",
    "en-GB-x-rp": "en-GB-x-rp",
    "": "",
    "multi": "multi",
    "nobody speaks this": "nobody speaks this",
}


@pytest.mark.parametrize(("written", "read"), WRITTEN.items())
def test_a_language_is_read_in_one_form(written, read):
    assert language_tag(written) == read
    assert language_tag(read) == read


def test_a_code_is_what_stands_before_the_region():
    assert [language_code(one) for one in ("de-AT", "EN", "")] == ["de", "en", ""]


@pytest.mark.parametrize("source", ["flag", "variable", "file"])
def test_words_have_a_vote_however_the_language_is_written(tmp_path: Path, source):
    (tmp_path / "localvoice.toml").write_text('session.language = "en_US"\n' * (source == "file"), encoding="utf-8")
    loaded = load(
        {"session.language": Flag("English" if source == "flag" else None, "--language")},
        environ={"LOCALVOICE_SESSION__LANGUAGE": "EN"} if source == "variable" else {},
        cwd=tmp_path,
        user_file=tmp_path / "none.toml",
    )
    assert words_have_a_vote(loaded.config)


def test_an_engines_own_language_is_read_likewise(tmp_path: Path):
    (tmp_path / "localvoice.toml").write_text('engines.espeak.language = "en_GB"\n', encoding="utf-8")
    loaded = load({}, environ={}, cwd=tmp_path, user_file=tmp_path / "none.toml")
    assert loaded.config.engines.of("espeak").language == "en-GB"
