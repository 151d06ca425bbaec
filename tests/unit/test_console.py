"""What a person, a log and a pipe see of the same conversation."""

from __future__ import annotations

import io

import pytest

from localvoice.printable import printable, printable_lines
from localvoice.ui.console import Console

STARTED = {
    "type": "session_started",
    "t": 0.0,
    "version": "1.0",
    "engines": {"stt": "pocketsphinx", "llm": "llama-cpp", "tts": "espeak"},
    "starters": ["pocketsphinx", "espeak"],
    "offline": "guarded",
    "input": "q.wav",
    "output": "r.wav",
}
EVENTS = [
    STARTED,
    {"type": "transcript", "t": 1.0, "turn": 1, "text": "Tell me a story.", "engine": "pocketsphinx"},
    {"type": "reply_started", "t": 1.1, "turn": 1},
    {"type": "sentence", "t": 1.1, "turn": 1, "text": "Once upon a time."},
    {"type": "sentence", "t": 2.1, "turn": 1, "text": "There was a fox."},
    {"type": "barge_in", "t": 2.5, "turn": 1, "heard": "Once upon a time.", "unsaid": " There", "stop_ms": 41.2},
    {"type": "reply_finished", "t": 2.5, "turn": 1, "interrupted": True},
    {"type": "warning", "t": 2.6, "code": "x", "message": "take care"},
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(words: io.StringIO | None, **options) -> tuple[str, str]:
    notes = io.StringIO()
    console = Console(words=words, notes=notes, **options)
    for event in EVENTS:
        console(event)
    return "" if words is None else words.getvalue(), notes.getvalue()


def test_a_log_has_a_line_per_sentence_and_plain_notes():
    words, notes = shown(io.StringIO())
    assert words.splitlines() == [
        "you: Tell me a story.",
        "localvoice: Once upon a time.",
        "localvoice: There was a fox.",
    ]
    assert "hears with pocketsphinx (starter), thinks with llama-cpp," in notes
    assert "Offline: guarded." in notes
    assert "silent 41 ms after you began" in notes
    assert notes.endswith("warning: take care\n")


def test_on_a_terminal_a_reply_grows_in_its_line_and_notes_begin_their_own():
    words, _ = shown(Terminal())
    assert words == "you: Tell me a story.\nlocalvoice: Once upon a time. There was a fox.\n"


def test_a_pipe_gets_one_line_per_reply_and_nothing_else():
    words, notes = shown(io.StringIO(), replies_only=True)
    assert words == "Once upon a time. There was a fox.\n"
    assert notes == "warning: take care\n"


def test_quiet_keeps_the_words_and_the_warnings():
    words, notes = shown(io.StringIO(), verbosity=-1)
    assert words.startswith("you: ")
    assert notes == "warning: take care\n"


def test_verbose_shows_every_event_with_its_fields():
    _, notes = shown(io.StringIO(), verbosity=1)
    assert len(notes.splitlines()) == len(EVENTS)
    assert "[   2.500] barge_in: turn=1, heard=Once upon a time.," in notes


def test_nothing_is_printed_where_standard_output_belongs_to_something_else():
    assert shown(None)[0] == ""


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_does_not_end_the_conversation():
    console = Console(words=Gone(), notes=io.StringIO())
    for event in EVENTS:
        console(event)


@pytest.mark.parametrize("kind", ["state", "speech_started", "turn_ended", "turn_metrics"])
def test_what_only_programs_want_is_not_said(kind):
    notes = io.StringIO()
    Console(words=None, notes=notes)({"type": kind, "t": 0.0})
    assert notes.getvalue() == ""


def test_a_typed_session_says_neither_how_it_hears_nor_how_it_speaks():
    notes = io.StringIO()
    engines = {"stt": "typed", "llm": "skills", "tts": "none"}
    Console(words=None, notes=notes)({**STARTED, "engines": engines, "starters": ["skills"], "input": "typed"})
    assert notes.getvalue().startswith("localvoice 1.0 thinks with skills (starter). Input: typed,")


@pytest.mark.parametrize("replies_only", [False, True])
def test_who_takes_over_and_why_is_told_with_names_as_they_are_written(replies_only):
    reason = "groq refused the key (401): check GROQ_API_KEY"
    notes = io.StringIO()
    console = Console(words=io.StringIO(), notes=notes, replies_only=replies_only)
    console({"type": "provider_changed", "t": 1.0, "stage": "llm", "from": "groq", "to": "skills", "reason": reason})
    assert notes.getvalue() == f"(llm: skills instead of groq: {reason})\n"


def test_a_reason_that_is_a_name_is_read_as_words():
    notes = io.StringIO()
    Console(words=None, notes=notes)({"type": "turn_dropped", "t": 1.0, "turn": 1, "reason": "nothing_said"})
    assert notes.getvalue() == "(nothing said)\n"


@pytest.mark.parametrize("words", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_codes_in_what_others_say_reach_no_terminal(words):
    codes = "\x1b[2J\x9b31m\a\u202e"
    notes = io.StringIO()
    console = Console(words=words, notes=notes, verbosity=1)
    for event in EVENTS:
        console(
            {
                name: f"{value}{codes}" if isinstance(value, str) and name in {"text", "message"} else value
                for name, value in event.items()
            }
        )
    for told in (words.getvalue(), notes.getvalue()):
        assert told
        assert printable(told.replace("\n", "")) == told.replace("\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "a:\n\tb",
        "\U0001f469\u200d\U0001f4bb \u2764\ufe0f",
        "नमस्ते",
        "क्\u200dष",
        "\u0645\u06cc\u200c\u062e",
        "e\u0301",
        "سلم",
    ],
    ids=["tab", "emoji", "hindi", "joined", "persian", "combining", "arabic"],
)
def test_what_is_no_code_is_printed_as_it_is(text):
    assert printable_lines(text) == text


def test_marks_of_direction_leave_no_gap_between_letters():
    assert printable("\u202bשלם\u200f!\u202c") == "שלם!"
