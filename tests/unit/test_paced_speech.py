"""Sound without word times: handed out while the player needs it, between words where that can be heard."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.text.speakable import speakable
from localvoice.tts.paced_speech import Pace, PacedSpeech

RATE_HZ = 24_000
LETTER_S = 0.05
GAP_S = 0.04


def spoken(text: str, gap_s: float = GAP_S) -> np.ndarray:
    """A tone per word, 50 ms a letter, silence behind each."""
    pieces = []
    for word in text.split():
        pieces.append(0.3 * np.sin(np.arange(round(len(word) * LETTER_S * RATE_HZ)) / 20))
        pieces.append(np.zeros(round(gap_s * RATE_HZ)))
    return np.concatenate(pieces).astype(np.float32)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def speech(clock: Clock, pace: Pace | None = None) -> PacedSpeech:
    return PacedSpeech(RATE_HZ, speakable, pace or Pace(), clock)


def text_of(chunks) -> str:
    return "".join(chunk.text for chunk in chunks)


def seconds_of(chunks) -> float:
    return sum(chunk.duration_s for chunk in chunks)


def test_the_first_tenth_of_a_second_is_handed_out_at_once():
    reply = speech(Clock())
    reply.expect("Internationally speaking")
    reply.take(np.zeros(5000, dtype=np.float32))
    reply.take(spoken("Internationally")[:2000])
    assert reply.ready() == []
    reply.take(spoken("Internationally")[2000:2600])
    (chunk,) = reply.ready()
    assert chunk.duration_s == pytest.approx(2600 / RATE_HZ, abs=0.01)
    assert chunk.text == ""
    assert chunk.clause == "Internationally speaking"


def test_behind_that_it_waits_for_a_quiet_place_while_the_player_has_enough():
    clock, text = Clock(), "one two three four five six"
    reply, sound = speech(clock), spoken(text)
    reply.expect(text)
    until_four = len(spoken("one two three")) + 2000
    reply.take(sound[:until_four])
    chunks = reply.ready()
    assert seconds_of(chunks) == pytest.approx(len(spoken("one two three")) / RATE_HZ, abs=0.02)
    reply.take(sound[until_four : until_four + 1200])
    assert reply.ready() == []
    clock.now_s = seconds_of(chunks) - 0.1
    (part,) = reply.ready()
    assert part.duration_s == pytest.approx(3200 / RATE_HZ, abs=0.02)


def test_a_pace_that_is_known_tells_the_words_behind_each_quiet_place():
    clock, pace = Clock(), Pace()
    reply = speech(clock, pace)
    text = "seven letters again letters"
    reply.expect(text)
    reply.take(spoken(text))
    reply.ready()
    assert reply.end_clause()
    assert text_of(reply.ready()) != ""
    following = "little things happen every single evening"
    reply.expect(following)
    sound, fed = spoken(following), 0
    for word in following.split()[:-1]:
        until = len(spoken(following[: following.index(word) + len(word)])) + 600  # the next word has begun
        reply.take(sound[fed:until])
        fed = until
        assert text_of(reply.ready()).strip() == word


def test_nothing_is_lost_and_the_last_chunk_has_the_pause_of_its_mark():
    reply, text = speech(Clock()), "One two three, and four."
    reply.expect(text)
    chunks = []
    for piece in np.array_split(np.concatenate((spoken(text), np.zeros(24_000, dtype=np.float32))), 50):
        reply.take(piece)
        chunks += reply.ready()
    assert reply.is_waiting
    assert reply.end_clause()
    chunks += reply.finish()
    assert not reply.is_waiting
    assert text_of(chunks) == text
    assert seconds_of(chunks) == pytest.approx(len(spoken(text)) / RATE_HZ - GAP_S + 0.3, abs=0.02)
    whole = np.concatenate([chunk.samples for chunk in chunks])
    heard = spoken(text)[: len(whole)]
    assert np.array_equal(whole[: len(heard) - 1000], heard[: len(heard) - 1000])


def test_the_last_word_is_told_with_the_end_only():
    reply, text = speech(Clock(), Pace(letter_s=0.001)), "one two three"
    reply.expect(text)
    reply.take(spoken(text))
    assert text_of(reply.ready()) == "one two"
    assert reply.end_clause()
    assert text_of(reply.ready()) == " three"


def test_a_clause_with_next_to_no_sound_is_not_whole():
    reply = speech(Clock())
    reply.expect("What a long sentence this is, on and on.")
    reply.take(spoken("What"))
    reply.ready()
    assert not reply.end_clause()


def test_written_words_that_are_spoken_as_several_stay_whole():
    reply, text = speech(Clock(), Pace(letter_s=0.06)), "Take 1/2 of it today"
    said = reply.expect(text)
    assert said == "Take one half of it today"
    got = []
    for word in said.split():
        reply.take(spoken(word))
        got += reply.ready()
    reply.end_clause()
    got += reply.ready()
    assert [chunk.text for chunk in got] == ["Take", "", " 1/2", " of", " it", " today"]


def test_a_clause_that_comes_as_silence_tells_no_pace():
    clock, pace = Clock(), Pace()
    reply = speech(clock, pace)
    reply.expect("nothing of this is heard. ")
    reply.take(np.zeros(RATE_HZ, dtype=np.float32))
    assert reply.end_clause()
    assert text_of(reply.ready()) == "nothing of this is heard. "
    clock.now_s = 1.0
    reply.expect("seven letters")
    reply.take(spoken("seven letters"))
    assert text_of(reply.ready()) != ""
    assert pace == Pace()


def test_a_voice_that_is_asked_to_speak_four_times_as_fast_has_not_broken_off():
    text = "this is, by the way, a sentence at full speed"
    for rate, is_whole in ((1.0, False), (4.0, True)):
        reply = speech(Clock(), Pace(rate=rate))
        reply.expect(text)
        reply.take(spoken(text, gap_s=0.0)[::4])
        assert reply.end_clause() is is_whole
