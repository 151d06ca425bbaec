"""A persona file from three answers: what it is for, how it talks, and how soon it has to answer."""

from __future__ import annotations

from dataclasses import dataclass

QUICK_MS, CALM_MS = 650, 1200
"""Up to the first a persona answers in a sentence and waits little; from the second on it may take its time."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked of whoever wants a persona."""

    name: str
    """What it calls itself."""
    purpose: str
    """Such as "helps me cook"."""
    manner: str
    """Such as "warm and a little ironic"."""
    latency_ms: int
    """From the end of a question to the first sound of the answer."""


def prompt_of(answers: Answers) -> str:
    """What a model is told to be."""
    length = {"fast": "one short sentence", "normal": "one to three short sentences"}
    said_in = length.get(_patience(answers.latency_ms), "two to four short sentences")
    return (
        f"You are {answers.name}, a voice assistant. What you are for: {_sentence(answers.purpose)} "
        f"How you talk: {_sentence(answers.manner)} "
        f"Your words are spoken aloud, so answer in {said_in} of plain text, without lists, markdown or emoji."
    )


def persona_text(answers: Answers) -> str:
    """The file: every line a setting that can be changed."""
    import tomlkit

    patience = _patience(answers.latency_ms)
    document = tomlkit.document()
    document.add(tomlkit.comment("Written by `localvoice persona new`; every line can be changed."))
    document["name"] = answers.name
    document["prompt"] = prompt_of(answers)
    document["rate"] = 1.0
    document["turn"] = {"patience": patience}
    document["reply"] = {"max_tokens": {"fast": 60, "normal": 120}.get(patience, 180)}
    document["session"] = {"latency_budget_ms": answers.latency_ms}
    return tomlkit.dumps(document)


def _patience(latency_ms: int) -> str:
    if latency_ms <= QUICK_MS:
        return "fast"
    return "normal" if latency_ms < CALM_MS else "patient"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
