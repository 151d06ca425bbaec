"""What `localvoice models recommend` says, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from localvoice.model_store.offer import first_run_offer
from localvoice.model_store.store import ModelStore
from localvoice.tiers.speeds import WEIGHTS, Speeds, expected, recommended, why


def lines(speeds: Speeds, store: ModelStore) -> Iterator[str]:
    """The tier, what it was chosen from, and what is missing of it."""
    advice = recommended(speeds)
    yield f"Tier {advice.tier}: {advice.reason}."
    yield "Expected from the end of speech to sound, where nothing is prepared:"
    for tier in WEIGHTS:
        yield f"  {expected(speeds, tier).line}"
    yield why(speeds)
    yield "Measured with models of random weights made for it; `localvoice doctor` measures those that are here."
    offer = first_run_offer(store, advice.tier)
    yield "All of its models are here." if offer.is_empty else offer.line


def as_json(speeds: Speeds) -> str:
    """The same, and the figures."""
    advice = recommended(speeds)
    tiers = [
        asdict(one) | {"tier": one.tier.value, "total_ms": one.total_ms}
        for one in (expected(speeds, tier) for tier in WEIGHTS)
    ]
    found = {"tier": advice.tier.value, "reason": advice.reason, "measured": asdict(speeds), "expected": tiers}
    return json.dumps(found, indent=2)
