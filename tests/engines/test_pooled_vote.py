"""What smart-turn hears, weighed anew: of the file that is known, and of no other."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.pooled_vote import FEATURES, MOST_SURE, PooledVote, features
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.audio.smart_turn import Opinion, SmartTurn
from localvoice.config import TurnConfig
from localvoice.model_store.catalogue import Kind, read_catalogue
from localvoice.turn.endpointing import Endpointing, Pace
from localvoice.turn.votes import SOUND_KEPT, Votes
from tests.e2e.spoken import speech
from tests.smart_turn import SMART_TURN, needs_smart_turn

HEARD = np.random.default_rng(0).normal(0.0, 0.1, FEATURES).astype(np.float32)


@pytest.fixture(scope="module")
def smart_turn() -> SmartTurn:
    return SmartTurn(SMART_TURN)


@pytest.fixture(scope="module")
def unknown(tmp_path_factory) -> SmartTurn:
    """The same graph in a file that differs in a byte: a producer's name behind its end."""
    file = tmp_path_factory.mktemp("other") / "smart-turn.onnx"
    file.write_bytes(SMART_TURN.read_bytes() + bytes([2 << 3 | 2, 1]) + b"x")
    return SmartTurn(file)


def opinion(smart_turn: SmartTurn) -> Opinion:
    return asyncio.run(smart_turn.opinion(speech("What is the weather like in London?")))


def test_the_weights_are_of_the_file_in_the_catalogue():
    (file,) = (file for model in read_catalogue() if model.kind is Kind.TURN for file in model.files)
    assert PooledVote().sha256 == file.sha256


def test_a_file_that_cannot_be_read_is_another_one(tmp_path: Path):
    assert not PooledVote().is_of(tmp_path)


@pytest.mark.parametrize("pooled", [None, HEARD])
def test_a_surer_answer_is_a_likelier_end_and_no_answer_is_certain(pooled):
    vote = PooledVote()
    likely = [vote.probability(answer, pooled) for answer in (0.0, 1.0 - MOST_SURE, 0.5, MOST_SURE, 1.0)]
    assert likely[0] == likely[1] < likely[2] < likely[3] == likely[4]


@pytest.mark.parametrize(("answer", "wait_ms"), [(0.03, 760), (0.2, 600), (0.7, 600), (0.85, 240), (0.97, 200)])
def test_by_the_answer_of_another_file_alone_who_sounds_finished_waits_shortly(answer, wait_ms):
    heard = Votes(5.0, sound=PooledVote().probability(answer, None))
    pace = Pace(surer=heard.surer)
    assert Endpointing(TurnConfig()).wait_ms(heard.finished, pace) == pytest.approx(wait_ms, abs=1.0)


@pytest.mark.parametrize(("first", "end"), [(394, 400), (388, 394), (376, 388), (352, 376)])
def test_of_each_layer_means_of_the_end_are_weighed_each_frame_in_one(first, end):
    pooled, layers = np.zeros((1, 384), np.float32), np.zeros((2, 1, 400, 384), np.float32)
    assert features(pooled, *layers).shape == (FEATURES,)
    for layer, frame in product((0, 1), range(first, end)):
        sounding = layers.copy()
        sounding[layer, 0, frame] = 1.0
        told = features(pooled, *sounding)
        assert told[told > 0] == pytest.approx(np.full(384, 1 / (end - first)))


def test_what_lies_before_the_last_second_is_not_weighed():
    layer = np.zeros((1, 400, 384), np.float32)
    layer[0, :352] = 1.0
    assert not np.any(features(np.zeros((1, 384), np.float32), layer, layer))


def test_it_is_clipped_where_the_votes_clip_it():
    assert pytest.approx(1.0 - SOUND_KEPT) == MOST_SURE


@needs_smart_turn
def test_the_answer_is_the_same_with_the_features_beside_it(smart_turn, unknown):
    turn = speech("Turn on the light in the kitchen.")
    known, other = (asyncio.run(one.opinion(turn)) for one in (smart_turn, unknown))
    assert known.answer == other.answer
    assert known.pooled.shape == (FEATURES,)
    assert other.pooled is None


@needs_smart_turn
def test_the_vote_follows_from_answer_and_features(smart_turn):
    heard = opinion(smart_turn)
    assert smart_turn.weighed(heard) == PooledVote().probability(heard.answer, heard.pooled)
    assert smart_turn.weighed(heard) != smart_turn.weighed(Opinion(heard.answer, -heard.pooled))


@needs_smart_turn
def test_of_a_file_that_is_not_known_the_answer_is_the_vote(unknown):
    turn = np.zeros(SPEECH_RATE_HZ, np.float32)
    answer = asyncio.run(unknown.opinion(turn)).answer
    assert asyncio.run(unknown.probability(turn)) == PooledVote().probability(answer, None)
