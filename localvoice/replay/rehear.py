"""The recorded sound heard again: canceller and voice detector of today over what the microphone heard then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from localvoice.app.listening import conversation_vad
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.duplex_mode import BARS, MODES
from localvoice.audio.echo_path import EchoPath, open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.samples import Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S, SileroVad, VoiceActivity
from localvoice.errors import FileError
from localvoice.model_store.store import ModelStore
from localvoice.replay.folder import Recorded
from localvoice.replay.tracks import track_blocks
from localvoice.session.tape import Noted
from localvoice.turn.observations import Window

_UNUSED_S = 1.0
"""Of sound kept for recognisers that are not asked here."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What came of it."""

    windows: Sequence[Window]
    clean: Samples
    """What recognisers get, from sample 0 of the recording on."""


def hear_again(recorded: Recorded, store: ModelStore) -> Heard:
    """All of the recorded sound, some 50 ms for a second.

    Raises:
        FileError: a track is missing or damaged.
        DeviceError: the session had an echo canceller, and none is installed here.
    """
    if not (recorded.folder / "mic.flac").exists():
        raise FileError(f"{recorded.folder} has no mic.flac: there is nothing to hear again in a typed session")
    vad = conversation_vad(recorded.config, store)
    hearing = Hearing(vad, UtteranceBuffer(_UNUSED_S), _echo_path(recorded, vad))
    clean: list[Samples] = []
    hearing.tape = lambda _near, _far, left: clean.append(left)
    began_s = float(recorded.meta.get("starts_s", 0.0))
    windows: list[Window] = []
    for block in _blocks(recorded.folder):
        for probability in hearing.feed(block):
            windows.append(Window(began_s + (len(windows) + 1) * WINDOW_S, probability, hearing.level_db))
    return Heard(windows, np.concatenate(clean) if clean else silence(0))


def _echo_path(recorded: Recorded, vad: VoiceActivity) -> EchoPath | None:
    if not recorded.meta.get("echo_path"):
        return None
    second = vad.another() if isinstance(vad, SileroVad) else None
    modes = [mode for mode in MODES if recorded.began.has_voice and mode == recorded.meta.get("duplex")]
    return open_echo_path(recorded.began.duck_threshold, BARS[modes[0] if modes else "full"], second)


def _blocks(folder: Path) -> Iterator[Block]:
    far = folder / "reference.flac"
    if not far.exists():
        yield from (Block(near) for near in _track(folder / "mic.flac"))
        return
    for near, played in zip_longest(_track(folder / "mic.flac"), _track(far), fillvalue=silence(BLOCK)):
        yield Block(near, played)


def _track(path: Path) -> Iterator[Samples]:
    return track_blocks(path, BLOCK)


def with_windows(noted: Sequence[Noted], windows: Sequence[Window]) -> list[Noted]:
    """What was noted, with other windows in the place of those that were: all of them, resting ones included."""
    changed: list[Noted] = []
    next_ = 0
    for one in noted:
        if not isinstance(one.seen, Window):
            changed.append(one)
            continue
        while next_ < len(windows) and windows[next_].at_s <= one.seen.at_s + WINDOW_S / 2:
            changed.append(Noted(windows[next_], one.within))
            next_ += 1
    return changed
