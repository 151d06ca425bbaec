"""What listens in a conversation: canceller, voice activity and the thread that feeds them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from localvoice.app.duplex_choice import DuplexChoice, choose_duplex
from localvoice.app.known_pairs import known_pairs
from localvoice.app.plan import Plan
from localvoice.audio.duplex import Duplex, FarEnd
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.hearing import Hearing
from localvoice.audio.opening import echo_path_for
from localvoice.audio.room import Room
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import VoiceActivity, load_vad
from localvoice.config import Config
from localvoice.errors import LocalVoiceError
from localvoice.listener import Listener
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
from localvoice.session.inbox import Notice
from localvoice.sound_tape import SoundTape
from localvoice.turn.observations import Window

_log = logging.getLogger(__name__)

_SWITCH_S = 0.001
"""How long a thread of Python may hold up the listener, which waits for it some ten times a block. At Python's own 5 ms
two busy threads kept it seconds behind the microphone (docs/decisions/027)."""

_JUDGED_S = 5.0
"""Sound kept of the second ear: what is over the reply is judged by its last second, while it lasts."""

_HELD_BEHIND_S = 5.0
"""Sound kept beyond the longest turn: pre-roll, pauses and a busy recogniser."""


@dataclass(slots=True)
class Ears:
    """What listens: opened before the engines where it is a device, so that nothing said meanwhile is lost."""

    duplex: Duplex
    utterances: UtteranceBuffer
    second_ear: UtteranceBuffer | None
    """The same with our own voice taken out otherwise; None where it is not taken out."""
    listener: Listener
    choice: DuplexChoice
    """Who may interrupt by voice."""
    echo_path: EchoPath | None
    """None where our own voice cannot be heard, or cannot be taken out."""
    far_end: FarEnd | None
    """None where it is not known what is played."""
    _hearing: Hearing

    @property
    def runtime(self) -> str:
        """Who does the work: `native` where all of it is our own C, else `python`."""
        cancels_natively = self.echo_path is None or self.echo_path.runtime == "native"
        return "native" if self._hearing.detects_natively and cancels_natively else "python"

    def record(self, tape: SoundTape) -> None:
        """Let `tape` have everything that is heard and played from now on."""
        self._hearing.tape = tape.hear
        self.duplex.is_far_heeded = True
        if self.far_end is not None:
            self.far_end.tap = tape.play


def open_ears(
    config: Config,
    plan: Plan,
    store: ModelStore,
    duplex: Duplex,
    far_end: FarEnd | None,
    room: Room | None,
    post: Callable[[Window | LocalVoiceError | Notice], None],
) -> Ears:
    """Not yet listening: `listener.start` does. Raises `DeviceError` where no canceller is installed."""
    typed = plan.is_typed
    sys.setswitchinterval(_SWITCH_S)
    choice = choose_duplex(config, plan, known_pairs(), knows_far_end=far_end is not None)
    utterances = UtteranceBuffer(1.0 if typed else config.turn.max_turn_s + _HELD_BEHIND_S)
    vad = None if typed else conversation_vad(config, store, partial(_tell_damage, post))
    echo_path = None if typed else echo_path_for(config, plan.output, far_end, room, choice.bars, vad)
    if echo_path is not None:
        echo_path.delay_jumped = partial(_tell_delay, post)
    duplex.is_far_heeded = echo_path is not None
    second_ear = None if echo_path is None else UtteranceBuffer(_JUDGED_S)
    hearing = Hearing(vad, utterances, echo_path, second_ear)
    return Ears(duplex, utterances, second_ear, Listener(duplex, hearing, post), choice, echo_path, far_end, hearing)


def _tell_delay(post: Callable[[Notice], None], before_ms: float, after_ms: float) -> None:
    message = (
        f"what is played is heard after {after_ms:.0f} ms instead of {before_ms:.0f}: a while of guarded listening"
    )
    post(Notice("delay_changed", message, {"from_ms": round(before_ms, 1), "to_ms": round(after_ms, 1)}))


def _tell_damage(post: Callable[[Notice], None], message: str) -> None:
    post(Notice("damaged_model", message))


def conversation_vad(config: Config, store: ModelStore, told: Callable[[str], None] = _log.warning) -> VoiceActivity:
    """The detector that conversations use; `told` of a model that cannot be used."""
    return load_vad(config.engines.vad, _newer_silero(store), config.vad.runtime, told)


def _newer_silero(store: ModelStore) -> Path | None:
    """The catalogue's Silero file where it is installed; faster-whisper's package carries an older one."""
    installed = [one for one in store.installed() if one.kind is Kind.VAD]
    return installed[0].path if installed else None
