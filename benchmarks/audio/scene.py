"""Conversations in simulated rooms at array speed: our voice, a user over it, and the real hearing and turn-taking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from benchmarks.audio.onsets import first_sound, first_speech
from benchmarks.audio.voices import OWN_VOICES, OWN_WORDS, USER_VOICES, USER_WORDS, spoken
from localvoice.audio.backchannel import SoundJudge, judged
from localvoice.audio.duplex import BLOCK, Block, Duplex, Rendering
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.own_voice import Bars
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S, SileroVad, VoiceActivity
from localvoice.config import Config
from localvoice.messages import Origin
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    JudgeOverlap,
    OverlapDismissed,
    OverlapStarted,
    ReadOverlap,
    SpeakUnasked,
    TurnEnded,
)
from localvoice.turn.observations import (
    NothingSaid,
    Observation,
    OverlapJudged,
    OverlapRead,
    ReplyStarted,
    SpeakRequested,
    Window,
)
from localvoice.turn.taking import TurnTaking

DRIFTS_PPM = (0.0, 50.0, -100.0, 100.0)
_CLIP_SHARE = 0.4
SETTLED_S = 6.0
"""After our first word, from which on the user speaks."""
_EVERY_S = 7.0
_SILENT_S = 2.5
"""Before the first reply of a session: a question."""
_READ_S = 0.06
"""What a recogniser takes for the words over a reply."""


@cache
def _judge() -> SoundJudge:
    return SoundJudge()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A phrase of the user, in seconds of the scene (onsets.py)."""

    start_s: float
    """Its first sound."""
    speech_s: float
    """Its first speech."""
    end_s: float


@dataclass(frozen=True)
class Scene:
    """One room, our voice in it, and a user at a level relative to the echo (None: nobody)."""

    room: RoomSpec
    own_voice: str
    seed: int
    ser_db: float | None = None
    seconds: float = 60.0
    user_voices: tuple[str, ...] = USER_VOICES
    clips: tuple[Samples, ...] = field(default=(), repr=False, compare=False)
    """Recorded people, who speak in two of five places."""
    silent_s: float = 0.0
    """Before our first word."""
    first_s: float = SETTLED_S
    """From when on the user speaks."""

    @property
    def own(self) -> Samples:
        """What we say; sentences with short pauses."""
        random = np.random.default_rng(self.seed)
        parts: list[Samples] = [silence(round(self.silent_s * SPEECH_RATE_HZ))]
        while sum(map(len, parts)) < self.seconds * SPEECH_RATE_HZ:
            parts += [spoken(str(random.choice(OWN_WORDS)), self.own_voice), silence(int(random.uniform(800, 6400)))]
        return np.concatenate(parts)

    def user(self) -> tuple[Samples, list[Spoken]]:
        """What the user says at the microphone, and from when to when."""
        sound = silence(int(self.seconds * SPEECH_RATE_HZ))
        times: list[Spoken] = []
        if self.ser_db is None:
            return sound, times
        random = np.random.default_rng(self.seed + 1000)
        gain = np.float32(10 ** ((self.room.gain_db + self.ser_db) / 20))
        at_s = self.first_s
        while at_s < self.seconds - 4.0:
            if self.clips and random.uniform() < _CLIP_SHARE:
                said = gain * self.clips[int(random.integers(len(self.clips)))]
            else:
                said = gain * spoken(str(random.choice(USER_WORDS)), str(random.choice(self.user_voices)))
            start = int((at_s + random.uniform(0.0, 1.5)) * SPEECH_RATE_HZ)
            said = said[: len(sound) - start]
            sound[start : start + len(said)] += said
            begins_s, ends_s = start / SPEECH_RATE_HZ, (start + len(said)) / SPEECH_RATE_HZ
            at = begins_s + first_sound(said), begins_s + first_speech(said), ends_s - first_sound(said[::-1])
            times.append(Spoken(*at))
            at_s += _EVERY_S
        return sound, times


def draw_scenes(count: int, *, first: int = 0, seconds: float = 60.0) -> list[Scene]:
    """Own voice only; rooms and voices from their numbers. Echo -48..-27 dBFS, drift in turn."""
    scenes = []
    for seed in range(first, first + count):
        random = np.random.default_rng(seed)
        room = RoomSpec(
            delay_ms=random.uniform(20, 300),
            gain_db=random.uniform(-25, -4),
            rt60_ms=random.uniform(100, 600),
            noise_dbfs=random.uniform(-75, -58),
            clip=None if random.uniform() < 0.5 else random.uniform(0.1, 0.4),
            drift_ppm=DRIFTS_PPM[seed % len(DRIFTS_PPM)],
        )
        scenes.append(Scene(room, OWN_VOICES[seed % len(OWN_VOICES)], seed, seconds=seconds))
    return scenes


def with_users(scenes: list[Scene], ser_db: float) -> list[Scene]:
    """The same rooms with a user in them."""
    return [replace(scene, ser_db=ser_db) for scene in scenes]


def first_words(scenes: list[Scene]) -> list[Scene]:
    """The same rooms, in which the user speaks once, 0.75 to 5 s after our first word: the first one of a session."""
    drawn = []
    for scene in scenes:
        first_s = _SILENT_S + 0.25 * int(np.random.default_rng(scene.seed).integers(3, 15))  # whole blocks
        drawn.append(replace(scene, silent_s=_SILENT_S, first_s=first_s, seconds=first_s + 4.25))
    return drawn


@dataclass
class Outcome:
    """What came of a scene: times in seconds."""

    own_s: float = 0.0
    pauses: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    """When the user spoke while we did."""
    windows: list[float] = field(default_factory=list, repr=False)
    """The probability that it is the user, of every window."""
    judged: list[tuple[float, float]] = field(default_factory=list)
    """(when, content) of every opinion of the judge of sounds."""
    echo_db: float = 0.0
    left_db: float = 0.0


class _Take:
    """A microphone that reads an array."""

    ended = False
    latency_s = 0.0
    xruns = 0

    def __init__(self, sound: Samples) -> None:
        self._sound = sound
        self._at = 0

    def read(self, blocks: int = 1) -> Samples:
        block = self._sound[self._at : self._at + blocks * BLOCK]
        self._at += blocks * BLOCK
        return block

    def close(self) -> None:
        pass


class _Nowhere:
    def write(self, samples: Samples) -> None:
        pass

    def close(self) -> None:
        pass


class Conversation:
    """A scene being played: what we say stops and goes on as turn-taking decides."""

    def __init__(self, scene: Scene, vad: VoiceActivity, bars: Bars, *, cancels: bool = True) -> None:
        self._scene = scene
        self._queue = PlaybackQueue(SPEECH_RATE_HZ)
        user, self._times = scene.user()
        room = Room(scene.room, seed=scene.seed)
        self._duplex = Duplex(_Take(user), None, Rendering(self._queue, _Nowhere()), room=room)
        vad.reset()
        second = vad.another() if isinstance(vad, SileroVad) else None
        path = open_echo_path(Config().vad.duck_threshold, bars, second) if cancels else None
        self._ears = UtteranceBuffer(5.0), UtteranceBuffer(5.0)
        self.hearing = Hearing(vad, self._ears[0], path, self._ears[1])
        self._taking = TurnTaking(Config())
        self._own = scene.own
        self._said = 0
        self._due: list[tuple[float, Observation]] = []
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """To the end."""
        count = 0
        self._decide(SpeakRequested(0.0, Origin.GREETING, "Hello."))
        for block in self._blocks():
            for probability in self.hearing.feed(block):
                count += 1
                at_s = count * WINDOW_S
                for due in [due for due in self._due if due[0] <= at_s]:
                    self._due.remove(due)
                    self._decide(replace(due[1], at_s=at_s))
                self.outcome.windows.append(probability)
                self._decide(Window(at_s, probability))
        return self.outcome

    def _blocks(self) -> Iterator[Block]:
        users = iter([*self._times, None])
        user = next(users)
        for at in range(0, int(self._scene.seconds * SPEECH_RATE_HZ) - BLOCK + 1, BLOCK):
            before = self._queue.position().frames
            block = self._duplex.read()
            self.outcome.own_s += 0.01 * (self._queue.position().frames > before)
            if user is not None and at / SPEECH_RATE_HZ >= user.start_s:
                if self._queue.position().frames > before:
                    self.outcome.spoken.append(user)
                user = next(users)
            yield block

    def _decide(self, seen: Observation) -> None:
        for decision in self._taking.step(seen):
            self._carry_out(decision)

    def _carry_out(self, decision: Decision) -> None:
        match decision:
            case SpeakUnasked():
                self._queue.begin(decision.turn)
                self._queue.append(decision.turn, self._own[self._said :])
                self._decide(ReplyStarted(decision.at_s, decision.turn))
            case OverlapStarted():
                self._queue.pause()
                self.outcome.pauses.append(decision.at_s)
            case OverlapDismissed():
                self._queue.resume()
            case ReadOverlap():
                read = OverlapRead(0.0, decision.turn, "", rejected=True)
                self._due.append((decision.at_s + _READ_S, read))
            case JudgeOverlap():
                views = [ear.read(*judged(decision.onset_s, decision.at_s)) for ear in self._ears]
                likely = _judge().judge(*views)
                self.outcome.judged.append((decision.at_s, likely[0]))
                self._decide(OverlapJudged(decision.at_s, decision.turn, *likely))
            case BargeIn():
                self._said += self._queue.cut().frames
                self.outcome.cuts.append(decision.at_s)
            case TurnEnded():
                self._due.append((decision.at_s, NothingSaid(0.0, decision.turn)))
                self._due.append((decision.at_s + WINDOW_S, SpeakRequested(0.0, Origin.PROMPT, "On.")))
