"""How a streaming recogniser is spoken to, without a socket: a `Wire`, and what is made of an `Utterance` on it.

Rule of this file, and of the files that fill it in: no socket, no clock, no key. `socket_recognizer.py` has those.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localvoice.stt.hypothesis import Hypothesis

Frame = str | bytes
"""A message: text or binary."""


class Complaint(Exception):
    """The service says that it will not go on."""

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(code, said)
        self.code = code
        """The service's own word for it."""
        self.said = said


class Utterance(ABC):
    """One utterance: what is sent, and what is made of the answers."""

    def __init__(self) -> None:
        self.words = Hypothesis()
        self.prompt = ""
        """What was said before, for services that want to know."""
        self.settled_s: float | None = None
        """As in `Partial`."""
        self._asked_s = 0.0
        self._open_s: list[float] = []
        """Up to where the words were asked for, question by question without an answer."""
        self._has_ended = False

    def opening(self) -> Iterable[Frame]:
        """Sent before the sound."""
        return ()

    def sound(self, pcm: bytes) -> Frame:
        """A piece of it: 16 bits a sample, 16 kHz."""
        return pcm

    def ask(self, at_s: float) -> Iterable[Frame]:
        """Sent where the speaker pauses, after `at_s` of sound: asks for the words so far, where that can be asked."""
        frames = () if at_s == self._asked_s else tuple(self._question())
        self._asked_s = at_s
        if frames:
            self._open_s.append(at_s)
        return frames

    def end(self, at_s: float) -> Iterable[Frame]:
        """Sent behind the sound: asks for the rest of the words, and says that nothing follows."""
        self._open_s.append(at_s)
        self._has_ended = True
        return self._ending()

    def _question(self) -> Iterable[Frame]:
        """What asks."""
        return ()

    @abstractmethod
    def _ending(self) -> Iterable[Frame]:
        """What asks for the last time."""

    @abstractmethod
    def take(self, message: Frame) -> bool:
        """Read a message into `words`. Whether it says that no word will follow.

        Raises:
            Complaint: it says that the service will not go on.
            ValueError, LookupError, TypeError, AttributeError: it cannot be read.
        """

    def is_whole(self) -> bool:
        """Whether no word is missing where the service now closes the socket in good order."""
        return False

    def _answer(self) -> bool:
        """What just came answers the oldest question that is open, where there is one. Whether that was the last."""
        if self._open_s:
            self.settled_s = self._open_s.pop(0)
        return self._has_ended and not self._open_s


@dataclass(frozen=True, slots=True)
class Wire:
    """A service's protocol, as far as a table can hold it."""

    path: str
    """Behind the service's address, with its query."""
    utterance: Callable[[], Utterance]
    key_header: str = "Authorization"
    key_prefix: str = ""
    headers: Callable[[], Mapping[str, str]] = dict
    """Further ones, for each socket anew."""
    greets: bool = False
    """Whether the service speaks first; whether it takes the key is only known then."""
    is_kept_warm: bool = False
    """Whether the next socket may be made ahead: it must cost nothing while it is not used."""
    keep_alive: Frame | None = None
    """What is sent while there is no sound to send."""
    keep_alive_s: float = 0.0
    """After so many seconds of that."""
    farewell: Frame | None = None
    """What must be said before hanging up; None: just hanging up will do."""
    piece_s: float = 0.1
    """Seconds of sound in a message."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """The HTTP statuses that its own codes of failures, and its codes for closing, amount to; others count as 500."""
