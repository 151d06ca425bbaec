"""What a session says of itself and warns of at its start."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from localvoice.app.announcing import turn_votes, warnings
from localvoice.config import Config, ReplyConfig, SessionConfig
from localvoice.turn.end_of_turn import EndOfTurn
from localvoice.turn.votes import Ear


def of_language(language: str, *, prepare: bool = True) -> Config:
    return Config(session=SessionConfig(language=language), reply=ReplyConfig(prepare=prepare))


@pytest.mark.parametrize("language", ["en", "en-GB", "", "de", "de-AT", "fr", "sv"])
@pytest.mark.parametrize("prepare", [True, False])
def test_what_is_said_of_the_end_of_a_turn_is_what_votes(language, prepare):
    config = of_language(language, prepare=prepare)
    votes = EndOfTurn(config, hears_sound=False)._ears
    assert turn_votes(config, None) == ("words" if Ear.WORDS in votes else "silence")
    assert (turn_votes(config, None) == "words") == (prepare and language != "sv")


@pytest.mark.parametrize(
    ("language", "stt", "codes"),
    [
        ("de", "pocketsphinx", ["wrong_language"]),
        ("en-GB", "pocketsphinx", []),
        ("", "pocketsphinx", []),
        ("de", "faster-whisper", []),
        ("de", "", []),
    ],
)
def test_a_starter_that_does_not_know_the_language_says_so(language, stt, codes):
    ears = SimpleNamespace(choice=SimpleNamespace(warning=None))
    engines = {"stt": SimpleNamespace(name=stt)} if stt else {}
    found = list(warnings(of_language(language), ears, engines))
    assert [code for code, _ in found] == codes
    assert all("English only, not 'de'" in message and "models download" in message for _, message in found)
