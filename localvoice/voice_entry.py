"""A voice as it is listed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceEntry:
    """One voice of one synthesiser."""

    engine: str
    """As in `--tts`."""
    voice: str
    """As in `--voice`."""
    title: str = ""
    """What it is called, or how it sounds."""
    language: str = ""
    """Code; empty where it speaks several."""
    is_cloud: bool = False
    is_ready: bool = True
    """Whether it could speak now; otherwise its model is to be downloaded."""

    def matches(self, text: str) -> bool:
        """Whether all words of `text` are in what is known of it."""
        known = f"{self.engine} {self.voice} {self.title} {self.language}".casefold()
        return all(word in known for word in text.casefold().split())
