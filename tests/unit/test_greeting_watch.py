"""What is kept while the first words are said: all of it once, with a second from before."""

from __future__ import annotations

import numpy as np

from localvoice.audio.greeting_watch import GreetingWatch
from localvoice.audio.samples import silence
from localvoice.audio.self_test import Take

QUIET = silence(160)
LOUD = np.full(160, 0.1, dtype=np.float32)


class Listening:
    """Blocks that say which one they are."""

    def __init__(self) -> None:
        self.takes: list[Take] = []
        self.watch = GreetingWatch(self.takes.append)
        self.count = 0

    def hear(self, blocks: int, far: np.ndarray) -> None:
        for _ in range(blocks):
            self.count += 1
            mark = np.full(160, self.count / 10_000, dtype=np.float32)
            self.watch.block(mark, far, -mark)

    @property
    def take(self) -> Take:
        (take,) = self.takes
        return take


def test_it_ends_when_we_have_been_quiet_for_longer_than_a_pause():
    listening = Listening()
    listening.hear(300, QUIET)
    listening.hear(50, LOUD)
    listening.hear(60, QUIET)  # held for a sound, and on
    listening.hear(40, LOUD)
    listening.hear(79, QUIET)
    assert not listening.takes
    listening.hear(1, QUIET)
    take = listening.take
    assert len(take.near) == len(take.far) == len(take.clean) == (100 + 50 + 60 + 40 + 80) * 160
    np.testing.assert_allclose(take.near[::160], np.arange(201, 531) / 10_000, rtol=1e-5)
    np.testing.assert_array_equal(take.clean, -take.near)
    np.testing.assert_array_equal(take.far[100 * 160 : 150 * 160], LOUD[0])


def test_windows_stand_where_they_ended():
    listening = Listening()
    listening.hear(5, QUIET)
    listening.watch.window(0.1)
    listening.hear(3, LOUD)
    listening.watch.window(0.7)
    listening.hear(80, QUIET)
    assert listening.take.voices == ((8 * 160, 0.7),)


def test_a_long_greeting_is_heard_for_12_s():
    listening = Listening()
    listening.hear(1199, LOUD)
    assert not listening.takes
    listening.hear(1, LOUD)
    assert len(listening.take.near) == 12 * 16_000


def test_silence_is_not_kept():
    listening = Listening()
    listening.hear(5000, QUIET)
    assert not listening.takes
    listening.hear(1, LOUD)
    listening.hear(80, QUIET)
    assert len(listening.take.near) == 181 * 160


def test_what_is_fainter_than_50_dbfs_is_no_word_of_ours():
    listening = Listening()
    listening.hear(300, np.full(160, 10 ** (-51 / 20), dtype=np.float32))
    listening.hear(1, np.full(160, 10 ** (-49 / 20), dtype=np.float32))
    listening.hear(80, np.full(160, 10 ** (-51 / 20), dtype=np.float32))
    assert len(listening.take.near) == 181 * 160
