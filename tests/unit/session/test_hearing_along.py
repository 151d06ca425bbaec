"""A turn recognised while it is spoken: its partials, its words at pauses and at its end, and what a failure costs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from localvoice.config import Config, ReplyConfig, TurnConfig
from localvoice.errors import ProviderUnavailable
from localvoice.fallback import FallbackRecognizer
from localvoice.messages import Partial
from localvoice.turn.observations import WordsSoFar
from tests.fakes import FakeChatModel, FakeRecognizer, HearingAlong
from tests.virtual_time import Setting, Talk, hold, of, one

CAPITAL = ((0.2, "what"), (0.35, "is"), (0.5, "the"), (0.7, "capital"), (0.9, "of"), (1.1, "France"))
SENTENCE = "what is the capital of France"
MAY_GO_ON = ((0.2, "tell"), (0.35, "me"), (0.5, "a"), (1.1, "story"))
DOWN = ProviderUnavailable("it is down", provider="fake-live-stt")


def setting(stt: HearingAlong, **config) -> Setting:
    return Setting(stt=stt, llm=FakeChatModel("It is Paris."), config=Config(**config))


async def one_question(talk: Talk) -> None:
    await talk.speak(1.2)
    await talk.until("turn_metrics")


async def pauses(talk: Talk) -> None:
    await talk.speak(0.7)
    await talk.quiet(0.3)
    await talk.speak(0.8)
    await talk.until("turn_metrics")


def given(stream) -> np.ndarray:
    return np.concatenate(stream)


def test_partials_are_told_while_the_user_speaks_and_their_stable_beginning_grows():
    talk = hold(one_question, setting(HearingAlong(CAPITAL)))
    partials, ended = of(talk.events, "partial"), one(talk.events, "turn_ended")
    texts = [event["text"] for event in partials]
    assert texts[0] == "what"
    assert texts[-1] == SENTENCE
    assert all(event["text"].startswith(event["stable"]) for event in partials)
    assert len({event["text"] for event in partials if event["t"] < ended["t"] - 0.3}) >= 3
    assert {event["turn"] for event in partials} == {1}


def test_no_partial_is_told_behind_the_end_of_its_turn():
    late = HearingAlong(CAPITAL, lag_s=0.9, settles=False, delay_s=0.3)
    talk = hold(one_question, setting(late))
    kinds = [event["type"] for event in talk.events if event["type"] in {"partial", "turn_ended"}]
    assert kinds[-1] == "turn_ended"
    assert one(talk.events, "transcript")["text"] == SENTENCE


def test_the_stream_begins_with_the_preroll_and_has_all_the_sound():
    stt = HearingAlong(CAPITAL)

    async def user(talk: Talk) -> None:
        await talk.quiet(1.0)
        await one_question(talk)

    talk = hold(user, setting(stt))
    [stream] = stt.streams
    sound = given(stream)
    onset = int(np.argmax(sound != 0)) / 16_000
    assert 0.25 <= onset <= 0.4, "quiet before the first word"
    assert np.count_nonzero(sound) == pytest.approx(1.2 * 16_000, abs=700)
    assert one(talk.events, "transcript")["engine"] == stt.name


def test_the_transcript_is_the_stream_s_and_nothing_is_read_a_second_time():
    stt = HearingAlong(CAPITAL)
    talk = hold(one_question, setting(stt))
    assert one(talk.events, "transcript")["text"] == SENTENCE
    assert not stt.heard


@pytest.mark.parametrize("settles", [True, False])
def test_words_vote_at_the_pause(settles):
    stt = HearingAlong(CAPITAL, settles=settles, lag_s=0.05)
    talk = hold(one_question, setting(stt))
    votes = [seen for seen in talk.seen if isinstance(seen, WordsSoFar)]
    assert votes[-1].text == SENTENCE
    assert votes[-1].is_settled is settles
    assert one(talk.events, "turn_ended")["reason"] == "complete"
    wait_ms = one(talk.events, "turn_ended")["silence_ms"]
    assert wait_ms < 500 if settles else wait_ms >= 590, "words that may be incomplete do not end a turn early"


def test_words_that_come_in_during_the_pause_vote_again():
    stt = HearingAlong(((0.4, "what"), (1.1, "is")), settles=False, lag_s=0.4)
    talk = hold(one_question, setting(stt))
    votes = [seen.text for seen in talk.seen if isinstance(seen, WordsSoFar)]
    assert votes == ["what", "what is"]


def test_the_recogniser_s_own_end_of_turn_is_a_vote():
    waits = []
    for likely in (0.02, None, 0.98):
        talk = hold(one_question, setting(HearingAlong(MAY_GO_ON, end_of_turn=likely)))
        waits.append(one(talk.events, "turn_ended")["silence_ms"])
    assert waits[0] > waits[1] > waits[2]


@pytest.mark.parametrize("stt", [HearingAlong, FakeRecognizer])
def test_words_that_the_recogniser_doubts_tell_less_of_the_end(stt):
    script = MAY_GO_ON if stt is HearingAlong else " ".join(word for _, word in MAY_GO_ON)
    ended = {}
    for confidence in (0.3, 0.5, 0.7, None):
        ears = stt(script, confidence=confidence)
        ended[confidence] = one(hold(one_question, setting(ears)).events, "turn_ended")
    likely = {confidence: event["probability"] for confidence, event in ended.items()}
    assert ended[0.3]["reason"] == "silence"
    assert 0.5 == likely[0.3] < likely[0.5] < likely[0.7] == likely[None]


def test_an_answer_is_prepared_with_settled_words():
    talk = hold(one_question, setting(HearingAlong(CAPITAL)))
    assert one(talk.events, "reply_started")["speculative"] is True
    assert one(talk.events, "turn_metrics")["stages"]["stt_ms"] == 0


def test_without_preparing_the_last_words_are_asked_for_at_the_end():
    stt = HearingAlong(CAPITAL)
    talk = hold(one_question, setting(stt, reply=ReplyConfig(prepare=False)))
    assert one(talk.events, "transcript")["text"] == SENTENCE
    assert not any(len(block) == 0 for block in stt.streams[0]), "nobody asked in the pause"


def test_a_pause_within_a_turn_goes_on_in_the_same_stream():
    words = ((0.3, "what"), (0.6, "is"), (1.2, "the"), (1.7, "time"))
    stt = HearingAlong(words)
    talk = hold(pauses, setting(stt))
    assert len(stt.streams) == 1
    assert one(talk.events, "transcript")["text"] == "what is the time"


async def resumes(talk: Talk) -> None:
    await talk.speak(0.8)
    await talk.until("turn_ended")
    await talk.quiet(0.1)
    await talk.speak(0.8)
    await talk.until("turn_metrics")


def test_what_was_stable_stays_so_however_late_the_words_behind_it_are():
    late = HearingAlong(((0.3, "what"), (0.7, "is")), ((0.3, "the"), (0.7, "time")), settles=False, delay_s=0.6)

    async def user(talk: Talk) -> None:
        for _ in range(2):
            await talk.speak(0.8)
            await talk.until("turn_ended")
            await talk.quiet(0.3)
        await resumes(talk)

    talk = hold(user, setting(late))
    stable = [event["stable"] for event in of(talk.events, "partial")]
    assert max(stable, key=len).startswith("what is")
    assert all(after.startswith(before) for before, after in pairwise(stable)), stable


@pytest.mark.parametrize(("settles", "streams"), [(True, 1), (False, 2)])
def test_a_turn_that_goes_on_behind_its_end_has_each_word_once(settles, streams):
    first = ((0.4, "what"), (0.7, "is"))
    both = (*first, (1.6, "the"), (1.8, "time"))
    stt = HearingAlong(*([both] if settles else [first, ((0.5, "the"), (0.8, "time"))]), settles=settles)
    soon = Config(turn=TurnConfig(sure_ms=300, silence_ms=300, limit_ms=300))
    talk = hold(resumes, Setting(stt=stt, llm=FakeChatModel("Noon.", first_token_s=3.0), config=soon))
    assert of(talk.events, "turn_resumed")
    assert of(talk.events, "transcript")[-1]["text"] == "what is the time"
    assert of(talk.events, "partial")[-1]["text"] == "what is the time"
    assert len(stt.streams) == streams
    if streams == 2:
        whole = np.concatenate([given(stream) for stream in stt.streams])
        assert np.count_nonzero(whole) == pytest.approx(1.6 * 16_000, abs=1400), "no sound twice, none missing"


def test_one_doubtful_half_of_a_turn_makes_its_words_doubtful():
    class DoubtsTheFirst(HearingAlong):
        async def stream(self, blocks):
            confidence = None if self.streams else 0.2
            async for partial in super().stream(blocks):
                yield replace(partial, confidence=confidence)

    stt = DoubtsTheFirst(((0.4, "what"), (0.7, "is")), ((0.5, "the"), (0.8, "time")), settles=False)
    soon = Config(turn=TurnConfig(sure_ms=300, silence_ms=300, limit_ms=300))
    talk = hold(resumes, Setting(stt=stt, llm=FakeChatModel("Noon.", first_token_s=3.0), config=soon))
    votes = [seen for seen in talk.seen if isinstance(seen, WordsSoFar)]
    assert (votes[-1].text, votes[-1].confidence) == ("what is the time", 0.2)


@pytest.mark.parametrize("at_s", [0.0, 0.6, 1.2])
def test_a_stream_that_fails_costs_no_word(at_s):
    stt = HearingAlong((*CAPITAL[:2], (at_s, DOWN)), whole=SENTENCE)
    talk = hold(one_question, setting(stt))
    assert one(talk.events, "transcript")["text"] == SENTENCE
    assert np.count_nonzero(stt.heard[-1]) == pytest.approx(1.2 * 16_000, abs=700)
    assert not of(talk.events, "error")


def test_a_paid_stream_that_is_late_is_not_waited_for():
    stt = HearingAlong(CAPITAL, whole="read in one go", settles=False, delay_s=30.0)
    late = setting(stt)
    late.paid = frozenset({stt.name})
    talk = hold(one_question, late)
    ended, transcript = one(talk.events, "turn_ended"), one(talk.events, "transcript")
    assert transcript["text"] == "read in one go"
    assert transcript["t"] - ended["t"] < 1.2


def test_a_recogniser_of_whole_utterances_behind_the_fallback_is_asked_as_before():
    async def user(talk: Talk) -> None:
        await one_question(talk)

    fake = FakeRecognizer(SENTENCE, delay_s=0.05)
    talk = hold(user, Setting(stt=FallbackRecognizer([fake], lambda *_: None)))
    assert one(talk.events, "transcript")["text"] == SENTENCE
    assert not of(talk.events, "partial")
    assert one(talk.events, "turn_ended")["reason"] == "complete", "its words have voted"


def test_a_stream_that_fails_behind_the_fallback_gives_way_to_the_next_engine():
    live, spare = HearingAlong(((0.5, DOWN),)), FakeRecognizer(SENTENCE, delay_s=0.05)
    told = []
    engines = [live, spare]
    talk = hold(one_question, Setting(stt=FallbackRecognizer(engines, lambda *news: told.append(news))))
    assert one(talk.events, "transcript") | {"t": 0} == one(talk.events, "transcript") | {
        "t": 0,
        "text": SENTENCE,
        "engine": spare.name,
    }
    assert [news[1:3] for news in told] == [(live.name, spare.name)]


def test_an_interruption_is_followed_from_its_first_sound_on():
    stt = HearingAlong(CAPITAL, ((0.4, "no"), (0.7, "the"), (1.0, "other"), (1.3, "one")), whole="no the other")

    async def user(talk: Talk) -> None:
        await talk.ask(1.2)
        await talk.quiet(0.2)
        await talk.speak(1.5)
        await talk.until("barge_in")
        await talk.until("turn_metrics", count=2)

    setting_ = Setting(stt=stt, llm=FakeChatModel("Once upon a time there was a fox. It lived in a wood."))
    talk = hold(user, setting_)
    assert of(talk.events, "transcript")[-1]["text"] == "no the other one"
    assert np.count_nonzero(given(stt.streams[-1])) == pytest.approx(1.5 * 16_000, abs=1400)


def test_streams_end_with_the_answer_and_with_the_session():
    stt = HearingAlong(CAPITAL)

    async def user(talk: Talk) -> None:
        await talk.ask(1.2)
        assert stt.stopped == 1
        await talk.until("turn_metrics")
        await talk.speak(0.5)
        talk.session.end("interrupt")

    hold(user, setting(stt))
    assert stt.stopped == 2


def test_a_turn_without_words_is_dropped():
    talk = hold(one_turn_without_words, setting(HearingAlong(())))
    assert one(talk.events, "turn_dropped")["reason"] == "nothing_said"
    assert not of(talk.events, "partial")


async def one_turn_without_words(talk: Talk) -> None:
    await talk.speak(0.5)
    await talk.until("turn_dropped")


@pytest.mark.parametrize("after_ms", range(60, 1000, 40))
@pytest.mark.parametrize("settles", [True, False])
def test_no_word_is_lost_or_doubled_wherever_the_user_goes_on(after_ms, settles):
    """The second half of the sentence is spoken at any moment behind the first: in the pause, or behind the end."""
    gap_s = after_ms / 1000
    first = ((0.4, "what"), (0.8, "is"))
    whole = (*first, (1.1 + gap_s, "the"), (1.6 + gap_s, "time"))
    rest = ((0.35, "the"), (0.8, "time"))
    stt = HearingAlong(whole, rest) if settles else HearingAlong(whole, ((0.0, "the"), (0.8, "time")), settles=False)

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(gap_s)
        await talk.speak(0.9)
        await talk.until("turn_metrics")

    slow = Setting(
        stt=stt,
        llm=FakeChatModel("Noon.", first_token_s=3.0),
        config=Config(turn=TurnConfig(sure_ms=300, silence_ms=500, limit_ms=600)),
    )
    talk = hold(user, slow)
    assert of(talk.events, "transcript")[-1]["text"] == "what is the time"


def test_words_that_are_said_again_stay_settled():
    class Repeating(HearingAlong):
        async def stream(self, blocks):
            async for partial in super().stream(blocks):
                yield partial
                if partial.settled_s is not None:
                    yield Partial(partial.text, "")

    talk = hold(one_question, setting(Repeating(CAPITAL, delay_s=0.0)))
    assert one(talk.events, "turn_ended")["silence_ms"] < 500, "its words counted in full"
    assert [seen.is_settled for seen in talk.seen if isinstance(seen, WordsSoFar)][-1]


@pytest.mark.parametrize("stt", [FakeRecognizer("Thank you.", delay_s=0.05), HearingAlong(((0.0, "Thank you."),))])
@pytest.mark.parametrize(("speech_s", "is_said"), [(0.1, False), (0.6, True)])
def test_a_known_invention_is_believed_only_where_there_was_speech_for_it(stt, speech_s, is_said):
    async def user(talk: Talk) -> None:
        await talk.speak(speech_s)
        await talk.until("turn_metrics" if is_said else "turn_dropped")

    talk = hold(user, Setting(stt=stt))
    assert [event["text"] for event in of(talk.events, "transcript")] == (["Thank you."] if is_said else [])
    assert bool(of(talk.events, "partial")) == (is_said and isinstance(stt, HearingAlong))


def test_more_words_than_the_speech_holds_are_nobody_s():
    async def cough(talk: Talk) -> None:
        await talk.speak(0.2)
        await talk.until("turn_dropped")

    talk = hold(cough, Setting(stt=FakeRecognizer("I will see you all in the next video.")))
    assert one(talk.events, "turn_dropped")["reason"] == "nothing_said"
