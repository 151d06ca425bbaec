"""Keys: what a terminal sends, what it does to the line, and what it asks of the conversation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from localvoice.ui.live.editor import Editor
from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.keys import Key, Keys
from localvoice.ui.live.talk_key import TalkKey
from localvoice.ui.live.view import View
from tests.unit.live.test_screen_view import view


class Asked:
    """Notes what the keys ask; the microphone follows at once, as its event does."""

    def __init__(self, seen: View) -> None:
        self.seen = seen
        self.wishes: list[str] = []

    def interrupt(self) -> None:
        self.wishes.append("interrupt")

    def mute(self, *, muted: bool) -> None:
        self.wishes.append("mute" if muted else "open")
        self.seen.sound.is_muted = muted

    def send(self, text: str) -> None:
        self.wishes.append(f"send {text}")

    def end_input(self) -> None:
        self.wishes.append("end")

    def completions(self, text: str) -> Sequence[str]:
        return [one for one in ("/voice en", "/voice de", "/patience") if one.startswith(text)]


def board(state: str = "idle") -> tuple[Keyboard, Asked]:
    seen = view({"type": "state", "from": "idle", "to": state})
    asked = Asked(seen)
    return Keyboard(asked, seen), asked


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"a", ["a"]),
        ("é日".encode(), ["é", "日"]),
        (b"\x1b[A\x1bOB", [Key.UP, Key.DOWN]),
        (b"\x1b[3~\x7f\x17", [Key.DELETE, Key.BACKSPACE, Key.KILL_WORD]),
        (b"\x1b[1;5C\x1b[15~x", ["x"]),
        (b"\r\t\x0c", [Key.ENTER, Key.TAB, Key.REDRAW]),
        (b"\x1b[200~two\nlines\x1b[201~", ["two lines"]),
        (b"\x1b[200~ENTER\x1b[201~", ["ENTER"]),
        (b"\x1b[200~a\x1b[2Jb\x07\x1b[201~", ["a [2Jb"]),
        (b"\xff", ["\ufffd"]),
        (b"\x00\x07", []),
    ],
)
def test_bytes_become_keys_whole_or_in_pieces(sent, keys):
    assert list(Keys().feed(sent)) == keys
    pieces = Keys()
    assert [key for byte in sent for key in pieces.feed(bytes([byte]))] == keys


def test_a_lone_escape_is_known_when_nothing_follows():
    keys = Keys()
    assert list(keys.feed(b"\x1b")) == []
    assert keys.waits
    assert list(keys.flush()) == [Key.ESCAPE]
    assert not keys.waits


def test_a_paste_that_comes_slowly_is_still_a_paste():
    keys = Keys()
    assert list(keys.feed(b"\x1b[200~first line\nsec")) == []
    assert not keys.waits
    assert list(keys.flush()) == []
    assert list(keys.feed(b"ond\nthird\x1b[201~\r")) == ["first line second third", Key.ENTER]


def test_a_line_is_edited_as_one_is_used_to():
    editor = Editor()
    for key in ("what is ten", Key.KILL_WORD, "two", Key.HOME, Key.RIGHT, Key.DELETE, Key.END, Key.LEFT, "X"):
        editor.press(key)
    assert (editor.text, editor.at) == ("wat is twXo", 10)
    editor.press(Key.KILL_END)
    assert editor.text == "wat is twX"
    for _ in range(20):
        editor.press(Key.BACKSPACE)
    assert (editor.text, editor.at) == ("", 0)


def test_up_brings_back_what_was_typed():
    editor = Editor()
    for line in ("one", "two", "two"):
        editor.press(line)
        editor.send()
    recalled = []
    for key in (Key.UP, Key.UP, Key.UP, Key.DOWN, Key.DOWN):
        editor.press(key)
        recalled.append(editor.text)
    assert recalled == ["two", "one", "one", "two", ""]


def test_a_command_is_completed_as_far_as_it_is_clear():
    keyboard, _ = board()
    keyboard.feed(b"/v\t")
    assert keyboard.typing.text == "/voice "
    keyboard.feed(b"d\t")
    assert keyboard.typing.text == "/voice de "


def test_any_letter_begins_a_line_and_enter_sends_it():
    keyboard, asked = board()
    keyboard.feed(b"make tea?\r")
    assert asked.wishes == ["send make tea?"]
    assert not keyboard.typing.text


@pytest.mark.parametrize("state", ["thinking", "speaking", "overlap"])
def test_escape_interrupts_and_keeps_what_is_typed(state):
    keyboard, asked = board(state)
    keyboard.feed(b"half a li")
    keyboard.feed(b"\x1b")
    keyboard.flush()
    assert asked.wishes == ["interrupt"]
    assert keyboard.typing.text == "half a li"


def test_escape_clears_the_line_where_nothing_is_said():
    keyboard, asked = board()
    keyboard.feed(b"half a li\x1b")
    keyboard.flush()
    assert (asked.wishes, keyboard.typing.text) == ([], "")


def test_a_question_mark_opens_help_and_any_key_closes_it():
    keyboard, asked = board("speaking")
    keyboard.feed(b"?")
    assert keyboard.typing.has_help
    keyboard.feed(b"\x1b")
    keyboard.flush()
    assert not keyboard.typing.has_help
    assert asked.wishes == []
    keyboard.feed(b"why?")
    assert not keyboard.typing.has_help


@pytest.mark.parametrize(
    ("state", "typed", "waits"),
    [("user_speaking", False, True), ("thinking", True, True), ("thinking", False, False), ("speaking", True, False)],
)
def test_a_line_that_has_to_wait_says_so(state, typed, waits):
    keyboard, asked = board(state)
    if typed:
        asked.seen.session = asked.seen.session | {"input": "typed"}
    keyboard.feed(b"tea\r")
    assert asked.wishes == ["send tea"]
    assert ("waits" in asked.seen.flash[0]) is waits


def test_the_end_of_typed_input_is_that_of_an_empty_line_where_nobody_listens():
    keyboard, asked = board()
    keyboard.feed(b"\x04")
    assert asked.wishes == []
    assert "Ctrl-C" in asked.seen.flash[0]
    asked.seen.session = asked.seen.session | {"input": "typed"}
    keyboard.feed(b"tea\x01\x04")
    assert (asked.wishes, keyboard.typing.text) == ([], "ea")
    keyboard.feed(b"\x15\x04")
    assert asked.wishes == ["end"]


def test_tab_mutes_and_opens():
    keyboard, asked = board()
    keyboard.feed(b"\t\t")
    assert asked.wishes == ["mute", "open"]


def test_space_asks_to_mute_first_while_the_microphone_is_open():
    keyboard, asked = board()
    keyboard.feed(b" ")
    assert asked.wishes == []
    assert "Tab" in asked.seen.flash[0]


def test_space_opens_a_muted_microphone_and_cuts_a_reply():
    keyboard, asked = board("speaking")
    keyboard.feed(b"\t ")
    assert asked.wishes == ["mute", "interrupt", "open"]
    assert keyboard.is_talking
    keyboard.pass_time(1e9)
    assert keyboard.is_talking, "a tap stays open until the next"


def test_without_a_microphone_its_keys_say_so():
    keyboard, asked = board()
    asked.seen.session = asked.seen.session | {"input": "typed"}
    keyboard.feed(b"\t ")
    assert asked.wishes == []
    assert "no microphone" in asked.seen.flash[0]


def test_a_space_within_a_line_is_a_space():
    keyboard, _ = board()
    keyboard.feed(b"a b")
    assert keyboard.typing.text == "a b"


def test_a_held_talk_key_closes_soon_after_its_last_repeat():
    talk = TalkKey()
    for at_s in (0.0, 0.6, 0.65, 0.70, 0.75):
        talk.pass_time(at_s)
        talk.press(at_s)
        assert talk.is_open
    talk.pass_time(0.95)
    assert talk.is_open
    talk.pass_time(1.05)
    assert not talk.is_open


def test_a_tapped_talk_key_closes_with_the_next_tap():
    talk = TalkKey()
    talk.press(0.0)
    talk.pass_time(30.0)
    assert talk.is_open
    talk.press(30.0)
    assert not talk.is_open
