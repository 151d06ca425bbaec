"""The starter recogniser: pocketsphinx with a grammar of the skills, checked against free speech.

A grammar bends everything it hears into one of its sentences. So each utterance is decoded twice, by the grammar and by
the general language model that comes with the package, and the sentence counts only where it explains the sound about
as well as free words do (`AgreementRule`). Measured in docs/starters.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from localvoice import beside
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, to_int16
from localvoice.errors import ModelError, ProviderBroken
from localvoice.messages import Partial, Transcript
from localvoice.streams import CancelToken, Resumable, Worker
from localvoice.stt.belief import AgreementRule
from localvoice.stt.room_noise import in_a_room, peak_of
from localvoice.stt.sphinx_binding import BindingDecoder
from localvoice.stt.sphinx_decoder import LibraryDecoder, SphinxDecoder, UnknownWordsError
from localvoice.stt.sphinx_library import open_library
from localvoice.stt.voicing import is_voiced, loudest
from localvoice.stt.word_graph import WordGraph, word_graph

PIECE_BYTES = 2 * SPEECH_RATE_HZ // 10
"""100 ms: how often a cancelled partial notices."""
LONGEST_BYTES = 2 * SPEECH_RATE_HZ * 10
"""No command lasts 10 s; longer speech is rejected unheard."""
_BYTES_PER_S = 2 * SPEECH_RATE_HZ
_EDGE = bytes(_BYTES_PER_S // 10)
"""Put behind a turn: a word that touches the end of the sound is lost."""
_LOOK_BYTES = _BYTES_PER_S * 2 // 5
_STRONG = 10 ** (-12 / 10)
"""Power beside the loudest window of the last second, from which on a voice behind a pause is speech that goes on."""
_RULE = AgreementRule()


class PocketsphinxRecognizer:
    """English commands, from a grammar. Implements `StreamingRecognizer`; partials follow the grammar alone.

    Args:
        jsgf: The grammar; all its words must be in the package's dictionary or in `words`.
        words: Pronunciations (ARPABET phones with spaces) of further words.
        rule: When a sentence of the grammar is believed.

    Raises:
        ModelError: The package's model is missing, or the grammar has a word nobody can pronounce.
    """

    name = "pocketsphinx"

    def __init__(
        self,
        jsgf: str,
        *,
        words: Mapping[str, str] = MappingProxyType({}),
        rule: AgreementRule = _RULE,
    ) -> None:
        self._rule = rule
        self._decoder = _load(jsgf, words)
        self.breaks_off = self._decoder.breaks_off
        """See `BreaksOff`."""
        self._live: _Utterance | None = None
        self._worker = Worker(self.name)

    async def transcribe(self, samples: Samples) -> Transcript:
        """See `Recognizer.transcribe`. Takes about a tenth of the utterance's length."""
        sound = to_int16(samples).tobytes()
        return await self._worker.call(lambda token: self._transcribe(sound, token))

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`. Partials are the grammar's idea; a pause and the end are judged as a whole.

        Following takes 3 % of a core; judging a sentence of 2.3 s takes 270 ms, as `transcribe` does (2 shared cores,
        AMD EPYC, 2026-11-21), and is broken off where speech follows meanwhile: then it is done when that pauses.
        """
        utterance, heard = _Utterance(), Resumable(blocks)
        shown, is_asked = "", False
        try:
            async for block in heard:
                is_asked = is_asked or not len(block)
                utterance.add(block)
                if is_asked and not utterance.speaks_now:
                    if (judged := await self._judged_meanwhile(utterance, heard)) is None:
                        continue
                    is_asked, shown = False, judged.text
                    yield Partial(shown, "", settled_s=utterance.seconds, rejected=judged.rejected)
                elif utterance.goes_on():
                    text = await self._worker.call(lambda token: self._follow(utterance, token))
                    if text != shown:
                        shown = text
                        yield Partial(text=text, stable="")
            judged = await self._judge(utterance)
            yield Partial(judged.text, judged.text, is_final=True, rejected=judged.rejected)
        finally:
            await heard.close()

    async def _judge(self, utterance: _Utterance) -> Transcript:
        """What `transcribe` makes of the sound so far. Free where nothing has been said since that was last asked."""
        if utterance.judged is None or utterance.goes_on():
            sound = bytes(utterance.sound)
            utterance.judged = await self._worker.call(lambda token: self._transcribe(sound + _EDGE, token))
            utterance.looked_bytes = len(sound)
        return utterance.judged

    async def _judged_meanwhile(self, utterance: _Utterance, heard: Resumable[Samples]) -> Transcript | None:
        """The same, or None as soon as speech follows."""
        judging = beside.start(self._judge(utterance))
        listening = beside.start(_until_speech(utterance, heard))
        try:
            await asyncio.wait((judging, listening), return_when=asyncio.FIRST_COMPLETED)
            if not judging.done() and not listening.result():
                await asyncio.wait((judging,))  # the sound is over
            return judging.result() if judging.done() else None
        finally:
            await beside.stop(listening)
            await beside.stop(judging)

    def close(self) -> None:
        """See `Recognizer.close`."""
        self._worker.afterwards(self._decoder.close)
        self._worker.close()

    def _transcribe(self, sound: bytes, token: CancelToken) -> Transcript:
        self._live = None
        if not is_voiced(sound):
            return self._transcript("")
        if len(sound) > LONGEST_BYTES:
            return self._transcript("", rejected=True)
        with _foreign_errors():
            sentence, free = self._decoder.judge(in_a_room(sound), token.check)
        if self._rule.accepts(sentence, free):
            return self._transcript(sentence.text)
        return self._transcript(free.text, rejected=bool(free.text))

    def _transcript(self, text: str, *, rejected: bool = False) -> Transcript:
        return Transcript(text=text, language="en", engine=self.name, rejected=rejected)

    def _follow(self, utterance: _Utterance, token: CancelToken) -> str:
        """The grammar's idea of an utterance that is still going on."""
        with _foreign_errors():
            if self._live is not utterance:  # new, or a transcription came between: from its beginning
                self._decoder.follow()
                self._live, utterance.decoded = utterance, 0
            while utterance.decoded < len(utterance.sound):
                token.check()
                piece = bytes(utterance.sound[utterance.decoded : utterance.decoded + PIECE_BYTES])
                self._decoder.hear(in_a_room(piece, begins=utterance.decoded // 2, peak=utterance.peak))
                utterance.decoded += len(piece)
            return self._decoder.words()


@dataclass(slots=True, eq=False)
class _Utterance:
    """Sound of an utterance that is being followed."""

    sound: bytearray = field(default_factory=bytearray)
    peak: int = 0
    """Its loudest sample so far."""
    decoded: int = 0
    """Bytes that the decoder has had."""
    judged: Transcript | None = None
    """Of the sound up to the last pause; None from where speech follows it."""
    looked_bytes: int = 0
    """From here speech is looked for: a late reader gets long blocks, and it may lie far from their end."""
    asked_bytes: int = 0
    """Length at the last pause."""

    def add(self, block: Samples) -> None:
        """What follows of it; nothing at a pause."""
        heard = to_int16(block)
        self.sound += heard.tobytes()
        self.peak = max(self.peak, peak_of(heard))
        if not len(block):
            self.asked_bytes = len(self.sound)

    @property
    def speaks_now(self) -> bool:
        """Whether the last pause is over, and speech is going on.

        Surer than `goes_on`: where the end of a word rings on in a room, it must not void the judgement of the word.
        """
        behind = bytes(self.sound[max(self.asked_bytes, len(self.sound) - _LOOK_BYTES) :])
        return is_voiced(behind, loudest(bytes(self.sound[-_BYTES_PER_S - len(behind) :])) * _STRONG)

    def goes_on(self) -> bool:
        """Whether there is speech behind the last pause; true without one."""
        if self.judged is not None and is_voiced(bytes(self.sound[self.looked_bytes :])):
            self.judged = None
        self.looked_bytes = max(self.looked_bytes, len(self.sound) - _BYTES_PER_S)
        return self.judged is None

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return len(self.sound) / _BYTES_PER_S


async def _until_speech(utterance: _Utterance, heard: Resumable[Samples]) -> bool:
    """Take what follows, until it is speech; false where there was none of it to the end."""
    async for block in heard:
        utterance.add(block)
        if utterance.speaks_now:
            return True
    return False


def _load(jsgf: str, words: Mapping[str, str]) -> SphinxDecoder:
    """Through the C functions of the package where they can be called, else through its binding."""
    try:
        return _decoder(word_graph(jsgf), words)
    except UnknownWordsError as error:
        raise ModelError(f"the starter recogniser cannot pronounce {error}; disable the skill with it") from error
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"pocketsphinx cannot load its model; reinstall the package pocketsphinx ({error})") from error


def _decoder(graph: WordGraph, words: Mapping[str, str]) -> SphinxDecoder:
    library = open_library()
    if library is None:
        return BindingDecoder(graph, words)
    from pocketsphinx import get_model_path

    return LibraryDecoder(library, Path(get_model_path("en-us")), graph, words)


@contextmanager
def _foreign_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProviderBroken(f"pocketsphinx failed: {error}", provider="pocketsphinx") from error
