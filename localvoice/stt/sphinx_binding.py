"""A pocketsphinx decoder through the package's own binding, which holds the GIL while it works.

For wheels whose C functions cannot be called (`sphinx_library`): Windows, and versions that nobody has read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.stt.belief import Decoding
from localvoice.stt.sphinx_decoder import GRAMMAR, MOST_HMMS, UnknownWordsError
from localvoice.stt.word_graph import WordGraph

FLOOR = -745.0
"""Log-likelihood of a segment whose score underflows as a float."""


class BindingDecoder:
    """`SphinxDecoder` through `pocketsphinx.Decoder`. A judgement can be ended only between its two passes."""

    breaks_off = False

    def __init__(self, graph: WordGraph, words: Mapping[str, str]) -> None:
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(
            samprate=SPEECH_RATE_HZ, loglevel="FATAL", fwdflat=False, bestpath=False, maxhmmpf=MOST_HMMS
        )
        self._free: str = self._decoder.current_search()
        self._cmn: str = self._decoder.get_cmn(False)
        """Mean of the last utterance's features, where following a new one begins."""
        self._is_live = False
        for word, phones in words.items():
            self._decoder.add_word(word, phones, update=False)
        unknown = sorted(word for word in graph.words if self._decoder.lookup_word(word) is None)
        if unknown:
            raise UnknownWordsError(unknown)
        self._add(graph)

    def judge(self, sound: bytes, check: Callable[[], None]) -> tuple[Decoding, Decoding]:
        """See `SphinxDecoder.judge`."""
        self._end_live()
        check()
        sentence = self._searched(GRAMMAR, sound)
        check()
        return sentence, self._searched(self._free, sound)

    def follow(self) -> None:
        """See `SphinxDecoder.follow`."""
        self._end_live()
        self._decoder.set_cmn(self._cmn)
        self._decoder.activate_search(GRAMMAR)
        self._decoder.start_utt()
        self._is_live = True

    def hear(self, sound: bytes) -> None:
        """See `SphinxDecoder.hear`."""
        self._decoder.process_raw(sound)

    def words(self) -> str:
        """See `SphinxDecoder.words`."""
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    def close(self) -> None:
        """See `SphinxDecoder.close`."""

    def _add(self, graph: WordGraph) -> None:
        end = len(graph.arcs)
        arcs = ((state, to, 1.0, word) for state, by_word in enumerate(graph.arcs) for word, to in by_word.items())
        endings = ((state, end, 1.0) for state in graph.final)
        self._decoder.add_fsg(GRAMMAR, self._decoder.create_fsg(GRAMMAR, 0, end, [*arcs, *endings]))

    def _searched(self, search: str, sound: bytes) -> Decoding:
        """Decode the whole of `sound` at once: in pieces its features lack their mean, which costs a fifth of hits."""
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(sound, full_utt=True)
        finally:
            self._decoder.end_utt()
        self._cmn = self._decoder.get_cmn(False)
        return self._result()

    def _end_live(self) -> None:
        if self._is_live:
            self._is_live = False
            self._decoder.end_utt()

    def _result(self) -> Decoding:
        hypothesis = self._decoder.hyp()
        if hypothesis is None:
            return Decoding()
        likelihood, frames = 0.0, 0
        for segment in self._decoder.seg():
            likelihood += math.log(segment.ascore) if segment.ascore > 0 else FLOOR
            if not segment.word.startswith(("<", "[")):  # neither silence nor a noise of the model's
                frames += segment.end_frame - segment.start_frame + 1
        return Decoding(text=hypothesis.hypstr, log_likelihood=likelihood, speech_frames=frames)
