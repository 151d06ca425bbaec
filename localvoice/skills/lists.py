"""One list of things to buy or do; the session keeps it."""

from __future__ import annotations

from localvoice.skills.contract import (
    AddItem,
    Arguments,
    BadArguments,
    ClearItems,
    Skill,
    SkillContext,
    SkillResult,
    said,
    typed,
)
from localvoice.skills.templates import Slot

SPOKEN_ITEMS = (
    *("milk", "bread", "butter", "eggs", "cheese", "apples", "bananas", "oranges", "tomatoes", "potatoes", "onions"),
    *("carrots", "rice", "pasta", "flour", "sugar", "salt", "pepper", "coffee", "tea", "juice", "water", "wine"),
    *("beer", "chicken", "fish", "meat", "soap", "toilet paper", "batteries", "flowers"),
)
"""A grammar cannot hold open words: what the starter recogniser can put on the list."""

ITEM = Slot(
    pattern=r"(?:[^\s]+ ){1,8}",
    jsgf=" | ".join(SPOKEN_ITEMS),
    read=lambda text: text.removeprefix("some "),
)
ANYTHING = Slot(pattern=r"(?:[^\s]+ ){1,12}", jsgf="", read=lambda text: text)


def _joined(items: tuple[str, ...]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def add_to_list(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Put `item` on the list."""
    del context
    item = str(arguments.get("item") or "").strip()[:80]
    if not item:
        raise BadArguments("I need to know what to put on the list.")
    return SkillResult(text=f"I added {item} to your list.", data=f"added {item}", effects=(AddItem(item),))


def read_list(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say what is on the list."""
    del arguments
    if not context.items:
        return SkillResult(text="Your list is empty.", data="the list is empty")
    items = _joined(context.items)
    return SkillResult(text=f"On your list: {items}.", data=items)


def clear_list(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Empty the list."""
    del arguments, context
    return SkillResult(text="Your list is empty now.", data="the list is empty now", effects=(ClearItems(),))


ADD_TO_LIST = Skill(
    name="add_to_list",
    sentences=(*said("(add|put) {item} (to|on) <my_list>"), *typed("(add|put) [some] {item} (to|on) <any_list>")),
    run=add_to_list,
    description="Add an item to the user's list.",
    properties={"item": {"type": "string"}},
    required=("item",),
    has_effect=True,
)

READ_LIST = Skill(
    name="read_list",
    sentences=(
        *said("<what_is> on <my_list>", "read [me] <my_list>"),
        *typed("(<what_is> on|(read|tell|show) [me]) <any_list>"),
    ),
    run=read_list,
    description="Read the user's list.",
)

CLEAR_LIST = Skill(
    name="clear_list",
    sentences=(*said("clear <my_list>"), *typed("(clear|empty|delete|erase) <any_list>")),
    run=clear_list,
    description="Empty the user's list.",
    has_effect=True,
)
