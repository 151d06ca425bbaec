"""What is measured side by side: the program's presets, with and without a vote, smart-turn alone, fixed silences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.turns.dialogue import Dialogue, Ear, Reader, Taking, Votes
from benchmarks.turns.whispered import Whispered
from localvoice.config import PATIENCE_MS, Config, SessionConfig, TurnConfig, VadConfig
from localvoice.turn.speech_gate import Edge, SpeechGate

WORDS_S = 0.05
"""What the scripted recogniser takes from the pause to its words."""
SLOW_WORDS_S = 0.3

FIXED_MS = range(200, 1001, 100)

LATER_MS = (280, 320, 360)
"""`turn.sure_ms` for who would rather wait longer than be taken for finished: the curve beside fixed silences."""
LATER = tuple(f"normal, sure_ms = {sure_ms}" for sure_ms in LATER_MS)

PIPECAT_STOP_S, PIPECAT_LIMIT_S = 0.2, 3.0
"""smart-turn alone is asked after this silence, once, and where it says "unfinished" the turn ends after the second
(pipecat's defaults: VAD `stop_secs`, smart-turn `stop_secs`)."""

Ends = Callable[[Dialogue], list[float]]
"""A system: when it takes a turn for finished, in a dialogue."""


def ours(turn: TurnConfig, votes: Votes, language: str = "en") -> Ends:
    """The program's own turn-taking."""
    config = Config(turn=turn, session=SessionConfig(language=language))
    return lambda dialogue: [end.at_s for end in Taking(dialogue, config, votes).run()]


def fixed(silence_ms: int) -> Ends:
    """The same with one wait for everything, and no votes."""
    turn = TurnConfig(sure_ms=silence_ms, silence_ms=silence_ms, limit_ms=silence_ms)
    return ours(turn, Votes(), language="und")


def smart_turn_alone(ear: Ear, sound_s: float) -> Ends:
    """smart-turn's verdict at 0.5, as pipecat asks for it."""

    def ends(dialogue: Dialogue) -> list[float]:
        return list(_ends_by_smart_turn(dialogue, ear, sound_s))

    return ends


def _ends_by_smart_turn(dialogue: Dialogue, ear: Ear, sound_s: float) -> Iterator[float]:
    onset_s: float | None = None
    for start_s, end_s, until_s in silences(dialogue):
        onset_s = start_s if onset_s is None else onset_s
        asked_s = end_s + PIPECAT_STOP_S
        if asked_s < until_s:
            says_finished = ear.answer(dialogue, onset_s, asked_s) > 0.5
            due_s = asked_s + sound_s if says_finished else end_s + PIPECAT_LIMIT_S
            if due_s < until_s:
                yield due_s
                if dialogue.is_over(due_s):
                    onset_s = None


def silences(dialogue: Dialogue) -> Iterator[tuple[float, float, float]]:
    """(onset of the speech before, its end, onset of the speech after), as the gate finds them."""
    gate, before = SpeechGate(VadConfig()), (0.0, 0.0)
    for window in dialogue.windows:
        edge = gate.step(window.at_s, window.probability)
        if edge is Edge.STARTED and before[1]:
            yield (*before, gate.onset_s)
        if edge is Edge.STOPPED:
            before = (gate.onset_s, gate.end_s)
    if before[1]:
        yield (*before, float("inf"))


WHISPERED = "normal, words of the model"
BELIEVED = WHISPERED + ", all believed"
NO_EAR, NO_VOTES, READ = ", no smart-turn", ", silence only", ", and the turn reader"


def by_whisper(ear: Ear, whispered: Whispered) -> dict[str, Ends]:
    """`normal` with the words that were said, with what a model reads in the sound, and with none."""
    turn, votes = TurnConfig(patience="normal"), Votes(WORDS_S, ear, whispered=whispered)
    return {
        "normal": ours(turn, Votes(WORDS_S, ear)),
        WHISPERED: ours(turn, votes),
        BELIEVED: ours(turn, replace(votes, is_doubted=False)),
        "normal, no words": ours(turn, Votes(None, ear), language="und"),
    }


def systems(ear: Ear | None, reader: Reader | None = None) -> dict[str, Ends]:
    """By name, in the order of the table."""
    presets = {patience: TurnConfig(patience=patience) for patience in PATIENCE_MS}
    both = Votes(WORDS_S, ear)
    found: dict[str, Ends] = {}
    if ear is not None:
        found |= {patience: ours(turn, both) for patience, turn in presets.items()}
        found[f"normal, words {1000 * SLOW_WORDS_S:.0f} ms late"] = ours(presets["normal"], Votes(SLOW_WORDS_S, ear))
        later = [TurnConfig(patience="normal", sure_ms=sure_ms) for sure_ms in LATER_MS]
        found |= {name: ours(turn, both) for name, turn in zip(LATER, later, strict=True)}
        found["normal, no words"] = ours(presets["normal"], Votes(None, ear), language="und")
    if reader is not None:
        found["normal" + NO_EAR + READ] = ours(presets["normal"], Votes(WORDS_S, reader=reader))
    if ear is not None and reader is not None:
        read_along = Votes(WORDS_S, ear, reader=reader)
        found |= {patience + READ: ours(turn, read_along) for patience, turn in presets.items()}
    found |= {patience + NO_EAR: ours(turn, Votes(WORDS_S)) for patience, turn in presets.items()}
    found |= {patience + NO_VOTES: ours(turn, Votes(), language="und") for patience, turn in presets.items()}
    if ear is not None:
        found["smart-turn alone"] = smart_turn_alone(ear, both.sound_s)
    return found | {f"{silence_ms} ms of silence": fixed(silence_ms) for silence_ms in FIXED_MS}
