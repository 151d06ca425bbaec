"""Silero's network: one contract for our own C and for onnxruntime, and both of them the same on the same sound."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio import native_reflex
from localvoice.audio.native_reflex import NativeSilero
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.silero_network import OnnxSilero, SileroNetwork, load_network
from localvoice.audio.silero_weights import UnknownNetworkError, read_weights
from localvoice.audio.vad import WINDOW, bundled_silero
from tests.e2e.spoken import speech

ORDINARY = 1e-4


def native() -> SileroNetwork:
    library = native_reflex.load()
    if library is None:
        pytest.skip(f"{native_reflex.reason()}: `python hatch_build.py` enables this test")
    return NativeSilero(library, read_weights(bundled_silero()))


NETWORKS = {"native": native, "onnxruntime": lambda: OnnxSilero(bundled_silero())}


@pytest.fixture(params=NETWORKS)
def make(request: pytest.FixtureRequest) -> Callable[[], SileroNetwork]:
    return NETWORKS[request.param]


@cache
def sound() -> Samples:
    """Half a minute: two voices, loud and soft, noise and silence between them."""
    random = np.random.default_rng(1)
    noises = [(level * random.standard_normal(2 * SPEECH_RATE_HZ)).astype(np.float32) for level in (1e-4, 0.01, 0.3)]
    said = speech("Please tell me what the weather will be like tomorrow, and the day after.")
    other = speech("Wait, I meant something else. Once upon a time there was a little fox.", "en-gb+m1")
    parts = [said, noises[0], 0.01 * other, silence(SPEECH_RATE_HZ), noises[1], other, noises[2], 4.0 * said, noises[1]]
    return np.concatenate([*parts, other[: 2 * SPEECH_RATE_HZ] + noises[1]]).astype(np.float32)


def windows() -> Samples:
    return sound()[: len(sound()) // WINDOW * WINDOW].reshape(-1, WINDOW)


def heard(network: SileroNetwork) -> Samples:
    return np.array([network.hear(window) for window in windows()], dtype=np.float32)


def test_both_hear_the_same():
    ours, theirs = heard(native()), heard(OnnxSilero(bundled_silero()))
    assert theirs.max() > 0.95
    assert theirs.min() < 0.05
    assert np.abs(ours - theirs).max() < ORDINARY


def test_a_reset_network_is_as_good_as_new(make):
    used = make()
    first = heard(used)
    assert not np.array_equal(heard(used), first), "it remembers"
    used.reset()
    assert np.array_equal(heard(used), first)


def test_another_one_has_a_memory_of_its_own(make):
    alone, one = heard(make()), make()
    other = one.another()
    for window, expected in zip(windows()[:60], alone, strict=False):
        assert one.hear(window) == expected
        other.hear(-window)


def test_a_window_may_be_used_again_by_whoever_gave_it(make):
    network, window = make(), windows()[20].copy()
    network.hear(window)
    assert np.array_equal(window, windows()[20])


def test_native_code_is_preferred():
    assert load_network(bundled_silero()).runtime == native().runtime


def test_without_the_library_it_is_onnxruntime(monkeypatch):
    monkeypatch.setattr(native_reflex, "load", lambda: None)
    assert load_network(bundled_silero()).runtime == "onnxruntime"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"decoder.conv1d.weight", b"decoder.conv1d.weighs", "layers"),
        (b"\x0a\x07strides@\x02", b"\x0a\x07strides@\x01", "convolutions"),
    ],
)
def test_a_network_that_is_not_known_is_refused(tmp_path: Path, old: bytes, new: bytes, why: str):
    content, file = bundled_silero().read_bytes(), tmp_path / "other.onnx"
    assert old in content
    file.write_bytes(content.replace(old, new))
    with pytest.raises(UnknownNetworkError, match=why):
        read_weights(file)


@pytest.mark.parametrize("content", [b"", b"no model", bundled_silero().read_bytes()[:-1000]])
def test_what_is_no_whole_file_is_refused(tmp_path: Path, content: bytes):
    file = tmp_path / "broken.onnx"
    file.write_bytes(content)
    with pytest.raises(UnknownNetworkError, match=r"broken\.onnx"):
        read_weights(file)


def test_a_part_without_a_name_is_another_network(tmp_path: Path):
    content, file = bundled_silero().read_bytes(), tmp_path / "nameless.onnx"
    name = b"decoder.conv1d.bias"
    field = bytes([8 << 3 | 2, len(name)]) + name
    assert field in content
    file.write_bytes(content.replace(field, bytes([7 << 3 | 2]) + field[1:]))
    with pytest.raises(UnknownNetworkError, match="layers"):
        read_weights(file)


def test_no_sound_at_all_makes_no_number_that_is_none(make):
    network = make()
    for window in (silence(WINDOW), np.full(WINDOW, 1.0, dtype=np.float32), np.full(WINDOW, 1e-30, dtype=np.float32)):
        assert 0.0 <= network.hear(window) <= 1.0
