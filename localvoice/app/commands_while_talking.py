"""Commands typed behind a slash while one talks: other voices, engines and waits, the microphone, the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from localvoice.app.switching import Switching
from localvoice.config import PATIENCE_MS
from localvoice.engine_names import STAGE_ENGINES
from localvoice.errors import LocalVoiceError
from localvoice.event_log import EventLog
from localvoice.session.inbox import Inbox
from localvoice.turn.observations import WaitsChosen

NAMES = ("/engine", "/help", "/mute", "/patience", "/quit", "/voice")

_OFFERED = 8
"""Completions at a time: more do not fit into a line."""


class Commands:
    """Taken in order; each is over before the next begins, and none is waited for by who types."""

    def __init__(
        self,
        inbox: Inbox,
        log: EventLog,
        now_s: Callable[[], float],
        switching: Switching,
        voices: Callable[[], Sequence[str]],
        tell: Callable[[str, str], None],
    ) -> None:
        """`voices` are those to offer; `tell` is given a remark and its style."""
        self._inbox = inbox
        self._log = log
        self._now_s = now_s
        self._switching = switching
        self._voices = voices
        self._tell = tell
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    def put(self, line: str) -> None:
        """Carry it out soon."""
        self._waiting.put_nowait(line)

    async def run(self) -> None:
        """Carry out what comes, until cancelled."""
        while True:
            line = await self._waiting.get()
            try:
                await self._carry_out(*line.split())
            except LocalVoiceError as error:
                self._tell(str(error), "bad")

    def completions(self, text: str) -> Sequence[str]:
        """Whole lines that `text` may become."""
        command, space, rest = text.partition(" ")
        if not space:
            return [name for name in NAMES if name.startswith(command)]
        words = self._arguments(command, rest)
        return [f"{command} {word}" for word in words if word.startswith(rest) and word != rest][:_OFFERED]

    def _arguments(self, command: str, rest: str) -> Sequence[str]:
        match command:
            case "/patience":
                return tuple(PATIENCE_MS)
            case "/voice":
                return self._voices() if rest else self._voices()[:_OFFERED]
            case "/engine":
                stage, space, _ = rest.partition(" ")
                return [f"{stage} {name}" for name in STAGE_ENGINES.get(stage, ())] if space else tuple(STAGE_ENGINES)
        return ()

    async def _carry_out(self, command: str, *words: str) -> None:
        match command, words:
            case "/patience", [preset] if preset in PATIENCE_MS:
                self._inbox.post(WaitsChosen(self._now_s(), *PATIENCE_MS[preset]))
                self._log.emit("setting", self._now_s(), key="turn.patience", value=preset)
                self._tell(f"patience: {preset}", "good")
            case "/engine", [stage, engine]:
                self._tell(f"loading {engine}", "dim")
                name = await self._switching.use(stage, engine)
                self._tell(f"{stage}: {name} from the next words on", "good")
            case "/voice", [voice]:
                self._tell(f"loading {voice}", "dim")
                name = await self._switching.speak_with(voice)
                self._log.emit("setting", self._now_s(), key="speech.voice", value=voice)
                self._tell(f"voice: {voice} ({name}) from the next words on", "good")
            case _:
                self._tell(_usage(command), "warn")


def _usage(command: str) -> str:
    match command:
        case "/patience":
            return f"/patience takes one of {', '.join(PATIENCE_MS)}"
        case "/engine":
            return "/engine takes a stage and an engine: /engine tts espeak"
        case "/voice":
            return "/voice takes a name: /voice en-gb"
    return f"there is no {command}: {' '.join(NAMES)}"
