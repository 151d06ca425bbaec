"""Both ends of a conversation: devices are opened before the engines, files when nothing can fail any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from localvoice.app.duplex_check import DuplexCheck, present_pair
from localvoice.app.known_pairs import known_pairs
from localvoice.app.listening import Ears, open_ears
from localvoice.app.plan import Plan, TalkOptions
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.device_news import DeviceNews, DeviceWarning
from localvoice.audio.duplex import Capture, Duplex, FarEnd
from localvoice.audio.duplex_mode import DuplexMode
from localvoice.audio.opening import (
    Clock,
    End,
    EndKind,
    open_capture,
    open_device_capture,
    open_device_player,
    open_player,
    open_room,
)
from localvoice.audio.paced_capture import PacedCapture
from localvoice.config import AudioConfig, Config
from localvoice.engines import Player
from localvoice.errors import DeviceError
from localvoice.model_store.store import ModelStore
from localvoice.session.inbox import Inbox, Notice
from localvoice.sound_tape import SoundTape
from localvoice.streams import Worker
from localvoice.typing_input import StandardInput, TypedLines


@dataclass(slots=True)
class _Opened:
    devices: DeviceLife
    capture: Capture
    player: Player | None
    far_end: FarEnd | None
    ears: Ears | None = None


class Ends:
    """Microphone, loudspeaker and keyboard of one conversation; the stack closes them."""

    def __init__(self, config: Config, planned: Plan, options: TalkOptions, inbox: Inbox, stack: ExitStack) -> None:
        self.plan = planned
        """As it came to be: where a typed conversation finds no loudspeaker, its output is none."""
        self.clock = Clock()
        self._config = config
        self._options = options
        self._inbox = inbox
        self._stack = stack
        self._opened: _Opened | None = None
        self.tape: SoundTape | None = None
        """What keeps the sound; to be given before anything is opened."""

    @property
    def speaks(self) -> bool:
        """Whether anything is going to sound."""
        return self.plan.output.kind is not EndKind.NONE

    async def open_devices(self, store: ModelStore, warn: Callable[[str, str], None]) -> None:
        """What is wrong with a device is said at once. A microphone listens from here on. Raises `DeviceError`.

        `warn` is told code and message.
        """
        devices = DeviceLife(self._config.audio, partial(_tell, self._inbox))
        self._stack.callback(devices.close)
        capture = await self._open_capture(devices)
        self._opened = _Opened(devices, capture, *await self._open_loudspeaker(devices, warn))
        if self.plan.has_device:
            self._opened.ears = self._listen(store, self._opened)
            self._opened.ears.listener.start()

    async def _open_capture(self, devices: DeviceLife) -> Capture:
        if self.plan.input.kind is EndKind.DEVICE:
            return await open_device_capture(self.plan.input, devices)
        given = self._options.microphone
        capture = await _opened(self.plan.input, self._config.audio) if given is None else PacedCapture(given)
        self._stack.callback(capture.close)
        return capture

    async def _open_loudspeaker(
        self, devices: DeviceLife, warn: Callable[[str, str], None]
    ) -> tuple[Player | None, FarEnd | None]:
        if self.plan.output.kind is not EndKind.DEVICE:
            return None, None
        try:
            return await open_device_player(self.plan.output, devices, self.clock.now_s)
        except DeviceError as error:
            if not self.plan.may_be_silent:
                raise
            warn("no_output", f"answers are text only: {error}")
            self.plan = replace(self.plan, output=End(EndKind.NONE, "none"))
            return None, None

    def open_files(self, store: ModelStore) -> Ears:
        """What is not a device: a file opened before would be left behind by a start that fails. Raises `FileError`."""
        opened = self._opened
        if opened is None:
            raise RuntimeError("open_devices() comes first")
        if opened.player is None and self.speaks:
            opened.player, opened.far_end = open_player(self.plan.output, self._config.audio, self.clock.now_s)
        if opened.ears is None:
            opened.ears = self._listen(store, opened)
        return opened.ears

    def _listen(self, store: ModelStore, opened: _Opened) -> Ears:
        counts_from_start = self.plan.is_typed and not self.plan.output.is_on_clock
        since_start_s = time.monotonic() - self._options.started_s if counts_from_start else 0.0
        room = open_room(self.plan.room, opened.far_end)
        duplex = Duplex(opened.capture, opened.player, opened.far_end, started_s=since_start_s, room=room)
        self.clock.duplex = duplex
        ears = open_ears(self._config, self.plan, store, duplex, opened.far_end, room, self._inbox.post)
        if self.tape is not None:
            ears.record(self.tape)
            self._stack.callback(self.tape.close)
        self._stack.callback(ears.listener.stop)
        return ears

    def check_duplex(self, ears: Ears, *, greets: bool) -> None:
        """Let the first words of the session, and those on other devices, show whether they can be talked over."""
        if self._opened is not None and ears.echo_path is not None and ears.choice.pair is not None:
            tell = partial(_tell_of_duplex, self._inbox)
            present = partial(present_pair, self._opened.devices, self._config.audio.sample_rate)
            check = DuplexCheck(ears.choice, ears.echo_path, known_pairs(), tell, present)
            self._stack.callback(check.close)
            check.start(greets=greets)

    def begin(self, ears: Ears, *, reads_lines: bool = True) -> None:
        """Right behind `session_started`: files begin to run, lines are read, unless a screen takes the keys."""
        if not self.plan.has_device:
            ears.listener.start()
        from_terminal = self.plan.standard_input is StandardInput.TERMINAL
        if reads_lines and (from_terminal or self.plan.reads_pipe):
            TypedLines(
                self._inbox.post,
                ears.duplex.now_s,
                from_terminal=from_terminal,
                ends_session=self.plan.is_typed,
                stream=self._options.lines,
            ).start()


async def _opened(end: End, config: AudioConfig) -> Capture:
    """A named pipe may be waited for: not by the loop, or Ctrl-C would wait as well."""
    if not end.is_named_pipe:
        return open_capture(end, config)
    worker = Worker("pipe")
    try:
        return await worker.call(lambda _: open_capture(end, config))
    finally:
        worker.close()


def _tell(inbox: Inbox, news: DeviceNews) -> None:
    inbox.post(Notice(news.code, news.message) if isinstance(news, DeviceWarning) else news)


def _tell_of_duplex(inbox: Inbox, mode: DuplexMode, message: str) -> None:
    inbox.post(Notice("duplex", message, {"duplex": mode}))
