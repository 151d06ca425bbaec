"""Which utterances call which skill, and that the grammar says nothing the matcher does not understand."""

from __future__ import annotations

import json
import random
import time

import pytest

from localvoice.errors import ConfigError
from localvoice.messages import ToolCall
from localvoice.skills.catalog import SKILLS, Skills
from localvoice.stt.word_graph import WordGraph, word_graph


@pytest.fixture(scope="module")
def skills() -> Skills:
    return Skills()


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("What time is it?", "get_time", {}),
        ("what's the time", "get_time", {}),
        ("Whats the time?", "get_time", {}),
        ("TELL ME THE TIME!", "get_time", {}),
        ("Hey computer, could you please tell me the time?", "get_time", {}),
        ("what day is it", "get_date", {}),
        ("What is the date tomorrow?", "get_date", {"in_days": 1}),
        ("what day is it in two weeks", "get_date", {"in_days": 14}),
        ("what day was it ten days ago", "get_date", {"days_ago": 10}),
        ("what day is christmas", "get_date", {"day": "christmas"}),
        ("how many days until friday", "days_until", {"day": "friday"}),
        ("How many days are there until the fourth of July?", "days_until", {"day": "the fourth of july"}),
        ("set a timer for five minutes", "set_timer", {"minutes": 5}),
        ("Set a timer for 5 min.", "set_timer", {"minutes": 5}),
        ("Please start a timer for twenty-five minutes", "set_timer", {"minutes": 25}),
        ("ten minute timer", "set_timer", {"minutes": 10}),
        ("set a 10-minute timer called eggs", "set_timer", {"minutes": 10, "label": "eggs"}),
        ("set a pasta timer for nine minutes", "set_timer", {"minutes": 9, "label": "pasta"}),
        ("set a timer for an hour and a half", "set_timer", {"hours": 1, "minutes": 30}),
        ("set a timer for one hour and thirty minutes", "set_timer", {"hours": 1, "minutes": 30}),
        ("set a timer for half an hour", "set_timer", {"minutes": 30}),
        ("set a timer for two and a half minutes", "set_timer", {"minutes": 2.5}),
        ("remind me in ten minutes to call mom", "set_timer", {"minutes": 10, "label": "call mom"}),
        ("cancel the timer", "cancel_timers", {}),
        ("how much time is left on the timer", "timer_left", {}),
        ("what is three plus four", "calculate", {"expression": "three plus four"}),
        ("What's 3+4?", "calculate", {"expression": "3 + 4"}),
        ("twenty percent of fifty", "calculate", {"expression": "twenty percent of fifty"}),
        (
            "convert five miles to kilometers",
            "convert_units",
            {"amount": 5, "from_unit": "miles", "to_unit": "kilometers"},
        ),
        ("how many feet are in a mile", "convert_units", {"amount": 1, "from_unit": "mile", "to_unit": "feet"}),
        ("Add two dozen eggs to my shopping list, please.", "add_to_list", {"item": "two dozen eggs"}),
        ("what's on my list", "read_list", {}),
        ("clear the list", "clear_list", {}),
        ("louder", "change_volume", {"direction": "up"}),
        ("turn the volume down please", "change_volume", {"direction": "down"}),
        ("speak slower", "change_rate", {"direction": "slower"}),
        ("say that again", "repeat", {}),
        ("Stop!", "stop", {}),
        ("never mind", "stop", {}),
        ("Goodbye.", "goodbye", {}),
        ("what can you do", "help", {}),
        ("forget everything", "start_over", {}),
        ("hello there", "hello", {}),
        ("hello computer", "hello", {}),
        ("thank you very much", "thanks", {}),
    ],
)
def test_a_whole_utterance_calls_its_skill(skills, text, name, arguments):
    call = skills.match(text)
    assert call is not None
    assert (call.name, dict(call.arguments)) == (name, arguments)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "?", "please", "could you", "okay", "yes", "no", "one", "minutes"),
        "what time is it in berlin",
        "i wonder what time is it",
        "what is five",
        "what is the capital of france",
        "set a timer",
        "set a timer for five minutes and play some music",
        "set a timer for ten days",
        "set a timer for five three minutes",
        "how many days until blue",
        "add to my list",
        "stop the music",
        "hello what is your name",
        "thank you for nothing",
        "convert five miles to happiness",
        "what is plus",
        "set a timer for five minutes " * 20,
    ],
)
def test_anything_more_or_less_than_a_request_matches_nothing(skills, text):
    assert skills.match(text) is None


def sentences_of(graph: WordGraph, count: int) -> list[str]:
    """Random paths through the grammar."""
    chance = random.Random(7)
    found = []
    for _ in range(count):
        state, words = 0, []
        while graph.arcs[state] and not (state in graph.final and chance.random() < 0.5):
            word = chance.choice(list(graph.arcs[state]))
            words.append(word)
            state = graph.arcs[state][word]
        found.append(" ".join(words))
    return found


def test_every_sentence_of_the_grammar_calls_a_skill(skills):
    strange = [text for text in sentences_of(word_graph(skills.jsgf()), 1500) if skills.match(text) is None]
    assert strange == []


def test_the_grammar_holds_the_requests_of_every_skill(skills):
    graph = word_graph(skills.jsgf())
    called = {call.name for text in sentences_of(graph, 4000) if (call := skills.match(text))}
    assert called == {skill.name for skill in SKILLS}
    assert graph.accepts("what time is it")
    assert graph.accepts("could you set a timer for ninety seconds")
    assert not graph.accepts("what time is")
    assert not graph.accepts("convert five miles to pounds")


def test_the_graph_is_small_enough_to_decode_in_a_fraction_of_real_time(skills):
    graph = word_graph(skills.jsgf())
    assert sum(map(len, graph.arcs)) < 4000  # 2,900 in November 2026; pocketsphinx alone made 28,000 of the grammar


def test_a_skill_that_does_not_exist_cannot_be_switched_off():
    with pytest.raises(ConfigError, match="no skill 'set_time'; the nearest one is set_timer; there are get_time, "):
        Skills(disabled=("calculate", "set_time"))


def test_a_disabled_skill_is_neither_matched_nor_offered_nor_in_the_grammar():
    skills = Skills(disabled=("calculate", "get_time"))
    assert skills.match("what time is it") is None
    assert "calculate" not in {spec.name for spec in skills.specs()}
    assert not word_graph(skills.jsgf()).accepts("what time is it")
    assert word_graph(skills.jsgf()).accepts("what day is it")


def test_another_language_has_tools_but_no_sentences():
    skills = Skills(language="de-DE")
    assert skills.match("what time is it") is None
    assert skills.specs() == Skills().specs()
    assert Skills(language="en-GB").match("what time is it") == ToolCall("get_time", {})


def test_tools_are_described_by_valid_schemas(skills):
    specs = {spec.name: spec for spec in skills.specs()}
    assert specs["get_time"].parameters["properties"] == {}
    assert {"seconds", "minutes", "hours"} <= set(specs["set_timer"].parameters["properties"])
    for spec in specs.values():
        assert spec.description
        assert json.loads(json.dumps(spec.parameters))["type"] == "object"
        assert set(spec.parameters["required"]) <= set(spec.parameters["properties"])


def test_talk_about_the_talk_is_not_offered_as_a_tool(skills):
    offered = {spec.name for spec in skills.specs()}
    assert offered.isdisjoint({"stop", "goodbye", "start_over", "repeat", "help", "hello", "thanks"})


def test_matching_takes_well_below_five_milliseconds(skills):
    texts = ["what is three plus " * 10, "i would like to tell you a long story about nothing at all", "set a timer"]
    for text in texts:
        best = min(_time(skills, text) for _ in range(5))
        assert best < 0.005


def _time(skills: Skills, text: str) -> float:
    started = time.thread_time()
    skills.match(text)
    return time.thread_time() - started
