"""Verdicts on simulated rooms, and what the bars of each mode are worth in hard ones.

`python -m benchmarks.audio.duplex_modes [--rooms N] [--bars]`. Figures: docs/devices.md.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.audio.echo import own_voice, users
from benchmarks.audio.scene import OWN_VOICES, USER_VOICES, USER_WORDS, Scene, draw_scenes, spoken, with_users
from localvoice.audio.duplex import BLOCK
from localvoice.audio.duplex_mode import Verdict, judge, judge_greeting
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.own_voice import Bars
from localvoice.audio.rehearing import rehear
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.self_test import PathReport, measure
from localvoice.audio.vad import VoiceActivity, load_vad

GREETING = "Hello, I am listening."
TEST_S = 10.0
BARS = tuple(Bars(warm, cold) for warm, cold in ((0.45, 0.65), (0.65, 0.8), (0.8, 0.9), (0.8, 0.95), (0.9, 0.95)))
HARD = (
    # gain dB, RT60 ms, saturation, noise dBFS, delay ms: loudspeakers that are near, late or too loud
    (25, 300, None, -65, 60),
    (35, 300, None, -65, 80),
    (30, 500, 0.3, -65, 150),
    (45, 300, None, -65, 60),
    (0, 900, None, -65, 100),
    (-5, 1200, None, -65, 200),
    (3, 900, 0.2, -60, 300),
    (15, 900, 0.1, -50, 300),
    (20, 600, 0.05, -60, 60),
    (28, 700, None, -60, 250),
    (10, 600, 0.1, -60, 250),
    (22, 800, None, -65, 120),
)


def hard_scenes(seconds: float = 40.0) -> list[Scene]:
    """Rooms in which the canceller does not do well; drift 0, 50 and -100 ppm in turn."""
    scenes = []
    for number, (gain_db, rt60_ms, clip, noise_dbfs, delay_ms) in enumerate(HARD):
        drift_ppm = (0.0, 50.0, -100.0)[number % 3]
        room = RoomSpec(delay_ms, gain_db, rt60_ms, noise_dbfs, clip, drift_ppm)
        scenes.append(Scene(room, OWN_VOICES[number % len(OWN_VOICES)], 7000 + number, seconds=seconds))
    return scenes


def around(speech: Samples) -> Samples:
    """A second of silence on both sides."""
    edge = silence(SPEECH_RATE_HZ)
    return np.concatenate((edge, speech, edge))


def user_over(scene: Scene, ser_db: float, length: int) -> Samples:
    """Somebody who begins somewhere in our words, which go on."""
    random = np.random.default_rng(scene.seed)
    gain = np.float32(10 ** ((scene.room.gain_db + ser_db) / 20))
    said = gain * spoken(str(random.choice(USER_WORDS)), str(random.choice(USER_VOICES)))
    start = int(random.uniform(0.7, 2.2) * SPEECH_RATE_HZ)
    sound = silence(length)
    sound[start : start + len(said)] = said[: length - start]
    return sound


def report_on(scene: Scene, far: Samples, user: Samples | None, vad: VoiceActivity) -> PathReport | None:
    """What is measured there."""
    room = Room(scene.room, seed=scene.seed)
    near = silence(len(far)) if user is None else user
    starts = range(0, len(far) - BLOCK + 1, BLOCK)
    heard = np.concatenate([room.hear(near[at : at + BLOCK], far[at : at + BLOCK]) for at in starts])
    vad.reset()
    return measure(rehear(heard, far, vad, open_echo_path(0.3)))


def verdicts(scenes: list[Scene], vad: VoiceActivity) -> dict[str, dict[str, int]]:
    """How often which mode came out: of the test, of the greeting, and of one with a user over it."""
    counts: dict[str, Counter[str]] = {}
    for scene in scenes:
        for name, far, user, decide in _takes(scene):
            report = report_on(scene, far, user, vad)
            verdict = None if report is None else decide(report)
            mode = verdict.mode if verdict is not None and verdict.is_sure else "no verdict"
            counts.setdefault(name, Counter())[mode] += 1
    return {name: dict(count) for name, count in counts.items()}


def _takes(
    scene: Scene,
) -> Iterator[tuple[str, Samples, Samples | None, Callable[[PathReport], Verdict | None]]]:
    yield "test", around(replace(scene, seconds=TEST_S).own[: int(TEST_S * SPEECH_RATE_HZ)]), None, judge
    greeting = around(spoken(GREETING, scene.own_voice))
    yield "greeting", greeting, None, judge_greeting
    for ser_db in (10.0, 0.0, -10.0):
        yield f"user {ser_db:+g} dB", greeting, user_over(scene, ser_db, len(greeting)), judge_greeting


def bars_in_hard_rooms(vad: VoiceActivity) -> list[dict[str, object]]:
    """False alarms, and users at the level of the echo, by bars."""
    scenes = hard_scenes()
    return [
        {"warm": bars.warm, "cold": bars.cold}
        | own_voice(scenes, vad, bars)
        | {"0 dB": users(with_users(scenes, 0.0), vad, bars)}
        for bars in BARS
    ]


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--bars", action="store_true", help="conversations in the hard rooms as well, some minutes")
    options = parser.parse_args()
    vad = load_vad("silero")
    figures: dict[str, object] = {
        "drawn rooms": verdicts(draw_scenes(options.rooms, first=900), vad),
        "hard rooms": verdicts(hard_scenes(), vad),
    }
    if options.bars:
        figures["bars in hard rooms"] = bars_in_hard_rooms(vad)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
