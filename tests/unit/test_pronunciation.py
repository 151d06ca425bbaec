"""The user's own dictionary of words and how to say them."""

import os
from pathlib import Path

import pytest

from localvoice.errors import ConfigError
from localvoice.text.pronunciation import read_pronunciation


@pytest.mark.parametrize("content", ['"GIF" = "jif"\nnguyen = "win"\n', '[words]\n"GIF" = "jif"\nnguyen = "win"\n'])
def test_a_dictionary_may_have_a_section_or_none(tmp_path: Path, content: str):
    path = tmp_path / "words.toml"
    path.write_text(content)
    assert dict(read_pronunciation(path)) == {"GIF": "jif", "nguyen": "win"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [("GIF is jif", "is no dictionary"), ("GIF = 3", "wants a text"), ("words = 3", "wants a text"), ("\xff", "is no")],
)
def test_a_bad_dictionary_is_told_with_an_example(tmp_path: Path, content: str, reason: str):
    path = tmp_path / "words.toml"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigError, match=reason) as caught:
        read_pronunciation(path)
    assert str(path) in str(caught.value)
    assert '"GIF" = "jif"' in str(caught.value)


def test_a_missing_dictionary_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such file"):
        read_pronunciation(tmp_path / "none.toml")


def test_a_dictionary_may_begin_with_a_byte_order_mark(tmp_path: Path):
    path = tmp_path / "words.toml"
    path.write_text('"GIF" = "jif"\r\n', encoding="utf-8-sig", newline="")
    assert dict(read_pronunciation(path)) == {"GIF": "jif"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")
def test_a_dictionary_that_nobody_writes_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "words.toml")
    with pytest.raises(ConfigError, match="nobody writes to that pipe; correct"):
        read_pronunciation(tmp_path / "words.toml")
