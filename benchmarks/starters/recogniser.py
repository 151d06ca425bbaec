"""How well the starter recogniser tells commands from other speech and noise. Prints the tables of docs/starters.md.

Usage: python benchmarks/starters/recogniser.py [--voices N] [--fit] [RECORDING.wav ...]

Needs the programs espeak-ng and flite. Recordings are human speech without commands, taken in pieces of 3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import soundfile
import speech

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, to_mono
from localvoice.skills.catalog import Skills
from localvoice.stt.belief import AgreementRule, Decoding, agreement
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer

SKILLS = Skills()


@dataclass(frozen=True, slots=True)
class Listening(AgreementRule):
    """The rule, with a note of every pair it was asked about."""

    pairs: list[tuple[Decoding, Decoding]] = field(default_factory=list)

    def accepts(self, sentence: Decoding, free: Decoding) -> bool:
        """As the rule says."""
        self.pairs.append((sentence, free))
        return AgreementRule.accepts(self, sentence, free)


@dataclass(slots=True)
class Trial:
    """One utterance and what came of it."""

    kind: str
    """`command`, `outside`, `human` or `noise`."""
    text: str
    voice: str
    seconds: float
    took_s: float = 0.0
    outcome: str = ""
    """`right`, `wrong` (another command), `rejected` or `nothing`."""
    heard: str = ""
    pair: tuple[Decoding, Decoding] | None = None


def sounds(voices: int, recordings: list[str]) -> Iterator[tuple[Trial, Samples]]:
    """Everything that is tried."""
    for kind, file in (("command", "commands.txt"), ("outside", "outside.txt")):
        for text, voice, samples in speech.spoken(file, voices):
            yield Trial(kind, text, voice, len(samples) / SPEECH_RATE_HZ), samples
    for noise in speech.NOISES:
        for number, (level, seconds) in enumerate((a, b) for a in (0.003, 0.02, 0.1) for b in (0.6, 1.5, 3.0)):
            yield Trial("noise", noise, noise, seconds), speech.noise(noise, seconds, level, seed=number)
    for path in recordings:
        frames, rate_hz = soundfile.read(path, dtype="float32")
        whole = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)[: 45 * SPEECH_RATE_HZ]
        for start in range(0, len(whole) - 2 * SPEECH_RATE_HZ, 3 * SPEECH_RATE_HZ):
            piece = whole[start : start + 3 * SPEECH_RATE_HZ]
            yield Trial("human", f"{start / SPEECH_RATE_HZ:.0f} s", path, len(piece) / SPEECH_RATE_HZ), piece


async def run(trial: Trial, samples: Samples, recognizer: PocketsphinxRecognizer, rule: Listening) -> None:
    """Recognise one sound and judge the result."""
    rule.pairs.clear()
    started = time.perf_counter()
    transcript = await recognizer.transcribe(samples)
    trial.took_s = time.perf_counter() - started
    trial.pair = rule.pairs[0] if rule.pairs else None
    trial.heard = trial.pair[0].text if trial.pair else ""
    if transcript.rejected:
        trial.outcome = "rejected"
    elif not transcript.text:
        trial.outcome = "nothing"
    else:
        wanted = SKILLS.match(trial.text) if trial.kind == "command" else None
        trial.outcome = "right" if wanted is not None and SKILLS.match(transcript.text) == wanted else "wrong"


def voice_kind(trial: Trial) -> str:
    """The synthesiser, or the kind of sound."""
    if trial.kind in {"noise", "human"}:
        return trial.kind
    return f"{trial.kind}, {'flite' if trial.voice in speech.FLITE_VOICES else 'espeak-ng'}"


def report(trials: list[Trial]) -> None:
    """The table, the times and the mistakes."""
    print("| sound | n | right | wrong command | rejected | nothing |\n|---|---|---|---|---|---|")
    for kind in sorted({voice_kind(trial) for trial in trials}):
        of_kind = [trial.outcome for trial in trials if voice_kind(trial) == kind]
        counts = " | ".join(str(of_kind.count(outcome)) for outcome in ("right", "wrong", "rejected", "nothing"))
        print(f"| {kind} | {len(of_kind)} | {counts} |")
    times = [trial.took_s for trial in trials if trial.pair]
    factors = [trial.took_s / trial.seconds for trial in trials if trial.pair]
    print(
        f"\ntime: median {1000 * statistics.median(times):.0f} ms, p95 {1000 * np.percentile(times, 95):.0f} ms; "
        f"of the sound's length: median {statistics.median(factors):.3f}, p95 {np.percentile(factors, 95):.3f}\n"
    )
    for trial in trials:
        if trial.outcome == "wrong" or (trial.kind == "command" and trial.outcome != "right"):
            print(f"{trial.outcome}: {trial.voice}: {trial.text!r} as {trial.heard!r}")


def fit(trials: list[Trial]) -> None:
    """Weights by logistic regression, both classes of equal weight; and what thresholds would give."""
    tried = [(trial, trial.pair) for trial in trials if trial.pair and trial.pair[0].text and trial.pair[1].text]
    good = np.array([t.kind == "command" and SKILLS.match(t.heard) == SKILLS.match(t.text) for t, _ in tried])
    outside = np.array([t.kind != "command" for t, _ in tried])
    measures = np.array([(*agreement(*pair), 1.0) for _, pair in tried])
    weights = np.zeros(measures.shape[1])
    balance = np.where(good, 1 / good.sum(), 1 / (~good).sum())
    for _ in range(20000):
        weights += 0.5 * measures.T @ ((good - 1 / (1 + np.exp(-measures @ weights))) * balance)
    scores = measures[:, :-1] @ weights[:-1]
    print(f"weights {np.round(weights[:-1], 2)}, threshold at even odds {-weights[-1]:.2f}")
    for loss in (0.02, 0.05, 0.1, 0.15):
        threshold = np.quantile(scores[good], loss)
        passed = np.mean(scores[outside] > threshold)
        print(f"threshold {threshold:.2f}: loses {loss:.0%} of right ones, lets {passed:.1%} of other speech by")


async def main() -> None:
    """Try everything and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--voices", type=int, default=3, help="voices for each sentence")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("recordings", nargs="*")
    options = parser.parse_args()
    rule = Listening()
    recognizer = PocketsphinxRecognizer(SKILLS.jsgf(), rule=rule)
    trials = []
    for trial, samples in sounds(options.voices, options.recordings):
        await run(trial, samples, recognizer, rule)
        trials.append(trial)
    report(trials)
    if options.fit:
        fit(trials)


if __name__ == "__main__":
    asyncio.run(main())
