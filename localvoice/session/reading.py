"""What the user said: the transcript of a stretch of sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.engines import Recognizer
from localvoice.errors import AllProvidersFailed
from localvoice.messages import Transcript

_TAIL = silence(SPEECH_RATE_HZ // 10)
"""Put behind the sound, which may end in the first quiet window: recognisers lose a word that touches the edge."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, and how much sound it was made of."""

    transcript: Transcript
    audio_s: float

    @property
    def is_nothing(self) -> bool:
        """Whether there were no words at all, not even ones that cannot be understood."""
        return not self.transcript.text and not self.transcript.rejected

    @property
    def words(self) -> str:
        """What was understood."""
        return "" if self.transcript.rejected else self.transcript.text


async def read(recognizer: Recognizer | None, utterances: UtteranceBuffer, start_s: float, end_s: float) -> Heard:
    """The words between two moments of the capture clock.

    Raises:
        ProviderError, AllProvidersFailed: nobody can read them.
    """
    if recognizer is None:
        raise AllProvidersFailed("stt", ())
    sound = utterances.read(start_s, end_s)
    heard = await recognizer.transcribe(np.concatenate((sound, _TAIL)))
    return Heard(heard, len(sound) / SPEECH_RATE_HZ)
