"""The screen between events and terminal: it draws what changes, when it changes, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from localvoice.session.hand import Saying
from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.painter import Painter
from localvoice.ui.live.screen import Feed, LiveScreen
from localvoice.ui.live.view import View
from tests.unit.live.test_screen_keys import Asked
from tests.unit.live.test_screen_view import STARTED
from tests.virtual_time import run


class Paper:
    """A terminal that keeps what is written."""

    is_unicode = True

    def __init__(self) -> None:
        self.is_entered = False
        self.is_in_front = True
        self.takes = True
        self.written: list[str] = []

    def enter(self) -> None:
        self.is_entered = True

    def leave(self) -> None:
        self.is_entered = False

    @property
    def is_ready(self) -> bool:
        return self.takes

    def write(self, text: str) -> None:
        self.written.append(text)

    def size(self) -> tuple[int, int]:
        return 80, 24


def desk(feed: Feed) -> SimpleNamespace:
    seen, paper = View(), Paper()
    screen = LiveScreen(seen, paper, Painter({}), Keyboard(Asked(seen), seen), feed)
    screen({**STARTED})
    return SimpleNamespace(screen=screen, paper=paper, view=seen)


def drawn_while(at: SimpleNamespace, *changes: Callable[[], object]) -> list[list[str]]:
    """What is written in half a second of virtual time behind each of `changes`."""

    async def looked_at() -> list[list[str]]:
        drawing, drawn = asyncio.create_task(at.screen.run()), []
        await asyncio.sleep(0.3)
        for change in changes:
            before = len(at.paper.written)
            change()
            await asyncio.sleep(0.5)
            drawn.append(at.paper.written[before:])
        drawing.cancel()
        await asyncio.wait((drawing,))
        return drawn

    return run(looked_at())


def nothing() -> None:
    """A change of nothing."""


def test_nothing_is_written_while_nothing_changes():
    at = desk(Feed(levels=lambda: (-90.0, -90.0)))
    at.screen.enter()
    assert drawn_while(at, nothing) == [[]]


def test_a_level_is_drawn_with_its_line_and_no_other():
    level = [-90.0]
    at = desk(Feed(levels=lambda: (level[0], -90.0)))
    at.screen.enter()
    [[drawn, *_]] = drawn_while(at, lambda: level.__setitem__(0, -10.0))
    assert "mic ████████" in drawn
    assert "pocketsphinx" not in drawn


def test_the_reply_is_followed_while_it_is_said():
    heard = [""]
    at = desk(Feed(lambda: Saying(1, "One two.", heard[0])))
    at.screen.enter()
    at.screen({"type": "reply_started", "turn": 1, "t": 0.0, "origin": "user"})
    drawn_while(at, lambda: heard.__setitem__(0, "One"))
    assert (at.view.reply.text, at.view.reply.heard) == ("One two.", 3)


def test_a_terminal_that_takes_nothing_is_drawn_when_it_does():
    at = desk(Feed())
    at.view.session = at.view.session | {"input": "typed"}
    at.screen.enter()
    at.paper.takes = False
    before, after = drawn_while(at, lambda: at.screen.note("a note"), lambda: setattr(at.paper, "takes", True))
    assert before == []
    assert "a note" in "".join(after)


def test_an_idle_typed_conversation_is_not_looked_at():
    looks = []
    at = desk(Feed(levels=lambda: looks.append(1) or (-90.0, -90.0)))
    at.view.session = at.view.session | {"input": "typed"}
    at.screen.enter()
    drawn_while(at, nothing)
    assert len(looks) <= 2


def test_in_the_background_nothing_is_touched():
    at = desk(Feed())
    at.paper.is_in_front = False
    at.screen.enter()
    drawn_while(at, lambda: at.screen.note("a note"))
    assert at.paper.written == []


def test_what_is_told_after_the_screen_is_left_is_not_lost():
    at = desk(Feed())
    at.screen.enter()
    at.screen.leave()
    at.screen({"type": "warning", "t": 1.0, "code": "x", "message": "the disk is full"})
    at.screen.close()
    assert at.paper.written[-1] == "warning: the disk is full\n"
    assert not at.paper.is_entered


@pytest.mark.parametrize("entered", [True, False])
def test_another_size_draws_everything_where_it_is_ours(entered):
    at = desk(Feed())
    if entered:
        at.screen.enter()
        at.screen.note("said before")
        at.screen.draw()
    before = len(at.paper.written)
    at.paper.size = lambda: (60, 20)
    at.screen.resized()
    new = at.paper.written[before:]
    assert bool(new) is entered
    assert all(part in new[0] for part in ("said before", "listening", "pocketsphinx")) if new else True


def test_what_was_not_printed_yet_is_printed_however_little_room_there_is():
    at = desk(Feed())
    at.screen.enter()
    for number in range(50):
        at.screen.note(f"note {number};")
    at.paper.size = lambda: (60, 12)
    at.screen.resized()
    assert all(f"note {number};" in at.paper.written[-1] for number in range(50))
