"""Telephone prompts of one language: `python -m benchmarks.turns.prompts LANGUAGE TEXTS SOUNDS [--json FILE]`.

Debian's asterisk-core-sounds-XX-wav (SOUNDS, a folder) beside the texts in asterisk-core-sounds-XX (TEXTS, .txt.gz).
Whole prompts are turns with their speaker's own pauses. Beginnings of sentences ("There are currently"), which were
spoken one by one to be put together, are laid before a whole prompt, with pauses between that nobody cut out of
running speech. Everything else is as in endpoints.py. Figures: docs/turn-taking.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.turns.corpus import CACHE, LEAD_S, Phrase, SpokenTurn, frames, in_a_room
from benchmarks.turns.dialogue import SMART_TURN, Ear, Reader, Votes, dialogue
from benchmarks.turns.endpoints import reader_of
from benchmarks.turns.people import PAUSE_S, half_of
from benchmarks.turns.recordings import stretches
from benchmarks.turns.scores import Score
from benchmarks.turns.systems import NO_EAR, READ, WORDS_S, Ends, fixed, ours, smart_turn_alone
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence
from localvoice.config import PATIENCE_MS, TurnConfig

BEGINNINGS = frozenset({
    *("conf-enteringno", "conf-thereare", "confbridge-there-are", "at-tone-time-exactly", "queue-holdtime"),
    *("queue-thereare", "queue-quantity1", "vm-duration", "vm-from-extension", "vm-from-phonenumber", "vm-num-i-have"),
    *("vm-onefor", "vm-onefor-full", "vm-theperson", "vm-savedto", "privacy-to-blacklist-last-caller"),
    *("num-was-successfully", "if-correct-press", "dir-pls-enter", "followme/call-from", "priv-callpending"),
    *("confbridge-dec-list-vol-in", "confbridge-dec-talk-vol-in", "confbridge-inc-list-vol-in"),
    *("confbridge-inc-talk-vol-in", "confbridge-leave-in", "confbridge-lock-in", "confbridge-menu-exit-in"),
    *("confbridge-mute-in", "confbridge-remove-last-in", "confbridge-rest-list-vol-in", "confbridge-rest-talk-vol-in"),
})  # fmt: skip
"""Prompts that no one would end with, by name: the same in all languages."""

OWN, LAID, LEARNED = "own pauses", "behind beginnings", "behind those of the other half"
"""Weights are fitted on one half of the beginnings, in English; in the other languages on everything."""
KINDS = (OWN, LAID, LEARNED)
DRAWS = 4
"""Pauses behind each beginning, evenly drawn."""
_LEAST_WORDS, _LEAST_S, _MOST_S = 3, 1.0, 20.0
"""Shorter prompts are letters, digits and names; longer ones are speeches."""
_TAIL_S = 0.15


@dataclass(frozen=True, eq=False)
class Prompt:
    """One recording, and what it says."""

    name: str
    text: str
    sound: Samples
    """With half a second before it, in no room yet."""

    @property
    def is_beginning(self) -> bool:
        """Whether more has to follow."""
        return self.name in BEGINNINGS

    def phrases(self) -> tuple[Phrase, ...]:
        """Between the pauses that the gate hears; words are spread over the speech by their letters."""
        kept = CACHE / "stretches" / f"{zlib.crc32(self.sound.tobytes()):08x}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(list(stretches(self.sound))))
        spoken = [(start, min(end, len(self.sound) / SPEECH_RATE_HZ)) for start, end in json.loads(kept.read_text())]
        return tuple(_spread(self.text, spoken))


def _spread(text: str, spoken: list[tuple[float, float]]) -> Iterator[Phrase]:
    length_s, words, letters, done_s = sum(end - start for start, end in spoken), text.split(), 0.0, 0.0
    each_s = length_s / max(1, sum(map(len, words)))
    for start_s, end_s in spoken:
        done_s += end_s - start_s
        said: list[str] = []
        while words and (letters + len(words[0]) / 2) * each_s < done_s:
            letters += len(words[0])
            said.append(words.pop(0))
        yield Phrase(" ".join(said), start_s, end_s)


def prompts(texts: Path, sounds: Path) -> Iterator[Prompt]:
    """Those of a language that are sentences, or begin one."""
    with gzip.open(texts, "rt", encoding="utf-8", errors="replace") as lines:
        said = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    for name, written in sorted(said.items()):
        path, text = sounds / f"{name}.wav", written.replace("...", " ").replace("\u2026", " ").strip()
        if not path.is_file() or "[" in text or len(text.split()) < _LEAST_WORDS - (name in BEGINNINGS):
            continue
        recorded, rate_hz = soundfile.read(path, dtype="float32")
        sound = resample(recorded, rate_hz, SPEECH_RATE_HZ)
        if frames(_LEAST_S) <= len(sound) <= frames(_MOST_S):
            yield Prompt(name, text, np.concatenate((silence(frames(LEAD_S)), sound)))


def turns(spoken: list[Prompt], speaker: str, draws: int = DRAWS) -> Iterator[SpokenTurn]:
    """Whole prompts, and beginnings before whole ones with so many pauses each, one among the other."""
    found = [(one, one.phrases()) for one in spoken]
    whole = [(one, phrases) for one, phrases in found if not one.is_beginning and phrases]
    random = np.random.default_rng(len(whole))
    made = [_turn(one.sound, phrases, speaker, OWN) for one, phrases in whole]
    for one, phrases in found:
        for _ in range(draws if one.is_beginning and phrases else 0):
            rest, behind = whole[random.integers(len(whole))]
            made.append(_laid_before(one, phrases, rest, behind, float(random.uniform(*PAUSE_S)), speaker))
    yield from (made[number] for number in random.permutation(len(made)))


def _turn(sound: Samples, phrases: tuple[Phrase, ...], speaker: str, kind: str) -> SpokenTurn:
    until = frames(phrases[-1].end_s + _TAIL_S)
    room = in_a_room(np.concatenate((sound[:until], silence(max(0, until - len(sound))))), seed=len(sound))
    return SpokenTurn(room, phrases, speaker, "prompts", kind)


def _laid_before(
    one: Prompt, phrases: tuple[Phrase, ...], rest: Prompt, behind: tuple[Phrase, ...], pause_s: float, speaker: str
) -> SpokenTurn:
    """The whole prompt `rest` so long behind the end of the beginning `one`, whose own pauses count as none."""
    start_s = phrases[-1].end_s + pause_s
    before = np.concatenate((one.sound, silence(max(0, frames(start_s) - len(one.sound)))))[: frames(start_s)]
    begun = Phrase(one.text, phrases[0].start_s, phrases[-1].end_s)
    moved_s = start_s - behind[0].start_s
    # one phrase: only the pause between the two is counted
    said = Phrase(rest.text, start_s, behind[-1].end_s + moved_s)
    kind = LAID if half_of(one.text) == "reporting" else LEARNED
    return _turn(np.concatenate((before, rest.sound[frames(behind[0].start_s) :])), (begun, said), speaker, kind)


def systems(ear: Ear, reader: Reader | None, language: str) -> dict[str, Ends]:
    """What is measured, by name. The reader knows English."""
    found = {patience: ours(TurnConfig(patience=patience), Votes(WORDS_S, ear), language) for patience in PATIENCE_MS}
    plain = TurnConfig(patience="normal")
    found["normal, no words"] = ours(plain, Votes(None, ear), "und")
    found["normal" + NO_EAR] = ours(plain, Votes(WORDS_S), language)
    if reader is not None and language == "en":
        found["normal" + READ] = ours(plain, Votes(WORDS_S, ear, reader=reader), language)
        found["normal" + NO_EAR + READ] = ours(plain, Votes(WORDS_S, reader=reader), language)
    found["smart-turn alone"] = smart_turn_alone(ear, Votes().sound_s)
    return found | {f"{silence_ms} ms of silence": fixed(silence_ms) for silence_ms in (300, 400, 600, 800)}


def measure(language: str, texts: Path, sounds: Path, ear: Ear, reader: Reader | None) -> dict[str, dict[str, Any]]:
    """All systems on the prompts of one voice."""
    named = systems(ear, reader, language)
    scores = {name: Score() for name in named}
    whole = dialogue(sounds.name, list(turns(list(prompts(texts, sounds)), sounds.name)))
    for name, ends in named.items():
        scores[name].add(whole, ends(whole))
    for known in (ear, reader):
        if known is not None:
            known.keep()
    return {name: score.figures() for name, score in scores.items()}


def table(figures: dict[str, dict[str, Any]]) -> str:
    """One line for each system."""
    titles = " | ".join(f"{kind}, early" for kind in KINDS)
    lines = [f"| | end of speech to end of turn, p50 / p95, ms | {titles} |", "|---|---|---|---|---|"]
    for name, row in figures.items():
        by = " | ".join(row["early_by"].get(kind, "-") for kind in KINDS)
        lines.append(f"| {name} | {row['delay_ms_p50']} / {row['delay_ms_p95']} | {by} |")
    return "\n".join([*lines, "", f"{next(iter(figures.values()))['ends']} ends."])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", help="en, es, fr, it, ru")
    parser.add_argument("texts", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.language, options.texts, options.sounds, Ear(SMART_TURN), reader_of())
    print(table(figures))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
