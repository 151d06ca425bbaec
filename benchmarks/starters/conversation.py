"""A conversation with the starters, by both ways to pocketsphinx: `python -m benchmarks.starters.conversation`.

`examples/sample.wav` is answered N times (17 s each): through the C functions of pocketsphinx, and through its binding,
which holds the GIL. Printed: from the end of each turn's speech to its end and to the first audio; which replies were
begun before the turn had ended; how late a thread woke at the worst that wants to every millisecond.
Figures: docs/starters.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

SAMPLE = Path(__file__).parents[2] / "examples/sample.wav"
STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
WAYS = ("C functions", "binding")
EVERY_S = 0.001
SETTLED_S = 0.3
"""A time this long before the session's clock runs is that of the start."""


def answer(way: str, folder: Path) -> NoReturn:
    """Be the program, with one thread more."""
    from localvoice import __main__ as program
    from localvoice.stt import pocketsphinx

    if way == "binding":
        pocketsphinx.open_library = lambda: None
    threading.Thread(target=keep_waking, args=(folder,), daemon=True).start()
    files = ("--input", str(SAMPLE), "--output", str(folder / "reply.wav"), "--events", str(folder / "events.jsonl"))
    sys.argv = ["localvoice", "talk", *files, *STARTERS, "--plain", "-q"]
    program.main()
    sys.exit()


def keep_waking(folder: Path) -> None:
    """Write down how late it was at the worst since the session began to listen."""
    worst_s, events = 0.0, folder / "events.jsonl"
    while not (events.exists() and events.stat().st_size):
        time.sleep(0.01)
    time.sleep(SETTLED_S)
    while True:
        due_s = time.perf_counter() + EVERY_S
        time.sleep(EVERY_S)
        late_s = time.perf_counter() - due_s
        if late_s > worst_s:
            worst_s = late_s
            (folder / "late").write_text(str(worst_s), encoding="ascii")


def run(way: str) -> dict[str, Any]:
    """One conversation: lists in ms by turn, and the worst of the thread."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        command = (sys.executable, "-m", "benchmarks.starters.conversation", "--be", way, made)
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        if not (folder / "late").exists():
            raise SystemExit(f"it did not come to a conversation: {ended.stderr}")
        lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        late_ms = 1000 * float((folder / "late").read_text(encoding="ascii"))
    found: dict[str, Any] = {"ended_ms": [], "audio_ms": [], "speculative": [], "late_ms": [late_ms]}
    silence_ms = 0.0
    for event in map(json.loads, lines):
        if event["type"] == "turn_ended":
            silence_ms = event["silence_ms"]
        elif event["type"] == "reply_started":
            found["speculative"].append(event["speculative"])
        elif event["type"] == "first_audio":
            found["ended_ms"].append(silence_ms)
            found["audio_ms"].append(event["latency_ms"])
    return found


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--be", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be:
        answer(options.be[0], Path(options.be[1]))
    rows: dict[str, dict[str, list[float]]] = {way: {} for way in WAYS}
    for _ in range(options.runs):
        for way in WAYS:
            for key, values in run(way).items():
                rows[way].setdefault(key, []).extend(values)
    for way, row in rows.items():
        begun = f"{sum(row.pop('speculative')):.0f} of {len(row['audio_ms'])}"
        figures = (f"{key} {statistics.median(values):.0f} (to {max(values):.0f})" for key, values in row.items())
        print(f"{way:12}", "  ".join(figures), f" begun before the end: {begun}")


if __name__ == "__main__":
    main()
