"""Words that the recogniser writes wrongly: in partials and transcripts alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import SttConfig
from localvoice.errors import ConfigError
from localvoice.fallback import FallbackRecognizer
from localvoice.messages import Partial, Segment, Transcript
from localvoice.text.corrections import Corrections, corrections_of
from tests.fakes import FakeRecognizer, HearingAlong
from tests.virtual_time import Setting, Talk, hold, of, one

TABLE = Corrections(
    {"local voice": "localvoice", "new york": "New York", "Bill": "bill", "coco row": "Kokoro", "a b c": "ABC"}
)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("start local voice now", "start localvoice now"),
        ("Local Voice, please.", "localvoice, please."),
        ("LOCAL  VOICE", "localvoice"),
        ("my local voices", "my local voices"),
        ("vocal voice", "vocal voice"),
        ("local, voice", "local, voice"),
        ("Bill and bill", "bill and bill"),
        ("coco row in new york", "Kokoro in New York"),
        ("", ""),
    ],
)
def test_whole_words_are_corrected_and_nothing_else(heard, meant):
    assert TABLE.text(heard) == meant


def test_what_a_correction_puts_in_is_not_corrected_again():
    assert Corrections({"a": "b", "b": "c"}).text("a b") == "b c"


def test_the_longer_phrase_goes_first():
    assert Corrections({"new": "old", "new york": "NYC"}).text("new york is new") == "NYC is old"


def test_segments_are_corrected_too():
    transcript = Transcript("local voice", "en", "x", (Segment(0.0, 1.0, "local voice"),))
    corrected = TABLE.transcript(transcript)
    assert (corrected.text, corrected.segments[0].text) == ("localvoice", "localvoice")


@pytest.mark.parametrize(
    ("stable", "certain"),
    [("start local", "start"), ("start local voice", "start localvoice"), ("a b", ""), ("start the", "start the")],
)
def test_words_that_may_become_part_of_a_correction_are_not_stable(stable, certain):
    assert TABLE.partial(Partial(f"{stable} ...", stable)).stable == certain


def test_a_final_is_stable_as_a_whole():
    assert TABLE.partial(Partial("start local", "start", is_final=True)).stable == "start local"


@given(st.lists(st.sampled_from(["local", "voice", "a", "b", "c", "new", "york", "coco", "row"]), max_size=9))
def test_what_was_stable_stays_however_the_words_go_on(words):
    before = ""
    for count in range(len(words) + 1):
        partial = TABLE.partial(Partial(" ".join(words[: count + 1]), " ".join(words[:count])))
        assert partial.text.startswith(partial.stable)
        assert partial.stable.startswith(before)
        before = partial.stable


@pytest.mark.parametrize("make", [FakeRecognizer, lambda text: HearingAlong(((0.3, "start local"), (0.6, "voice")))])
def test_a_conversation_has_the_words_as_they_were_meant(make):
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("turn_metrics")

    stt = FallbackRecognizer([make("start local voice")], lambda *_: None, corrections=TABLE)
    talk = hold(user, Setting(stt=stt))
    assert one(talk.events, "transcript")["text"] == "start localvoice"
    assert all("local voice" not in event["text"] for event in of(talk.events, "partial"))


def test_a_file_that_cannot_be_read_is_a_wrong_setting(tmp_path):
    assert corrections_of(SttConfig()).text("local voice") == "local voice"
    path = tmp_path / "words.toml"
    with pytest.raises(ConfigError, match=r"words\.toml"):
        corrections_of(SttConfig(corrections=str(path)))
    path.write_text('"local voice" = 3')
    with pytest.raises(ConfigError, match="localvoice"):
        corrections_of(SttConfig(corrections=str(path)))
    path.write_text('[words]\n"local voice" = "localvoice"')
    assert corrections_of(SttConfig(corrections=str(path))).text("Local voice") == "localvoice"
