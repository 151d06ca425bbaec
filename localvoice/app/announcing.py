"""What a session says of itself at its start: engines, ends, and who may interrupt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localvoice import __version__
from localvoice.app.plan import Plan
from localvoice.audio.opening import EndKind
from localvoice.config import Config
from localvoice.engines import TurnDetector
from localvoice.loading import Loaded

HALF_DUPLEX = (
    "without compiled audio callbacks there is no echo canceller: your voice is not listened to while I speak, Enter "
    "interrupts; with headphones run `localvoice config set audio.duplex full`"
)


def announcement(
    config: Config, plan: Plan, engines: Mapping[str, Loaded], turn_detector: TurnDetector | None, *, offline: str
) -> dict[str, Any]:
    """The fields of `session_started` that do not depend on a device."""
    used = {stage: loaded.name for stage, loaded in engines.items()}
    return {
        "version": __version__,
        "engines": {
            "stt": used.get("stt", "typed"),
            "llm": used["llm"],
            "tts": used.get("tts", "none"),
            "vad": "none" if plan.is_typed else config.engines.vad,
            "turn": "typed" if plan.is_typed else turn_votes(config, turn_detector),
        },
        "starters": [loaded.name for loaded in engines.values() if loaded.is_starter],
        "offline": offline,
        "input": "typed" if plan.is_typed else plan.input.label,
        "output": plan.output.label,
    }


def turn_votes(config: Config, turn_detector: TurnDetector | None) -> str:
    """What decides about the end of a turn, beside the pause."""
    if turn_detector is not None:
        return turn_detector.name
    hears_words = config.reply.prepare and config.session.language.split("-", 1)[0].lower() in {"", "en"}
    return "words" if hears_words else "silence"


def duplex_mode(config: Config, plan: Plan, *, knows_far_end: bool) -> str:
    """Who may interrupt by voice: `full` or `half`, or what the settings say.

    `auto` is full, but for a microphone beside a loudspeaker of which nobody knows what it played: the assistant would
    take its own voice for the user's. `audio.echo = "off"` says that there is no echo (headphones).
    """
    if plan.is_typed:
        return "half"
    if config.audio.duplex != "auto":
        return config.audio.duplex
    can_echo = plan.has_device and plan.output.kind is EndKind.DEVICE and config.audio.echo == "auto"
    return "half" if can_echo and not knows_far_end else "full"
