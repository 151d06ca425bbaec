"""The starter recogniser: pocketsphinx with a grammar of the skills, checked against free speech.

A grammar bends everything it hears into one of its sentences. So each utterance is decoded twice, by the grammar and by
the general language model that comes with the package, and the sentence counts only where it explains the sound about
as well as free words do (`AgreementRule`). Measured in docs/starters.md.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, to_int16
from localvoice.errors import ModelError, ProviderBroken
from localvoice.messages import Partial, Transcript
from localvoice.streams import CancelToken, Worker
from localvoice.stt.word_graph import word_graph

GRAMMAR = "grammar"
PIECE_BYTES = 2 * SPEECH_RATE_HZ // 10
"""100 ms: how often a cancelled partial notices; a decoding of a whole utterance ends first."""
LONGEST_BYTES = 2 * SPEECH_RATE_HZ * 10
"""No command lasts 10 s; longer speech is rejected unheard, which also bounds what a cancelled call still costs."""
MOST_HMMS = 1000
"""Active models per frame. The default of 30000 doubles the time of free decoding for no better decision."""
FLOOR = -745.0
"""Log-likelihood of a segment whose score underflows as a float."""
VOICING_WINDOW = 512
PITCH_LAGS = (SPEECH_RATE_HZ // 400, SPEECH_RATE_HZ // 70)
PERIODIC = 0.5
"""Least normalised autocorrelation of a voiced window."""
QUIETEST = 30.0**2
"""Mean square in int16 units, -61 dBFS: below it there is nothing to understand."""
_BYTES_PER_S = 2 * SPEECH_RATE_HZ
_EDGE = bytes(_BYTES_PER_S // 10)
"""Put behind a turn: a word that touches the end of the sound is lost."""
LEAST_VOICED = 4
"""Windows of 32 ms: `stop` by the shortest voice has 5 (docs/starters.md)."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What one search made of the sound."""

    text: str = ""
    log_likelihood: float = 0.0
    """Acoustic, summed over the segments, in the decoder's scaled units: comparable only on the same sound."""
    speech_frames: int = 0
    """Frames of 10 ms inside words."""


def agreement(sentence: Decoding, free: Decoding) -> tuple[float, float, float]:
    """The three measures of `AgreementRule`; neither text is empty."""
    ratio = 1000 * (sentence.log_likelihood - free.log_likelihood) / max(1, sentence.speech_frames)
    wanted, heard = sentence.text.replace(" ", ""), free.text.replace(" ", "")
    likeness = SequenceMatcher(None, wanted, heard, autojunk=False).ratio()
    return ratio, likeness, abs(math.log(len(wanted) / len(heard)))


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """When a sentence of the grammar is believed: a weighted sum of how it compares with free decoding of the sound.

    The weights come from a logistic regression on synthetic speech (docs/starters.md).
    """

    likelihood: float = 2.0
    """Weight of the acoustic log-likelihood ratio per frame of speech, in thousandths."""
    letters: float = 4.5
    """Weight of the likeness of both texts' letters, 0..1: free decoding hears `the low` for `hello`."""
    length: float = -7.0
    """Weight of the difference of both texts' lengths, as a logarithm: one long word must not cover much speech."""
    threshold: float = 2.0
    """Loses about one right command in ten, and lets about one other sentence in fifty by."""
    coverage: float = 0.6
    """Least share of the speech heard freely that the sentence explains: it must not call half a story silence."""

    def accepts(self, sentence: Decoding, free: Decoding) -> bool:
        """Whether `sentence` may be acted upon."""
        if not sentence.text or not free.text:
            return False
        if sentence.speech_frames < self.coverage * free.speech_frames:
            return False
        measures = zip((self.likelihood, self.letters, self.length), agreement(sentence, free), strict=True)
        return sum(weight * measure for weight, measure in measures) >= self.threshold


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
        rule: AgreementRule = AgreementRule(),
    ) -> None:
        self._rule = rule
        self._decoder, self._free = _load(jsgf, words)
        self._cmn: str = self._decoder.get_cmn(False)
        """Mean of the last utterance's features, where following a new one begins."""
        self._live: _Utterance | None = None
        self._worker = Worker(self.name)

    async def transcribe(self, samples: Samples) -> Transcript:
        """See `Recognizer.transcribe`. Takes about a tenth of the utterance's length."""
        sound = to_int16(samples).tobytes()
        return await self._worker.call(lambda token: self._transcribe(sound, token))

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`. Partials are the grammar's idea; a pause and the end are judged as a whole.

        Following takes 3 % of a core, in steps of at most 6 ms that hold the GIL; judging a sentence of 2.3 s takes
        270 ms, as `transcribe` does (2 shared cores, AMD EPYC, 2026-11-21).
        """
        utterance = _Utterance()
        shown = ""
        async for block in blocks:
            if not len(block):
                judged = await self._judge(utterance)
                shown = judged.text
                yield Partial(shown, "", settled_s=utterance.seconds, rejected=judged.rejected)
                continue
            utterance.sound += to_int16(block).tobytes()
            if not utterance.goes_on():
                continue
            text = await self._worker.call(lambda token: self._follow(utterance, token))
            if text != shown:
                shown = text
                yield Partial(text=text, stable="")
        judged = await self._judge(utterance)
        yield Partial(judged.text, judged.text, is_final=True, rejected=judged.rejected)

    async def _judge(self, utterance: _Utterance) -> Transcript:
        """What `transcribe` makes of the sound so far. Free where nothing has been said since that was last asked."""
        if utterance.judged is None or utterance.goes_on():
            sound = bytes(utterance.sound)
            utterance.judged = await self._worker.call(lambda token: self._transcribe(sound + _EDGE, token))
            utterance.looked_bytes = len(sound)
        return utterance.judged

    def close(self) -> None:
        """See `Recognizer.close`."""
        self._worker.close()

    def _transcribe(self, sound: bytes, token: CancelToken) -> Transcript:
        with _foreign_errors():
            self._end_live()
            if not is_voiced(sound):
                return self._transcript("")
            if len(sound) > LONGEST_BYTES:
                return self._transcript("", rejected=True)
            sentence = self._decode(GRAMMAR, sound, token)
            free = self._decode(self._free, sound, token)
        if self._rule.accepts(sentence, free):
            return self._transcript(sentence.text)
        return self._transcript(free.text, rejected=bool(free.text))

    def _transcript(self, text: str, *, rejected: bool = False) -> Transcript:
        return Transcript(text=text, language="en", engine=self.name, rejected=rejected)

    def _decode(self, search: str, sound: bytes, token: CancelToken) -> Decoding:
        """Decode the whole of `sound` at once: in pieces its features lack their mean, which costs a fifth of hits."""
        token.check()
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(sound, full_utt=True)
        finally:
            self._decoder.end_utt()
        self._cmn = self._decoder.get_cmn(False)
        return _result(self._decoder)

    def _follow(self, utterance: _Utterance, token: CancelToken) -> str:
        """The grammar's idea of an utterance that is still going on."""
        with _foreign_errors():
            if self._live is not utterance:  # new, or a transcription came between: from its beginning
                self._end_live()
                self._decoder.set_cmn(self._cmn)
                self._decoder.activate_search(GRAMMAR)
                self._decoder.start_utt()
                self._live, utterance.decoded = utterance, 0
            while utterance.decoded < len(utterance.sound):
                token.check()
                piece = bytes(utterance.sound[utterance.decoded : utterance.decoded + PIECE_BYTES])
                self._decoder.process_raw(piece)
                utterance.decoded += len(piece)
            hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    def _end_live(self) -> None:
        if self._live is not None:
            self._live = None
            self._decoder.end_utt()


@dataclass(slots=True, eq=False)
class _Utterance:
    """Sound of an utterance that is being followed."""

    sound: bytearray = field(default_factory=bytearray)
    decoded: int = 0
    """Bytes that the decoder has had."""
    judged: Transcript | None = None
    """Of the sound up to the last pause; None from where speech follows it."""
    looked_bytes: int = 0
    """From here speech is looked for: a late reader gets long blocks, and it may lie far from their end."""

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


def _load(jsgf: str, words: Mapping[str, str]) -> tuple[Any, str]:
    """The decoder with its searches, and the name of the free one."""
    from pocketsphinx import Decoder

    try:
        graph = word_graph(jsgf)
        decoder = Decoder(samprate=SPEECH_RATE_HZ, loglevel="FATAL", fwdflat=False, bestpath=False, maxhmmpf=MOST_HMMS)
        free = decoder.current_search()
        for word, phones in words.items():
            decoder.add_word(word, phones, update=False)
        unknown = sorted(word for word in graph.words if decoder.lookup_word(word) is None)
        if unknown:
            raise ModelError(f"the starter recogniser cannot pronounce {', '.join(unknown)}; disable the skill with it")
        end = len(graph.arcs)
        arcs = ((state, to, 1.0, word) for state, by_word in enumerate(graph.arcs) for word, to in by_word.items())
        endings = ((state, end, 1.0) for state in graph.final)
        decoder.add_fsg(GRAMMAR, decoder.create_fsg(GRAMMAR, 0, end, [*arcs, *endings]))
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"pocketsphinx cannot load its model; reinstall the package pocketsphinx ({error})") from error
    return decoder, free


def _result(decoder: Any) -> Decoding:
    hypothesis = decoder.hyp()
    if hypothesis is None:
        return Decoding()
    likelihood, frames = 0.0, 0
    for segment in decoder.seg():
        likelihood += math.log(segment.ascore) if segment.ascore > 0 else FLOOR
        if not segment.word.startswith(("<", "[")):  # neither silence nor a noise of the model's
            frames += segment.end_frame - segment.start_frame + 1
    return Decoding(text=hypothesis.hypstr, log_likelihood=likelihood, speech_frames=frames)


@contextmanager
def _foreign_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProviderBroken(f"pocketsphinx failed: {error}", provider="pocketsphinx") from error


def is_voiced(sound: bytes) -> bool:
    """Whether int16 `sound` (16 kHz) has a voice's periodicity for a while; breath, clicks and rustle have none.

    Normalised autocorrelation at lags of 70 to 400 Hz, in windows of 32 ms.
    """
    samples = np.frombuffer(sound, dtype="<i2").astype(np.float32)
    count = len(samples) // VOICING_WINDOW
    if not count:
        return False
    windows = samples[: count * VOICING_WINDOW].reshape(count, VOICING_WINDOW)
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(windows, 2 * VOICING_WINDOW, axis=1)) ** 2
    correlation = np.fft.irfft(power, axis=1)[:, :VOICING_WINDOW]
    energy = correlation[:, 0] / VOICING_WINDOW
    lags = np.arange(*PITCH_LAGS)
    unbiased = correlation[:, lags] * (VOICING_WINDOW / (VOICING_WINDOW - lags))
    periodicity = unbiased.max(axis=1) / np.maximum(correlation[:, 0], 1.0)
    loud = energy > max(QUIETEST, 0.01 * float(energy.max()))
    return int(np.count_nonzero((periodicity > PERIODIC) & loud)) >= LEAST_VOICED
