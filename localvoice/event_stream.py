"""Server-sent events: bytes in, the data of each event out. No connection is known here."""

from __future__ import annotations

_LONGEST_BYTES = 4 * 1024 * 1024
"""A line beyond this is no event of a language model."""


class EventStream:
    """Takes bytes in pieces of any size. Only `data` matters to us; names, comments and retry times are passed over.

    Lines end at a line feed alone or behind a carriage return: JSON may hold any other separator.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that are complete now.

        Raises:
            ValueError: what comes is no stream of events.
        """
        self._line += piece
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        if len(rest) > _LONGEST_BYTES:
            raise ValueError("a line without an end")
        events = (self._take(bytes(line.removesuffix(b"\r"))) for line in lines)
        return [event for event in events if event is not None]

    def _take(self, line: bytes) -> str | None:
        if line:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            return None
        if not self._data:
            return None
        data = b"\n".join(self._data)
        self._data.clear()
        return data.decode("utf-8", errors="replace")
