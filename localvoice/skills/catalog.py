"""All skills together: offered as tools, matched to sentences, run, and turned into a grammar."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from localvoice.config_schema import nearest
from localvoice.errors import ConfigError
from localvoice.languages import language_code
from localvoice.messages import ToolCall, ToolSpec
from localvoice.skills import arithmetic, calendar, conversation, lists, numbers, timers, units
from localvoice.skills.contract import Arguments, BadArguments, Skill, SkillContext, SkillResult
from localvoice.skills.templates import PHRASES, Matcher, Slot, normalise, to_jsgf

SKILLS: tuple[Skill, ...] = (
    *(calendar.GET_TIME, calendar.GET_DATE, calendar.DAYS_UNTIL),
    *(timers.SET_TIMER, timers.CANCEL_TIMERS, timers.TIMER_LEFT),
    *(arithmetic.CALCULATE, units.CONVERT),
    *(lists.ADD_TO_LIST, lists.READ_LIST, lists.CLEAR_LIST),
    *(conversation.CHANGE_VOLUME, conversation.CHANGE_RATE, conversation.REPEAT, conversation.STOP),
    *(conversation.HELP_SKILL, conversation.START_OVER, conversation.GOODBYE),
    *(conversation.HELLO, conversation.THANKS),
)

SLOTS: Mapping[str, Slot] = {
    "expression": arithmetic.EXPRESSION,
    "conversion": units.CONVERSION,
    "content": units.CONTENT,
    "day": calendar.DAY,
    "days": calendar.DAYS,
    "duration": timers.DURATION,
    "length": timers.LENGTH,
    "label": timers.LABEL,
    "item": lists.ITEM,
    "anything": lists.ANYTHING,
}
RULES: Mapping[str, str] = {**numbers.JSGF, **units.JSGF, **arithmetic.JSGF, **calendar.JSGF}

OPENINGS = (
    *("hey computer", "okay computer", "ok computer", "computer", "hey", "okay", "ok", "so", "well", "um", "uh", "and"),
    *("please", "could you", "can you", "would you", "will you", "could you please", "can you please", "now"),
    *("i want to know", "i would like to know", "i'd like to know"),
)
CLOSINGS = ("please", "now", "thanks", "thank you", "computer", "for me", "then")
# A closing "please" in the grammar fits the end of nearly any speech: it doubled what was taken for a command.
SPOKEN_OPENINGS = ("please", "can you", "could you", "hey computer")
LONGEST = 200
"""Characters of an utterance that can be a command; longer talk is not matched against anything."""


def check_disabled(disabled: Collection[str]) -> None:
    """Raises `ConfigError` where no skill bears one of these names."""
    names = [skill.name for skill in SKILLS]
    for unknown in (name for name in disabled if name not in names):
        near = nearest(unknown, names)
        raise ConfigError(
            f"skills.disabled names no skill {unknown!r}; the nearest one is {near}; there are {', '.join(names)}",
            key="skills.disabled",
        )


class Skills:
    """The skills that are switched on. Stateless; `match` takes well below 5 ms."""

    def __init__(self, *, disabled: Collection[str] = (), language: str = "en") -> None:
        """Raises `ConfigError` where no skill bears a name of `disabled`."""
        check_disabled(disabled)
        self._skills = {skill.name: skill for skill in SKILLS if skill.name not in disabled}
        spoken = language_code(language) == "en"
        self._sentences = tuple(
            (skill.name, sentence, Matcher(sentence.template, SLOTS))
            for skill in self._skills.values()
            for sentence in skill.sentences
            if spoken
        )

    def specs(self) -> tuple[ToolSpec, ...]:
        """The skills that a model may use as tools."""
        return tuple(
            ToolSpec(
                name=skill.name,
                description=skill.description,
                parameters={
                    "type": "object",
                    "properties": dict(skill.properties),
                    "required": list(skill.required),
                },
            )
            for skill in self._skills.values()
            if skill.description
        )

    def match(self, text: str) -> ToolCall | None:
        """The skill that the whole of `text` asks for; case, punctuation and politeness around it don't matter."""
        if len(text) > LONGEST:
            return None
        for words in _without_politeness(normalise(text)):
            for name, sentence, matcher in self._sentences:
                found = matcher.match(words)
                if found is not None:
                    return ToolCall(name=name, arguments={**sentence.arguments, **found})
        return None

    def run(self, call: ToolCall, context: SkillContext) -> SkillResult:
        """Run `call`. An unknown name or bad arguments give a result that says so, without effects."""
        skill = self._skills.get(call.name)
        if skill is None:
            return SkillResult(text="I cannot do that.", data=f"error: there is no tool {call.name}")
        arguments: Arguments = call.arguments if isinstance(call.arguments, Mapping) else {}
        missing = [name for name in skill.required if name not in arguments]
        if missing:
            return SkillResult(text="I did not get all that I need.", data=f"error: missing {', '.join(missing)}")
        try:
            return skill.run(arguments, context)
        except BadArguments as error:
            return SkillResult(text=str(error), data=f"error: {error}")

    def has_effect(self, name: str) -> bool:
        """Whether running `name` can change something; such a skill waits for the end of the turn."""
        return name in self._skills and self._skills[name].has_effect

    def not_understood_text(self) -> str:
        """Two spoken sentences for words that fit no skill: what is possible, and what would be better."""
        return conversation.NOT_UNDERSTOOD

    def jsgf(self) -> str:
        """The grammar of every spoken sentence, for a recogniser; each sentence of it is matched by `match`."""
        by_skill: dict[str, list[str]] = {}
        for name, sentence, _ in self._sentences:
            if sentence.spoken:
                by_skill.setdefault(name, []).append(to_jsgf(sentence.template))
        rules = {**PHRASES, **RULES, **{name: slot.jsgf for name, slot in SLOTS.items() if slot.jsgf}}
        rules |= {f"skill_{name}": " | ".join(templates) for name, templates in by_skill.items()}
        lines = ["#JSGF V1.0;", "grammar skills;"]
        lines += [f"<{name}> = {to_jsgf(rule)};" for name, rule in rules.items()]
        choices = " | ".join(f"<skill_{name}>" for name in by_skill)
        lines.append(f"public <command> = [{' | '.join(SPOKEN_OPENINGS)}] ({choices});")
        return "\n".join(lines) + "\n"


def _without_politeness(words: str) -> Iterator[str]:
    """`words`, then with what opens or closes a polite request taken off, one piece after the other."""
    yield words
    while (shorter := _shorter(words)) != words:
        words = shorter
        yield words


def _shorter(words: str) -> str:
    for phrase in sorted(OPENINGS, key=len, reverse=True):
        if words.startswith(f"{phrase} ") and len(words) > len(phrase) + 1:
            return words[len(phrase) + 1 :]
    for phrase in CLOSINGS:
        if words.endswith(f" {phrase} "):
            return words[: -len(phrase) - 1]
    return words
