"""What the live screen costs: processor time a minute, idle and talking, apart from everything else.

    python -m benchmarks.screen.cost [SECONDS]

The real screen draws into a real terminal, at its own pace, what a simulated conversation tells it: levels of a room
and of voices, a partial transcript that grows five times a second, a reply of which a word is heard every 0.3 s. The
same conversation without a screen is measured beside it and taken off. Wall time: four times SECONDS (default 60).
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from localvoice.session.hand import Saying
from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.painter import Painter
from localvoice.ui.live.screen import Feed, LiveScreen
from localvoice.ui.live.spans import SHADES
from localvoice.ui.live.terminal import PosixTerminal
from localvoice.ui.live.view import View

QUESTION = ["what", "is", "the", "weather", "going", "to", "be", "like", "in", "the", "afternoon"]
ANSWER = [
    "It",
    "stays",
    "dry",
    "until",
    "four,",
    "then",
    "there",
    "are",
    "showers,",
    "and",
    "the",
    "wind",
    "turns",
    "to",
    "the",
    "north.",
] * 2
STAGES = {"endpoint_ms": 210.0, "stt_ms": 90.0, "llm_first_token_ms": 180.0, "tts_first_audio_ms": 80.0}
STARTED = {
    "engines": {"stt": "faster-whisper", "llm": "llama-cpp", "tts": "piper"},
    "starters": [],
    "offline": "sealed",
    "duplex": "full",
    "input": "default device",
}


class Wishes:
    """Nobody presses a key."""

    def interrupt(self) -> None:
        """Never asked."""

    def mute(self, *, muted: bool) -> None:
        """Never asked."""

    def send(self, text: str) -> None:
        """Never asked."""

    def completions(self, text: str) -> list[str]:
        """None."""
        return [text][:0]


@dataclass
class Talk:
    """The simulated conversation, as far as the screen can see it."""

    heard: int = 0
    turn: int = 0
    near_db: float = -54.0
    far_db: float = -120.0

    def levels(self) -> tuple[float, float]:
        """With the flicker of a room or a voice."""
        return self.near_db + random.gauss(0, 3), self.far_db + random.gauss(0, 4)

    def saying(self) -> Saying | None:
        """The words that have sounded, one every 0.3 s."""
        return Saying(self.turn, " ".join(ANSWER), " ".join(ANSWER[: self.heard])) if self.heard else None


async def converse(talk: Talk, screen: LiveScreen, seconds: float) -> None:
    """Turn after turn."""

    def tell(kind: str, **fields: object) -> None:
        screen({"type": kind, "t": 0.0, "turn": talk.turn, **fields})

    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        talk.turn += 1
        tell("state", **{"from": "idle", "to": "user_speaking"})
        talk.near_db = -25.0
        for count in range(len(QUESTION)):
            tell("partial", text=" ".join(QUESTION[: count + 1]), stable=" ".join(QUESTION[:count]))
            await asyncio.sleep(0.2)
        talk.near_db = -54.0
        tell("state", **{"from": "user_speaking", "to": "thinking"})
        tell("transcript", text=" ".join(QUESTION), engine="faster-whisper")
        await asyncio.sleep(0.5)
        tell("reply_started", origin="user")
        tell("state", **{"from": "thinking", "to": "speaking"})
        talk.far_db = -22.0
        for talk.heard in range(1, len(ANSWER) + 1):
            await asyncio.sleep(0.3)
        talk.heard, talk.far_db = 0, -120.0
        tell("reply_finished", text=" ".join(ANSWER), heard=" ".join(ANSWER), interrupted=False)
        tell("turn_metrics", stages=STAGES | {"total_ms": 560.0}, cost_usd=0.0)
        tell("state", **{"from": "speaking", "to": "idle"})


@contextmanager
def terminal() -> Iterator[PosixTerminal]:
    """A terminal whose other end somebody reads, in a process of their own."""
    ours, theirs = os.openpty()
    reader = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with os.fdopen(os.dup(theirs), encoding="utf-8") as keys, os.fdopen(theirs, "w", encoding="utf-8") as out:
        yield PosixTerminal(keys, out)
    reader.kill()
    reader.wait()
    os.close(ours)


async def measure(seconds: float, *, talks: bool, draws: bool) -> float:
    """Processor seconds a minute."""
    talk, view = Talk(), View()
    with terminal() as glass:
        keyboard = Keyboard(Wishes(), view)
        screen = LiveScreen(view, glass, Painter(SHADES), keyboard, Feed(talk.saying, talk.levels))
        screen({"type": "session_started", "t": 0.0} | STARTED)
        if draws:
            glass.enter()
        before_s = time.process_time()
        drawing = asyncio.ensure_future(screen.run()) if draws else None
        await (converse(talk, screen, seconds) if talks else asyncio.sleep(seconds))
        spent_s = time.process_time() - before_s
        if drawing is not None:
            drawing.cancel()
        glass.leave()
    return spent_s * 60 / seconds


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    for name, talks in (("idle, microphone open", False), ("talking without a pause", True)):
        without, with_ = (asyncio.run(measure(seconds, talks=talks, draws=draws)) for draws in (False, True))
        print(f"{name}: {with_ - without:.3f} s of processor time a minute ({without:.3f} s of it taken off)")


if __name__ == "__main__":
    main()
