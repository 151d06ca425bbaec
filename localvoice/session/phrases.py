"""Phrases that are spoken beforehand, in the local voice, so that they sound at once when they are wanted."""

from __future__ import annotations

from localvoice.config import ReplyConfig

HEARING = "I'm having trouble hearing right now."
THINKING = "I'm having trouble thinking right now."
"""For when every engine of a stage has failed."""

LET_ME_THINK = "Let me think."
"""A filler: the answer takes long."""
CONFIRM = "Okay."
"""A filler: what was asked is done, and the words about it take long."""
CLARIFY = "Sorry, I did not understand that."
"""The answer to speech that nobody could make sense of."""
GOODBYE = "Goodbye!"
"""What the skill says that ends the session."""
STILL_THERE = "Are you still there?"
"""A prompt: silence follows a question of ours."""


def phrases_for(reply: ReplyConfig) -> tuple[str, ...]:
    """Those that these settings can want, the most urgent first."""
    fillers = (LET_ME_THINK, CONFIRM) if reply.filler_after_ms else ()
    prompts = (STILL_THERE,) if reply.silence_prompt_s else ()
    return (HEARING, THINKING, *fillers, *prompts, CLARIFY, GOODBYE)
