"""What a recogniser is told of the conversation."""

from __future__ import annotations


def last_words(text: str, characters: int) -> str:
    """The end of `text`, at most `characters` long, from the beginning of a word."""
    line = " ".join(text.split())
    if len(line) <= characters:
        return line
    end = line[-characters - 1 :]
    _, space, rest = end.partition(" ")
    return rest if space else end[1:]
