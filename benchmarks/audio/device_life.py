"""Devices killed, stalled, unplugged and changed under a reply and an utterance, again and again, on a virtual card.

`python benchmarks/audio/device_life.py [--path native|rtmixer] [--times 50] [--moments SEED] [--nice -10] [--json]`:
one process, one conversation. With `--moments` each break comes at a random moment of the reply and lasts 0.4 to 1.5 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from breaking import AWAY_S, UNNOTICED, Card, feeding
from outlive import BREAK_AT_S, REPLY_S, Conversation, Facts, outlive

from localvoice.audio import native
from localvoice.audio.portaudio import quiet_stderr
from localvoice.errors import DeviceError

WAYS = ("kill", "rate", "stall", "unplug", "sink", "source")
"""In turn; where a sink or source is removed alone the server moves the stream, and nothing can be counted."""

_FATES = "conversation, reply went on (reply ended after 2 s)"

NICE = -10
"""Where we may and nothing else is wanted: a sound server without a processor takes seconds to start."""

COLUMNS = ("noticed_and_opened_s", "lost_ms", "doubled_ms", "clock_stood_ms")


def moments(times: int, seed: int | None) -> list[tuple[float, float]]:
    """When in the reply each break comes, and how long it lasts, in seconds."""
    if seed is None:
        return [(BREAK_AT_S, AWAY_S)] * times
    drawn = np.random.default_rng(seed).uniform((0.02, 0.4), (REPLY_S - 0.2, 1.5), (times, 2))  # s
    return [(float(at_s), float(away_s)) for at_s, away_s in drawn]


async def live(times: int, seed: int | None) -> tuple[list[Facts], float]:
    """One conversation and what it went through; how long its end took."""
    card, talk = Card(), Conversation()
    await talk.open()
    seen = []
    async with feeding(card):
        await asyncio.sleep(0.5)
        for turn, (at_s, card.away_s) in enumerate(moments(times, seed), 1):
            try:
                seen.append(await outlive(WAYS[turn % len(WAYS)], card, talk, turn, at_s))
            except (TimeoutError, DeviceError) as error:
                seen.append({"how": WAYS[turn % len(WAYS)], "failure": str(error) or "it hangs"})
    close_s = talk.close()
    card.kill()
    return seen, close_s


def goes_on(one: Facts) -> bool:
    """Whether the conversation did: both ends open again, and heard."""
    has_both = one["how"] in UNNOTICED or len(one.get("changed", ())) >= 2
    return has_both and one.get("heard_before", False) and one["heard_after"]


def is_whole(one: Facts) -> bool:
    """Whether the reply was said to its end as well."""
    return goes_on(one) and not one["failure"] and one.get("said_to_s", REPLY_S) > REPLY_S - 0.1


def is_settled(one: Facts) -> bool:
    """Whether nothing was there for 2 s, and the reply ended with what was heard."""
    return goes_on(one) and bool(one["failure"]) and bool(one["others"])


def summary(seen: list[Facts]) -> dict[str, Any]:
    """Per way: how often, what became of conversation and reply, medians and worst of the replies that went on."""
    rows = {}
    for how in WAYS:
        of = [one for one in seen if one["how"] == how]
        whole = [one for one in of if is_whole(one)]
        rows[how] = {
            "times": len(of),
            "conversation": sum(map(goes_on, of)),
            "reply": len(whole),
            "settled": sum(map(is_settled, of)),
        }
        for column in COLUMNS if whole else ():
            values = [one[column] for one in whole if column in one]
            if values:
                rows[how][column] = round(float(np.median(values)), 3), round(float(np.max(values)), 3)
    return rows


def table(rows: dict[str, Any]) -> str:
    """As in docs/audio.md: medians, and the worst in brackets."""
    headings = ("", _FATES, "opened again after, s", "lost, ms", "said twice, ms", "clock stood, ms")
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for how, row in rows.items():
        cells = [f"{row['conversation']}, {row['reply']} ({row['settled']}) of {row['times']}"]
        cells += [f"{row[column][0]:g} ({row[column][1]:g})" if column in row else "" for column in COLUMNS]
        lines.append(f"| {how} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure on a server of our own and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", choices=["native", "rtmixer"], default="native")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--moments", type=int, metavar="SEED")
    parser.add_argument("--nice", type=int, default=NICE)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("pulseaudio") is None:
        print("no pulseaudio: `apt-get install pulseaudio pulseaudio-utils libasound2-plugins` enables this benchmark")
        return
    if arguments.path == "rtmixer":
        native.load = lambda: None  # type: ignore[assignment] # as if it had not been compiled
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, arguments.nice)
    with quiet_stderr():
        seen, close_s = asyncio.run(live(arguments.times, arguments.moments))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows = summary(seen)
    print(json.dumps({"ways": rows, "all": seen}, indent=1) if arguments.json else table(rows))
    for one in seen:
        if not is_whole(one) and not is_settled(one):
            print(json.dumps(one))
    print(
        f"closed in {close_s:.3f} s; load average {os.getloadavg()[1]:.1f}; {machine}, {time.strftime('%Y-%m-%d')}",
        flush=True,
    )
    os._exit(0)  # streams of a server that is gone may hold up an ordinary end


if __name__ == "__main__":
    main()
