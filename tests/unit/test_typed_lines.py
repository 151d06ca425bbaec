"""Lines from standard input: each is a turn, and none takes more memory than a model could read."""

from __future__ import annotations

import io
from threading import Event

from localvoice.session.inbox import Arrival, InputDone
from localvoice.turn.observations import Typed
from localvoice.typing_input import TypedLines


class Counted(io.StringIO):
    """Notes the longest piece that was asked for at once."""

    longest = 0

    def readline(self, size: int | None = -1, /) -> str:
        line = super().readline(-1 if size is None else size)
        self.longest = max(self.longest, len(line))
        return line


def typed(stream: io.StringIO) -> list[str]:
    texts, done = [], Event()

    def post(arrival: Arrival) -> None:
        if isinstance(arrival, Typed):
            texts.append(arrival.text)
        if isinstance(arrival, InputDone):
            done.set()

    TypedLines(post, lambda: 0.0, from_terminal=False, ends_session=True, stream=stream).start()
    assert done.wait(30)
    return texts


def test_each_line_is_a_turn_and_an_empty_one_is_none():
    assert typed(io.StringIO("one\r\n\n  two \nthree")) == ["one", "two", "three"]


def test_of_a_line_without_end_the_beginning_is_kept_and_the_next_line_is_one():
    stream = Counted("a" * 1_000_000 + "b\n" + "c" * 100_000 + "\n" + "d" * 99_999 + "\nlast\n")
    texts = typed(stream)
    assert [(text[0], len(text)) for text in texts] == [("a", 100_000), ("c", 100_000), ("d", 99_999), ("l", 4)]
    assert stream.longest == 100_000
