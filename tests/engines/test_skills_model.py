"""The starter chat model: a matching utterance becomes a call, a tool's result is said, all else gets a hint."""

from __future__ import annotations

from datetime import UTC, datetime

from localvoice.engines import ChatModel
from localvoice.llm.skills import SkillsModel
from localvoice.messages import Message, Role, ToolCall, Usage
from localvoice.skills.catalog import Skills
from localvoice.skills.contract import SkillContext


async def parts(model: ChatModel, *history: Message) -> list:
    return [part async for part in model.reply(history)]


def user(text: str) -> Message:
    return Message(Role.USER, text)


async def test_a_matching_utterance_becomes_a_tool_call_and_its_own_words_are_left_to_the_skill():
    skills = Skills()
    model = SkillsModel(skills)
    call, usage = await parts(model, user("Hey computer, set a timer for five minutes."))
    assert isinstance(call, ToolCall)
    assert (call.name, dict(call.arguments)) == ("set_timer", {"minutes": 5})
    assert usage == Usage()
    result = skills.run(call, SkillContext(now=datetime(2026, 11, 20, 19, 42, tzinfo=UTC)))
    history = (
        user("set a timer for five minutes"),
        Message(Role.ASSISTANT, "", tool_calls=(call,)),
        Message(Role.TOOL, result.data, tool_call_id=call.id),
    )
    assert await parts(model, *history) == [Usage()]


async def test_what_fits_no_skill_gets_a_hint_how_to_install_a_model():
    text, usage = await parts(
        SkillsModel(Skills()), Message(Role.SYSTEM, "Be kind."), user("who painted the mona lisa")
    )
    assert "localvoice models download" in text
    assert usage == Usage()


async def test_only_the_last_message_counts():
    model = SkillsModel(Skills())
    text, _ = await parts(model, user("what time is it"), Message(Role.ASSISTANT, "It is 7."), user("why"))
    assert isinstance(text, str)
    call, _ = await parts(model, user("why"), Message(Role.ASSISTANT, "Hm."), user("what time is it"))
    assert call.name == "get_time"


async def test_a_disabled_skill_is_not_called():
    text, _ = await parts(SkillsModel(Skills(disabled=("get_time",))), user("what time is it"))
    assert isinstance(text, str)


async def test_an_empty_history_gets_the_hint_too():
    text, _ = await parts(SkillsModel(Skills()))
    assert "localvoice models download" in text
    await SkillsModel(Skills()).prefill(())
