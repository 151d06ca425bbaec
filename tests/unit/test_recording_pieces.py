"""Where a recording is cut for recognisers that take one utterance at a time, and how subtitles look."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.app.pieces import LONGEST_S, Piece, speech_pieces
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.vad import WINDOW_S
from localvoice.config import VadConfig
from localvoice.messages import Segment
from localvoice.streams import Cancelled, CancelToken
from localvoice.text.subtitles import srt


class LoudIsSpeech:
    """A detector whose probability is the level of the window."""

    name = "fake-vad"

    def probability(self, window: Samples) -> float:
        return float(window.max())

    def reset(self) -> None: ...


def pieces(*stretches: tuple[float, float], preroll_ms: int = 300) -> list[Piece]:
    """The pieces of a sound made of (seconds, probability)."""
    sound = np.concatenate([np.full(int(seconds * SPEECH_RATE_HZ), level, np.float32) for seconds, level in stretches])
    return speech_pieces(sound, LoudIsSpeech(), VadConfig(preroll_ms=preroll_ms), CancelToken())


def spans(found: list[Piece]) -> list[float]:
    return [at_s for piece in found for at_s in (piece.start_s, piece.end_s)]


def test_a_long_pause_separates_and_a_short_one_does_not():
    found = pieces((0.5, 0), (1, 0.9), (0.3, 0), (1, 0.9), (1, 0), (1, 0.9), (0.5, 0))
    assert spans(found) == pytest.approx([0.5, 2.8, 3.8, 4.8], abs=0.1)


def test_a_piece_has_some_silence_around_it_but_none_of_its_neighbours():
    alone, *_ = pieces((1, 0), (1, 0.9), (1, 0))
    assert len(alone.samples) / SPEECH_RATE_HZ == pytest.approx(1.5, abs=0.1)
    for piece in pieces((1, 0.9), (0.8, 0), (1, 0.8), preroll_ms=2000):
        assert len(set(np.unique(piece.samples)) - {0.0}) == 1


def test_speech_without_a_pause_is_cut_where_it_is_least_like_speech():
    found = pieces((12, 0.9), (2 * WINDOW_S, 0.5), (12, 0.9))
    assert spans(found) == pytest.approx([0, 12, 12, 24], abs=0.1)
    assert sum(len(piece.samples) for piece in found) == pytest.approx(24 * SPEECH_RATE_HZ, rel=0.01)


def test_no_piece_is_longer_than_the_limit():
    for piece in pieces((70, 0.9)):
        assert piece.end_s - piece.start_s <= LONGEST_S


def test_pauses_do_not_join_what_would_be_too_long():
    found = pieces(*[(8, 0.9), (0.3, 0)] * 3)
    assert len(found) == 3


def test_speech_up_to_the_last_sample_counts():
    found = pieces((0.5, 0), (1.01, 0.9))
    assert spans(found) == pytest.approx([0.5, 1.51], abs=0.1)
    assert found[0].end_s <= 1.51


def test_silence_has_no_pieces():
    assert pieces((3, 0)) == []


def test_cutting_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        speech_pieces(np.zeros(SPEECH_RATE_HZ, np.float32), LoudIsSpeech(), VadConfig(), token)


def test_subtitles_are_numbered_blocks_in_one_line_each():
    text = srt([Segment(0.0, 1.9996, "One\ntwo"), Segment(2.0, 3.0, " "), Segment(3725.25, 3726.0, "Three")])
    assert text == "1\n00:00:00,000 --> 00:00:02,000\nOne two\n\n2\n01:02:05,250 --> 01:02:06,000\nThree\n"


def test_subtitles_of_silence_are_empty():
    assert srt([]) == ""
