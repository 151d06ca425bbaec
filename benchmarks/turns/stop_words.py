"""Stop words, backchannels and noises over a reply, through gate, policy, judge of sound and a real recogniser.

    python -m benchmarks.turns.stop_words [--recogniser pocketsphinx|whisper|none] [--voices 20] [--json FILE]

Voices are those that the judge never heard (scripts/backchannel/voices.py); no echo. An answer of the recogniser takes
the processor time that it took. Needs espeak-ng and flite.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.starters.speech import noise
from localvoice.audio.backchannel import SoundJudge, judged
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity, load_vad
from localvoice.config import Config
from localvoice.engines import Recognizer
from localvoice.messages import Origin
from localvoice.turn.decisions import BargeIn, Decision, JudgeOverlap, OverlapDismissed, ReadOverlap, SpeakUnasked
from localvoice.turn.observations import Observation, OverlapJudged, OverlapRead, ReplyStarted, SpeakRequested, Window
from localvoice.turn.taking import TurnTaking
from scripts.backchannel import texts, voices

STOPS = ("stop", "wait", "be quiet", "hold on", "quiet", "enough")
BACKCHANNELS = ("mm-hm", "mhm", "uh-huh", "hmm", "yeah", "okay", "right", "I see", "really")
NOISES = ("coughs", "clicks", "pink", "white")
WHISPER = Path(__file__).parents[2] / "tests/models/stt"
_LEVEL = 10 ** (-26 / 20)
_QUIET = 10 ** (-62 / 20)
_BEFORE_S, _AFTER_S = 0.7, 1.8
_MARGIN = silence(SPEECH_RATE_HZ // 2)


@dataclass
class Overheard:
    """One sound over a reply, decided."""

    sound: Samples
    vad: VoiceActivity
    judge: SoundJudge
    read: Callable[[Samples], tuple[str, bool, float]] | None
    cut_s: float | None = None
    dismissed: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    _due: list[tuple[float, Observation]] = field(default_factory=list)

    def run(self) -> Overheard:
        """To its end, or to the cut."""
        self.vad.reset()
        taking = TurnTaking(Config())
        self._take(taking, SpeakRequested(0.0, Origin.PROMPT, "Once upon a time."))
        for count in range(1, len(self.sound) // WINDOW + 1):
            at_s = count * WINDOW_S
            for due in sorted((one for one in self._due if one[0] <= at_s), key=lambda one: one[0]):
                self._due.remove(due)
                self._take(taking, replace(due[1], at_s=due[0]))
            if self.cut_s is None:
                window = self.sound[(count - 1) * WINDOW : count * WINDOW]
                self._take(taking, Window(at_s, self.vad.probability(window)))
        return self

    def _take(self, taking: TurnTaking, seen: Observation) -> None:
        for decision in taking.step(seen):
            self._carry_out(taking, decision)

    def _carry_out(self, taking: TurnTaking, decision: Decision) -> None:
        match decision:
            case SpeakUnasked():
                self._take(taking, ReplyStarted(decision.at_s, decision.turn))
            case JudgeOverlap():
                likely = self.judge.judge(self._between(*judged(decision.onset_s, decision.at_s)))
                self._take(taking, OverlapJudged(decision.at_s, decision.turn, *likely))
            case ReadOverlap() if self.read is not None:
                sound = np.concatenate((_MARGIN, self._between(decision.start_s, decision.end_s), _MARGIN))
                text, rejected, took_s = self.read(sound)
                self.heard.append(f"({text})" if rejected else text)
                read = OverlapRead(decision.at_s, decision.turn, text, rejected)
                self._due = [one for one in self._due if not isinstance(one[1], OverlapRead)]
                self._due.append((decision.at_s + took_s, read))
            case OverlapDismissed():
                self.dismissed.append(str(decision.reason))
            case BargeIn() if self.cut_s is None:
                self.cut_s = decision.at_s
            case _:
                pass

    def _between(self, start_s: float, end_s: float) -> Samples:
        return self.sound[max(0, round(start_s * SPEECH_RATE_HZ)) : round(end_s * SPEECH_RATE_HZ)]


def reader(name: str) -> Callable[[Samples], tuple[str, bool, float]] | None:
    """Text, whether it was rejected, and the processor time it took."""
    if name == "none":
        return None
    recognizer: Recognizer
    if name == "whisper":
        from localvoice.stt.faster_whisper import FasterWhisperRecognizer

        recognizer = FasterWhisperRecognizer(WHISPER)
    else:
        from localvoice.skills.catalog import Skills
        from localvoice.stt.pocketsphinx import PocketsphinxRecognizer

        recognizer = PocketsphinxRecognizer(Skills().jsgf())

    def read(sound: Samples) -> tuple[str, bool, float]:
        began_s = time.process_time()
        heard = asyncio.run(recognizer.transcribe(sound))
        return heard.text, heard.rejected, time.process_time() - began_s

    return read


def over_a_reply(sound: Samples, seed: int) -> Samples:
    """A quiet room with the sound in it."""
    draw = np.random.default_rng(seed)
    level = np.sqrt(np.mean(np.square(sound[np.abs(sound) > 0.05 * np.abs(sound).max()])))
    start = int((_BEFORE_S + draw.uniform(0, WINDOW_S)) * SPEECH_RATE_HZ)
    whole = np.concatenate(
        (silence(start), sound * np.float32(_LEVEL / level), silence(int(_AFTER_S * SPEECH_RATE_HZ)))
    )
    return whole + (_QUIET * draw.standard_normal(len(whole))).astype(np.float32)


def spoken(words: tuple[str, ...], count: int) -> list[tuple[str, Samples, float]]:
    """(text, sound in its room, onset in s) for every word by `count` voices."""
    draw, found = random.Random(11), []
    for text in words:
        for number in range(count):
            sound = voices.say(text, voices.draw(draw, 1), number)
            whole = over_a_reply(sound, number)
            found.append((text, whole, float(np.flatnonzero(np.abs(whole) > 0.02)[0]) / SPEECH_RATE_HZ))
    return found


def measure(sounds: list[tuple[str, Samples, float]], vad: VoiceActivity, read: Any) -> dict[str, Any]:
    """What became of them."""
    judge, rows = SoundJudge(), {}
    for text in dict.fromkeys(text for text, *_ in sounds):
        trials = [
            (Overheard(sound, vad, judge, read).run(), onset_s) for name, sound, onset_s in sounds if name == text
        ]
        delays = [1000 * (one.cut_s - onset_s) for one, onset_s in trials if one.cut_s is not None]
        rows[text] = {
            "sounds": len(trials),
            "cut": round(len(delays) / len(trials), 3),
            "cut_ms_p50_p95": [round(float(np.quantile(delays, share))) for share in (0.5, 0.95)] if delays else None,
            "dismissed_as": dict(Counter(reason for one, _ in trials if one.cut_s is None for reason in one.dismissed)),
            "unnoticed": sum(one.cut_s is None and not one.dismissed for one, _ in trials),
            "read_as": dict(Counter(words for one, _ in trials for words in one.heard).most_common(4)),
        }
    return rows


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recogniser", choices=("pocketsphinx", "whisper", "none"), default="pocketsphinx")
    parser.add_argument("--voices", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    vad, read = load_vad("silero"), reader(options.recogniser)
    short = tuple(texts.contents(12, 1, 5))
    draw = random.Random(3)
    noises = [
        (kind, over_a_reply(noise(kind, draw.uniform(0.2, 0.8), 0.3, seed), seed), _BEFORE_S)
        for kind in NOISES
        for seed in range(2 * options.voices)
    ]
    figures = {
        "recogniser": options.recogniser,
        "stop words": measure(spoken(STOPS, options.voices), vad, read),
        "backchannels": measure(spoken(BACKCHANNELS, options.voices), vad, read),
        "content": measure(spoken(short, max(2, options.voices // 4)), vad, read),
        "noises": measure(noises, vad, read),
    }
    text = json.dumps(figures, indent=1)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
