"""Turn-taking as a whole: scripted conversations, and random ones that must not break a rule."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import Config, SessionConfig, TurnConfig
from localvoice.messages import Origin
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    Dismissal,
    EndReason,
    JudgeOverlap,
    OverlapDismissed,
    OverlapStarted,
    PauseBegan,
    PauseLikely,
    ReadOverlap,
    SpeakUnasked,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    ThoughtCancelled,
    TurnDropped,
    TurnEnded,
    TurnOpened,
    TurnResumed,
    TurnState,
)
from localvoice.turn.observations import (
    Closing,
    Interrupted,
    NothingSaid,
    Observation,
    OverlapJudged,
    OverlapRead,
    ReplyContext,
    ReplyEnded,
    ReplyStarted,
    SoundSoFar,
    SpeakRequested,
    ToolRan,
    Typed,
    Window,
)
from localvoice.turn.speech_gate import WINDOW_S
from localvoice.turn.taking import TurnTaking


@dataclass
class Talk:
    """A conversation driven by hand: windows move the time on, everything else happens at the present one."""

    taking: TurnTaking
    now_s: float = 0.0
    seen: list[Observation] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)

    def step(self, seen: Observation) -> list[Decision]:
        self.seen.append(seen)
        decisions = self.taking.step(seen)
        self.decided += decisions
        return decisions

    def sound(self, seconds: float, probability: float, level_db: float = -30.0) -> list[Decision]:
        decisions = []
        for _ in range(round(seconds / WINDOW_S)):
            self.now_s += WINDOW_S
            decisions += self.step(Window(self.now_s, probability, level_db))
        return decisions

    def speak(self, seconds: float, level_db: float = -30.0) -> list[Decision]:
        return self.sound(seconds, 0.95, level_db)

    def quiet(self, seconds: float) -> list[Decision]:
        return self.sound(seconds, 0.01)

    def reply_starts(self) -> list[Decision]:
        return self.step(ReplyStarted(self.now_s, self.taking.turn))

    def reply_ends(self) -> list[Decision]:
        return self.step(ReplyEnded(self.now_s, self.taking.turn))

    def type(self, text: str, *, over: bool = True) -> list[Decision]:
        return self.step(Typed(self.now_s, text, interrupts=over))

    def asks(self, seconds: float = 1.0) -> list[Decision]:
        """The user says something and waits."""
        return self.speak(seconds) + self.quiet(0.7)

    def answered(self) -> None:
        """A question, and its answer begins to sound."""
        self.asks()
        self.reply_starts()


def talk(*, has_voice: bool = True, **turn) -> Talk:
    return Talk(TurnTaking(Config(turn=TurnConfig(**turn)), has_voice=has_voice))


def only(kind: type, decisions: list[Decision]) -> Decision:
    [one] = [decision for decision in decisions if isinstance(decision, kind)]
    return one


@pytest.mark.parametrize(("last_db", "is_over"), [(-36.0, True), (-26.0, False)])
def test_who_fades_is_answered_sooner_than_who_does_not(last_db, is_over):
    user = Talk(TurnTaking(Config(session=SessionConfig(language="und")), hears_sound=True))
    user.speak(2.0)
    user.speak(0.6, level_db=last_db)
    pause = only(PauseBegan, user.quiet(0.12))
    user.step(SoundSoFar(user.now_s, user.taking.turn, pause.speech_end_s, 0.8))
    ended = [one for one in user.quiet(0.2) if isinstance(one, TurnEnded)]
    assert bool(ended) == is_over


def kinds(decisions: list[Decision]) -> list[type]:
    """What was decided, less changes of state, pauses that are only likely, and questions about an overlap's sound."""
    left_out = StateChanged | TurnOpened | PauseLikely | JudgeOverlap
    return [type(decision) for decision in decisions if not isinstance(decision, left_out)]


def test_a_question_becomes_a_turn_with_its_sound():
    conversation = talk()
    conversation.quiet(1.0)
    decisions = conversation.asks(1.5)
    assert kinds(decisions) == [SpeechStarted, SpeechStopped, PauseBegan, TurnEnded]
    started, stopped, ended = (only(kind, decisions) for kind in (SpeechStarted, SpeechStopped, TurnEnded))
    assert started.at_s == pytest.approx(1.0, abs=0.1)
    assert stopped.at_s == pytest.approx(2.5, abs=0.1)
    assert ended.turn == 1
    assert ended.reason is EndReason.SILENCE
    assert 600 <= ended.silence_ms < 600 + 1000 * WINDOW_S
    assert ended.start_s == pytest.approx(started.at_s - 0.3), "with the pre-roll"
    assert ended.speech_end_s == stopped.at_s
    assert stopped.at_s <= ended.end_s <= ended.at_s


def test_a_pause_inside_a_sentence_does_not_end_the_turn():
    conversation = talk()
    decisions = conversation.speak(1.0) + conversation.quiet(0.5) + conversation.asks(1.0)
    stretch = [SpeechStarted, SpeechStopped, PauseBegan]
    assert kinds(decisions) == [*stretch, *stretch, TurnEnded]
    assert only(TurnEnded, decisions).start_s == 0.0


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_sound_that_begins_as_the_wait_runs_out_is_awaited(goes_on):
    conversation = talk()
    conversation.speak(1.0)
    conversation.quiet(18 * WINDOW_S)  # one less than the wait
    assert not conversation.speak(WINDOW_S)
    if goes_on:
        assert kinds(conversation.speak(0.2)) == [SpeechStarted]
    else:
        assert only(TurnEnded, conversation.quiet(WINDOW_S)).silence_ms < 600 + 2 * 32


def test_going_on_while_thinking_resumes_the_turn_with_everything_said():
    conversation = talk()
    conversation.quiet(1.0)
    first = only(TurnEnded, conversation.asks())
    decisions = conversation.asks(1.0)
    assert only(TurnResumed, decisions).turn == first.turn
    second = only(TurnEnded, decisions)
    assert second.turn == first.turn
    assert second.start_s == first.start_s
    assert second.speech_end_s > first.speech_end_s + 1.0


def test_a_tool_with_an_effect_cannot_be_taken_back():
    conversation = talk()
    conversation.asks()
    conversation.step(ToolRan(conversation.now_s, 1, has_effect=True))
    decisions = conversation.speak(0.6)
    assert kinds(decisions) == [SpeechStarted]
    started = only(SpeechStarted, decisions)
    overlap = only(OverlapStarted, conversation.reply_starts())
    assert overlap.onset_s == started.at_s
    barge_in = only(BargeIn, conversation.speak(0.2))
    assert barge_in.onset_s == started.at_s
    conversation.quiet(0.7)
    assert only(TurnEnded, conversation.decided[-3:]).start_s <= started.at_s, "nothing of it is lost"


def test_a_turn_is_opened_where_its_sound_begins_for_who_hears_along():
    conversation = talk()
    opened = only(TurnOpened, conversation.asks())
    ended = only(TurnEnded, conversation.decided)
    assert (opened.turn, opened.start_s) == (ended.turn, ended.start_s)


def test_a_tool_without_an_effect_can_be_taken_back():
    conversation = talk()
    conversation.asks()
    conversation.step(ToolRan(conversation.now_s, 1, has_effect=False))
    assert TurnResumed in kinds(conversation.speak(0.2))


def committed() -> Talk:
    """A question has changed something already, and its answer does not sound yet."""
    conversation = talk()
    conversation.asks()
    conversation.step(ToolRan(conversation.now_s, 1, has_effect=True))
    return conversation


def test_words_over_before_a_committed_answer_sounds_are_read_at_once_and_cut_it_when_it_does():
    conversation = committed()
    conversation.speak(0.3)
    asked = only(ReadOverlap, conversation.quiet(0.2))
    conversation.quiet(0.4)  # however long that takes
    conversation.step(OverlapRead(conversation.now_s, asked.turn, "and call it tea", rejected=False))
    assert conversation.taking.state is TurnState.THINKING
    assert kinds(conversation.reply_starts()) == [OverlapStarted]
    conversation.quiet(WINDOW_S)
    assert kinds(conversation.decided)[-2:] == [BargeIn, PauseBegan]
    ended = only(TurnEnded, conversation.quiet(0.7))
    assert ended.start_s <= asked.start_s


def test_words_still_being_read_when_a_committed_answer_sounds_have_their_time_from_there_on():
    conversation = committed()
    conversation.speak(0.3)
    asked = only(ReadOverlap, conversation.quiet(1.0))
    conversation.reply_starts()
    assert kinds(conversation.quiet(0.1)) == []
    conversation.step(OverlapRead(conversation.now_s, asked.turn, "and call it tea", rejected=False))
    assert kinds(conversation.decided)[-2:] == [BargeIn, PauseBegan]


def test_words_in_two_pieces_before_a_committed_answer_sounds_are_read_as_one():
    conversation = committed()
    conversation.speak(0.3)
    first = only(ReadOverlap, conversation.quiet(0.3))
    conversation.step(OverlapRead(conversation.now_s, first.turn, "and call it", rejected=False))
    conversation.speak(0.3)
    again = only(ReadOverlap, conversation.quiet(0.3))
    assert again.start_s == first.start_s
    conversation.step(OverlapRead(conversation.now_s, again.turn, "and call it tea", rejected=False))
    conversation.reply_starts()
    assert only(BargeIn, conversation.quiet(WINDOW_S))


def test_a_committed_answer_is_not_held_for_an_mm_hm_before_it():
    conversation = committed()
    conversation.speak(0.3)
    asked = only(ReadOverlap, conversation.quiet(0.3))
    conversation.step(OverlapRead(conversation.now_s, asked.turn, "mm-hm", rejected=False))
    assert kinds(conversation.reply_starts() + conversation.quiet(0.1)) == []
    assert conversation.taking.state is TurnState.SPEAKING


def test_an_mm_hm_before_a_committed_answer_sounds_is_no_part_of_the_words_behind_it():
    conversation = committed()
    conversation.speak(0.3)
    asked = only(ReadOverlap, conversation.quiet(0.3))
    conversation.step(OverlapRead(conversation.now_s, asked.turn, "mm-hm", rejected=False))
    onset_s = only(SpeechStarted, conversation.speak(0.3)).at_s
    conversation.quiet(0.2)
    assert only(OverlapStarted, conversation.reply_starts()).onset_s == onset_s


def test_a_first_word_that_was_taken_for_noise_before_a_committed_answer_belongs_to_the_words_behind_it():
    conversation = committed()
    onset_s = only(SpeechStarted, conversation.speak(0.1)).at_s
    assert not [one for one in conversation.quiet(0.4) if isinstance(one, ReadOverlap)]
    conversation.speak(0.3)
    assert only(ReadOverlap, conversation.quiet(0.2)).start_s <= onset_s


def test_words_said_before_a_committed_answer_that_never_sounds_open_the_next_turn():
    conversation = talk()
    conversation.type("hello")
    conversation.speak(0.5)
    conversation.reply_ends()
    assert conversation.taking.state is TurnState.USER_SPEAKING
    assert only(TurnEnded, conversation.quiet(0.8)).turn == 2


def test_a_typed_line_is_answered_though_there_is_noise():
    conversation = talk()
    conversation.type("hello")
    assert kinds(conversation.speak(0.1) + conversation.quiet(0.5)) == [SpeechStarted, SpeechStopped]
    assert conversation.taking.state is TurnState.THINKING
    assert kinds(conversation.reply_starts() + conversation.quiet(0.1)) == []
    assert conversation.taking.state is TurnState.SPEAKING


def test_a_turn_without_words_is_dropped():
    conversation = talk()
    conversation.asks()
    decisions = conversation.step(NothingSaid(conversation.now_s, 1))
    assert kinds(decisions) == [TurnDropped]
    assert conversation.taking.is_settled
    assert only(TurnEnded, conversation.asks()).turn == 2


def test_a_blip_over_the_reply_is_dismissed():
    conversation = talk()
    conversation.answered()
    decisions = conversation.sound(0.064, 0.9) + conversation.quiet(0.2)
    assert kinds(decisions) == [SpeechStarted, OverlapStarted, SpeechStopped, OverlapDismissed, ReadOverlap]
    assert only(OverlapDismissed, decisions).onset_s == only(SpeechStarted, decisions).at_s
    assert conversation.taking.state is TurnState.SPEAKING


def test_a_doubtful_window_holds_the_reply_at_once():
    conversation = talk()
    conversation.answered()
    assert kinds(conversation.sound(WINDOW_S, 0.35)) == [SpeechStarted, OverlapStarted]


def test_speech_over_the_reply_is_a_barge_in_and_opens_the_next_turn():
    conversation = talk()
    conversation.answered()
    conversation.quiet(1.0)
    onset_s = conversation.now_s
    decisions = conversation.speak(1.0)
    assert kinds(decisions) == [SpeechStarted, OverlapStarted, ReadOverlap, BargeIn]
    barge_in = only(BargeIn, decisions)
    assert barge_in.turn == 1
    assert barge_in.onset_s == only(SpeechStarted, decisions).at_s == pytest.approx(onset_s, abs=0.1)
    assert barge_in.at_s - barge_in.onset_s <= 0.4
    ended = only(TurnEnded, conversation.quiet(0.7))
    assert ended.turn == 2
    assert ended.start_s == pytest.approx(barge_in.onset_s - 0.3)


def test_the_turn_of_a_barge_in_begins_where_the_overlap_did():
    """Two short stretches: the second one decides, the first one's words belong to the turn as well."""
    conversation = talk()
    conversation.answered()
    conversation.quiet(1.0)
    onset_s = conversation.now_s
    conversation.speak(0.2)
    conversation.quiet(0.2)
    conversation.speak(0.6)
    assert only(BargeIn, conversation.decided).onset_s == pytest.approx(onset_s, abs=0.1)
    assert only(TurnEnded, conversation.quiet(0.8)).start_s == pytest.approx(onset_s - 0.3, abs=0.1)


def test_what_follows_a_turn_at_once_is_cut_out_without_the_words_of_that_turn():
    conversation = talk(silence_ms=120)
    conversation.speak(1.0)
    ended = only(TurnEnded, conversation.quiet(0.16))
    conversation.reply_starts()
    conversation.speak(1.0)
    asked = [one for one in conversation.decided if isinstance(one, ReadOverlap)]
    following = only(TurnEnded, conversation.quiet(0.7))
    assert following.turn == 2
    assert following.start_s == ended.speech_end_s, "the sound kept from before its onset would reach into them"
    assert {one.start_s for one in asked} <= {ended.speech_end_s}


@pytest.mark.parametrize(
    ("length_s", "text", "rejected", "reason"),
    [
        (0.2, "mm-hm", False, Dismissal.BACKCHANNEL),
        (0.2, "", False, Dismissal.NOTHING_SAID),
        (0.19, "xyz", True, Dismissal.NOISE),
        (0.3, "yeah", False, Dismissal.BACKCHANNEL),
    ],
)
def test_a_short_sound_is_dismissed_by_its_words(length_s, text, rejected, reason):
    conversation = talk()
    conversation.answered()
    conversation.speak(length_s)
    asked = only(ReadOverlap, conversation.quiet(0.12))
    decisions = conversation.step(OverlapRead(conversation.now_s, asked.turn, text, rejected))
    assert only(OverlapDismissed, decisions).reason is reason


@pytest.mark.parametrize(
    ("confidence", "content", "cuts"),
    [
        *((0.5, 0.6, False), (0.56, 0.6, True), (0.6, 0.2, False), (0.64, 0.2, True)),
        *((0.67, 0.0, True), (None, 0.0, True), (0.55, None, False), (0.57, None, True)),
    ],
)
def test_the_less_a_short_sound_is_like_words_the_surer_the_recogniser_has_to_be(confidence, content, cuts):
    conversation = talk()
    conversation.answered()
    conversation.speak(0.19)
    asked = only(ReadOverlap, conversation.quiet(0.12))
    if content is not None:
        conversation.step(OverlapJudged(conversation.now_s, asked.turn, content, backchannel=0.0))
    read = OverlapRead(conversation.now_s, asked.turn, "xyz", rejected=False, confidence=confidence)
    decisions = conversation.step(read)
    assert [type(one) for one in decisions if isinstance(one, BargeIn | OverlapDismissed)] == [
        BargeIn if cuts else OverlapDismissed
    ]


def test_words_before_a_pause_do_not_dismiss_what_follows_it():
    """ "Mm-hm ... but what about tea": the first word is read as the second begins."""
    conversation = talk()
    conversation.answered()
    conversation.speak(0.25)
    asked = only(ReadOverlap, conversation.quiet(0.12))
    conversation.speak(WINDOW_S)
    assert conversation.step(OverlapRead(conversation.now_s, asked.turn, "mm-hm", rejected=False)) == []
    only(BargeIn, conversation.speak(1.0))


@pytest.mark.parametrize("lag", [0, 1, 2])
@pytest.mark.parametrize("length_s", [0.03, 0.1, 0.2, 0.25, 0.3])
def test_a_dismissed_sound_is_over_within_its_deadline(length_s, lag):
    """Also with a VAD that lets go `lag` windows late, whether or not the recogniser answers in time."""
    for answer_s in (0.0, 0.1, 9.0):
        conversation = talk()
        conversation.answered()
        conversation.quiet(1.0)
        onset_s = conversation.now_s
        voiced = max(1, round(length_s / WINDOW_S))
        answers: list[float] = []
        for probability in [0.95] * voiced + [0.4] * lag + [0.01] * 40:
            decided = conversation.sound(WINDOW_S, probability)
            answers += [conversation.now_s + answer_s for one in decided if isinstance(one, ReadOverlap)]
            if answers and conversation.now_s >= answers[-1]:
                answers.clear()
                conversation.step(OverlapRead(conversation.now_s, 1, "mm-hm", rejected=False))
            if conversation.taking.state is not TurnState.OVERLAP:
                break
        if conversation.taking.state is TurnState.USER_SPEAKING:
            assert answer_s == 9.0, "nobody read it"
            assert length_s > 0.2, "it was long enough for a word"
            continue
        full_s = conversation.now_s + 0.015  # the ramp, and the block that is being rendered
        due_s = onset_s + (0.6 if length_s <= 0.2 else length_s + 0.4)
        assert full_s <= due_s + 1e-6


def dismissed(windows: int = 6) -> Talk:
    """A sound over the reply that nobody read in time."""
    conversation = talk()
    conversation.answered()
    conversation.quiet(0.5)
    conversation.speak(windows * WINDOW_S)
    conversation.quiet(0.5)
    assert conversation.taking.state is TurnState.SPEAKING
    return conversation


def test_words_that_come_late_are_not_believed():
    conversation = dismissed()
    assert conversation.step(OverlapRead(conversation.now_s, 1, "seven", rejected=False)) == []


@pytest.mark.parametrize("windows", [2, 6])
def test_a_stop_word_that_is_read_late_cuts_still(windows):
    conversation = dismissed(windows)
    first = only(OverlapStarted, conversation.decided)
    decisions = conversation.step(OverlapRead(conversation.now_s, 1, "stop", rejected=False))
    assert kinds(decisions) == [OverlapStarted, BargeIn, PauseBegan], "it was over: its transcript may be prepared"
    assert only(OverlapStarted, decisions).onset_s == only(BargeIn, decisions).onset_s == first.onset_s
    assert only(PauseBegan, decisions).turn == 2
    ended = only(TurnEnded, conversation.quiet(0.7))
    assert (ended.turn, ended.start_s) == (2, pytest.approx(first.onset_s - 0.3)), "the words are the next turn's"


@pytest.mark.parametrize(("windows", "rejected"), [(1, False), (3, True)])
def test_a_stop_word_in_a_click_is_not_believed(windows, rejected):
    conversation = dismissed(windows)
    assert conversation.step(OverlapRead(conversation.now_s, 1, "stop", rejected)) == []


def test_a_stop_word_that_is_read_much_too_late_cuts_nothing():
    conversation = dismissed()
    conversation.quiet(0.7)
    assert conversation.step(OverlapRead(conversation.now_s, 1, "stop", rejected=False)) == []


def test_a_late_stop_word_of_one_sound_cuts_during_the_next():
    conversation = dismissed()
    onset_s = conversation.now_s
    conversation.speak(0.1)
    barge_in = only(BargeIn, conversation.step(OverlapRead(conversation.now_s, 1, "stop", rejected=False)))
    assert barge_in.onset_s == pytest.approx(onset_s, abs=0.1)


def test_what_a_sound_is_like_is_asked_from_64_ms_of_voice_on_and_decides_at_once():
    conversation = talk()
    conversation.answered()
    conversation.quiet(1.0)
    asked = [one for one in conversation.speak(2 * WINDOW_S) if isinstance(one, JudgeOverlap)]
    assert len(asked) == 1
    assert asked[0].onset_s == only(SpeechStarted, conversation.decided[-6:]).at_s
    decisions = conversation.step(OverlapJudged(conversation.now_s, 1, content=0.97, backchannel=0.02))
    assert kinds(decisions) == [BargeIn]
    assert decisions[0].at_s - decisions[0].onset_s <= 0.2


def test_what_the_reply_was_saying_reaches_the_decision():
    conversation = talk()
    conversation.answered()
    conversation.speak(0.3)
    conversation.step(ReplyContext(conversation.now_s, 1, "in the green forest", has_asked=False))
    conversation.quiet(0.12)
    decisions = conversation.step(OverlapRead(conversation.now_s, 1, "green forrest", rejected=False))
    assert only(OverlapDismissed, decisions).reason is Dismissal.ECHO


def test_typing_over_a_reply_cuts_it():
    conversation = talk()
    conversation.answered()
    decisions = conversation.type("what time is it")
    assert kinds(decisions) == [BargeIn, TurnEnded]
    barge_in, ended = only(BargeIn, decisions), only(TurnEnded, decisions)
    assert barge_in.onset_s == barge_in.at_s
    assert (ended.turn, ended.reason, ended.text) == (2, EndReason.TYPED, "what time is it")


def test_a_piped_line_waits_for_the_reply_before_it():
    conversation = talk()
    conversation.type("one", over=False)
    conversation.reply_starts()
    assert conversation.type("two", over=False) == conversation.type("three", over=False) == []
    conversation.quiet(5.0)
    ended = only(TurnEnded, conversation.reply_ends())
    assert (ended.turn, ended.text) == (2, "two")
    assert ended.at_s == conversation.now_s, "its turn is now, whenever it was written"
    assert not conversation.taking.is_settled
    conversation.reply_starts()
    assert only(TurnEnded, conversation.reply_ends()).text == "three"
    conversation.reply_starts()
    conversation.reply_ends()
    assert conversation.taking.is_settled


def test_a_line_typed_while_the_user_speaks_follows_the_spoken_turn():
    conversation = talk()
    conversation.speak(0.5)
    conversation.type("typed")
    assert only(TurnEnded, conversation.quiet(0.7)).turn == 1
    conversation.step(NothingSaid(conversation.now_s, 1))
    assert only(TurnEnded, conversation.decided[-3:]).text == "typed"


def test_the_key_cuts_a_reply():
    conversation = talk()
    conversation.answered()
    decisions = conversation.step(Interrupted(conversation.now_s))
    assert kinds(decisions) == [BargeIn]
    assert conversation.taking.is_settled


def test_the_key_calls_off_an_answer():
    conversation = talk()
    conversation.asks()
    assert kinds(conversation.step(Interrupted(conversation.now_s))) == [ThoughtCancelled]
    assert conversation.taking.is_settled


def test_the_key_during_an_overlap_leaves_the_user_the_floor():
    conversation = talk()
    conversation.answered()
    conversation.speak(0.2)
    assert only(BargeIn, conversation.step(Interrupted(conversation.now_s))).onset_s == conversation.now_s
    conversation.speak(0.5)
    assert only(TurnEnded, conversation.quiet(0.7)).turn == 2


def test_nothing_unasked_is_said_while_the_user_speaks():
    conversation = talk()
    conversation.speak(0.5)
    timer = SpeakRequested(conversation.now_s, Origin.TIMER, "Your timer is done.")
    assert conversation.step(timer) == []
    conversation.quiet(0.7)
    conversation.reply_starts()
    unasked = only(SpeakUnasked, conversation.reply_ends())
    assert (unasked.turn, unasked.text) == (2, timer.text)


def test_nothing_unasked_is_said_where_speech_may_be_beginning():
    conversation = talk()
    conversation.sound(WINDOW_S, 0.9)
    assert conversation.step(SpeakRequested(conversation.now_s, Origin.TIMER, "Ring.")) == []
    assert SpeakUnasked in kinds(conversation.quiet(0.2))


def test_speech_before_an_unasked_line_sounds_goes_first():
    conversation = talk()
    conversation.step(SpeakRequested(0.0, Origin.GREETING, "Hello."))
    decisions = conversation.speak(0.5)
    assert kinds(decisions) == [SpeechStarted, ThoughtCancelled]
    assert only(TurnEnded, conversation.quiet(0.7)).turn == 2
    conversation.step(NothingSaid(conversation.now_s, 2))
    assert only(SpeakUnasked, conversation.decided[-4:]).text == "Hello."


def test_a_reply_that_ends_while_an_overlap_is_open_leaves_the_user_the_floor():
    conversation = talk(overlap="duck")
    conversation.answered()
    conversation.speak(0.2)
    assert kinds(conversation.reply_ends()) == [BargeIn]
    conversation.speak(0.3)
    assert only(TurnEnded, conversation.quiet(0.7)).turn == 2


def test_news_of_a_turn_that_is_over_changes_nothing():
    conversation = talk()
    conversation.answered()
    conversation.asks(1.0)
    assert conversation.taking.turn == 2
    state = conversation.taking.state
    now_s = conversation.now_s
    for late in (NothingSaid(now_s, 1), ReplyStarted(now_s, 1), ReplyEnded(now_s, 1), ToolRan(now_s, 1, True)):
        assert conversation.step(late) == []
    assert conversation.taking.state is state
    assert TurnResumed in kinds(conversation.speak(0.3)), "the tool of turn 1 does not commit turn 2"


def test_the_longest_turn_is_answered_and_what_follows_is_another_one():
    conversation = talk(max_turn_s=3)
    ended = only(TurnEnded, conversation.speak(4.0))
    assert (ended.reason, ended.turn) == (EndReason.LIMIT, 1)
    assert ended.at_s == pytest.approx(3.0, abs=0.1)
    overlap = only(OverlapStarted, conversation.reply_starts())
    assert overlap.onset_s == ended.at_s
    assert only(BargeIn, conversation.speak(0.1)).turn == 1
    conversation.speak(1.0)
    following = only(TurnEnded, conversation.quiet(0.7))
    assert following.turn == 2
    assert following.start_s == pytest.approx(ended.at_s), "no word is heard twice"


def test_in_half_duplex_the_microphone_is_not_believed_while_we_speak():
    conversation = talk(has_voice=False)
    conversation.answered()
    assert conversation.speak(2.0) == []
    conversation.reply_ends()
    assert only(TurnEnded, conversation.asks()).turn == 2


def test_closing_ends_everything():
    conversation = talk()
    conversation.answered()
    assert conversation.step(Closing(conversation.now_s))[-1].after is TurnState.CLOSED
    assert conversation.speak(1.0) == [] or kinds(conversation.decided[-1:]) != [TurnEnded]
    assert conversation.taking.state is TurnState.CLOSED


# random conversations


@st.composite
def happenings(draw):
    """What the world does next, seen from the conversation: a stretch of sound, or something else at that moment."""
    return draw(
        st.one_of(
            st.tuples(st.just("sound"), st.integers(1, 30), st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.95])),
            st.tuples(st.sampled_from(["type", "pipe", "key", "timer"])),
            st.tuples(
                st.sampled_from(["nothing said", "tool", "effect", "reply starts", "reply ends", "stale"]),
            ),
            st.tuples(st.just("read"), st.sampled_from(["stop", "mm-hm", "", "seven"]), st.booleans()),
            st.tuples(st.just("judged"), st.sampled_from([(0.97, 0.02), (0.1, 0.8), (0.1, 0.1)])),
            st.tuples(st.just("says"), st.booleans()),
        )
    )


class World:
    """Answers the conversation as the session would: only what can happen does."""

    def __init__(self, conversation: Talk) -> None:
        self.talk = conversation

    def apply(self, kind: str, *details) -> None:
        state = self.talk.taking.state
        self._of_the_user(kind, *details)
        if state is TurnState.THINKING:
            self._while_thinking(kind)
        if state in {TurnState.SPEAKING, TurnState.OVERLAP} and kind == "reply ends":
            self.talk.reply_ends()

    def _of_the_user(self, kind: str, *details) -> None:
        conversation, now_s, turn = self.talk, self.talk.now_s, self.talk.taking.turn
        match kind:
            case "sound":
                conversation.sound(details[0] * WINDOW_S, details[1])
            case "type" | "pipe":
                conversation.type("a line", over=kind == "type")
            case "key":
                conversation.step(Interrupted(now_s))
            case "timer":
                conversation.step(SpeakRequested(now_s, Origin.TIMER, "Ring."))
            case "read" if any(isinstance(one, ReadOverlap) for one in conversation.decided):
                conversation.step(OverlapRead(now_s, turn, *details))
            case "judged":
                conversation.step(OverlapJudged(now_s, turn, *details[0]))
            case "says":
                conversation.step(ReplyContext(now_s, turn, "seven dwarfs", *details))
            case "stale" if turn > 1:
                for news in (NothingSaid, ReplyStarted, ReplyEnded):
                    conversation.step(news(now_s, turn - 1))

    def _while_thinking(self, kind: str) -> None:
        conversation, now_s, turn = self.talk, self.talk.now_s, self.talk.taking.turn
        match kind:
            case "nothing said":
                conversation.step(NothingSaid(now_s, turn))
            case "tool" | "effect":
                conversation.step(ToolRan(now_s, turn, kind == "effect"))
            case "reply starts":
                conversation.reply_starts()
            case "reply ends":
                conversation.reply_ends()

    def come_to_rest(self) -> None:
        """The user is silent and every answer is given."""
        for _ in range(200):
            self.apply("sound", 40, 0.0)
            self.apply("reply starts")
            self.apply("reply ends")
            if self.talk.taking.is_settled:
                return


def check_rules(decided: list[Decision]) -> None:
    open_overlap = None
    last_turn = 0
    state = TurnState.IDLE
    speaking = False
    for one in decided:
        match one:
            case StateChanged():
                assert one.before is state, "states are told without a gap"
                state = one.after
            case SpeechStarted() | SpeechStopped():
                assert speaking is isinstance(one, SpeechStopped), "edges alternate"
                speaking = not speaking
                assert one.at_s <= one.detected_s
            case TurnEnded() | SpeakUnasked():
                assert one.turn >= last_turn
                last_turn = one.turn
            case OverlapStarted():
                assert open_overlap is None
                open_overlap = one
            case OverlapDismissed():
                assert open_overlap is not None, "an outcome without an overlap"
                assert (one.turn, one.onset_s) == (open_overlap.turn, open_overlap.onset_s)
                open_overlap = None
            case BargeIn():
                assert open_overlap is None or one.turn == open_overlap.turn
                open_overlap = None
        for name in (each.name for each in fields(one) if each.name.endswith("_s")):
            assert getattr(one, name) >= 0.0
    assert open_overlap is None, "every overlap has an outcome"


@given(st.lists(happenings(), max_size=60), st.sampled_from(["pause", "duck"]), st.booleans())
def test_no_conversation_breaks_a_rule(script, overlap, has_voice):
    world = World(talk(has_voice=has_voice, overlap=overlap, max_turn_s=8))
    for happening in script:
        world.apply(*happening)
    world.come_to_rest()
    assert world.talk.taking.is_settled, "quiet brings every conversation back to idle"
    check_rules(world.talk.decided)
    ended = [one for one in world.talk.decided if isinstance(one, TurnEnded | SpeakUnasked | TurnResumed)]
    for earlier, later in pairwise(ended):
        if later.turn == earlier.turn:
            assert TurnResumed in {type(earlier), type(later)}, "a number comes again only after a resume"
    again = talk(has_voice=has_voice, overlap=overlap, max_turn_s=8).taking
    assert [decision for seen in world.talk.seen for decision in again.step(seen)] == world.talk.decided


def test_a_television_in_the_background_does_not_touch_the_reply():
    conversation = talk()
    conversation.answered()
    assert conversation.speak(3.0, level_db=-46.0) == []
    assert OverlapStarted in kinds(conversation.speak(0.1, level_db=-33.0))
