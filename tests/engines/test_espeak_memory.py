"""espeak-ng leaves nothing behind in the process, however much it says."""

from __future__ import annotations

import ctypes

import pytest

from localvoice.errors import ModelError
from localvoice.tts.espeak_library import espeak_library


def test_speech_of_another_length_leaves_nothing_behind():
    try:
        library = espeak_library()
    except ModelError as error:
        pytest.skip(str(error))

    def say(text: str) -> int:
        sound, _ = library.render(
            text, voice=library.identifiers["en"], words_per_minute=175, is_cancelled=lambda: False
        )
        return len(sound)

    say("one")
    kept = len(ctypes.Array.__subclasses__())
    assert len({say(text) for text in ("yes", "no", "perhaps", "by no means", "certainly")}) == 5
    assert len(ctypes.Array.__subclasses__()) == kept, "a type for each length stays for ever"
