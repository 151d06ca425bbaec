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
        self.answered = 0
        """How many questions have their answer: the words up to there are whole."""
        self._asked = 0
        self._has_ended = False

    def opening(self) -> Iterable[Frame]:
        """Sent before the sound."""
        return ()

    def sound(self, pcm: bytes) -> Frame:
        """A piece of it: 16 bits a sample, 16 kHz."""
        return pcm

    def ask(self) -> Iterable[Frame]:
        """Sent where the speaker pauses: asks for the words so far. Nothing where the service cannot be asked."""
        frames = tuple(self._question())
        self._asked += bool(frames)
        return frames

    def end(self) -> Iterable[Frame]:
        """Sent behind the sound: asks for the rest of the words, and says that nothing follows."""
        self._asked += 1
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
        self.answered = min(self.answered + 1, self._asked)
        return self._has_ended and self.answered == self._asked


@dataclass(frozen=True, slots=True)
class Wire:
    """A service's protocol, as far as a table can hold it."""

    path: str
    """Behind the service's address, with its query."""
    utterance: Callable[[], Utterance]
    key_header: str = "Authorization"
    key_prefix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further ones."""
    greets: bool = False
    """Whether the service speaks first; whether it takes the key is only known then."""
    is_kept_warm: bool = False
    """Whether the next socket may be made ahead: it must cost nothing while it is not used."""
    keep_alive: Frame | None = None
    """What is sent while there is no sound to send."""
    keep_alive_s: float = 0.0
    """After so many seconds of that."""
    piece_s: float = 0.1
    """Seconds of sound in a message."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """The HTTP statuses that its own codes of failures, and its codes for closing, amount to; others count as 500."""
