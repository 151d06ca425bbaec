"""A recording of both ends heard again, as a conversation would hear it."""

from __future__ import annotations

import numpy as np

from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.hearing import Hearing
from localvoice.audio.samples import Reblocker, Samples
from localvoice.audio.self_test import Take
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, VoiceActivity

_UNUSED_S = 1.0
"""Of sound kept for a recogniser that is not there."""


def rehear(
    near: Samples, far: Samples, vad: VoiceActivity, path: EchoPath | None, *, cut_at: int | None = None
) -> Take:
    """Both ends through canceller and VAD, at array speed: some 50 ms for a second.

    Args:
        near: What the microphone heard.
        far: What was played meanwhile, as long as `near`.
        vad: A fresh one, or one that was reset.
        path: A fresh one; None where nothing takes our voice out.
        cut_at: As in `Take`.
    """
    end = len(near) // BLOCK * BLOCK
    near, far = near[:end], far[:end]
    if path is None:
        return Take(near, far, None, _voices(near, vad), cut_at)
    watch = path.watch = _Notes()
    hearing = Hearing(vad, UtteranceBuffer(_UNUSED_S), path)
    for at in range(0, end, BLOCK):
        hearing.feed(Block(near[at : at + BLOCK], far[at : at + BLOCK]))
    path.watch = None
    return Take(near, far, np.concatenate(watch.clean), watch.voices, cut_at)


def _voices(near: Samples, vad: VoiceActivity) -> list[tuple[int, float]]:
    windows = Reblocker(WINDOW).feed(near)
    return [(count * WINDOW, vad.probability(window)) for count, window in enumerate(windows, 1)]


class _Notes:
    """An `echo_path.PathWatch` that writes down everything."""

    def __init__(self) -> None:
        self.clean: list[Samples] = []
        self.voices: list[tuple[int, float]] = []

    def block(self, near: Samples, far: Samples, clean: Samples) -> None:  # noqa: ARG002 - both are known
        self.clean.append(clean)

    def window(self, probability: float) -> None:
        self.voices.append((len(self.clean) * BLOCK, probability))

    def moved(self) -> None:
        """A recording is of one pair of devices."""
