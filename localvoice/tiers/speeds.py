"""What was measured of a machine, what its tiers would take on it, and which one suits it.

Rule of this file: pure; nothing is measured or looked up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localvoice.model_store.catalogue import Tier, size_text
from localvoice.model_store.offer import Recommendation

LONGEST_S = 1.2
"""From the end of speech to sound: above this the next smaller tier is the better one. What is hidden behind the wait
for the end of the turn (400 ms by default) is not counted."""

FREE_SHARE = 0.5
"""Of the free memory, that models may take."""

_LARGE_CARD_BYTES = 6_000_000_000
_WORDS_S = 10
"""Tokens of a recognised sentence, and of a first clause."""
_NEW_TOKENS = 30
"""Of a prompt, that are not read before the turn ends."""
_CLAUSE_S = 1.5
"""Sound of a first clause."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """A machine's figures, each of a model of random weights or of a ready one."""

    recogniser_s: float
    """Whisper base, int8, one turn."""
    prefill_tokens_per_s: float
    """Of a language model of 0.1 B parameters, 4 bits."""
    decode_tokens_per_s: float
    synthesiser_factor: float
    """Time of a voice of quality medium, in times of its sound."""
    free_bytes: int
    physical_cores: int
    card_bytes: int = 0
    """Memory of a graphics card that works; 0 without one."""
    card: str = ""
    recognisers: Mapping[str, float] = field(default_factory=dict)
    """Seconds that installed recognisers take for a turn of 3 s, by model, where there is a choice between engines."""


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a tier costs, in times of what was measured."""

    recogniser: float
    model_bytes: int
    synthesiser: float
    memory_bytes: int


MEASURED_MODEL_BYTES = 57_000_000
"""Of the language model that is measured: time goes with the bytes that have to be read (0.1 to 1 B: within 25 %, one
thread, 2 shared cores, AMD EPYC, 2026-11-21)."""

WEIGHTS: Mapping[Tier, _Weight] = {
    Tier.SMALL: _Weight(1.0, 480_000_000, 1.0, 1_500_000_000),
    Tier.STANDARD: _Weight(3.2, 1_107_000_000, 1.0, 3_000_000_000),
    Tier.LARGE: _Weight(11.0, 2_497_000_000, 4.0, 7_000_000_000),
}
"""Whisper base, small and large-v3-turbo: encoder times of engines compared by their operations. The small tier's model
is an 8-bit file of 640 MB, of which the vocabulary's half is read once a token."""

_CARD_TIMES = 12.0
"""How much sooner a graphics card of that size is done (engine notes, section 7: an estimate)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a tier would take on a machine, in ms behind the end of speech."""

    tier: Tier
    recogniser_ms: float
    first_token_ms: float
    first_clause_ms: float
    first_speech_ms: float
    fits: bool
    """Into the memory that is free."""
    lacks_card: bool = False
    """It wants a graphics card that this machine does not have."""

    @property
    def total_ms(self) -> float:
        """From the end of speech to sound, where nothing is prepared."""
        return self.recogniser_ms + self.first_token_ms + self.first_clause_ms + self.first_speech_ms

    @property
    def line(self) -> str:
        """For people."""
        parts = (
            f"transcript {self.recogniser_ms:.0f}, first token {self.first_token_ms:.0f}, "
            f"first clause {self.first_clause_ms:.0f}, first speech {self.first_speech_ms:.0f}"
        )
        obstacles = [] if self.fits else ["too large for memory"]
        obstacles += [f"wants a graphics card of {_LARGE_CARD_BYTES // 10**9} GB"] if self.lacks_card else []
        return "; ".join((f"{self.tier}: about {self.total_ms / 1000:.1f} s ({parts} ms)", *obstacles))


def expected(speeds: Speeds, tier: Tier) -> Expected:
    """What `tier` would take."""
    weight = WEIGHTS[tier]
    card = _CARD_TIMES if tier is Tier.LARGE and has_card(speeds) else 1.0
    by_size = weight.model_bytes / MEASURED_MODEL_BYTES / card
    memory = speeds.free_bytes * FREE_SHARE
    return Expected(
        tier,
        recogniser_ms=1000 * speeds.recogniser_s * weight.recogniser / card,
        first_token_ms=1000 * by_size * _NEW_TOKENS / speeds.prefill_tokens_per_s,
        first_clause_ms=1000 * by_size * _WORDS_S / speeds.decode_tokens_per_s,
        first_speech_ms=1000 * speeds.synthesiser_factor * weight.synthesiser * _CLAUSE_S,
        fits=weight.memory_bytes <= (max(memory, speeds.card_bytes) if card > 1 else memory),
        lacks_card=tier is Tier.LARGE and not has_card(speeds),
    )


def has_card(speeds: Speeds) -> bool:
    """Whether the graphics card carries the large tier."""
    return speeds.card_bytes >= _LARGE_CARD_BYTES


def recommended(speeds: Speeds) -> Recommendation:
    """The largest tier that fits and answers soon enough; the small one where none does."""
    tiers = [Tier.LARGE, Tier.STANDARD] if has_card(speeds) else [Tier.STANDARD]
    for tier in tiers:
        found = expected(speeds, tier)
        if found.fits and found.total_ms <= 1000 * LONGEST_S:
            return Recommendation(tier, described(speeds))
    return Recommendation(Tier.SMALL, described(speeds))


def why(speeds: Speeds) -> str:
    """Why `recommended` is this one, in a sentence."""
    tier, soon = recommended(speeds).tier, f"within {LONGEST_S:g} s"
    if tier is not Tier.SMALL:
        return f"Tier {tier} is the largest that takes half of the free memory at most and answers {soon}."
    if not expected(speeds, Tier.SMALL).fits:
        return "No tier fits into half of the free memory: close other programs first; small takes the least."
    if expected(speeds, Tier.SMALL).total_ms <= 1000 * LONGEST_S:
        return f"Tier small: the next one takes more than half of the free memory, or does not answer {soon}."
    return f"No tier answers {soon} here unless it is prepared while you speak: small is the fastest."


def described(speeds: Speeds) -> str:
    """The figures in a line."""
    words = [
        f"{size_text(speeds.free_bytes)} of memory free",
        f"{speeds.physical_cores} physical cores",
        f"{speeds.decode_tokens_per_s:.0f} tokens/s at 0.1 B",
        f"Whisper base in {1000 * speeds.recogniser_s:.0f} ms",
        f"speech in {speeds.synthesiser_factor:.2f} times real time",
    ]
    words += [f"{name} in {1000 * seconds:.0f} ms" for name, seconds in speeds.recognisers.items()]
    if speeds.card:
        words.append(speeds.card)
    return ", ".join(words)
