"""The votes on one pause after another: which count, which are waited for, and what is learned of the speaker."""

from __future__ import annotations

import pytest

from localvoice.config import Config, ReplyConfig, SessionConfig
from localvoice.turn.decisions import EndReason
from localvoice.turn.end_of_turn import EndOfTurn
from localvoice.turn.observations import ReplyHeard, SoundSoFar, WordsSoFar
from localvoice.turn.votes import Votes, log_odds, probability
from localvoice.turn.words import turn_words

END_S = 5.0
"""Where speech ends in each of these; the turn is as old."""


def paused(*, hears_sound: bool = True, language: str = "en", prepare: bool = True) -> EndOfTurn:
    config = Config(session=SessionConfig(language=language), reply=ReplyConfig(prepare=prepare))
    end = EndOfTurn(config, hears_sound=hears_sound)
    end.pause_begins(1, 0.0, END_S)
    return end


def hears(end: EndOfTurn, sound: float, speech_end_s: float = END_S) -> bool:
    return end.take(SoundSoFar(speech_end_s + 0.15, 1, speech_end_s, sound))


def reads(end: EndOfTurn, text: str, speech_end_s: float = END_S, **votes: float | bool | None) -> bool:
    return end.take(WordsSoFar(speech_end_s + 0.15, 1, speech_end_s, text, **votes))


def wait_ms(end: EndOfTurn) -> int:
    """After how many ms of silence the turn is over."""
    return next(ms for ms in range(0, 10_000, 5) if end.decide(ms / 1000, END_S + ms / 1000))


def test_with_every_vote_in_what_is_surely_finished_ends_at_once():
    end = paused()
    hears(end, 0.99)
    reads(end, "thank you")
    assert wait_ms(end) == 200
    assert end.decide(0.2, 5.0) is EndReason.COMPLETE


@pytest.mark.parametrize("first", ["sound", "words"])
def test_the_first_vote_waits_for_the_second(first):
    end = paused()
    if first == "words":
        reads(end, "thank you")
    else:
        hears(end, 0.99)
    assert wait_ms(end) == 600


def test_a_first_vote_against_the_end_counts_at_once():
    end = paused()
    reads(end, "i would like to")
    assert wait_ms(end) > 1500


def test_a_vote_that_is_never_asked_for_is_not_waited_for():
    end = paused(hears_sound=False)
    reads(end, "thank you")
    assert wait_ms(end) == 200
    alone = paused(prepare=False)
    hears(alone, 0.999)
    assert wait_ms(alone) < 600


def test_a_language_models_opinion_on_its_way_is_not_overtaken_by_a_short_wait():
    end = paused(hears_sound=False)
    reads(end, "turn on the light", is_read=False)
    assert wait_ms(end) == 600
    reads(end, "turn on the light", read=0.6)
    assert wait_ms(end) < 300


def test_words_behind_which_a_sentence_hardly_ends_are_waited_for():
    waits = []
    for likely in (0.3, 0.0005):
        end = paused(hears_sound=False)
        reads(end, "turn on the light", read=likely)
        waits.append(wait_ms(end))
    assert waits[0] < waits[1]


def test_a_language_models_opinion_moves_the_vote_beside_the_sound_as_well():
    end = paused()
    hears(end, 0.7)
    likely = []
    for read in (None, 0.5, 0.0005):
        reads(end, "turn on the light", read=read)
        likely.append(end.probability)
    assert likely[2] < likely[0] < likely[1]


def test_a_language_model_that_failed_leaves_the_words_to_the_small_one():
    end = paused(hears_sound=False)
    reads(end, "set a timer for five minutes")
    alone = end.probability
    reads(end, "set a timer for five minutes", is_read=False)
    reads(end, "set a timer for five minutes", read=None)
    assert end.probability == alone
    assert wait_ms(end) < 600


def test_a_language_models_opinion_on_words_of_another_language_does_not_count():
    end = paused(hears_sound=False)
    reads(end, "zweiundzwanzig donaudampfschiffe fahren", read=0.9)
    assert wait_ms(end) == 600


def test_nor_does_it_move_the_waits_of_the_sound():
    waits = set()
    for read in (None, 0.9):
        end = paused()
        hears(end, 0.05)
        reads(end, "zweiundzwanzig donaudampfschiffe fahren", read=read)
        waits.add(wait_ms(end))
    assert len(waits) == 1


@pytest.mark.parametrize("text", ["a light roast with brown sugar and", "i would like to", "turn on the light in the"])
def test_no_melody_ends_words_that_want_more(text):
    end = paused()
    hears(end, 0.999)
    reads(end, text)
    assert wait_ms(end) > 1500


LONGEST, PLAIN, SHORT = (1500, 2000), (550, 600), (200, 240)
"""Waits of `normal`, from and to."""


@pytest.mark.parametrize(
    ("asked", "text", "sound", "end_of_turn", "waits"),
    [
        # a melody alone does not end words that want more, nor does a recogniser that is not sure of it
        ("", "what am i allowed to", 0.98, None, LONGEST),
        ("", "what am i allowed to", 0.98, 0.05, LONGEST),
        ("", "what am i allowed to", None, 0.5, LONGEST),
        # one that is, against the words: only the pause tells; with the sound on its side it is believed
        ("", "what am i allowed to", None, 0.9, PLAIN),
        ("", "what am i allowed to", 0.98, 0.9, SHORT),
        ("", "what am i allowed to", 0.02, 0.9, LONGEST),
        # who was asked for a short answer leaves out what the question has said
        ("Would you like to hear it?", "i'd love to", 0.98, None, PLAIN),
        ("Would you like to hear it?", "i'd love to", None, None, LONGEST),
        ("Would you like to hear it?", "i'd love to", 0.02, None, LONGEST),
        ("Would you like to hear it?", "i'd love to", 0.98, 0.9, SHORT),
        ("Would you like to hear it?", "i think that i would love to", 0.98, None, LONGEST),
        ("This one or that one?", "this", 0.98, None, PLAIN),
        ("Would you like to hear it?", "yes and", 0.98, None, LONGEST),
        ("Would you like to hear it?", "because", 0.98, None, LONGEST),
        ("Would you like to hear it?", "with the", 0.98, None, LONGEST),
        ("What would you like?", "this", 0.98, None, LONGEST),
        ("", "this", 0.98, None, LONGEST),
    ],
)
def test_who_knows_more_than_the_words_that_want_more(asked, text, sound, end_of_turn, waits):
    end = EndOfTurn(Config(), hears_sound=sound is not None)
    end.take(ReplyHeard(1.0, asked))
    end.pause_begins(1, 0.0, END_S)
    if sound is not None:
        hears(end, sound)
    reads(end, text, end_of_turn=end_of_turn)
    assert waits[0] <= wait_ms(end) <= waits[1]


def test_in_other_languages_a_melody_outweighs_words_that_are_doubted():
    waits = []
    for text in ("ich möchte gern einen kaffee mit", "vielen dank"):
        end = paused(language="de")
        hears(end, 0.999)
        reads(end, text)
        waits.append(wait_ms(end))
    assert waits[1] < waits[0] <= 600


def test_words_without_an_opinion_are_in_all_the_same():
    end = paused()
    hears(end, 0.999)
    with_one_missing = wait_ms(end)
    reads(end, "")
    assert wait_ms(end) < with_one_missing == 600


def test_a_language_without_a_word_model_goes_by_sound_and_pauses():
    end = paused(language="pl")
    assert wait_ms(end) == 600
    reads(end, "ustaw budzik na to the")
    assert wait_ms(end) == 600
    hears(end, 0.999)
    assert wait_ms(end) < 600


def test_a_vote_on_an_earlier_pause_does_not_count():
    end = paused()
    end.speech_goes_on(1, END_S + 0.3)
    assert not reads(end, "thank you")
    end.pause_begins(1, 0.0, END_S + 2.0)
    assert not reads(end, "thank you")
    assert not hears(end, 0.99)
    assert end.probability == 0.5
    assert reads(end, "thank you", END_S + 2.0)


def going_on(text: str, again: str, spoke_s: float, **votes: bool) -> EndOfTurn:
    """After words, a pause of 0.3 s, more speech, and what is read then."""
    end = paused(hears_sound=False)
    reads(end, text)
    end.speech_goes_on(1, END_S + 0.3)
    end.pause_begins(1, 0.0, END_S + 0.3 + spoke_s)
    reads(end, again, END_S + 0.3 + spoke_s, **votes)
    return end


def test_words_that_do_not_grow_with_the_speech_do_not_end_the_turn():
    assert going_on("thank you", "thank you", 0.6).probability == 0.5
    assert going_on("thank you", "thank you", 0.6, is_command=True).probability == 0.5
    assert going_on("thank you", "thank you very much", 0.6).probability > 0.6
    assert going_on("thank you", "thank you", 0.1).probability > 0.6, "too short for a word"


def test_words_that_do_not_grow_still_tell_that_more_is_wanted_while_they_may_be_incomplete():
    assert going_on("i would like to", "i would like to", 0.6, is_settled=False).probability < 0.1


def test_a_question_of_ours_is_remembered_until_we_speak_again():
    def likely(*heard: str) -> float:
        end = EndOfTurn(Config(), hears_sound=False)
        for text in heard:
            end.take(ReplyHeard(1.0, text))
        end.pause_begins(2, 3.0, END_S)
        reads(end, "the blue one")
        return end.probability

    assert likely("Which one, the red or the blue?") > likely() + 0.1
    assert likely("Which one, the red or the blue?", "All right.") == likely()


def speaker_with(pause_s: float, turn: int | None = 1) -> EndOfTurn:
    """After ten pauses of that length, each followed by more speech of `turn`."""
    end = paused(hears_sound=False)
    for number in range(10):
        end.pause_begins(1, 0.0, number * 10.0)
        end.speech_goes_on(turn, number * 10.0 + pause_s)
    end.pause_begins(1, 0.0, END_S)
    return end


def test_who_pauses_briefly_inside_a_thought_gets_less_time_and_who_pauses_long_what_the_preset_says():
    assert [wait_ms(speaker_with(seconds)) for seconds in (0.2, 0.45, 0.9)] == [400, 495, 600]


@pytest.mark.parametrize("turn", [2, None])
def test_silence_between_two_turns_is_no_pause_of_the_speaker(turn):
    assert wait_ms(speaker_with(4.0, turn)) == 600


def test_a_turn_that_goes_on_since_the_answer_is_slow_had_no_pause_there():
    end = paused(hears_sound=False)
    for number in range(10):
        end.pause_begins(1, 0.0, number * 10.0)
        assert end.decide(1.0, number * 10.0 + 1.0) is not None
        end.speech_goes_on(1, number * 10.0 + 6.0)
    end.pause_begins(1, 0.0, END_S)
    assert wait_ms(end) == 600


def likely_after(resumes_s: float | None, *, turns_that_stood: int = 0) -> float:
    """The probability of the same words after a turn that was taken for finished, and went on so much later."""
    end = paused(hears_sound=False)
    reads(end, "tell me a joke")
    assert end.decide(2.0, END_S + 2.0) is not None
    end.speech_goes_on(1 if resumes_s else None, END_S + (resumes_s or 9.0))
    for _ in range(turns_that_stood):
        end.pause_begins(1, 0.0, END_S)
        assert end.decide(3.0, END_S + 3.0) is not None
        end.speech_goes_on(None, END_S + 9.0)
    end.pause_begins(1, 0.0, END_S)
    reads(end, "tell me a joke")
    return end.probability


def test_a_pause_that_was_taken_for_the_end_makes_the_next_one_less_sure_at_once():
    assert likely_after(0.5) < likely_after(None) - 0.05


def test_speech_long_after_an_end_tells_nothing_against_it():
    assert likely_after(2.5) == likely_after(None)


def test_the_doubt_fades_with_turns_that_stood():
    assert likely_after(0.5) < likely_after(0.5, turns_that_stood=2) < likely_after(None)


def test_what_is_sure_is_measured_by_the_ends_that_stood():
    words = "could you say that again"
    end = paused(hears_sound=False)
    reads(end, words)
    assert wait_ms(end) == 240
    for _ in range(30):
        end.pause_begins(1, 0.0, END_S)
        reads(end, "thank you")
        assert end.decide(0.3, END_S) is not None
        end.speech_goes_on(None, END_S + 9.0)
    end.pause_begins(1, 0.0, END_S)
    reads(end, words)
    assert wait_ms(end) > 500, "this speaker's ends are surer than that"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "stell einen Wecker für"),
        ("de-AT", "ich möchte gern, ähm"),
        ("fr", "quel temps fait-il à"),
        ("es", "pon música de"),
        ("it", "chiama mia madre e"),
    ],
)
def test_a_word_that_cannot_be_the_last_is_waited_for_in_other_languages(language, text):
    end = paused(hears_sound=False, language=language)
    reads(end, text)
    assert wait_ms(end) == 2000


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "mach das Licht an"),
        ("de-AT", "erzähl mir einen Witz"),
        ("fr", "oui"),
        ("fr", "quel temps fait-il à Paris"),
        ("es", "pon una alarma para las siete"),
        ("it", "qual è la capitale della Francia"),
    ],
)
def test_words_that_could_be_whole_are_answered_sooner_in_other_languages(language, text):
    end = paused(hears_sound=False, language=language)
    reads(end, text)
    assert wait_ms(end) < 600


def test_in_a_language_without_a_word_model_only_the_pause_speaks():
    end = paused(hears_sound=False, language="pl")
    reads(end, "ustaw budzik na")
    assert wait_ms(end) == 600


@pytest.mark.parametrize(("sound", "is_sooner"), [(None, False), (0.7, True)])
def test_what_is_sure_of_who_is_heard_is_learned_beyond_what_sound_adds(sound, is_sooner):
    """A turn that reads likely finished: without sound an end surer than the mark, with it one below its own."""
    end = EndOfTurn(Config(), hears_sound=sound is not None)
    waits = []
    for turn in range(1, 8):
        end.pause_begins(turn, 0.0, END_S)
        if sound is not None:
            hears(end, sound)
        reads(end, "what is the weather like today")
        waits.append(wait_ms(end))
        end.decide(3.0, 5.0)
        end.speech_goes_on(turn + 1, END_S + 5.0)
    assert (waits[-1] < waits[0]) == is_sooner


@pytest.mark.parametrize(("surer", "is_believed"), [(1.6, True), (2.5, False)])
def test_a_sound_that_makes_ends_and_pauses_surer_alike_is_believed_up_to_a_point(surer, is_believed):
    text, at_s = "put the book on the table", 0.0
    words = turn_words("en").probability(text)
    sound = next(
        chance / 1000
        for chance in range(1, 1000)
        if Votes(3.0, text=text, words=words, sound=chance / 1000).finished_at(1.0)
        >= probability(log_odds(Votes(3.0, text=text, words=words).finished) + surer)
    )
    end = EndOfTurn(Config(), hears_sound=True)
    for turn in range(1, 40):
        for is_end in (False, True):
            began_s, at_s = at_s, at_s + 3.0
            end.pause_begins(turn, began_s, at_s)
            hears_at(end, sound, turn, at_s)
            end.take(WordsSoFar(at_s + 0.1, turn, at_s, text))
            if is_end:
                assert end.decide(4.0, 7.0) is not None
            at_s += 4.0 if is_end else 0.1
            end.speech_goes_on(turn + is_end, at_s)
    end.pause_begins(99, at_s, at_s + 3.0)
    hears_at(end, 0.03, 99, at_s + 3.0)
    end.take(WordsSoFar(at_s + 3.1, 99, at_s + 3.0, "thanks a lot for that"))
    assert (end.probability < 0.4) is is_believed


def hears_at(end: EndOfTurn, sound: float, turn: int, at_s: float) -> bool:
    return end.take(SoundSoFar(at_s + 0.1, turn, at_s, sound))
