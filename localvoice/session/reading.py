"""What the user said: the transcript of a stretch of sound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.engines import Recognizer
from localvoice.errors import AllProvidersFailed
from localvoice.messages import Transcript
from localvoice.stt.invented import Disbelief, Evidence

_TAIL = silence(SPEECH_RATE_HZ // 10)
"""Put behind the sound, which may end in the first quiet window: recognisers lose a word that touches the edge."""

_DISBELIEF = Disbelief()


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


def is_invented(text: str, speech_s: float | None) -> bool:
    """Whether nobody can have said it in so many seconds of speech. Recognisers look at scores of their own."""
    return bool(_DISBELIEF.why(Evidence(text, speech_s)))


async def read(
    recognizer: Recognizer | None,
    utterances: UtteranceBuffer,
    start_s: float,
    end_s: float,
    speech_s: float | None = None,
) -> Heard:
    """The words between two moments of the capture clock, with `speech_s` of speech where that is known.

    Raises:
        ProviderError, AllProvidersFailed: nobody can read them.
    """
    if recognizer is None:
        raise AllProvidersFailed("stt", ())
    sound = utterances.read(start_s, end_s)
    heard = await recognizer.transcribe(np.concatenate((sound, _TAIL)))
    if is_invented(heard.text, speech_s):
        heard = replace(heard, text="", segments=(), rejected=False)
    return Heard(heard, len(sound) / SPEECH_RATE_HZ)
