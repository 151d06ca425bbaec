"""What a session says of itself and warns of at its start."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from localvoice.app.announcing import turn_votes, warnings
from localvoice.app.listening import Ears
from localvoice.audio import native_reflex
from localvoice.audio.block_work import PythonWork
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.hearing import Hearing
from localvoice.audio.samples import Pcm
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import load_vad
from localvoice.config import Config, ReplyConfig, SessionConfig
from localvoice.errors import ModelError
from localvoice.loading import Loaded
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
    engines = {"stt": Loaded("stt", (SimpleNamespace(name=stt),))} if stt else {}
    found = list(warnings(of_language(language), ears, engines))
    assert [code for code, _ in found] == codes
    assert all("English only, not 'de'" in message and "models download" in message for _, message in found)


def test_an_engine_that_should_stand_behind_and_is_not_here_is_said():
    gone = ModelError("no model")
    spare = Loaded("stt", (SimpleNamespace(name="pocketsphinx"),), absent=(("faster-whisper", gone),))
    ears = SimpleNamespace(choice=SimpleNamespace(warning=None))
    told = list(warnings(of_language("en"), ears, {"stt": spare}))
    assert told == [("absent_engine", "faster-whisper does not stand behind pocketsphinx: no model")]


class Untouched:
    def process(self, near: Pcm, far: Pcm) -> Pcm:
        return near


@pytest.mark.skipif(native_reflex.load() is None, reason="nothing is compiled here")
@pytest.mark.parametrize(
    ("vad", "cancels", "runtime"),
    [("silero", False, "native"), ("silero", True, "python"), ("energy", False, "python")],
)
def test_listening_is_native_only_where_all_of_it_is(vad, cancels, runtime):
    echo_path = EchoPath(PythonWork(Untouched(), Untouched()), 0.3) if cancels else None
    hearing = Hearing(load_vad(vad), UtteranceBuffer(1.0), echo_path)
    opened = dict.fromkeys(("duplex", "utterances", "second_ear", "listener", "choice", "far_end"))
    assert Ears(**opened, echo_path=echo_path, _hearing=hearing).runtime == runtime
