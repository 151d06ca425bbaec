"""Sounds over a reply as the assistant hears them: through its own gate, canceller and room, with noise and echo.

    python -m scripts.backchannel.examples --out FILE.npz [--scenes 400] [--seed 1] [--echo 0.5]

Half of the sounds are over a reply whose echo is cancelled (a simulated room, the reply is paused as soon as the gate
notices them), half are heard without echo, as with headphones. Needs espeak-ng and flite; no network.
"""

from __future__ import annotations

import argparse
import random
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.starters.speech import noise
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_mono
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S, SileroVad, VoiceActivity, load_vad
from localvoice.config import VadConfig
from localvoice.turn.speech_gate import SpeechGate
from scripts.backchannel import nonwords, texts, voices

CONTENT, BACKCHANNEL, OTHER = range(3)
BEFORE_S, AFTER_S = 0.1, 0.9
"""What is kept of a sound, from the onset that the gate tells."""
WINDOWS = 24
_SETTLED_S = 4.0
_LEVEL = 10 ** (-23 / 20)
_BY_PEOPLE = 0.4
"""Share of the sounds that are recordings, where there are any."""
_LONGEST = 3 * SPEECH_RATE_HZ


@dataclass(frozen=True)
class Spoken:
    """Something over a reply."""

    label: int
    text: str
    voice: str
    sound: Samples


People = dict[tuple[int, int], list[Spoken]]
"""Recordings by label and half."""


@dataclass
class Example:
    """One overlap as the gate found it."""

    label: int
    half: int
    has_echo: bool
    text: str
    voice: str
    late_s: float
    """Onset that the gate told after the first audible sample; NaN where nobody spoke."""
    length_s: float
    first_window_s: float
    """End of the window that noticed it, after the gate's onset."""
    probabilities: np.ndarray
    """Of that window and those behind it."""
    sound: Samples


def draw_spoken(draw: random.Random, half: int, content: Iterator[str], people: People) -> Spoken:
    """The next sound: 40 % content, 35 % backchannels (a third of them no words), 25 % noises, mostly of people."""
    share, mood = draw.random(), draw.randrange(12)
    label = OTHER if share < 0.25 else BACKCHANNEL if share < 0.6 else CONTENT
    known = people.get((label, half), [])
    if known and draw.random() < _BY_PEOPLE:
        return draw.choice(known)
    if share < 0.06:
        kind = draw.choice(("coughs", "clicks", "coughs", "pink"))
        return Spoken(OTHER, kind, "", noise(kind, draw.uniform(0.2, 0.7), 0.3, draw.randrange(10**6)))
    if share < 0.37:
        kinds = nonwords.NOISE if label == OTHER else nonwords.ATTENTION
        kind = draw.choice(sorted(kinds))
        sound = kinds[kind](draw)
        return Spoken(label, kind, "drawn", sound / np.abs(sound).max())
    text = draw.choice(texts.BACKCHANNELS) if label == BACKCHANNEL else next(content)
    voice = voices.draw(draw, half)
    while not voices.can_say(text, voice):
        voice = voices.draw(draw, half)
    return Spoken(label, text, f"{voice.program}:{voice.name}", voices.say(text, voice, mood))


def recorded(folder: Path) -> People:
    """Recordings by label and half: SPEAKER_NAME.wav, a folder for each label. One speaker in five is held out."""
    found: People = {}
    for label, kind in enumerate(("content", "backchannel", "other")):
        for path in sorted((folder / kind).glob("*.wav")):
            speaker = path.stem.split("_")[0]
            frames, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
            sound = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)
            loud = np.flatnonzero(np.abs(sound) > 0.03 * np.abs(sound).max())
            sound = sound[loud[0] : min(loud[-1] + 1, loud[0] + _LONGEST)]
            half = int(zlib.crc32(speaker.encode()) % 5 == 0)
            spoken = Spoken(label, path.stem, speaker, sound / np.abs(sound).max())
            found.setdefault((label, half), []).append(spoken)
    return found


class Scene:
    """One room, one hearing; users one after another. The reply stands still while one is heard."""

    def __init__(self, seed: int, half: int, vad: VoiceActivity, users: list[Spoken], *, has_echo: bool) -> None:
        self._draw = random.Random(seed)
        self._half = half
        self._has_echo = has_echo
        self._users = users
        vad.reset()
        self._queue = PlaybackQueue(SPEECH_RATE_HZ)
        gain_db, noise_dbfs = self._draw.uniform(-25, -6), self._draw.uniform(-75, -50)
        spec = RoomSpec(
            self._draw.uniform(20, 250), gain_db, self._draw.uniform(100, 500), noise_dbfs,
            None if self._draw.random() < 0.6 else self._draw.uniform(0.1, 0.4), self._draw.choice((0.0, 50.0, -100.0)),
        )  # fmt: skip
        self._room = Room(replace(spec, gain_db=-120.0) if not has_echo else spec, seed=seed)
        self._gain_db = gain_db if has_echo else -14.0
        self._utterances = UtteranceBuffer(10.0)
        second = vad.another() if isinstance(vad, SileroVad) else None
        path = open_echo_path(VadConfig().duck_threshold, vad=second) if has_echo else None
        self._hearing = Hearing(vad, self._utterances, path)
        self._gate = SpeechGate(VadConfig())
        self._examples: list[Example] = []
        self._open: Example | None = None
        self._open_onset_s = 0.0

    def run(self) -> list[Example]:
        """To the end."""
        near, times = self._near()
        if self._has_echo:
            own = self._own(len(near))
            self._queue.begin(1)
            self._queue.append(1, own)
        count, quiet = 0, 0
        for at in range(0, len(near) - BLOCK + 1, BLOCK):
            far = self._queue.render(BLOCK)
            heard = self._room.hear(near[at : at + BLOCK], far)
            for probability in self._hearing.feed(Block(heard, far if self._has_echo else None)):
                count += 1
                at_s = count * WINDOW_S
                was_speech = self._gate.is_speech
                self._gate.step(at_s, probability, eager=True)
                if self._gate.is_speech and not was_speech and self._open is None:
                    self._begin(at_s, times)
                self._follow(at_s, probability)
                quiet = 0 if self._gate.is_speech or self._open is not None else quiet + 1
                if quiet == 6 and self._has_echo:
                    self._queue.resume()
        return self._examples

    def _near(self) -> tuple[Samples, list[tuple[float, float, Spoken]]]:
        parts = [silence(int((_SETTLED_S if self._has_echo else 0.5) * SPEECH_RATE_HZ))]
        times = []
        for user in self._users:
            level_db = self._gain_db - 23 + self._draw.uniform(-6, 12)
            rms = np.sqrt(np.mean(np.square(user.sound[np.abs(user.sound) > 0.05])) + 1e-9)
            start = sum(map(len, parts)) / SPEECH_RATE_HZ
            times.append((start, start + len(user.sound) / SPEECH_RATE_HZ, user))
            parts.append(user.sound * np.float32(10 ** (level_db / 20) / rms))
            parts.append(silence(int(self._draw.uniform(1.0, 1.6) * SPEECH_RATE_HZ)))
        return np.concatenate(parts), times

    def _own(self, frames: int) -> Samples:
        names = (("en-us", "en-us+f1"), ("en-gb", "en-gb+m7"))[self._half]
        voice = voices.Voice("espeak", self._draw.choice(names), 165, 50)
        parts: list[Samples] = []
        lines = texts.contents(400, self._half, self._draw.randrange(10**6))
        while sum(map(len, parts)) < frames:
            line = " ".join(lines.pop() for _ in range(3))
            spoken = voices.say(line, voice, 1)
            level = np.sqrt(np.mean(np.square(spoken[np.abs(spoken) > 0.05])))
            parts += [spoken * np.float32(_LEVEL / level), silence(self._draw.randint(800, 4800))]
        return np.concatenate(parts)[:frames]

    def _begin(self, at_s: float, times: list[tuple[float, float, Spoken]]) -> None:
        self._queue.pause()
        onset_s = self._gate.onset_s
        label, late_s, length_s, text, voice = OTHER, float("nan"), 0.0, "", ""
        for start_s, end_s, user in times:
            if start_s - 0.1 <= onset_s < end_s and at_s > start_s:
                label, late_s, length_s = user.label, onset_s - start_s, end_s - start_s
                text, voice = user.text, user.voice
        self._open_onset_s = onset_s
        self._open = Example(
            label, self._half, self._has_echo, text, voice, late_s, length_s, at_s - onset_s, np.zeros(0), silence(0)
        )

    def _follow(self, at_s: float, probability: float) -> None:
        example = self._open
        if example is None:
            return
        example.probabilities = np.append(example.probabilities, np.float32(probability))
        if at_s >= self._open_onset_s + AFTER_S:
            example.sound = self._utterances.read(self._open_onset_s - BEFORE_S, self._open_onset_s + AFTER_S)
            self._open = None
            if len(example.sound) == round((BEFORE_S + AFTER_S) * SPEECH_RATE_HZ):
                self._examples.append(example)


def make(scenes: int, seed: int, echo_share: float, people: People) -> list[Example]:
    """Examples of `scenes` rooms, both halves in turn."""
    vad, examples = load_vad("silero"), []
    draw = random.Random(seed)
    content = [iter(texts.contents(scenes * 12, half, seed + half)) for half in (0, 1)]
    for number in range(scenes):
        half, has_echo = int(number % 4 == 3), (number // 4 % 10) < 10 * echo_share
        users = [draw_spoken(draw, half, content[half], people) for _ in range(14)]
        examples += Scene(seed * 10**6 + number, half, vad, users, has_echo=has_echo).run()
        if number % 20 == 0:
            print(f"{number} of {scenes} scenes, {len(examples)} examples", file=sys.stderr, flush=True)
    return examples


def save(examples: list[Example], path: Path) -> None:
    """One array a field."""
    padded = [np.pad(one.probabilities[:WINDOWS], (0, max(0, WINDOWS - len(one.probabilities)))) for one in examples]
    names = ("label", "half", "has_echo", "text", "voice", "late_s", "length_s", "first_window_s")
    columns = {name: np.array([getattr(one, name) for one in examples]) for name in names}
    sounds = np.stack([np.round(one.sound * 32767).astype(np.int16) for one in examples])
    np.savez_compressed(path, probabilities=np.array(padded, dtype=np.float32), sound=sounds, **columns)


def main() -> None:
    """Make the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--echo", type=float, default=0.5, help="share of the scenes with a reply that can be heard")
    parser.add_argument("--people", type=Path, help="a folder of recordings: content, backchannel, other")
    options = parser.parse_args()
    people = {} if options.people is None else recorded(options.people)
    save(make(options.scenes, options.seed, options.echo, people), options.out)


if __name__ == "__main__":
    main()
