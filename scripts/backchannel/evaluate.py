"""What the network is worth on the held-out half: `python -m scripts.backchannel.evaluate --examples FILE.npz ...`.

The policy's rule is applied to every sound (windows as the gate saw them); sound alone, no words.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile

from localvoice.audio.backchannel import BEFORE_S, SoundJudge
from localvoice.audio.samples import SPEECH_RATE_HZ, resample, to_mono
from localvoice.audio.vad import WINDOW, load_vad
from localvoice.config import VadConfig
from localvoice.turn.speech_gate import Edge, SpeechGate

CONTENT, BACKCHANNEL, OTHER = range(3)
WINDOW_S = 0.032
VOICED_FROM, VOICED_S = 0.5, 0.128
FIRST, LAST = 3, 11
"""Windows behind the noticing one: 168 and 392 ms after the onset."""


def curves(paths: list[Path], half: int, judge: SoundJudge) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """(columns, content, backchannel): probabilities of shape (examples, windows)."""
    columns: dict[str, list[np.ndarray]] = {}
    content, backchannel = [], []
    for path in paths:
        stored = np.load(path)
        chosen = stored["half"] == half
        for name in stored.files:
            if name != "sound":
                columns.setdefault(name, []).append(stored[name][chosen])
        for sound, first_s in zip(stored["sound"][chosen], stored["first_window_s"][chosen], strict=True):
            samples = sound.astype(np.float32) / 32767
            ends = [round((BEFORE_S + first_s + WINDOW_S * count) * SPEECH_RATE_HZ) for count in range(LAST + 10)]
            both = np.array([judge.judge(samples[:end]) for end in ends])
            content.append(both[:, 0])
            backchannel.append(both[:, 1])
    return {name: np.concatenate(parts) for name, parts in columns.items()}, np.array(content), np.array(backchannel)


def cuts(columns: dict[str, np.ndarray], content: np.ndarray, sure: float, first: int = FIRST) -> np.ndarray:
    """Seconds from the gate's onset to the cut by sound alone, NaN where there is none up to 400 ms."""
    voiced = np.cumsum(columns["probabilities"] >= VOICED_FROM, axis=1) * WINDOW_S
    decided = np.full(len(content), np.nan)
    for window in range(first, LAST + 1):
        due = (content[:, window] >= sure) & (voiced[:, window] >= VOICED_S - 1e-6) & np.isnan(decided)
        due &= columns["probabilities"][:, window] >= 0.3
        decided[due] = columns["first_window_s"][due] + WINDOW_S * window
    return decided


def recorded(folder: Path, judge: SoundJudge) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(columns, content) of recorded people: every onset of the gate is a sound that wants the floor."""
    vad, columns, content = load_vad("silero"), {"probabilities": [], "first_window_s": []}, []
    for path in sorted(folder.glob("*.wav")):
        frames, rate_hz = soundfile.read(path, dtype="float32")
        sound = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)
        vad.reset()
        heard = [vad.probability(sound[at : at + WINDOW]) for at in range(0, len(sound) - WINDOW, WINDOW)]
        gate = SpeechGate(VadConfig())
        for count, probability in enumerate(heard, start=1):
            began = gate.step(count * WINDOW_S, probability, eager=True) is Edge.STARTED
            start = round((gate.onset_s - BEFORE_S) * SPEECH_RATE_HZ)
            if not began or start < 0 or count + LAST + 10 > len(heard):
                continue
            ends = [(count + more) * WINDOW for more in range(LAST + 1)]
            content.append([judge.judge(sound[start:end])[0] for end in ends])
            columns["probabilities"].append(heard[count - 1 : count + LAST])
            columns["first_window_s"].append(count * WINDOW_S - gate.onset_s)
    return {name: np.array(values) for name, values in columns.items()}, np.array(content)


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Share of pairs in the right order."""
    order = np.searchsorted(np.sort(negative), positive)
    return float(order.mean() / len(negative))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=Path, nargs="+", required=True)
    parser.add_argument("--half", type=int, default=1)
    parser.add_argument("--clips", type=Path, help="a folder of recordings of people who read aloud")
    options = parser.parse_args()
    columns, content, _ = curves(options.examples, options.half, SoundJudge())
    label, echo = columns["label"], columns["has_echo"]
    print({name: int((label == kind).sum()) for kind, name in enumerate(("content", "backchannel", "other"))})
    for window in (3, 4, 5, 6, 8, 11, 16):
        scores = [content[label == kind, window] for kind in (CONTENT, BACKCHANNEL, OTHER)]
        at_ms = 72 + 32 * window
        aucs = [auc(scores[0], other) for other in scores[1:]]
        print(f"{at_ms} ms: AUC of content against backchannels {aucs[0]:.3f}, against others {aucs[1]:.3f}")
    for has_echo in (False, True):
        for sure in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
            decided = cuts(columns, content, sure)
            row = []
            for kind in (CONTENT, BACKCHANNEL, OTHER):
                mine = (label == kind) & (echo == has_echo)
                row.append(float(np.mean(~np.isnan(decided[mine]))))
            mine = (label == CONTENT) & (echo == has_echo)
            delay = decided[mine] + columns["late_s"][mine]
            p50 = np.quantile(np.where(np.isnan(delay), 9.0, delay), 0.5)
            print(
                f"echo {has_echo}, sure {sure}: cut by 400 ms: content {row[0]:.2f}, backchannels {row[1]:.2f}, "
                f"others {row[2]:.2f}; onset to cut p50 {1000 * p50:.0f} ms"
            )
    if options.clips is not None:
        people, likely = recorded(options.clips, SoundJudge())
        for sure in (0.7, 0.8, 0.9):
            decided = cuts(people, likely, sure)
            by_ms = [float(np.mean(decided <= ms / 1000)) for ms in (210, 310, 400)]
            print(
                f"recorded people ({len(decided)} onsets), sure {sure}: cut by 200, 300, 400 ms",
                *(f"{x:.2f}" for x in by_ms),
            )
    print("backchannels cut by sound at sure 0.7, 0.8, 0.9:")
    for text in sorted(set(columns["text"][label == BACKCHANNEL])):
        mine = (label == BACKCHANNEL) & (columns["text"] == text)
        shares = [np.mean(~np.isnan(cuts(columns, content, sure)[mine])) for sure in (0.7, 0.8, 0.9)]
        print(f"  {text} ({mine.sum()}):", *(f"{share:.2f}" for share in shares))


if __name__ == "__main__":
    main()
