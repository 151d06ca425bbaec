"""What the skills say and ask for, given their arguments and a context."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.messages import ToolCall
from localvoice.skills.catalog import SKILLS, Skills
from localvoice.skills.contract import (
    AddItem,
    CancelTimers,
    ChangeRate,
    ChangeVolume,
    ClearItems,
    EndSession,
    SkillContext,
    SkillResult,
    StartOver,
    StartTimer,
    StopSpeaking,
    TimerInfo,
)

FRIDAY = SkillContext(now=datetime(2026, 11, 20, 19, 42, tzinfo=ZoneInfo("America/New_York")))
skills = Skills()


def ask(text: str, context: SkillContext = FRIDAY) -> SkillResult:
    call = skills.match(text)
    assert call is not None, text
    return skills.run(call, context)


def call(name: str, **arguments: object) -> SkillResult:
    return skills.run(ToolCall(name, arguments), FRIDAY)


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [(0, 5, "12:05 AM"), (9, 0, "9:00 AM"), (12, 0, "12:00 PM"), (19, 42, "7:42 PM")],
)
def test_the_time_is_said_in_twelve_hours_of_the_users_zone(hour, minute, said):
    now = datetime(2026, 11, 20, hour, minute, tzinfo=ZoneInfo("Asia/Tokyo"))
    result = ask("what time is it", replace(FRIDAY, now=now))
    assert (result.text, result.data, result.effects) == (f"It is {said}.", said, ())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what day is it", "Today is Friday, November 20, 2026."),
        ("what is the date tomorrow", "Tomorrow is Saturday, November 21, 2026."),
        ("what day is it in ten days", "In 10 days it is Monday, November 30, 2026."),
        ("what day was it one week ago", "7 days ago it was Friday, November 13, 2026."),
        ("what day was it yesterday", "Yesterday was Thursday, November 19, 2026."),
        ("what day is christmas", "Christmas is Friday, December 25, 2026."),
        ("what day is march first", "March first is Monday, March 1, 2027."),
        ("how many days until christmas", "There are 35 days until Christmas."),
        ("how many days until saturday", "There is 1 day until Saturday."),
        ("how many days until friday", "There are 7 days until Friday."),
        ("how many days until november twentieth", "November twentieth is today."),
        ("how many days until february thirtieth", "I do not know when february thirtieth is."),
    ],
)
def test_dates_are_counted_from_today(text, answer):
    assert ask(text).text == answer


def test_days_are_counted_by_the_calendar_over_the_change_of_the_clock():
    eve = replace(FRIDAY, now=datetime(2026, 10, 31, 23, 30, tzinfo=ZoneInfo("America/New_York")))
    assert ask("what day is it in two days", eve).data == "Monday, November 2, 2026"


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("three plus four", "7"),
        ("three plus four times two", "11"),
        ("(3 + 4) * 2", "14"),
        ("three hundred and five plus twenty two", "327"),
        ("two thousand and one minus one", "2000"),
        ("three point one four times two", "6.28"),
        ("0.1 + 0.2", "0.3"),
        ("ten divided by four", "2.5"),
        ("ten divided by three", "about 3.3333"),
        ("twenty percent of fifty", "10"),
        ("50 + 10%", "55"),
        ("seven squared", "49"),
        ("two cubed", "8"),
        ("the square root of sixteen", "4"),
        ("2 to the power of ten", "1024"),
        ("2^3^2", "512"),
        ("2 ** 3", "8"),
        ("half of nine", "4.5"),
        ("minus five plus three", "-2"),
        ("3 - -2", "5"),
        ("10 - 4 - 3", "3"),
        ("1,000 x 1,000", "1,000,000"),
        ("1 / 3000000", "about 0.000000333"),
    ],
)
def test_sums_follow_the_rules_of_arithmetic(expression, answer):
    assert call("calculate", expression=expression).data == answer


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("one divided by zero", "Nothing can be divided by zero."),
        ("0^-1", "Nothing can be divided by zero."),
        ("9^9^9^9", "That number is too large for me."),
        ("9999999999 * 9999999999", "That number is too large for me."),
        ("square root of minus four", "A negative number has no real square root."),
        ("(0-8)^0.5", "That has no real answer."),
        ("three plus", "I could not make a sum of that."),
        ("((1+2)", "I could not make a sum of that."),
        ("__import__('os')", "I could not make a sum of that."),
        ("5 three", "I could not make a sum of that."),
        ("1+" * 100 + "1", "That sum is too long for me."),
        ("(" * 500, "That sum is too long for me."),
    ],
)
def test_a_sum_without_an_answer_is_answered_in_words(expression, answer):
    result = call("calculate", expression=expression)
    assert (result.text, result.data) == (answer, f"error: {answer}")


def test_a_sum_is_repeated_with_its_signs_as_words():
    assert ask("what is 2*(3+4)").text == "2 times (3 plus 4) is 14."
    assert ask("ten divided by three").text == "Ten divided by three is about 3.3333."


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("convert five miles to kilometers", "5 miles is about 8.05 kilometers."),
        ("how many feet are in a mile", "1 mile is 5280 feet."),
        ("what is 20 degrees celsius in fahrenheit", "20 degrees Celsius is 68 degrees Fahrenheit."),
        ("convert minus 40 fahrenheit to celsius", "-40 degrees Fahrenheit is -40 degrees Celsius."),
        ("how many minutes are in one and a half hours", "1.5 hours is 90 minutes."),
        ("100 km/h in mph", "100 kilometers per hour is about 62.14 miles per hour."),
        ("convert ten miles to pounds", "I cannot convert miles to pounds."),
    ],
)
def test_amounts_are_converted_within_their_dimension(text, answer):
    assert ask(text).text == answer


@pytest.mark.parametrize(
    ("arguments", "seconds", "said"),
    [
        ({"minutes": 5}, 300, "Timer set for 5 minutes."),
        ({"minutes": 1, "seconds": 30}, 90, "Timer set for 1 minute and 30 seconds."),
        ({"seconds": 90}, 90, "Timer set for 1 minute and 30 seconds."),
        ({"hours": 1.5}, 5400, "Timer set for 1 hour and 30 minutes."),
        ({"minutes": "5"}, 300, "Timer set for 5 minutes."),
        ({"minutes": "five"}, 300, "Timer set for 5 minutes."),
        ({"hours": 24}, 86400, "Timer set for 24 hours."),
    ],
)
def test_a_timer_starts_with_its_length(arguments, seconds, said):
    result = call("set_timer", **arguments)
    assert (result.text, result.effects) == (said, (StartTimer(seconds, ""),))


def test_a_timer_keeps_its_label():
    result = ask("set a pasta timer for nine minutes")
    assert result.text == "Pasta timer set for 9 minutes."
    assert result.effects == (StartTimer(540, "pasta"),)


@pytest.mark.parametrize(
    "arguments",
    [
        *({}, {"minutes": 0}, {"minutes": -5}, {"minutes": True}, {"minutes": "soon"}, {"minutes": None}),
        *({"minutes": float("nan")}, {"minutes": float("inf")}, {"hours": 25}, {"minutes": [5]}),
    ],
)
def test_a_timer_of_no_sensible_length_has_no_effect(arguments):
    result = call("set_timer", **arguments)
    assert result.effects == ()
    assert result.data.startswith("error: ")


def test_timers_are_told_and_cancelled():
    running = replace(FRIDAY, timers=(TimerInfo("pasta", 127.4), TimerInfo("", 3725)))
    told = "You have 2 minutes and 7 seconds left on the pasta timer, and 1 hour and 2 minutes left."
    assert ask("how much time is left", running).text == told
    assert ask("cancel the timer", running).effects == (CancelTimers(),)
    for request in ("how much time is left", "cancel the timer"):
        assert ask(request) == SkillResult("There is no timer running.", ask(request).data)


def test_the_list_grows_is_read_and_cleared():
    assert ask("add some oat milk to my list").effects == (AddItem("oat milk"),)
    full = replace(FRIDAY, items=("milk", "eggs", "bread"))
    assert ask("what's on my list", full).text == "On your list: milk, eggs and bread."
    assert ask("what's on my list").text == "Your list is empty."
    assert ask("clear my list", full).effects == (ClearItems(),)


@pytest.mark.parametrize(
    ("text", "said", "effect"),
    [
        ("stop", "Okay.", StopSpeaking()),
        ("goodbye", "Goodbye!", EndSession()),
        ("start over", "Okay, let us start over.", StartOver()),
    ],
)
def test_the_talk_itself_can_be_steered(text, said, effect):
    assert ask(text).text == said
    assert ask(text).effects == (effect,)


def test_the_voice_gets_louder_quieter_faster_and_slower_and_back():
    (louder,), (quieter,) = ask("louder").effects, ask("turn the volume down").effects
    assert isinstance(louder, ChangeVolume)
    assert isinstance(quieter, ChangeVolume)
    assert louder.factor > 1.2
    assert louder.factor * quieter.factor == pytest.approx(1)
    (faster,), (slower,) = ask("speak faster").effects, ask("speak slower").effects
    assert isinstance(faster, ChangeRate)
    assert isinstance(slower, ChangeRate)
    assert faster.factor * slower.factor == pytest.approx(1)


def test_the_last_reply_is_repeated():
    assert ask("say that again", replace(FRIDAY, last_reply="The sky is blue.")).text == "The sky is blue."
    assert ask("say that again").text == "I have not said anything yet."


def test_an_unknown_tool_and_missing_arguments_are_said_not_raised():
    assert call("launch_rocket").data == "error: there is no tool launch_rocket"
    assert call("convert_units", amount=5).data == "error: missing from_unit, to_unit"
    assert call("change_volume", direction="sideways").effects == ()
    assert call("change_volume", direction=[]).effects == ()


def test_only_skills_that_ask_for_something_are_marked_as_having_an_effect():
    harmless = {skill.name for skill in SKILLS if not skills.has_effect(skill.name)}
    running = replace(FRIDAY, timers=(TimerInfo("", 5),), items=("milk",))
    for sentence in ("what time is it", "cancel the timer", "clear my list", "louder", "stop", "hello", "help"):
        found = skills.match(sentence)
        assert found is not None
        assert bool(skills.run(found, running).effects) == (found.name not in harmless)
    assert not skills.has_effect("launch_rocket")


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.lists(st.integers()))


@given(
    name=st.sampled_from([skill.name for skill in SKILLS]),
    arguments=st.dictionaries(
        st.sampled_from(sorted({key for skill in SKILLS for key in (*skill.properties, "days_ago")})), VALUES
    ),
)
def test_whatever_a_model_passes_there_is_an_answer(name, arguments):
    result = skills.run(ToolCall(name, arguments), FRIDAY)
    assert result.text
    assert result.data
    assert bool(result.effects) <= skills.has_effect(name)


@given(st.text(max_size=60))
def test_whatever_is_said_matching_never_fails(text):
    found = skills.match(text)
    assert found is None or skills.run(found, FRIDAY).text
