"""Conversations in simulated rooms at array speed: our voice, a user over it, and the real hearing and turn-taking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.starters.speech import FLITE_VOICES, say
from localvoice.audio.backchannel import BEFORE_S, SoundJudge
from localvoice.audio.duplex import BLOCK, Block, Duplex, Rendering
from localvoice.audio.echo import EchoCanceller, Pcm, load_processing
from localvoice.audio.echo_path import EchoPath, open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.own_voice import Bars
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
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

PIPER = Path(__file__).parents[2] / "tests/models/tts/en_US-tiny-test.onnx"
OWN_VOICES = ("en-us", "en-gb", "slt", "rms", "piper")
USER_VOICES = ("awb", "kal16", "en-us+m3", "en-us+f2", "en-gb+m1", "en-gb+f4")
OWN_WORDS = (
    "Once upon a time there was a little fox.",
    "The fox lived in a green forest near a river.",
    "One day the fox found a golden key under a tree.",
    "The key opened a small door in the old stone wall.",
    "Behind the door was a garden full of singing birds.",
    "The capital of Germany is Berlin.",
    "Seven plus eight is fifteen.",
    "Your timer is set for five minutes.",
)
USER_WORDS = (
    "Wait, I meant something else.",
    "No, tell me about Germany instead.",
    "Please set a timer for ten minutes.",
    "What is the weather like tomorrow?",
    "That is enough, thank you.",
    "Can you say that again?",
)
_LEVEL = 10 ** (-23 / 20)
"""RMS of our speech where it sounds: what the players give out."""

DRIFTS_PPM = (0.0, 50.0, -100.0, 100.0)
_CLIP_SHARE = 0.4
_SETTLED_S = 6.0
_EVERY_S = 7.0
_READ_S = 0.06
"""What a recogniser takes for the words over a reply."""


@cache
def _judge() -> SoundJudge:
    return SoundJudge()


@cache
def spoken(text: str, voice: str) -> Samples:
    """`text` without edges, at the level of speech."""
    sound = say(text, voice)[4800:-4800] if voice in FLITE_VOICES else _synthesized(text, voice)
    return sound * np.float32(_LEVEL / active_level(sound))


def _synthesized(text: str, voice: str) -> Samples:
    from localvoice.tts.espeak import EspeakSynthesizer
    from localvoice.tts.piper import PiperSynthesizer

    synthesizer = PiperSynthesizer(PIPER) if voice == "piper" else EspeakSynthesizer(voice=voice)

    async def said() -> Samples:
        async def once() -> AsyncIterator[str]:
            yield text

        chunks = [chunk async for chunk in synthesizer.synthesize(once())]
        return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])

    try:
        return asyncio.run(said())
    finally:
        synthesizer.close()


def active_level(sound: Samples) -> float:
    """RMS of the blocks of 10 ms within 25 dB of the loudest."""
    powers = np.mean(np.square(sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)), axis=1)
    return float(np.sqrt(np.mean(powers[powers > powers.max() * 10**-2.5])))


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

    @property
    def own(self) -> Samples:
        """What we say; sentences with short pauses."""
        random = np.random.default_rng(self.seed)
        parts: list[Samples] = []
        while sum(map(len, parts)) < self.seconds * SPEECH_RATE_HZ:
            parts += [spoken(str(random.choice(OWN_WORDS)), self.own_voice), silence(int(random.uniform(800, 6400)))]
        return np.concatenate(parts)

    def user(self) -> tuple[Samples, list[tuple[float, float]]]:
        """What the user says at the microphone, and from when to when."""
        sound = silence(int(self.seconds * SPEECH_RATE_HZ))
        times: list[tuple[float, float]] = []
        if self.ser_db is None:
            return sound, times
        random = np.random.default_rng(self.seed + 1000)
        gain = np.float32(10 ** ((self.room.gain_db + self.ser_db) / 20))
        at_s = _SETTLED_S
        while at_s < self.seconds - 4.0:
            if self.clips and random.uniform() < _CLIP_SHARE:
                said = gain * self.clips[int(random.integers(len(self.clips)))]
            else:
                said = gain * spoken(str(random.choice(USER_WORDS)), str(random.choice(self.user_voices)))
            start = int((at_s + random.uniform(0.0, 1.5)) * SPEECH_RATE_HZ)
            said = said[: len(sound) - start]
            sound[start : start + len(said)] += said
            audible = np.flatnonzero(np.abs(said) > 0.03 * np.abs(said).max())[[0, -1]] + start
            times.append((audible[0] / SPEECH_RATE_HZ, audible[1] / SPEECH_RATE_HZ))
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


@dataclass
class Outcome:
    """What came of a scene: times in seconds."""

    own_s: float = 0.0
    pauses: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    spoken: list[tuple[float, float]] = field(default_factory=list)
    """When the user spoke while we did."""
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

    def read(self, ahead: int = 0) -> Samples:  # noqa: ARG002 - nothing to wait for
        block = self._sound[self._at : self._at + BLOCK]
        self._at += BLOCK
        return block

    def close(self) -> None:
        pass


class _Nowhere:
    def write(self, samples: Samples) -> None:
        pass

    def close(self) -> None:
        pass


class _Untouched:
    """Stands where nobody listens to what is recognised."""

    def process(self, near: Pcm, far: Pcm) -> Pcm:  # noqa: ARG002 - a canceller's
        return near


def _echo_path(vad: VoiceActivity, bars: Bars, *, recognises: bool) -> EchoPath:
    noticed_from = Config().vad.duck_threshold
    second = vad.another() if isinstance(vad, SileroVad) else None
    if recognises:
        return open_echo_path(noticed_from, bars, second)
    return EchoPath(EchoCanceller(load_processing()), EchoCanceller(_Untouched()), noticed_from, bars, second)


class Conversation:
    """A scene being played: what we say stops and goes on as turn-taking decides."""

    def __init__(
        self, scene: Scene, vad: VoiceActivity, bars: Bars, *, cancels: bool = True, recognises: bool = True
    ) -> None:
        self._scene = scene
        self._queue = PlaybackQueue(SPEECH_RATE_HZ)
        user, self._times = scene.user()
        room = Room(scene.room, seed=scene.seed)
        self._duplex = Duplex(_Take(user), None, Rendering(self._queue, _Nowhere()), room=room)
        vad.reset()
        path = _echo_path(vad, bars, recognises=recognises) if cancels else None
        self._utterances = UtteranceBuffer(5.0)
        self.hearing = Hearing(vad, self._utterances, path)
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
                self._decide(Window(at_s, probability))
        return self.outcome

    def _blocks(self) -> Iterator[Block]:
        users = iter([*self._times, (1e9, 1e9)])
        start_s, end_s = next(users)
        for at in range(0, int(self._scene.seconds * SPEECH_RATE_HZ) - BLOCK + 1, BLOCK):
            before = self._queue.position().frames
            block = self._duplex.read()
            self.outcome.own_s += 0.01 * (self._queue.position().frames > before)
            if at / SPEECH_RATE_HZ >= start_s:
                if self._queue.position().frames > before:
                    self.outcome.spoken.append((start_s, end_s))
                start_s, end_s = next(users)
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
                sound = self._utterances.read(decision.onset_s - BEFORE_S, decision.at_s)
                self._decide(OverlapJudged(decision.at_s, decision.turn, *_judge().judge(sound)))
            case BargeIn():
                self._said += self._queue.cut().frames
                self.outcome.cuts.append(decision.at_s)
            case TurnEnded():
                self._due.append((decision.at_s, NothingSaid(0.0, decision.turn)))
                self._due.append((decision.at_s + WINDOW_S, SpeakRequested(0.0, Origin.PROMPT, "On.")))
