"""What a session says of itself at its start: engines, ends, and who may interrupt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localvoice import __version__
from localvoice.app.plan import Plan
from localvoice.audio.device_path import path_name
from localvoice.audio.opening import EndKind
from localvoice.config import Config
from localvoice.engines import TurnDetector
from localvoice.loading import Loaded


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
        "cloud": [loaded.name for loaded in engines.values() if loaded.is_cloud],
        "starters": [loaded.name for loaded in engines.values() if loaded.is_starter],
        "offline": offline,
        "input": "typed" if plan.is_typed else plan.input.label,
        "output": plan.output.label,
    } | _callbacks(plan)


def _callbacks(plan: Plan) -> dict[str, str]:
    """Whose audio callbacks run, where a device is used: `native` or `rtmixer`."""
    return {"callbacks": path_name()} if plan.has_device or plan.output.kind is EndKind.DEVICE else {}


def turn_votes(config: Config, turn_detector: TurnDetector | None) -> str:
    """What decides about the end of a turn, beside the pause."""
    if turn_detector is not None:
        return turn_detector.name
    hears_words = config.reply.prepare and config.session.language.split("-", 1)[0].lower() in {"", "en"}
    return "words" if hears_words else "silence"
