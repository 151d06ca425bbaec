"""Names of languages, as people, systems and services write them, and the one form that everything below reads."""

from __future__ import annotations

import re

_CODES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl", "russian": "ru", "japanese": "ja", "chinese": "zh", "korean": "ko",
    "hindi": "hi", "arabic": "ar", "turkish": "tr", "swedish": "sv", "ukrainian": "uk", "czech": "cs",
    "danish": "da", "finnish": "fi", "norwegian": "no", "greek": "el", "hebrew": "he", "hungarian": "hu",
    "romanian": "ro", "bulgarian": "bg", "catalan": "ca", "indonesian": "id", "vietnamese": "vi", "thai": "th",
    "bengali": "bn", "tamil": "ta", "telugu": "te", "urdu": "ur", "persian": "fa", "welsh": "cy",
}  # fmt: skip
"""Whisper's names of languages, as far as they are common."""

_TAG = re.compile(r"([a-z]{2,3})((?:[-_][a-z0-9]{1,8})*)(?:\.[a-z0-9-]+)?(?:@[a-z]+)?", re.IGNORECASE)
"""`en`, `en-US`, and what systems make of it: `en_US.UTF-8`."""


def language_tag(text: str) -> str:
    """`en-US` for `en_us`, `en` for `EN` and `English`; a word that is no tag (an engine's own `multi`) stays.

    A region is in capitals, all else is in small letters: what engines and `split("-")` go by.
    """
    text = text.strip()
    if name := _CODES.get(text.casefold()):
        return name
    tag = _TAG.fullmatch(text)
    if tag is None:
        return text
    public, mark, private = f"{tag[1]}{tag[2]}".lower().replace("_", "-").partition("-x-")
    language, *parts = public.split("-")
    return "-".join([language, *(part.upper() if len(part) == 2 else part for part in parts)]) + mark + private


def language_code(language: str) -> str:
    """`de` for `de-AT`; nothing for nothing."""
    return language.partition("-")[0].lower()
