"""Where the live screen is drawn, and where lines are written instead."""

from __future__ import annotations

import io
import sys

import pytest

from localvoice.ui.live.terminal import can_be_drawn_on


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("platform", "term", "is_drawn"),
    [
        ("linux", "xterm", True),
        ("darwin", "xterm-256color", True),
        ("win32", "xterm", False),
        ("linux", "dumb", False),
        ("linux", "", False),
    ],
)
def test_a_terminal_that_understands_it_gets_a_screen(monkeypatch, platform, term, is_drawn):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("TERM", term)
    assert can_be_drawn_on(Terminal(), Terminal()) is is_drawn


@pytest.mark.parametrize("ends", [(Terminal(), io.StringIO()), (io.StringIO(), Terminal()), (None, Terminal())])
def test_no_screen_where_one_end_is_no_terminal(monkeypatch, ends):
    monkeypatch.setenv("TERM", "xterm")
    assert not can_be_drawn_on(*ends)
    closed = Terminal()
    closed.close()
    assert not can_be_drawn_on(closed, io.StringIO())
