"""Frames on a terminal: an emulator shows what a user would see."""

from __future__ import annotations

import pyte
import pytest

from localvoice.ui.live.painter import Painter
from localvoice.ui.live.spans import SHADES, Line


def line(text: str, style: str = "") -> Line:
    return [(text, style)]


class Tmux(pyte.HistoryScreen):
    """Keeps what is erased from the first cell to the last, as tmux does."""

    def erase_in_display(self, how: int = 0, *more: object, **named: object) -> None:
        if how == 0 and (self.cursor.x, self.cursor.y) == (0, 0):
            self.history.top.extend(self.buffer[row].copy() for row in range(self.lines))
        super().erase_in_display(how, *more, **named)


class Glass:
    """An emulated terminal."""

    def __init__(self, columns: int = 20, rows: int = 6) -> None:
        self.screen = Tmux(columns, rows, history=100)
        self._stream = pyte.Stream(self.screen)
        self.painter = Painter(SHADES)

    def show(self, code: str) -> list[str]:
        self._stream.feed(code.replace("\n", "\r\n").replace("\r\r\n", "\r\n"))
        return [row.rstrip() for row in self.screen.display]

    def paint(self, printed: list[str], lines: list[str], cursor: tuple[int, int] = (0, 0)) -> list[str]:
        return self.show(self.painter.paint(list(map(line, printed)), list(map(line, lines)), cursor))

    @property
    def scrolled(self) -> list[str]:
        return ["".join(row[at].data for at in range(self.screen.columns)).rstrip() for row in self.screen.history.top]


def test_what_was_there_before_is_kept_in_the_terminals_memory():
    glass = Glass()
    glass.show("$ localvoice\nloading\n")
    shown = glass.show(glass.painter.clear_away((20, 6)))
    assert not any(shown)
    assert [row for row in glass.scrolled if row] == ["$ localvoice", "loading"]


def test_paragraphs_scroll_away_and_the_panel_stays_below():
    glass = Glass()
    glass.show(glass.painter.clear_away((20, 6)))
    for number in range(8):
        shown = glass.paint([f"said {number}"], ["panel", "> "], (1, 2))
    assert shown == ["said 4", "said 5", "said 6", "said 7", "panel", ">"]
    assert [row for row in glass.scrolled if row] == [f"said {number}" for number in range(4)]
    assert (glass.screen.cursor.y, glass.screen.cursor.x) == (5, 2)


def test_only_lines_that_changed_are_written():
    glass = Glass()
    glass.paint([], ["one", "two", "three"])
    code = glass.painter.paint([], [line("one"), line("2"), line("three")], (0, 0))
    assert "one" not in code
    assert "three" not in code
    assert glass.show(code)[:3] == ["one", "2", "three"]


def test_a_panel_that_shrinks_leaves_nothing_behind():
    glass = Glass()
    glass.paint([], ["a", "b", "c", "d"], (3, 0))
    assert glass.paint([], ["x", "y"], (1, 0))[:4] == ["x", "y", "", ""]


@pytest.mark.parametrize("size", [(12, 4), (40, 6)])
def test_another_size_begins_again(size):
    glass = Glass()
    glass.paint(["said"], ["a wide line indeed", "> "], (1, 2))
    glass.screen.resize(size[1], size[0])
    glass.show(glass.painter.begin_again([line("said")], [line("short"), line("> ")], (1, 2)))
    assert [row.rstrip() for row in glass.screen.display][:3] == ["said", "short", ">"]
    assert not any(row.strip() for row in glass.screen.display[3:])


def test_no_panel_gets_into_the_terminals_memory():
    glass = Glass()
    glass.show(glass.painter.clear_away((20, 6)))
    for lines in (["panel 1", "> "], ["open", "panel 2", "> "], ["panel 3", "> "]):
        glass.paint([], lines, (len(lines) - 1, 2))
    glass.show(glass.painter.begin_again([], [line("panel 4"), line("> ")], (1, 2)))
    glass.paint([f"said {number}" for number in range(5)], ["panel 5", "> "], (1, 2))
    glass.show(glass.painter.end())
    assert [row for row in glass.scrolled if row] == ["said 0"]
    assert [row.rstrip() for row in glass.screen.display if row.strip()] == [f"said {number}" for number in range(1, 5)]


def test_a_window_that_has_grown_keeps_what_came_back_above():
    glass = Glass()
    glass.show(glass.painter.clear_away((20, 6)))
    glass.paint(["said"], ["panel", "> "], (1, 2))
    assert glass.painter.stays_in((30, 8))
    glass.screen.resize(8, 30)
    glass.screen.cursor_up(9)
    glass.screen.insert_lines(2)  # a terminal that shows lines of old again moves all of ours, and the cursor
    glass.screen.cursor_down(4)
    glass.show(glass.painter.draw_over([], [line("wider panel"), line("> ")], (1, 2)))
    assert [row.rstrip() for row in glass.screen.display] == ["", "", "said", "wider panel", ">", "", "", ""]


@pytest.mark.parametrize("size", [(19, 6), (20, 5), (10, 50)])
def test_a_window_that_shrinks_is_drawn_anew(size):
    glass = Glass()
    glass.painter.clear_away((20, 6))
    assert not glass.painter.stays_in(size)


def test_the_end_leaves_what_was_said_and_the_cursor_below_it():
    glass = Glass()
    glass.paint(["said"], ["panel", "> "], (1, 2))
    assert glass.show(glass.painter.end()) == ["said", "", "", "", "", ""]
    assert (glass.screen.cursor.y, glass.screen.cursor.x) == (1, 0)
