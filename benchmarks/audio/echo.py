"""Own voice and users over it in simulated rooms: `python -m benchmarks.audio.echo [--rooms N] [--clips DIR]`.

Bars are chosen on the first half of the rooms and reported on the second. It prints tables and JSON; `--json FILE` and
`--plot FILE.svg` keep them; `--explain` says instead where the time to a cut goes (explanation.py), `--starts` how soon
users are noticed in the first seconds of a session. Hours of own voice: hours.py. Figures: docs/echo.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audio.clips import read_clips
from benchmarks.audio.delays_picture import delays_svg
from benchmarks.audio.echo_table import tables
from benchmarks.audio.explanation import paths
from benchmarks.audio.explanation import summary as explained
from benchmarks.audio.intervals import per_hour
from benchmarks.audio.scene import DRIFTS_PPM, Conversation, Outcome, Scene, draw_scenes, first_words, with_users
from benchmarks.audio.voices import active_level
from localvoice.audio.alignment import Alignment
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.echo import EchoCanceller, load_processing
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.own_voice import Bars
from localvoice.audio.room import Room
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import SileroVad, VoiceActivity, load_vad

CANDIDATES = tuple(Bars(warm, 0.65) for warm in (0.3, 0.45, 0.6, 0.75))
LEVELS_DB = (10.0, 0.0, -10.0)
COLD_S = 10.0
"""Length of the scenes that begin with a canceller that knows nothing."""
DETECTED_WITHIN_S = 1.0
MOVED_AT_S = 30.0
MOST_FALSE_PAUSES = 0.41
"""A minute of own voice, on the choosing half: what one canceller alone had."""


def quantiles(values: list[float], *shares: float) -> list[float | None]:
    """In whole milliseconds."""
    return [round(1000 * float(np.quantile(values, share))) if values else None for share in shares]


def own_voice(scenes: list[Scene], vad: VoiceActivity, bars: Bars) -> dict[str, Any]:
    """False alarms while nobody else speaks."""
    outcomes = [Conversation(scene, vad, bars).run() for scene in scenes]
    own_s = sum(outcome.own_s for outcome in outcomes)
    pauses, cuts = (sum(len(getattr(outcome, kind)) for outcome in outcomes) for kind in ("pauses", "cuts"))
    return {
        "own_minutes": round(own_s / 60, 1),
        "false_pauses": pauses,
        "false_pauses_per_min": round(60 * pauses / own_s, 2),
        "false_cuts": cuts,
        "false_cuts_per_hour": round(3600 * cuts / own_s, 2),
        "false_cuts_per_hour_95": per_hour(cuts, own_s / 3600),
    }


def users(scenes: list[Scene], vad: VoiceActivity, bars: Bars) -> dict[str, Any]:
    """How soon a user over our voice is noticed, and gets the turn; the first one of each room apart."""
    outcomes = [Conversation(scene, vad, bars).run() for scene in scenes]
    firsts = [replace(outcome, spoken=outcome.spoken[:1]) for outcome in outcomes]
    spoken = sum(len(outcome.spoken) for outcome in outcomes)
    paused, after_speech = _noticed(outcomes), _noticed(outcomes, from_speech=True)
    cut = [delay for outcome in outcomes for delay in _delays(outcome, outcome.cuts, 2 * DETECTED_WITHIN_S)]
    return {
        "users": spoken,
        "paused": round(len(paused) / max(1, spoken), 3),
        "paused_ms_p50_p90": quantiles(paused, 0.5, 0.9),
        "paused_after_speech_ms_p50_p90": quantiles(after_speech, 0.5, 0.9),
        "cut": round(len(cut) / max(1, spoken), 3),
        "cut_ms_p50_p90": quantiles(cut, 0.5, 0.9),
        "first_paused_ms_p50_p90": quantiles(_noticed(firsts), 0.5, 0.9),
        "paused_ms": [round(1000 * delay) for delay in paused],
    }


def _noticed(outcomes: list[Outcome], *, from_speech: bool = False) -> list[float]:
    return [
        delay
        for outcome in outcomes
        for delay in _delays(outcome, outcome.pauses, DETECTED_WITHIN_S, from_speech=from_speech)
    ]


def _delays(outcome: Outcome, hits: list[float], within_s: float, *, from_speech: bool = False) -> list[float]:
    delays = []
    for user in outcome.spoken:
        later = [hit for hit in hits if 0.0 <= hit - user.start_s <= within_s]
        delays += [hit - (user.speech_s if from_speech else user.start_s) for hit in later[:1]]
    return delays


def attenuation(scene: Scene) -> dict[str, Any]:
    """Echo at the microphone over what the canceller leaves, and how exactly the delay is known."""
    played = scene.own[: 20 * SPEECH_RATE_HZ]
    room = Room(scene.room, seed=scene.seed)
    canceller, alignment = EchoCanceller(load_processing()), Alignment()
    near, clean, errors = [], [], []
    for at in range(0, len(played) - BLOCK, BLOCK):
        far = played[at : at + BLOCK]
        near.append(room.hear(silence(BLOCK), far))
        clean.append(canceller.process(near[-1], alignment.feed(near[-1], far)))
        if alignment.delay is not None and at % SPEECH_RATE_HZ == 0:
            drifted = scene.room.drift_ppm * 1e-3 * at / SPEECH_RATE_HZ
            errors.append(abs(alignment.delay / 16 - scene.room.delay_ms - drifted))
    spans = {"0-1 s": (0, 1), "1-3 s": (1, 3), "10-20 s": (10, 20)}
    erle = {name: _erle_db(near, clean, first, last) for name, (first, last) in spans.items()}
    known = float(np.mean(np.array(errors) <= 1.0)) if errors else 0.0
    return {
        "erle_db": erle,
        "within_1_ms": round(known, 3),
        "drift_error_ppm": round(abs((alignment.drift_ppm or 0.0) - scene.room.drift_ppm), 1),
    }


def _erle_db(near: list[Samples], clean: list[Samples], first_s: int, last_s: int) -> float:
    heard, left = (np.concatenate(blocks[100 * first_s : 100 * last_s]) for blocks in (near, clean))
    powers = np.mean(np.square(heard.reshape(-1, BLOCK)), axis=1)
    loud = powers > active_level(heard) ** 2 / 100
    rest = np.mean(np.square(left.reshape(-1, BLOCK)), axis=1)
    return round(float(10 * np.log10(powers[loud].sum() / rest[loud].sum())), 1)


def cpu(vad: VoiceActivity) -> dict[str, Any]:
    """CPU per block of 10 ms: both cancellers, the linear branch, alignment and both VADs together."""
    scene, second = draw_scenes(1)[0], vad.another() if isinstance(vad, SileroVad) else None
    played, room = scene.own[: 30 * SPEECH_RATE_HZ], Room(scene.room)
    hearing = Hearing(vad, UtteranceBuffer(60.0), open_echo_path(0.3, vad=second))
    taken = []
    for at in range(0, len(played) - BLOCK, BLOCK):
        far = played[at : at + BLOCK]
        block = Block(room.hear(silence(BLOCK), far), far)
        started_s = time.thread_time()
        hearing.feed(block)
        taken.append(1000 * (time.thread_time() - started_s))
    mean, p50, p99 = np.mean(taken), *np.quantile(taken, [0.5, 0.99])
    return {"ms_mean": round(float(mean), 3), "ms_p50": round(float(p50), 3), "ms_p99": round(float(p99), 3)}


def choose(choosing: list[Scene], vad: VoiceActivity) -> tuple[Bars, list[dict[str, Any]]]:
    """The bars that hear most users among those with few enough false pauses, and the figures of all."""
    candidates = []
    for bars in CANDIDATES:
        _say(f"choosing: {bars}")
        candidates.append(
            {"warm": bars.warm, "cold": bars.cold}
            | own_voice(choosing, vad, bars)
            | {"starts": own_voice(_starts(choosing), vad, bars), "0 dB": users(with_users(choosing, 0.0), vad, bars)}
        )
    bearable = [one for one in candidates if one["false_pauses_per_min"] <= MOST_FALSE_PAUSES] or candidates[-1:]
    best = max(bearable, key=lambda one: (one["0 dB"]["paused"], -one["0 dB"]["paused_ms_p50_p90"][0]))
    return Bars(best["warm"], best["cold"]), candidates


def report(reported: list[Scene], vad: VoiceActivity, chosen: Bars) -> dict[str, Any]:
    """The figures of one pair of bars."""
    _say(f"reporting: {chosen}")
    at_0 = with_users(reported, 0.0)
    return {
        "rooms": len(reported),
        "chosen": {"warm": chosen.warm, "cold": chosen.cold},
        "own_voice": own_voice(reported, vad, chosen),
        "starts": own_voice(_starts(reported), vad, chosen),
        "moved": own_voice([_in(scene, moves_at_s=MOVED_AT_S) for scene in reported], vad, chosen),
        "users": {f"{level:+g} dB": users(with_users(reported, level), vad, chosen) for level in LEVELS_DB},
        "users at 0 dB by drift": {
            f"{drift:+g} ppm": users([scene for scene in at_0 if scene.room.drift_ppm == drift], vad, chosen)
            for drift in DRIFTS_PPM
        },
        "users at 0 dB, cut off": users([_in(scene, cut_off=_cut_off(scene)) for scene in at_0], vad, chosen),
        "attenuation": _summary([attenuation(scene) for scene in reported]),
        "cpu": cpu(vad),
    }


def _in(scene: Scene, **changes: float) -> Scene:
    return replace(scene, room=replace(scene.room, **changes))


def _cut_off(scene: Scene) -> float:
    """12 dB under the peaks of the echo."""
    return float(np.abs(scene.own).max() * 10 ** ((scene.room.gain_db - 12.0) / 20))


def _starts(scenes: list[Scene]) -> list[Scene]:
    return [replace(scene, seconds=COLD_S) for scene in scenes]


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    erle = {
        span: {
            "median": round(float(np.median([row["erle_db"][span] for row in rows])), 1),
            "worst": min(row["erle_db"][span] for row in rows),
        }
        for span in rows[0]["erle_db"]
    }
    exact = round(float(np.mean([row["within_1_ms"] for row in rows])), 3)
    return {"erle_db": erle, "seconds_aligned_within_1_ms": exact}


def explain(scenes: list[Scene], vad: VoiceActivity) -> dict[str, Any]:
    """Where the time goes; by level."""
    told = {}
    for level in LEVELS_DB:
        found = [
            path
            for scene in with_users(scenes, level)
            for path in paths(scene, Conversation(scene, vad, Bars()).run(), vad)
        ]
        told[f"{level:+g} dB"] = explained(found)
    return told


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--clips", type=Path, help="a folder of recorded people: two of five users are theirs")
    parser.add_argument("--plot", type=Path, help="an SVG of how soon users are noticed")
    parser.add_argument("--explain", action="store_true", help="only where the time to a cut goes")
    parser.add_argument(
        "--starts", action="store_true", help="users in the first seconds of a session, one in each room"
    )
    parser.add_argument("--first", type=int, default=0, help="number of the first room")
    parser.add_argument("--keep", action="store_true", help="report on the program's own bars, choose none")
    options = parser.parse_args()
    vad = load_vad("silero")
    clips = () if options.clips is None else read_clips(options.clips, vad)
    scenes = [replace(scene, clips=clips) for scene in draw_scenes(options.rooms, first=options.first)]
    if options.starts:
        scenes = first_words(scenes)
        print(json.dumps({f"{level:+g} dB": users(with_users(scenes, level), vad, Bars()) for level in LEVELS_DB[1:]}))
        return
    if options.explain:
        print(json.dumps(explain(scenes, vad), indent=2))
        return
    choosing, reported = scenes[: options.rooms // 2], scenes[options.rooms // 2 :]
    figures = {"machine": f"{platform.machine()} {platform.system()}", "python": platform.python_version()}
    chosen, candidates = (Bars(), []) if options.keep else choose(choosing, vad)
    figures |= {"candidates": candidates} | report(reported, vad, chosen)
    if options.plot is not None:
        noticed = {level: (heard["paused_ms"], heard["users"]) for level, heard in figures["users"].items()}
        options.plot.write_text(delays_svg("users noticed, ms from their onset", noticed), encoding="utf-8")
    print(tables(figures), end="\n\n")
    text = json.dumps(figures, indent=2)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
