"""What a session says of itself at its start: engines, ends, and who may interrupt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localvoice import __version__
from localvoice.app.listening import Ears
from localvoice.app.plan import Plan, TalkOptions
from localvoice.audio.device_path import path_name
from localvoice.audio.opening import EndKind
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config import Config
from localvoice.engine_names import wrong_language
from localvoice.engines import TurnDetector
from localvoice.loading import Loaded
from localvoice.session.conversation import SessionOptions
from localvoice.turn.end_of_turn import words_have_a_vote


def session_options(
    config: Config,
    planned: Plan,
    options: TalkOptions,
    engines: Mapping[str, Loaded],
    ears: Ears,
    turn_detector: TurnDetector | None,
) -> SessionOptions:
    """How the session differs from any other, and what `session_started` says."""
    player = ears.duplex.player
    greets = planned.has_device and planned.output.kind is EndKind.DEVICE and not options.once
    announced = announcement(config, planned, engines, turn_detector, offline=options.offline) | {
        "offline_reason": options.offline_reason,
        "duplex": ears.choice.mode,
        "sample_rate": SPEECH_RATE_HZ if player is None else player.rate_hz,
    }
    if not planned.is_typed:
        announced["listening"] = ears.runtime
    return SessionOptions(
        once=options.once,
        ends_with_input=planned.input.is_on_clock,
        can_barge_in=not ears.choice.is_deaf,
        greeting=config.session.greeting if greets else "",
        announced=announced,
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
        "cloud": [loaded.name for loaded in engines.values() if loaded.is_cloud],
        "starters": [loaded.name for loaded in engines.values() if loaded.is_starter],
        "offline": offline,
        "input": "typed" if plan.is_typed else plan.input.label,
        "output": plan.output.label,
    } | _callbacks(plan)


def _callbacks(plan: Plan) -> dict[str, str]:
    """Whose audio callbacks run, `native` or `rtmixer`."""
    has_device = plan.has_device or plan.output.kind is EndKind.DEVICE
    return {"callbacks": path_name()} if has_device else {}


def turn_votes(config: Config, turn_detector: TurnDetector | None) -> str:
    """What decides about the end of a turn, beside the pause."""
    if turn_detector is not None:
        return turn_detector.name
    return "words" if words_have_a_vote(config) else "silence"


def warnings(config: Config, ears: Ears, engines: Mapping[str, Loaded]) -> Iterator[tuple[str, str]]:
    """Code and message of what the user should know at the start."""
    if ears.choice.warning:
        yield ears.choice.warning
    for loaded in engines.values():
        for name, error in loaded.absent:
            yield "absent_engine", f"{name} does not stand behind {loaded.name}: {error}"
    stt = engines.get("stt")
    if stt is not None and (said := wrong_language(stt.name, config.session.language)):
        yield "wrong_language", said
