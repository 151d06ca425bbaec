"""Who has the floor: the situations of Full-Duplex-Bench 1.5, pauses in a thought, interruptions at odd moments."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.config import Config, ReplyConfig, TurnConfig
from localvoice.messages import SpeechChunk, ToolCall
from tests.fakes import FakeChatModel, FakeSynthesizer
from tests.scenarios import WORD_S, Listener, conversation, perform, said_by_user
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
ASKED = "tell me a story about a fox please"
INAUDIBLE = 10 ** (-50 / 20)


def storyteller(*replies: str, first_token_s: float = 0.1) -> FakeChatModel:
    return FakeChatModel(STORY, *(replies or ("Fine.",)), first_token_s=first_token_s)


def played(talk: Talk, from_s: float, to_s: float) -> np.ndarray:
    return talk.played[round(from_s * 16_000) : round(to_s * 16_000)]


# the four situations of Full-Duplex-Bench 1.5


def test_a_user_who_interrupts_gets_the_floor_and_an_answer():
    model = storyteller("A dog, then.")
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.5
        say no make it a dog please
        until reply_finished
        until reply_finished
        """,
        llm=model,
    )
    cut = one(talk.events, "barge_in")
    assert cut["turn"] == 1
    assert 0 < len(cut["heard"]) < len(STORY)
    assert cut["detect_ms"] <= 450
    assert said_by_user(model.histories[-1]) == [ASKED, "no make it a dog please"]
    assert one(talk.events, "reply_finished", turn=2)["heard"] == "A dog, then."


@pytest.mark.parametrize("sound", ["mm-hm", "yeah", "okay", "uh-huh"])
def test_a_user_who_shows_attention_hears_the_whole_reply(sound):
    model = storyteller()
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.5
        say {sound}
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "false_alarm")["reason"] == "backchannel"
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert not of(talk.events, "barge_in")
    assert len(model.histories) == 1, "nobody answers it"


def test_talk_to_somebody_else_takes_the_floor_for_nothing_tells_whom_it_is_for():
    """As loud and as clear as an interruption: the reply stops, and what was said is answered."""
    model = storyteller("Shall I go on?")
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.5
        say anna could you close the door
        until reply_finished
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "barge_in")["turn"] == 1
    assert said_by_user(model.histories[-1]) == [ASKED, "anna could you close the door"]


def test_a_voice_in_the_background_lowers_the_reply_and_does_not_end_it():
    model = storyteller()
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.0
        murmur 1.0
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "false_alarm")["reason"] == "noise"
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert len(model.histories) == 1


def test_a_television_all_the_time_is_not_answered_and_neither_holds_up_an_answer_nor_ends_it():
    talk = conversation(
        f"""
        say {ASKED}
        television 5.0
        say no make it a dog please
        television 6.0
        say another one please
        until reply_finished
        """,
        llm=storyteller("A dog, then."),
        knows_levels=True,
    )
    asked = [ASKED, "no make it a dog please", "another one please"]
    assert [event["text"] for event in of(talk.events, "transcript")] == asked
    assert one(talk.events, "turn_ended", turn=1)["t"] - WORD_S * len(ASKED.split()) < 1.3, "noticed behind 1 s"
    assert one(talk.events, "barge_in")["turn"] == 1, "the user's own"
    assert not of(talk.events, "turn_dropped")


def test_a_voice_in_the_background_opens_no_turn_while_nobody_speaks():
    talk = conversation("murmur 5.0\nwait 3.0", llm=storyteller())
    assert not of(talk.events, "speech_started")


@pytest.mark.parametrize(
    ("over_reply", "printed"),
    [("until reply_started\nmurmur 10", {"tts": None}), ("until first_audio\nmurmur 0.5\nkey\nmurmur 10", {})],
)
def test_a_voice_in_the_background_does_not_keep_a_turn_open_that_it_got_with_a_reply(over_reply, printed):
    model = FakeChatModel(STORY, token_s=0.05)
    talk = conversation(f"say {ASKED}\n{over_reply}\nwait 3", llm=model, **printed)
    over_s = one(talk.events, "reply_finished")["t"]
    assert one(talk.events, "turn_dropped")["t"] < over_s + 1.0


@pytest.mark.parametrize("wait_s", [0.0, 0.3, 1.2, 1.27, 1.32])
@pytest.mark.parametrize("action", ["pause", "duck"])
@pytest.mark.parametrize("printed", [{}, {"tts": None}])
def test_a_reply_is_over_no_sooner_than_a_false_alarm_over_it(wait_s, action, printed):
    talk = conversation(
        f"say {ASKED}\nuntil reply_started\nwait {wait_s}\nmurmur 0.3",
        llm=FakeChatModel("It lived in a green forest.", token_s=0.15),
        config=Config(turn=TurnConfig(overlap=action)),
        **printed,
    )
    over_s = one(talk.events, "reply_finished")["t"]
    assert all(event["t"] <= over_s for event in of(talk.events, "false_alarm"))


# pauses inside a thought


@pytest.mark.parametrize(("patience", "pause_s"), [("fast", 0.9), ("normal", 1.5), ("patient", 3.0)])
def test_a_pause_inside_a_thought_is_waited_out(patience, pause_s):
    model = storyteller()
    talk = conversation(
        f"""
        say remind me to ... {pause_s} ... call my mother
        until reply_finished
        """,
        llm=model,
        config=Config(turn=TurnConfig(patience=patience)),
    )
    assert len(of(talk.events, "turn_ended")) == 1
    assert said_by_user(model.histories[-1]) == ["remind me to call my mother"]


@pytest.mark.parametrize("pause_s", [0.25, 0.4, 0.55, 0.7])
def test_words_said_after_what_seemed_the_end_belong_to_the_same_turn(pause_s):
    """The answer is slow, so that the user goes on before it sounds."""
    model = storyteller(first_token_s=1.5)
    talk = conversation(
        f"""
        say what is the weather like ... {pause_s} ... in hamburg
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "reply_finished")["turn"] == 1
    assert said_by_user(model.histories[-1]) == ["what is the weather like in hamburg"]


# interruptions at odd moments


def test_two_interruptions_in_a_row_leave_the_last_word_to_the_user():
    model = storyteller(STORY, "Stopped.")
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 0.5
        say no i want another one
        until first_audio
        wait 0.1
        say actually tell me the weather
        until reply_finished
        until reply_finished
        """,
        llm=model,
    )
    assert [cut["turn"] for cut in of(talk.events, "barge_in")] == [1, 2]
    assert said_by_user(model.histories[-1])[-1].endswith("actually tell me the weather")
    assert one(talk.events, "reply_finished", turn=3)["heard"] == "Stopped."


@pytest.mark.parametrize("before_its_end", [False, True])
def test_a_first_word_that_was_taken_for_noise_belongs_to_the_words_behind_it(before_its_end):
    """Too short to be a word by its sound, and the recogniser is late."""
    listener, model = Listener(0.4), storyteller("Fine.")

    async def user(talk: Talk) -> None:
        await perform(talk, f"say {ASKED}", listener)
        await talk.until("first_audio")
        await talk.quiet(0.05 * len(STORY) - 0.35 if before_its_end else 1.0)
        await talk.speak(0.17, level=listener.level_of("no"))
        await talk.quiet(0.4)
        await perform(talk, "say tell me about the river", listener)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=listener, llm=model))
    assert one(talk.events, "false_alarm")["reason"] == "noise"
    assert said_by_user(model.histories[-1])[-1] == "no tell me about the river"


def test_coughs_all_along_a_reply_are_no_part_of_the_words_behind_them():
    """Else the turn would be as long as the reply, and over before its first word where that is `turn.max_turn_s`."""
    model = FakeChatModel(STORY * 4, "Fine.")
    coughs = "cough 0.1\nwait 0.4\n" * 16
    talk = conversation(
        f"say {ASKED}\nuntil first_audio\nwait 0.5\n{coughs}say tell me about the river please\nuntil reply_finished",
        llm=model,
        config=Config(turn=TurnConfig(max_turn_s=6.0)),
    )
    assert len(of(talk.events, "false_alarm")) == 16
    assert one(talk.events, "turn_ended", turn=2)["reason"] == "complete"
    assert one(talk.events, "transcript", turn=2)["text"] == "tell me about the river please"
    assert one(talk.events, "transcript", turn=2)["audio_s"] < 5.0


class HearsAttention:
    """A judge to whom everything sounds like a backchannel."""

    def judge(self, *views: np.ndarray) -> tuple[float, float]:
        del views
        return 0.02, 0.95


@pytest.mark.parametrize("reading_s", [0.05, 0.35])
def test_an_mm_hm_that_was_understood_is_no_part_of_the_words_behind_it(reading_s):
    """Also where its words are known only after it was dismissed for its sound."""
    model = storyteller("Fine.")
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 0.5
        say mm-hm
        wait 0.55
        say tell me about the river please
        until reply_finished
        until reply_finished
        """,
        llm=model,
        listener=Listener(reading_s),
        sound_judge=HearsAttention(),
    )
    assert one(talk.events, "false_alarm")["reason"] == "backchannel"
    assert said_by_user(model.histories[-1])[-1] == "tell me about the river please"


def test_words_before_the_first_sample_of_the_reply_go_on_with_the_turn():
    model = storyteller(first_token_s=0.4)
    talk = conversation(
        f"""
        say {ASKED}
        until transcript
        wait 0.05
        say and a dog
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "turn_resumed")["turn"] == 1
    assert said_by_user(model.histories[-1]) == [f"{ASKED} and a dog"]


def test_words_as_the_reply_begins_to_sound_cut_it_and_none_of_it_was_heard():
    model = storyteller("Another one.")
    talk = conversation(
        f"""
        say {ASKED}
        until reply_started
        say no another one please
        until reply_finished
        until reply_finished
        """,
        llm=model,
    )
    cut = one(talk.events, "barge_in")
    assert len(cut["heard"]) < 15, "it was held as the first word was noticed"
    assert one(talk.events, "reply_finished", turn=2)["heard"] == "Another one."


@pytest.mark.parametrize("before_s", [0.30, 0.12, 0.05, 0.0, -0.05])
def test_words_at_the_last_sample_of_a_reply_are_answered_once(before_s):
    model = storyteller("You are welcome.")
    length_s = 0.05 * len(STORY)
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait {length_s - before_s}
        say thank you for the story
        until reply_finished
        until reply_finished
        """,
        llm=model,
    )
    assert said_by_user(model.histories[-1])[-1] == "thank you for the story"
    assert one(talk.events, "reply_finished", turn=2)["heard"] == "You are welcome."
    assert len(of(talk.events, "transcript")) == 2


def test_words_while_a_tool_is_used_void_the_answer_and_it_runs_again_for_the_whole():
    call = [ToolCall("calculate", {"expression": "6*7"}, id="1")]
    model = FakeChatModel(call, "Forty-two.", call, "Still forty-two.", first_token_s=0.4)
    talk = conversation(
        """
        say well then work it out for me
        until tool
        wait 0.05
        say and be quick
        until reply_finished
        """,
        llm=model,
    )
    assert one(talk.events, "turn_resumed")["turn"] == 1
    assert said_by_user(model.histories[-1]) == ["well then work it out for me and be quick"]
    assert one(talk.events, "reply_finished")["text"].endswith("forty-two.")


@pytest.mark.parametrize("phase_s", [0.0, 0.032])
def test_a_filler_that_is_due_while_a_sound_begins_waits_for_quiet(phase_s):
    clicks = f"wait {phase_s}\n" + "cough 0.032\nwait 0.032\n" * 8
    phrase = SpeechChunk("Let me think.", np.full(8000, 0.2, dtype=np.float32), 16_000, ())
    talk = conversation(
        f"say {ASKED}\nuntil transcript\n{clicks}until reply_finished\nuntil reply_finished",
        llm=storyteller(first_token_s=1.5),
        config=Config(reply=ReplyConfig(filler_after_ms=150)),
        phrases={phrase.text: phrase},
    )
    assert [event["origin"] for event in of(talk.events, "reply_started")] == ["filler", "user"]
    assert of(talk.events, "reply_finished")[-1]["heard"] == STORY


def test_no_sample_of_a_reply_follows_its_cut():
    model = storyteller("Fine.", first_token_s=0.8)
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.0
        say no something else entirely
        until reply_finished
        until reply_finished
        """,
        llm=model,
        tts=FakeSynthesizer(delay_s=0.3),
    )
    cut, following = one(talk.events, "barge_in"), one(talk.events, "reply_started", turn=2)
    silent = played(talk, cut["t"] + cut["cut_ms"] / 1000 + 0.001, following["t"])
    assert len(silent) > 16_000
    assert np.abs(silent).max() < INAUDIBLE


def test_a_recogniser_too_slow_for_the_overlap_does_not_lose_its_words():
    model = storyteller()
    talk = conversation(
        f"""
        say {ASKED}
        until first_audio
        wait 1.0
        say no tell me about dogs instead
        until reply_finished
        until reply_finished
        """,
        llm=model,
        listener=Listener(delay_s=0.6),
    )
    assert one(talk.events, "barge_in")["turn"] == 1
    assert said_by_user(model.histories[-1])[-1] == "no tell me about dogs instead"
