"""The view as lines: everything has its place in every window."""

from __future__ import annotations

import time

import pytest

from localvoice.ui.live.lines import HELP, METER_CELLS, Typing, ascii_only, frame, paragraph
from localvoice.ui.live.meters import Meters
from localvoice.ui.live.spans import SHADES, clipped, escaped, plain_shades, width_of, wrapped
from localvoice.ui.live.view import Said, View
from localvoice.ui.live.waterfall import waterfall
from tests.unit.live.test_screen_view import view

STAGES = {
    "endpoint_ms": 200.0,
    "stt_ms": 100.0,
    "llm_first_token_ms": 300.0,
    "llm_first_sentence_ms": 0.0,
    "tts_first_audio_ms": 100.0,
    "playback_ms": 42.0,
    "total_ms": 742.0,
}
SIZES = [(200, 50), (120, 30), (79, 23), (60, 12), (40, 8), (20, 5), (10, 3), (5, 1), (1, 1)]


def shown(seen: View, typing: Typing | None = None, width: int = 79, height: int = 23) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in frame(seen, typing or Typing(), width, height).lines]


def busy() -> View:
    seen = view({"type": "state", "from": "thinking", "to": "speaking"})
    seen.metrics, seen.user = STAGES, Said("what is seven plus eight and so on and on and on" * 4, 7)
    seen.follow(1, "It is fifteen. " * 40, 14)
    seen.sound.near, seen.sound.far = 3, 5
    return seen


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    "typing", [Typing(), Typing("x" * 300, 299), Typing("/v", 2, ("/voice",)), Typing(has_help=True)]
)
def test_nothing_is_wider_or_higher_than_the_window(width, height, typing):
    made = frame(busy(), typing, width, height)
    assert len(made.lines) <= height
    assert max(map(width_of, made.lines)) <= width
    row, cell = made.cursor
    assert row < len(made.lines)
    assert cell <= max(width, 2)


@pytest.mark.parametrize("width", [79, 199])
def test_all_that_matters_is_on_the_screen(width):
    text = "\n".join(shown(busy(), width=width, height=23))
    for part in (
        "▶ speaking",
        "mic ███",
        "voice █████",
        "742 ms",
        "wait 200",
        "think 300",
        "pocketsphinx°",
        "° starter",
        "⛨ sealed",
        "$0.0000",
        "you: what is",
        "localvoice: It is",
        "\n>",
    ):
        assert part in text


def test_heard_words_are_brighter_than_unsaid_ones():
    seen = view()
    seen.follow(1, "One two three.", 7)
    [line, *_] = frame(seen, Typing(), 79, 23).lines
    assert [(text.strip(), style) for text, style in line if text.strip()] == [
        ("localvoice:", "name"), ("One two", "heard"), ("three.", "unsaid"),
    ]  # fmt: skip
    assert escaped([("heard", "heard"), ("unsaid", "unsaid")], SHADES) == "\x1b[1mheard\x1b[0m\x1b[2munsaid\x1b[0m"


def test_a_long_reply_shows_its_end_and_keeps_the_panel():
    lines = shown(busy(), height=12)
    assert len(lines) == 12
    assert lines[-2].startswith(">")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hold": "pause", "state": "overlap"}, "paused, is it you?"),
        ({"hold": "duck", "state": "overlap"}, "lowered, is it you?"),
        ({"flash": ("false alarm: echo", "warn")}, "false alarm: echo"),
    ],
)
def test_what_happens_to_the_reply_stands_beside_the_state(change, expected):
    seen = view()
    for name, value in change.items():
        setattr(seen, name, value)
    assert expected in shown(seen)[1]


def test_a_muted_microphone_is_told_twice():
    seen = view({"type": "microphone", "muted": True})
    assert "microphone muted" in shown(seen)[1]
    assert "MUTED" in shown(seen)[1]


def test_a_typed_conversation_has_no_meter_for_a_microphone():
    seen = view()
    seen.session = seen.session | {"input": "typed"}
    assert "mic" not in shown(seen)[1]


def test_the_bar_is_as_long_as_the_whole_and_in_proportion():
    line = waterfall(STAGES, 100)
    bar = {style: text for text, style in line if text and set(text) <= set("█▓▒░▞▪")}
    assert sum(map(len, bar.values())) == 40
    assert len(bar["think"]) == pytest.approx(40 * 300 / 742, abs=1)
    assert waterfall({}, 80) == [("no answer yet", "dim")]
    assert waterfall({"total_ms": 0.0}, 80)[0] == ("0 ms ", "bold")


def test_help_covers_the_conversation_and_not_the_panel():
    lines = shown(busy(), Typing(has_help=True))
    assert any(line.startswith("Esc") for line in lines)
    assert not any("localvoice:" in line for line in lines)
    assert any("▶ speaking" in line for line in lines)


def test_no_line_of_help_is_cut_in_a_window_of_80_columns():
    lines = shown(busy(), Typing(has_help=True))
    assert all(any(line.endswith(text) for line in lines) for _, text in HELP)


def test_what_a_model_writes_cannot_touch_the_terminal():
    [line] = paragraph([("a\x1b[2Jb\rc\u202ed\x07", "")], 79)
    assert "".join(text for text, _ in line) == "a [2Jb cd "


def test_nothing_that_is_written_carries_codes_of_its_own():
    assert escaped([("a\x1b[2Jb\nc", "heard")], SHADES) == "\x1b[1ma [2Jb c\x1b[0m"


@pytest.mark.parametrize("letters", ["word ", "日本 "])
def test_a_pasted_book_does_not_hold_up_the_screen(letters):
    book = letters * 20_000
    began_s = time.process_time()
    lines = shown(View(), Typing(book, len(book)))
    assert time.process_time() - began_s < 0.2
    assert any(line.endswith(book[-20:].rstrip()) for line in lines)


def test_wide_letters_are_counted_as_the_terminal_counts_them():
    lines = wrapped([("日本語の長い文章です", "")], 8, indent=2)
    assert max(map(width_of, lines)) <= 8
    assert "".join(text.strip() for line in lines for text, _ in line) == "日本語の長い文章です"
    assert clipped([("日本語", "")], 5) == [("日本", "")]


def test_without_colour_only_bold_and_dim_are_left():
    assert set(plain_shades().values()) <= {"1", "2"}
    assert plain_shades()["unsaid"] == "2"


def test_without_unicode_every_sign_has_another():
    lines = frame(busy(), Typing(), 79, 23).lines
    assert all("".join(text for text, _ in ascii_only(line)).isascii() for line in lines)


def test_a_meter_rises_at_once_and_falls_slowly():
    meters = Meters()
    assert meters.step(-10.0, -120.0) == (METER_CELLS, 0)
    assert [meters.step(-120.0, -120.0)[0] for _ in range(3)] == [7, 6, 5]
