"""All of the local engines' figures: `python -m benchmarks.engines FOLDER [--only PART ...] [--quick]`.

Each part runs in a process of its own, one after the other, and leaves FOLDER/PART.json; those measured before are
kept where `--only` leaves them out, so that two environments can each add their runtime. Out of all of them come
FOLDER/engines.json, a table (engines.md) and a picture (engines.svg). Figures: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.engines.bars_picture import Bar, bars_svg
from benchmarks.engines.language_model import RUNTIMES
from localvoice.machine import this_machine

MODULES: Mapping[str, tuple[str, ...]] = {
    **{name: ("benchmarks.engines.language_model", "--runtime", name) for name in RUNTIMES},
    "speech": ("benchmarks.engines.speech",),
    "word_times": ("benchmarks.engines.word_times",),
    "partials": ("benchmarks.stt.partials",),
}
QUICK: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(RUNTIMES, ("--history", "500", "--repeats", "1", "--aborts", "20", "--replies", "3")),
    "speech": ("--repeats", "2"),
    "partials": ("--turns", "5", "--sentences", "10"),
}
_OURS, _BARE, _OTHER = 0, 1, 2

Row = tuple[str, str, float]
"""What it is about, of what, and ms."""


def measure(part: str, folder: Path, *, quick: bool) -> None:
    """One part, in a process of its own."""
    more = QUICK.get(part, ()) if quick else ()
    file = folder / f"{part}.json"
    subprocess.run([sys.executable, "-m", *MODULES[part], *more, "--json", str(file)], check=True)


def read(folder: Path) -> dict[str, Any]:
    """What there is in the folder, and where it was measured."""
    parts = {part: folder / f"{part}.json" for part in MODULES}
    here = this_machine()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": here.processor, "cores": here.usable_cores},
        **{part: json.loads(file.read_text(encoding="utf-8")) for part, file in parts.items() if file.exists()},
    }


def rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Every figure that is a time; of the processor's clock where others' work would change it."""
    for runtime in RUNTIMES:
        if runtime in found:
            yield from _language_model(runtime, found[runtime][runtime])
    if "speech" in found:
        yield from _speech(found["speech"])
    if "partials" in found:
        for length, seconds in found["partials"]["about"]["base_s"].items():
            yield "a reading of Whisper base", f"{float(length):g} s of sound", 1000 * seconds
        waits: dict[str, list[float]] = {}
        for cost in found["partials"]["costs"]:
            waits.setdefault(f"{1000 * cost['pass_s']:.0f} ms a reading, {cost['way']}", []).append(cost["wait_s"])
        for name, seconds in waits.items():
            yield "words known behind the end of speech (simulated)", name, 1000 * statistics.median(seconds)
    for voice, figures in found.get("word_times", {}).items():
        yield "what a word's time is off, median and p95", f"{voice}, median", figures["median_ms"]
        yield "what a word's time is off, median and p95", f"{voice}, p95", figures["p95_ms"]


def _language_model(runtime: str, figures: Mapping[str, Any]) -> Iterator[Row]:
    for one in figures["prefill"]:
        name = f"{runtime}, {one['history_tokens']} tokens"
        yield "first token behind the end of the turn", f"{name}, not read ahead", one["without"]["cpu_ms"]
        yield "first token behind the end of the turn", f"{name}, read ahead", one["with"]["cpu_ms"]
    for mark in ("p50", "p95", "max"):
        yield "after an abort, later than idle", f"{runtime}, {mark}", figures["aborts"]["later_cpu_ms"][mark]
    for key, name in (("bare", "the library alone"), ("ours", "by us")):
        yield "the same work", f"{runtime}, {name}", figures["overhead"][f"{key}_cpu_ms"]


def _speech(figures: Mapping[str, Any]) -> Iterator[Row]:
    for part, name in (("recogniser", "faster-whisper"), ("voice", "piper")):
        yield "the same work", f"{name}, the library alone", figures[part]["bare_cpu_ms"]
        yield "the same work", f"{name}, by us", figures[part]["ours_cpu_ms"]
    for words, taken in figures["voice"]["first_sound"].items():
        yield "first sound of a clause", words, taken["cpu_ms"]


def facts(found: Mapping[str, Any]) -> Iterator[str]:
    """What is no time."""
    for runtime in RUNTIMES:
        if runtime in found:
            figures = found[runtime][runtime]
            aborts = figures["aborts"]
            kept = f"{aborts['cached_tokens_least']} tokens still cached, {aborts['memory_growth_mb']} MB more memory"
            yield f"{runtime}: {aborts['aborts']} aborts, {kept}"
            yield f"{runtime}: {figures['memory_mb']} MB of memory, {_added(figures['overhead'])}"
            yield f"{runtime}: a prompt in steps, {_added(figures['overhead']['prompt'])}"
    if "speech" in found:
        hearing, voice = found["speech"]["recogniser"], found["speech"]["voice"]
        yield f"recogniser: {hearing['memory_mb']} MB, {_added(hearing)}"
        first_s = hearing["first_partial_s"]
        yield f"recogniser: {hearing['partials_in_8_s']} partials in 8 s of sound, the first after {first_s} s"
        yield f"voice: {voice['memory_mb']} MB, {_added(voice)}"
    if "partials" in found:
        steady = found["partials"]["steadiness"]
        yield f"partials: {steady['changed']} of {steady['shown']} words shown were otherwise at the end"
        yield f"partials: {steady['stable_wrong']} of {steady['stable_words']} stable words were otherwise at the end"


def _added(figures: Mapping[str, Any]) -> str:
    least, most = figures["overhead_cpu_interval"]
    return f"{figures['overhead_cpu_percent']} % by us ({least} to {most})"


def table(listed: Sequence[Row], further: Sequence[str]) -> str:
    """As Markdown."""
    lines = [f"| {about} | {name} | {ms:.0f} |" for about, name, ms in listed]
    return "\n".join(["| figure | of | ms |", "|---|---|---|", *lines, "", *(f"- {one}" for one in further), ""])


def picture(found: Mapping[str, Any], listed: Sequence[Row]) -> str:
    """As SVG: with and without what we do in two colours."""
    panels: dict[str, list[Bar]] = {}
    for about, name, ms in listed:
        is_bare = name.endswith(("not read ahead", "the library alone", ", end"))
        colour = _BARE if is_bare else _OTHER if name.endswith(("max", "pauses")) else _OURS
        panels.setdefault(about, []).append(Bar(name, ms, colour))
    machine = found["machine"]
    about = f"{machine['processor']}, {machine['cores']} cores, {found['date']}; random weights of real size"
    return bars_svg("Local engines, ms", about, panels)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--only", nargs="*", choices=MODULES, help="measure these; none: only put together what is there"
    )
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it works")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    installed = [part for part in MODULES if part not in RUNTIMES or find_spec(RUNTIMES[part])]
    for part in installed if asked.only is None else asked.only:
        measure(part, asked.folder, quick=asked.quick)
    found = read(asked.folder)
    listed = list(rows(found))
    told = table(listed, list(facts(found)))
    for name, text in (
        ("engines.json", json.dumps(found, indent=1) + "\n"),
        ("engines.md", told),
        ("engines.svg", picture(found, listed)),
    ):
        (asked.folder / name).write_text(text, encoding="utf-8")
    print(told)


if __name__ == "__main__":
    main()
