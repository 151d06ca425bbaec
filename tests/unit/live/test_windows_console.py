"""What Windows' console hands out, as keys and as a terminal. Windows itself is not asked."""

from __future__ import annotations

import io
import queue

import pytest

from localvoice.ui.live.keys import Key, Keys
from localvoice.ui.live.windows_console import ConsoleKeys, WindowsConsole
from tests.waiting import until


def keys_of(units: queue.SimpleQueue[str]) -> ConsoleKeys:
    return ConsoleKeys(units.get, lambda: not units.empty())


@pytest.mark.parametrize(
    ("units", "pressed"),
    [
        ("a", "a"),
        ("\xe0H", Key.UP),
        ("\x00P", Key.DOWN),
        ("\xe0K", Key.LEFT),
        ("\xe0M", Key.RIGHT),
        ("\xe0G", Key.HOME),
        ("\xe0O", Key.END),
        ("\xe0S", Key.DELETE),
        ("\xe0", "à"),
        ("\ud83d\ude00", "😀"),
        ("\r", Key.ENTER),
        ("\t", Key.TAB),
        ("\x08", Key.BACKSPACE),
    ],
)
def test_a_key_is_what_a_terminal_of_unix_makes_of_it(units, pressed):
    given: queue.SimpleQueue[str] = queue.SimpleQueue()
    for unit in units:
        given.put(unit)
    assert list(Keys().feed(keys_of(given).read().encode())) == [pressed]
    assert given.empty()


def test_a_key_that_nobody_knows_is_none():
    given: queue.SimpleQueue[str] = queue.SimpleQueue()
    for unit in "\x00;x":  # F1, and a letter behind it
        given.put(unit)
    keys = keys_of(given)
    assert [keys.read(), keys.read()] == ["", "x"]


async def test_keys_come_as_they_are_typed_and_are_thrown_away_when_nobody_watches():
    given: queue.SimpleQueue[str] = queue.SimpleQueue()
    console = WindowsConsole(io.StringIO(), keys_of(given), is_unicode=True)
    came: list[bytes] = []
    console.watch(lambda: came.append(console.read()))
    given.put("a")
    await until(lambda: came)
    console.unwatch()
    given.put("b")
    await until(given.empty)
    console.watch(lambda: came.append(console.read()))
    given.put("c")
    await until(lambda: len(came) > 1)
    assert came == [b"a", b"c"]


async def test_what_is_written_stands_there_and_the_cursor_comes_back():
    shown = io.StringIO()
    console = WindowsConsole(shown, ConsoleKeys(str, bool), is_unicode=True)
    console.leave()
    console.enter()
    console.write("drawn")
    console.leave()
    assert shown.getvalue() == "drawn\x1b[?25h"
    assert console.size() == (80, 24)
