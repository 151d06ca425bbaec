"""What preparing an answer during the wait gains: `python -m benchmarks.turns.prepared [--json FILE] [--dips]`.

The real session, turn-taking and player in simulated time; engines of known delay (recogniser 50 ms, first token 80 ms,
the rest of the text with it, first speech 40 ms). Measured as anybody could: from the end of the sound at the
microphone to the first sample of the reply at the loudspeaker. Figures: docs/prepared-answers.md.

`--dips` counts how often a window of the voice detector falls quiet within speech: what an early start costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, resample, silence
from localvoice.audio.vad import WINDOW, load_vad
from localvoice.config import Config, ReplyConfig, TurnConfig
from localvoice.tts.espeak import EspeakSynthesizer
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one

RECOGNISER_S, FIRST_TOKEN_S, TOKEN_S, FIRST_SPEECH_S = 0.05, 0.08, 0.0, 0.04
ENGINES_MS = 1000 * (RECOGNISER_S + FIRST_TOKEN_S + FIRST_SPEECH_S)
KNOWN_MS = 64.0
"""From the end of speech until it can be known: two windows of the voice detector."""

QUESTIONS = (
    *("What is the capital of France?", "Tell me a story.", "Thank you.", "Why is the sky blue?", "Who was Ada?"),
    *("I would like to", "and then we went to the", "maybe the blue one", "xyzzy plugh", "the other day"),
)
"""Half of them sound finished to the model of words, the others do not, or leave it in doubt."""

ANSWER = "Well, that is a good question. There is more to say about it than one might think."
PRESETS: tuple[Literal["fast", "normal", "patient"], ...] = ("fast", "normal", "patient")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer, in ms from the end of the sound."""

    endpoint_ms: float
    reply_ms: float
    saved_ms: float

    @property
    def bound_ms(self) -> float:
        """What issue and contract allow."""
        return max(self.endpoint_ms, KNOWN_MS + ENGINES_MS) + 40.0


def ask(question: str, length_s: float, config: Config) -> Asked:
    """One conversation of one question."""
    ended: list[float] = []

    async def user(talk: Talk) -> None:
        await talk.speak(length_s)
        ended.append(talk.duplex.now_s())
        await talk.until("turn_metrics")

    talk = hold(
        user,
        Setting(
            stt=FakeRecognizer(question, delay_s=RECOGNISER_S),
            llm=FakeChatModel(ANSWER, first_token_s=FIRST_TOKEN_S, token_s=TOKEN_S),
            tts=FakeSynthesizer(delay_s=FIRST_SPEECH_S),
            config=config,
        ),
    )
    audible = np.flatnonzero(np.abs(talk.played) > 10 ** (-50 / 20))[0] / talk.setting.rate_hz
    metrics = one(talk.events, "turn_metrics")
    turn_ended = of(talk.events, "turn_ended")[-1]
    return Asked(1000 * (turn_ended["t"] - ended[0]), 1000 * (audible - ended[0]), metrics["saved_ms"])


def questions(config: Config, repeats: int) -> Iterator[Asked]:
    """Every question at lengths that end everywhere within a window."""
    for question in QUESTIONS:
        for repeat in range(repeats):
            yield ask(question, 0.9 + 0.0103 * repeat, config)


def figures(asked: list[Asked]) -> dict[str, Any]:
    """Medians and the 95th percentile."""
    replies = sorted(one.reply_ms for one in asked)
    return {
        "questions": len(asked),
        "endpoint_ms": round(statistics.median(one.endpoint_ms for one in asked)),
        "reply_ms": round(statistics.median(replies)),
        "reply_p95_ms": round(replies[int(0.95 * (len(replies) - 1))]),
        "bound_ms": round(statistics.median(one.bound_ms for one in asked)),
        "within_bound": sum(one.reply_ms <= one.bound_ms for one in asked),
        "saved_ms": round(statistics.median(one.saved_ms for one in asked)),
    }


async def dips(voice: str) -> tuple[float, list[int]]:
    """Seconds of speech, and the length of each stretch of quiet windows within it."""
    speaker, vad, config = EspeakSynthesizer(voice=voice), load_vad("silero"), Config().vad
    seconds, lengths = 0.0, []
    sentences = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()
    for sentence in sentences[:150]:
        async for chunk in speaker.synthesize(_once(sentence)):
            seconds += chunk.duration_s
            sound = np.concatenate(
                (silence(4000), resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ), silence(8000))
            )
            heard = [vad.probability(sound[at : at + WINDOW]) for at in range(0, len(sound) - WINDOW, WINDOW)]
            speech = [at for at, probability in enumerate(heard) if probability >= config.threshold]
            within = heard[speech[0] : speech[-1]] if speech else []
            quiet = "".join("q" if probability < config.release else " " for probability in within)
            lengths += [len(one) for one in quiet.split()]
    return seconds, lengths


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def print_dips() -> None:
    """How often an early start would be one, and how often it would be in vain."""
    spoken = [asyncio.run(dips(voice)) for voice in ("en-us", "en-gb+f3")]
    seconds = sum(one for one, _ in spoken)
    lengths = [length for _, all_of in spoken for length in all_of]
    pauses = sum(length >= 3 for length in lengths)
    print(f"{seconds:.0f} s: {len(lengths) / seconds:.2f} dips a second, {pauses / seconds:.2f} of them pauses")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=8, help="times that each question is asked")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--dips", action="store_true", help="count quiet windows within speech instead")
    arguments = parser.parse_args()
    if arguments.dips:
        print_dips()
        return
    rows = {}
    for preset in PRESETS:
        for prepares in (True, False):
            config = Config(turn=TurnConfig(patience=preset), reply=ReplyConfig(prepare=prepares))
            rows[f"{preset}, {'prepared' if prepares else 'not prepared'}"] = figures(
                list(questions(config, arguments.repeats))
            )
    print(f"simulated; engines {ENGINES_MS:.0f} ms together; {platform.machine()}, Python {platform.python_version()}")
    for name, row in rows.items():
        print(f"{name:22}", "  ".join(f"{key} {value}" for key, value in row.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
