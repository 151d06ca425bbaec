"""A television behind the user's words: where their turn ends, and who is heard all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from localvoice.config import Config, TurnConfig
from localvoice.turn.decisions import Decision, SpeechStopped, TurnEnded, TurnOpened, TurnResumed
from localvoice.turn.observations import NothingSaid, Window
from localvoice.turn.speech_gate import WINDOW_S
from localvoice.turn.taking import TurnTaking

USER_DB, TELEVISION_DB = -22.0, -37.0
Stretch = tuple[float, float | None]
"""Seconds of somebody's voice, and its level."""


class Room:
    """Turn-taking without any votes: so much silence ends a turn."""

    def __init__(self, silence_ms: int = 600) -> None:
        self.taking = TurnTaking(Config(turn=TurnConfig(silence_ms=silence_ms)))
        self._windows = 0

    @property
    def now_s(self) -> float:
        return self._windows * WINDOW_S

    def hear(self, *stretches: Stretch) -> list[Decision]:
        """What is decided while these voices are heard, one after the other."""
        return [one for window in self._heard(stretches) for one in self.taking.step(window)]

    def _heard(self, stretches: tuple[Stretch, ...]) -> Iterator[Window]:
        for seconds, level_db in stretches:
            for _ in range(round(seconds / WINDOW_S)):
                self._windows += 1
                yield Window(self.now_s, 0.0 if level_db == QUIET_DB else 0.95, level_db)


QUIET_DB = -70.0
USER, TELEVISION, QUIET = (1.6, USER_DB), (4.0, TELEVISION_DB), (2.0, QUIET_DB)


D = TypeVar("D")


def of(kind: type[D], decided: list[Decision]) -> list[D]:
    return [one for one in decided if isinstance(one, kind)]


def test_a_turn_ends_though_a_television_goes_on() -> None:
    ended = of(TurnEnded, Room().hear(USER, TELEVISION))
    assert len(ended) == 1
    assert 1.6 <= ended[0].speech_end_s < 1.9, "where the user's words end, and not where that was noticed"
    assert 2.6 < ended[0].at_s < 2.9


def test_a_soft_last_word_belongs_to_the_turn() -> None:
    ended = of(TurnEnded, Room().hear(USER, (0.9, TELEVISION_DB), QUIET))
    assert ended[0].speech_end_s == pytest.approx(2.5, abs=0.05)


def test_without_levels_every_voice_counts() -> None:
    room = Room()
    assert not of(TurnEnded, room.hear((1.6, None), (4.0, None)))


def test_who_speaks_softly_from_the_start_is_heard() -> None:
    room = Room()
    assert len(of(TurnEnded, room.hear(USER, QUIET))) == 1
    room.taking.step(NothingSaid(room.now_s, room.taking.turn))
    heard_s = room.now_s + 2.0
    assert of(TurnEnded, room.hear((2.0, TELEVISION_DB), QUIET))[0].speech_end_s == pytest.approx(heard_s, abs=0.05)


def test_the_television_does_not_resume_the_turn_and_the_user_does() -> None:
    room = Room()
    assert not of(TurnResumed, room.hear(USER, TELEVISION))
    assert len(of(TurnResumed, room.hear(USER))) == 1


def test_a_television_that_is_known_opens_no_turn_and_ends_one_sooner() -> None:
    room = Room()
    room.hear(USER, TELEVISION)
    room.taking.step(NothingSaid(room.now_s, room.taking.turn))
    assert not of(TurnOpened, room.hear(TELEVISION))
    began_s = room.now_s
    decided = room.hear(USER, TELEVISION)
    assert len(of(TurnOpened, decided)) == 1
    assert of(SpeechStopped, decided)[0].detected_s - began_s < 2.0
    assert of(TurnEnded, decided)[0].at_s - began_s < 2.5


def test_behind_five_seconds_without_a_television_a_soft_voice_is_the_users() -> None:
    room = Room()
    room.hear(USER, TELEVISION)
    room.taking.step(NothingSaid(room.now_s, room.taking.turn))
    room.hear((5.1, QUIET_DB))
    assert len(of(TurnOpened, room.hear(TELEVISION))) == 1


def test_who_goes_on_softly_when_the_television_is_off_is_heard_as_long_as_at_first() -> None:
    room = Room()
    room.hear(USER, TELEVISION, (5.1, QUIET_DB))
    began_s = room.now_s
    decided = room.hear((0.5, TELEVISION_DB), QUIET)
    assert len(of(TurnResumed, decided)) == 1
    assert of(SpeechStopped, decided)[0].at_s == pytest.approx(began_s + 0.5, abs=0.05)


def test_a_user_who_raises_their_voice_against_it_goes_on_at_once() -> None:
    decided = Room(silence_ms=1500).hear(USER, (1.3, TELEVISION_DB), USER, QUIET)
    assert len(of(SpeechStopped, decided)) == 2, "it was noticed"
    assert len(of(TurnEnded, decided)) == 1
    assert of(TurnEnded, decided)[0].speech_end_s == pytest.approx(4.5, abs=0.05)


@pytest.mark.parametrize(("below_db", "turns"), [(6.0, 1), (8.0, 0)])
def test_while_a_television_is_known_a_turn_is_opened_by_who_is_nearly_as_loud_as_the_user(
    below_db: float, turns: int
) -> None:
    room = Room()
    room.hear(USER, TELEVISION)
    room.taking.step(NothingSaid(room.now_s, room.taking.turn))
    assert len(of(TurnOpened, room.hear((1.0, USER_DB - below_db), QUIET))) == turns
