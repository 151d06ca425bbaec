"""Phrases spoken before the session begins, by the local voice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence

from localvoice.engines import Synthesizer
from localvoice.errors import LocalVoiceError
from localvoice.messages import SpeechChunk


async def speak_beforehand(
    texts: Sequence[str], voices: Sequence[Synthesizer], paid: Collection[str]
) -> dict[str, SpeechChunk]:
    """Speech by its text, of the first voice that costs nothing; what it cannot say in one piece is left out."""
    local = next((voice for voice in voices if voice.name not in paid), None)
    if local is None:
        return {}
    phrases = {}
    for text in texts:
        try:
            chunks = [chunk async for chunk in local.synthesize(_once(text))]
        except LocalVoiceError:
            continue  # said as text then
        if len(chunks) == 1:
            phrases[text] = chunks[0]
    return phrases


async def _once(text: str) -> AsyncIterator[str]:
    yield text
