"""A small language for conversations in virtual time, and a recogniser that hears in them what was really said.

A scenario is a text, one step a line:

    say set a timer for ... 0.4 ... ten minutes     words of 0.3 s each, with a pause of so many seconds inside
    wait 1.5                                        the user is silent for so long
    until first_audio                               the user waits for the next event of this kind
    soon first_audio                                the same, for 4 s at most: it need not come
    murmur 2.0                                      a voice too far away to be told from noise
    cough 0.06                                      a sound without words
    television 2.0                                  a voice 20 dB lower than the user's, and no word of it is read
    type hello there                                a line on the keyboard, over whatever is going on
    key                                             the interrupt key

Each word has a level of its own in the samples of the microphone, so that the recogniser reads what the session cut
out, and nothing else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.errors import ProviderUnavailable
from localvoice.messages import Message, Partial, Role, Transcript
from localvoice.stt.rereading import Pace, Rereader
from tests.virtual_time import Setting, Talk, hold

WORD_S = 0.3
_PATIENCE_S = 4.0
_READABLE = 0.5
"""Share of a word of which more has to be in the sound for it to be read: of one cut in two only one half is."""
_FIRST, _STEP = 2.0**-3, 2.0**-14
"""Levels of the words: exact in 32 bits, above all other sounds."""
_MURMUR, _COUGH, _TELEVISION = 0.4, 0.9, 0.95
"""What the voice detector makes of them."""
_FAR = _FIRST / 10


class Listener:
    """A recogniser that reads the words of a scenario."""

    def __init__(self, delay_s: float = 0.05, *, fails_every: int = 0) -> None:
        self.name = "listener"
        self._delay_s = delay_s
        self._fails_every = fails_every
        self._calls = 0
        self._words: list[str] = []

    def level_of(self, word: str) -> float:
        """How `word` sounds; another way each time that it is said."""
        self._words.append(word)
        return _FIRST + _STEP * (len(self._words) - 1)

    async def transcribe(self, samples: Samples) -> Transcript:
        """What is said in the sound, after the delay."""
        text = self._read(samples)
        await asyncio.sleep(self._delay_s)
        self._calls += 1
        if self._fails_every and self._calls % self._fails_every == 0:
            raise ProviderUnavailable("busy", provider=self.name)
        return Transcript(text, "en", self.name)

    def _read(self, samples: Samples) -> str:
        numbers = np.rint((samples - _FIRST) / _STEP).astype(int)
        found, lengths = np.unique(numbers, return_counts=True)
        enough = _READABLE * WORD_S * SPEECH_RATE_HZ
        read = [
            self._words[number]
            for number, length in zip(found, lengths, strict=True)
            if number >= 0 and length > enough
        ]
        return " ".join(read)

    def close(self) -> None:
        """Nothing to close."""


class RereadingListener(Listener):
    """One that reads a growing turn again and again, as the local engines do."""

    def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """The words so far, by each reading."""
        return Rereader(self.transcribe, Pace(self._delay_s)).partials(blocks)


class AttentiveListener(Listener):
    """One that hears along, as services do: words come late, and those that are asked for with `settles`."""

    def __init__(self, delay_s: float = 0.05, *, fails_every: int = 0, settles: bool = True) -> None:
        super().__init__(delay_s, fails_every=fails_every)
        self._settles = settles

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """The words so far, a fifth of a second late."""
        sound: list[Samples] = []
        shown = ""
        async for block in blocks:
            sound.append(block)
            whole = np.concatenate(sound)
            if not len(block) and self._settles:
                heard = await self.transcribe(whole)
                shown = heard.text
                yield Partial(shown, "", settled_s=len(whole) / SPEECH_RATE_HZ)
            elif len(text := self._read(whole[: -SPEECH_RATE_HZ // 5])) > len(shown):
                shown = text
                yield Partial(text, "")
        text = (await self.transcribe(np.concatenate([*sound, np.zeros(0, np.float32)]))).text
        yield Partial(text, text, is_final=True)


def conversation(scenario: str, *, listener: Listener | None = None, **setting: Any) -> Talk:
    """Hold it, and check the rules that every conversation obeys. `setting`: fields of `Setting`."""
    listens = listener or Listener()

    async def user(talk: Talk) -> None:
        for step in filter(None, map(str.strip, scenario.splitlines())):
            await perform(talk, step, listens)

    return hold(user, Setting(stt=listens, **setting))


async def perform(talk: Talk, step: str, listener: Listener) -> None:
    """One step of the user's."""
    verb, _, rest = step.partition(" ")
    match verb:
        case "say":
            await _say(talk, rest, listener)
        case "wait":
            await talk.quiet(float(rest))
        case "until":
            await talk.until(rest)
        case "soon":
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await talk.until(rest)
        case "murmur":
            await talk.speak(float(rest), _MURMUR)
        case "cough":
            await talk.speak(float(rest), _COUGH)
        case "television":
            await talk.speak(float(rest), _TELEVISION, _FAR)
        case "type":
            talk.type(rest)
        case "key":
            talk.press_key()
        case _:
            raise ValueError(f"no such step: {step}")


async def _say(talk: Talk, words: str, listener: Listener) -> None:
    for number, stretch in enumerate(re.split(r"\.\.\.", words)):
        if number % 2:
            await talk.quiet(float(stretch))
            continue
        for word in stretch.split():
            await talk.speak(WORD_S, level=listener.level_of(word))


def said_by_user(history: Iterable[Message]) -> list[str]:
    """What the model was told that the user said."""
    return [message.text for message in history if message.role is Role.USER]
