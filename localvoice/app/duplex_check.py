"""Whether the devices can be talked over: checked by our first words, and by the next ones on other devices.

Rule of this file: blocks come in the thread that listens, where nothing waits; what follows is worked out in another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from localvoice.app.duplex_choice import DuplexChoice, told
from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.audio.device_life import DeviceLife
from localvoice.audio.duplex_mode import BARS, DuplexMode, Verdict, judge_greeting
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.greeting_watch import GreetingWatch
from localvoice.audio.samples import Samples
from localvoice.audio.self_test import Take, measure
from localvoice.streams import Worker

Tell = Callable[[DuplexMode, str], None]
"""Told the new mode and a line about it; called from a thread of its own."""

_UNKNOWN = "nothing is known of these devices"


class DuplexCheck:
    """An `echo_path.PathWatch` that judges the echo beside the session; what follows applies from the next block on."""

    def __init__(
        self,
        choice: DuplexChoice,
        path: EchoPath,
        memory: KnownPairs,
        tell: Tell,
        present: Callable[[], DevicePair | None],
    ) -> None:
        self._choice = choice
        """For the present devices."""
        self._path = path
        self._memory = memory
        self._tell = tell
        self._present = present
        self._is_due = False
        """Whether our next words are to be judged."""
        self._watch: GreetingWatch | None = None
        """Looks on until those words are over."""
        self._worker = Worker("duplex check")

    def start(self, *, greets: bool) -> None:
        """Look on from now on; `greets`: the first words of the session are a greeting, and are judged."""
        self._is_due = greets
        self._path.watch = self

    def close(self) -> None:
        """Look on no more."""
        self._path.watch = None
        self._worker.close()

    # the thread that listens

    def block(self, near: Samples, far: Samples, clean: Samples) -> None:
        """10 ms; what is being said when it becomes due is not judged: its beginning is missing."""
        if self._is_due and not self._path.own_voice.is_audible:
            self._is_due, self._watch = False, GreetingWatch(self._heard)
        if self._watch is not None:
            self._watch.block(near, far, clean)

    def window(self, probability: float) -> None:
        """What the detector says of the window that ends with the last block."""
        if self._watch is not None:
            self._watch.window(probability)

    def moved(self) -> None:
        """Devices were opened again, perhaps other ones."""
        self._watch = None
        self._worker.afterwards(self._renew)

    def _heard(self, take: Take) -> None:
        self._watch = None
        self._worker.afterwards(partial(self._judge, take, self._choice.pair))

    # the worker

    def _renew(self) -> None:
        """Begin with what is remembered of the devices, if they are other ones, and look on again."""
        pair = self._present()
        if pair is None or pair == self._choice.pair:
            return
        known = self._memory.recall(pair)
        before, mode = self._choice.mode, "full" if known is None else known.mode
        self._choice = replace(self._choice, mode=mode, pair=pair, known=known)
        self._path.own_voice.bars = BARS[mode]
        if mode != before:
            why, advice = (_UNKNOWN, "") if known is None else (known.why, known.advice)
            self._tell(mode, told(mode, why, advice))
        self._watch, self._is_due = None, True

    def _judge(self, take: Take, pair: DevicePair | None) -> None:
        report = measure(take)
        verdict = None if report is None else judge_greeting(report)
        if report is not None and verdict is not None and pair == self._choice.pair:
            self._apply(verdict, report.delay.delay_ms)

    def _apply(self, verdict: Verdict, delay_ms: float | None) -> None:
        known, pair = self._choice.known, self._choice.pair
        is_tested = known is not None and known.source == "test"
        if verdict.mode == self._choice.mode or (is_tested and verdict.mode == "full"):
            return
        self._choice = replace(self._choice, mode=verdict.mode)
        self._path.own_voice.bars = BARS[verdict.mode]
        if pair is not None and not is_tested:
            if verdict.mode == "full":
                self._memory.forget(pair)
            else:
                self._memory.keep(pair, Known.from_verdict(verdict, "greeting", delay_ms))
        self._tell(verdict.mode, told(verdict.mode, verdict.why, verdict.advice))


def present_pair(devices: DeviceLife, sample_rate: int) -> DevicePair | None:
    """The devices that are talked through at this moment, or were last; `sample_rate` as in the settings."""
    both = devices.present
    return None if both is None else DevicePair.of(*both, sample_rate)
