"""Talking about the talk itself: greetings, repeating, stopping, the voice. A model is offered the voice only."""

from __future__ import annotations

from localvoice.skills.contract import (
    Arguments,
    BadArguments,
    ChangeRate,
    ChangeVolume,
    EndSession,
    Skill,
    SkillContext,
    SkillResult,
    StartOver,
    StopSpeaking,
    said,
    typed,
)

HELP = (
    "You can ask me for the time, the date, a timer, a sum, or how many feet are in a mile. "
    "I can also keep a list, repeat what I said, and speak louder or slower."
)
NOT_UNDERSTOOD = (
    "I can only do the time, dates, timers, sums, conversions and a list. "
    "To talk about anything else, install a language model with: localvoice models download."
)

VOLUME_STEP = 1.41
"""3 dB: a clearly audible step."""
RATE_STEP = 1.2


def hello(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Greet back."""
    del arguments, context
    return SkillResult(text="Hello! How can I help you?", data="hello")


def thanks(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Accept thanks."""
    del arguments, context
    return SkillResult(text="You are welcome.", data="you are welcome")


def give_help(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say what can be asked."""
    del arguments, context
    return SkillResult(text=HELP, data=HELP)


def repeat(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say the last reply again."""
    del arguments
    text = context.last_reply or "I have not said anything yet."
    return SkillResult(text=text, data=text)


def stop(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Be quiet."""
    del arguments, context
    return SkillResult(text="Okay.", data="stopped", effects=(StopSpeaking(),))


def goodbye(arguments: Arguments, context: SkillContext) -> SkillResult:
    """End the session."""
    del arguments, context
    return SkillResult(text="Goodbye!", data="goodbye", effects=(EndSession(),))


def start_over(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Forget the conversation."""
    del arguments, context
    return SkillResult(text="Okay, let us start over.", data="the conversation is forgotten", effects=(StartOver(),))


def _factor(arguments: Arguments, up: str, down: str, step: float) -> float:
    direction = arguments.get("direction")
    if not isinstance(direction, str) or direction not in {up, down}:
        raise BadArguments(f"I need a direction, {up} or {down}.")
    return step if direction == up else 1 / step


def change_volume(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Speak louder or quieter."""
    del context
    factor = _factor(arguments, "up", "down", VOLUME_STEP)
    text = "Volume up." if factor > 1 else "Volume down."
    return SkillResult(text=text, data=text.lower().rstrip("."), effects=(ChangeVolume(factor),))


def change_rate(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Speak faster or slower."""
    del context
    factor = _factor(arguments, "faster", "slower", RATE_STEP)
    word = "faster" if factor > 1 else "slower"
    return SkillResult(text=f"I will speak {word}.", data=f"speaking {word}", effects=(ChangeRate(factor),))


HELLO = Skill(
    name="hello",
    sentences=(*said("(hello|hi) [there]", "good (morning|afternoon|evening)"), *typed("hey")),
    run=hello,
)
THANKS = Skill(
    name="thanks",
    sentences=said("(thanks|thank you) [very much|so much|a lot]"),
    run=thanks,
)
HELP_SKILL = Skill(
    name="help",
    sentences=said(
        "what can (you do|i say|i ask|i ask you)",
        "what (do|are) you (know|able to do)",
        "how (can|do) (you help me|you work|i use you)",
        "help [me]",
    ),
    run=give_help,
)
REPEAT = Skill(
    name="repeat",
    sentences=(
        *said(
            "(repeat|say) (that|it) [again]",
            "(what did you say|what was that|pardon [me]|come again)",
            "[say it] one more time",
            "once (again|more)",
        ),
        *typed("(repeat|again|what|sorry)"),
    ),
    run=repeat,
)
STOP = Skill(
    name="stop",
    sentences=(
        *said(
            "stop [it|talking|speaking|that]",
            "(be quiet|quiet|silence|shut up)",
            "[that's|that is] enough",
            "(never mind|forget it|cancel that|hold on|wait)",
        ),
        *typed("(cancel|wait a (second|minute|moment))"),
    ),
    run=stop,
    has_effect=True,
)
GOODBYE = Skill(
    name="goodbye",
    sentences=(
        *said(
            "(goodbye|good bye|bye bye|see you later|good night)",
            "(end|stop|quit) the (conversation|session|program)",
            "that's all [for (now|today)]",
        ),
        *typed("(bye|bye for now|exit|quit|that is all)"),
    ),
    run=goodbye,
    has_effect=True,
)
START_OVER = Skill(
    name="start_over",
    sentences=(
        *said("(let's|let us) start over", "start (over|again)", "forget (everything|all of that)"),
        *typed("(new conversation|start a new conversation|reset)"),
    ),
    run=start_over,
    has_effect=True,
)
CHANGE_VOLUME = Skill(
    name="change_volume",
    sentences=(
        *said(
            "[speak|talk|a (bit|little)] louder",
            "speak up",
            "[turn [the]] volume up",
            "turn (up the volume|it up|the volume up)",
            direction="up",
        ),
        *said(
            "[speak|talk|a (bit|little)] quieter",
            "[turn [the]] volume down",
            "turn (down the volume|it down|the volume down)",
            "not so loud",
            direction="down",
        ),
    ),
    run=change_volume,
    description="Make your voice louder (up) or quieter (down).",
    properties={"direction": {"type": "string", "enum": ["up", "down"]}},
    required=("direction",),
    has_effect=True,
)
CHANGE_RATE = Skill(
    name="change_rate",
    sentences=(
        *said("[speak|talk|a (bit|little)] (slower|more slowly)", "slow down", direction="slower"),
        *said("[speak|talk|a (bit|little)] faster", "speed up", direction="faster"),
        *said("(speak|talk) slowly", direction="slower"),
    ),
    run=change_rate,
    description="Make your voice faster or slower.",
    properties={"direction": {"type": "string", "enum": ["faster", "slower"]}},
    required=("direction",),
    has_effect=True,
)
