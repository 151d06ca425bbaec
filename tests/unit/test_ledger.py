"""What was heard of a reply that was cut at any sample."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localvoice.messages import SpeechChunk, WordTime
from localvoice.text.ledger import SpokenLedger

ENGINE_HZ = 1_000
PLAYER_HZ = 2_000


def chunk(text: str, frames: int, *words: tuple[str, float, float]) -> SpeechChunk:
    """Words are given as (part of the text, start in s, end in s)."""
    times, at = [], 0
    for word, start_s, end_s in words:
        at = text.index(word, at)
        times.append(WordTime(at, at + len(word), start_s, end_s))
        at += len(word)
    return SpeechChunk(text, np.zeros(frames, dtype=np.float32), ENGINE_HZ, tuple(times))


def ledger(*chunks: SpeechChunk) -> SpokenLedger:
    record, at = SpokenLedger(), 0
    for item in chunks:
        record.add(item, at, PLAYER_HZ)
        at += len(item.samples) * PLAYER_HZ // ENGINE_HZ
    return record


HELLO = chunk(
    "Hello there, (you) two.", 1000, ("Hello", 0.1, 0.3), ("there", 0.35, 0.5), ("you", 0.6, 0.7), ("two", 0.7, 0.9)
)


@pytest.mark.parametrize(
    ("frames", "heard"),
    [
        (0, ""),
        (590, ""),
        (600, "Hello"),
        (990, "Hello"),
        (1000, "Hello there,"),
        (1390, "Hello there,"),
        (1400, "Hello there, (you)"),
        (1800, "Hello there, (you) two."),
        (2000, "Hello there, (you) two."),
    ],
)
def test_a_word_is_heard_with_its_punctuation_when_its_last_sample_sounded(frames: int, heard: str):
    assert ledger(HELLO).heard(frames) == heard


def test_the_space_between_chunks_belongs_to_the_word_after_it():
    record = ledger(HELLO, chunk(" Go on. ", 500, ("Go", 0.0, 0.1), ("on", 0.2, 0.4)))
    assert record.heard(2000) == "Hello there, (you) two."
    assert record.heard(2200) == "Hello there, (you) two. Go"
    assert record.heard(2800) == "Hello there, (you) two. Go on."
    assert record.heard(3000) == "Hello there, (you) two. Go on. "


def test_a_word_in_two_chunks_is_heard_when_its_second_part_sounded():
    record = ledger(chunk("a won", 100, ("a", 0, 0.05), ("won", 0.05, 0.1)), chunk("der ful", 100, ("der", 0, 0.05)))
    assert record.heard(200) == "a"
    assert record.heard(300) == "a wonder"


def test_without_word_times_the_text_is_heard_in_proportion_down_to_a_whole_word():
    record = ledger(chunk("abc defg hi", 1100))
    assert [record.heard(frames) for frames in (500, 600, 1500, 1600, 2100, 2200)] == [
        "",
        "abc",
        "abc",
        "abc defg",
        "abc defg",
        "abc defg hi",
    ]


def test_a_word_of_two_timed_parts_is_heard_when_the_last_part_sounded():
    record = ledger(chunk("now 25°C ok", 900, ("now", 0, 0.2), ("25", 0.2, 0.4), ("°C", 0.4, 0.6), ("ok", 0.6, 0.8)))
    assert record.heard(900) == "now"
    assert record.heard(1200) == "now 25°C"


def test_a_time_that_covers_two_words_makes_both_heard_at_its_end():
    record = ledger(chunk("one of the two", 900, ("one", 0, 0.2), ("of the", 0.2, 0.4), ("two", 0.4, 0.6)))
    assert record.heard(790) == "one"
    assert record.heard(800) == "one of the"


def test_a_dash_is_heard_with_the_word_after_it_and_an_emoji_at_the_end():
    record = ledger(chunk("yes — no 😀", 900, ("yes", 0, 0.2), ("no", 0.3, 0.5)), chunk(" more", 100))
    assert record.heard(500) == record.heard(900) == "yes"
    assert record.heard(1000) == "yes — no"
    assert record.heard(1800) == "yes — no 😀"


def test_text_without_sound_is_heard_when_the_position_has_passed_it():
    record = ledger(chunk("😀", 0), chunk(" Hi", 500), chunk(" 🎉", 0), chunk(" there", 500))
    assert [record.heard(frames) for frames in (0, 500, 1000, 2000)] == ["", "😀", "😀 Hi 🎉", "😀 Hi 🎉 there"]


def test_a_reply_without_any_sound_is_heard_at_once():
    assert ledger(chunk("😀", 0)).heard(0) == "😀"


def test_an_empty_ledger_has_nothing_heard():
    assert SpokenLedger().split("never spoken", 0) == ("", "never spoken")


def test_what_the_model_wrote_beyond_the_speech_is_unsaid():
    assert ledger(HELLO).split(HELLO.text + " And more", 2000) == (HELLO.text, " And more")


def test_a_foreign_text_is_refused():
    with pytest.raises(ValueError, match="not the beginning"):
        ledger(HELLO).split("Something else", 2000)


@pytest.mark.parametrize(
    ("frames", "back", "edge"),
    [(800, 2000, 700), (800, 100, 700), (800, 99, 800), (650, 2000, 650), (700, 2000, 700), (1000, 2000, 1000)],
)
def test_a_resumed_reply_goes_on_at_the_start_of_the_interrupted_word(frames: int, back: int, edge: int):
    assert ledger(HELLO).word_edge_before(frames, back) == edge


def test_without_word_times_a_resumed_reply_goes_on_where_it_stopped():
    assert ledger(chunk("one two three", 900)).word_edge_before(777, 2000) == 777


TEXTS = st.text(st.sampled_from("ab.,— \n😀"), max_size=30)


@st.composite
def chunks(draw: st.DrawFn) -> SpeechChunk:
    text, frames = draw(TEXTS), draw(st.integers(0, 400))
    spans = [match.span() for match in re.finditer(r"[ab]+", text)]
    timed = draw(st.booleans()) and frames > 0
    edges = sorted(draw(st.lists(st.integers(0, frames), min_size=2 * len(spans), max_size=2 * len(spans))))
    words = tuple(
        WordTime(start, end, edges[2 * i] / ENGINE_HZ, edges[2 * i + 1] / ENGINE_HZ)
        for i, (start, end) in enumerate(spans)
    )
    return SpeechChunk(text, np.zeros(frames, dtype=np.float32), ENGINE_HZ, words if timed else ())


@given(st.lists(chunks(), max_size=5), TEXTS, st.integers(0, 5000))
def test_heard_and_unsaid_are_the_text_at_every_frame(items: list[SpeechChunk], more: str, frames: int):
    record = ledger(*items)
    full = record.text + more
    heard, unsaid = record.split(full, frames)
    assert heard + unsaid == full
    assert record.text == "".join(item.text for item in items)


@given(st.lists(chunks(), max_size=5), st.integers(0, 5000))
def test_heard_ends_at_the_end_of_a_word(items: list[SpeechChunk], frames: int):
    record = ledger(*items)
    heard = record.heard(frames)
    assume(heard != record.text)
    assert heard == heard.rstrip()
    assert record.text[len(heard)].isspace() or not heard


@given(st.lists(chunks(), max_size=5), st.integers(0, 5000), st.integers(0, 500))
def test_heard_never_shrinks(items: list[SpeechChunk], frames: int, more: int):
    record = ledger(*items)
    assert record.heard(frames + more).startswith(record.heard(frames))


@given(st.lists(chunks(), max_size=5))
def test_everything_is_heard_when_all_frames_sounded(items: list[SpeechChunk]):
    frames = sum(len(item.samples) for item in items) * PLAYER_HZ // ENGINE_HZ
    assert ledger(*items).heard(frames) == "".join(item.text for item in items)


@given(st.lists(chunks(), max_size=5), st.integers(0, 5000), st.integers(0, 500))
def test_a_word_edge_is_never_later_nor_further_back_than_allowed(items: list[SpeechChunk], frames: int, back: int):
    assert 0 <= frames - ledger(*items).word_edge_before(frames, back) <= back


@pytest.mark.parametrize(
    ("first_s", "last_s", "words"),
    [(0.0, 0.05, ""), (0.0, 0.2, "Hello"), (0.2, 0.4, "Hello there,"), (0.4, 0.65, "there, (you)"), (0.9, 2.0, "")],
)
def test_the_words_between_two_frames_are_those_that_sound_there(first_s, last_s, words):
    assert ledger(HELLO).said_between(int(first_s * PLAYER_HZ), int(last_s * PLAYER_HZ)) == words


@pytest.mark.parametrize(("first_s", "last_s", "asks"), [(0.0, 0.4, False), (0.4, 0.6, True), (0.6, 1.1, False)])
@pytest.mark.parametrize("mark", ["?", '?"', "\uff1f"])
def test_a_question_is_asked_where_its_last_word_ends(first_s, last_s, asks, mark):
    text = f"Shall I{mark} Fine."
    record = ledger(chunk(text, 1000, ("Shall", 0.1, 0.3), ("I", 0.35, 0.5), ("Fine", 0.7, 0.9)))
    assert record.asks_between(int(first_s * PLAYER_HZ), int(last_s * PLAYER_HZ)) is asks
