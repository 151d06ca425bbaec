"""A pocketsphinx decoder that lets everybody else run while it works, and stops within a few milliseconds.

Rule of this file: the mean of the features is taken off here, and the decoder is told to leave them as they are. So a
whole utterance, whose mean has to be known before, can be searched in pieces, to the last bit as in one go.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.errors import FileError
from localvoice.stt.belief import Decoding
from localvoice.stt.sphinx_library import SphinxError
from localvoice.stt.word_graph import WordGraph

GRAMMAR = "grammar"
MOST_HMMS = 1000
"""Active models per frame. The default of 30000 doubles the time of free decoding for no better decision."""

_PIECE_FRAMES = 7
"""The decoder keeps 12 frames of features, and looks back at 5 of them."""
_WINDOW = 3
"""Frames on either side that a feature is made of; behind the end the last one is repeated."""
_FRAME_SAMPLES = SPEECH_RATE_HZ // 100

Cepstra = NDArray[np.float32]
"""(frames of 10 ms, coefficients)."""


class SphinxDecoder(Protocol):
    """One decoder with two searches: the grammar, and the general language model. Used by one thread at a time.

    Raises `RuntimeError` where pocketsphinx fails.
    """

    breaks_off: bool
    """Whether a judgement ends soon once it is asked to."""

    def judge(self, sound: bytes, check: Callable[[], None]) -> tuple[Decoding, Decoding]:
        """A whole utterance by the grammar, and freely. What `check` raises ends it; what was followed is forgotten."""

    def follow(self) -> None:
        """An utterance begins."""

    def hear(self, sound: bytes) -> None:
        """What follows of it."""

    def words(self) -> str:
        """The grammar's idea of it."""

    def close(self) -> None:
        """Free the decoder; may be called twice."""


class LibraryDecoder:
    """`SphinxDecoder` through the C functions of the package. The same sound gives the same, whatever came before it.

    Args:
        library: The functions (`open_library`).
        model: The folder of the package's English model.
        graph: The grammar; `words` has the pronunciations of words that are not in the package's dictionary.
    """

    breaks_off = True

    def __init__(self, library: Any, model: Path, graph: WordGraph, words: Mapping[str, str]) -> None:
        self._library = library
        self._pointer = _initialised(library, model)
        self._free_it = weakref.finalize(self, library.ps_free, self._pointer)
        self._free_it.atexit = False  # its thread may be in it when the process ends
        self._free = library.ps_current_search(self._pointer)
        self._mean = self._prior_mean()
        self._is_live = False
        for word, phones in words.items():
            library.ps_add_word(self._pointer, word.encode(), phones.encode(), 0)
        unknown = sorted(word for word in graph.words if not self._knows(word))
        if unknown:
            raise UnknownWordsError(unknown)
        self._add(graph)
        nothing = np.zeros((50, len(self._mean)), dtype=np.float32)
        self._searched(self._free, nothing, lambda: None)  # the first search scores its beginning otherwise than others

    def judge(self, sound: bytes, check: Callable[[], None]) -> tuple[Decoding, Decoding]:
        """See `SphinxDecoder.judge`."""
        self._end_live()
        check()
        cepstra = np.concatenate((self._begin(), self._cepstra(sound), self._last_cepstrum()))
        if not len(cepstra):
            return Decoding(), Decoding()
        self._mean = _mean(cepstra)
        cepstra = np.concatenate((cepstra, np.repeat(cepstra[-1:], _WINDOW, axis=0))) - self._mean
        return self._searched(GRAMMAR.encode(), cepstra, check), self._searched(self._free, cepstra, check)

    def follow(self) -> None:
        """See `SphinxDecoder.follow`. Its features lack the mean of the utterance before it."""
        self._end_live()
        self._begin()
        self._start(GRAMMAR.encode())
        self._is_live = True

    def hear(self, sound: bytes) -> None:
        """See `SphinxDecoder.hear`."""
        self._feed(self._cepstra(sound) - self._mean, lambda: None)

    def words(self) -> str:
        """See `SphinxDecoder.words`."""
        text: bytes | None = self._library.ps_get_hyp(self._pointer, None)
        return (text or b"").decode()

    def close(self) -> None:
        """See `SphinxDecoder.close`."""
        self._free_it()

    # features

    def _prior_mean(self) -> Cepstra:
        config = self._library.ps_get_config(self._pointer)
        first = [float(value) for value in self._library.ps_config_str(config, b"cmninit").decode().split(",")]
        mean = np.zeros(self._library.fe_get_output_size(self._front_end), dtype=np.float32)
        mean[: len(first)] = first
        return mean

    @property
    def _front_end(self) -> Any:
        return self._library.ps_get_fe(self._pointer)

    def _begin(self) -> Cepstra:
        """Another utterance: what the front end knows of the noise, and has left of the sound, is forgotten."""
        self._library.ps_start_stream(self._pointer)
        self._library.fe_start_utt(self._front_end)
        return np.empty((0, len(self._mean)), dtype=np.float32)

    def _cepstra(self, sound: bytes) -> Cepstra:
        """Of `sound` behind what was left over of the sound before it."""
        samples = len(sound) // 2
        rows = np.empty((samples // _FRAME_SAMPLES + 2, len(self._mean)), dtype=np.float32)
        at = ctypes.cast(ctypes.c_char_p(sound), ctypes.c_void_p)
        left, count = ctypes.c_size_t(samples), ctypes.c_int(len(rows))
        pointers = _row_pointers(rows)
        status = self._library.fe_process_frames(
            self._front_end, ctypes.byref(at), ctypes.byref(left), pointers.ctypes.data, ctypes.byref(count)
        )
        self._check(status)
        return rows[: count.value]

    def _last_cepstrum(self) -> Cepstra:
        """Of what is left over."""
        row = np.empty((1, len(self._mean)), dtype=np.float32)
        count = ctypes.c_int()
        self._check(self._library.fe_end_utt(self._front_end, row.ctypes.data, ctypes.byref(count)))
        return row[: count.value]

    # searches

    def _searched(self, search: bytes, cepstra: Cepstra, check: Callable[[], None]) -> Decoding:
        self._start(search)
        try:
            self._feed(cepstra, check)
        finally:
            status = self._library.ps_end_utt(self._pointer)
        self._check(status)
        return self._result()

    def _start(self, search: bytes) -> None:
        self._check(self._library.ps_activate_search(self._pointer, search))
        self._check(self._library.ps_start_utt(self._pointer))

    def _feed(self, cepstra: Cepstra, check: Callable[[], None]) -> None:
        cepstra = np.ascontiguousarray(cepstra)
        pointers = _row_pointers(cepstra)
        for first in range(0, len(cepstra), _PIECE_FRAMES):
            check()
            piece = pointers[first : first + _PIECE_FRAMES]
            self._check(self._library.ps_process_cep(self._pointer, piece.ctypes.data, len(piece), 0, 0))

    def _end_live(self) -> None:
        if self._is_live:
            self._is_live = False
            self._library.ps_end_utt(self._pointer)

    def _result(self) -> Decoding:
        text = self.words()
        if not text:
            return Decoding()
        likelihood, frames = 0.0, 0
        for word, score, length in self._segments():
            likelihood += score
            if not word.startswith(("<", "[")):  # neither silence nor a noise of the model's
                frames += length
        return Decoding(text, likelihood, frames)

    def _segments(self) -> Iterator[tuple[str, float, int]]:
        """(word, acoustic log-likelihood, frames)."""
        library, logs = self._library, self._library.ps_get_logmath(self._pointer)
        first, last, acoustic, language, back = (ctypes.c_int() for _ in range(5))
        segment = library.ps_seg_iter(self._pointer)
        while segment:
            library.ps_seg_frames(segment, first, last)
            library.ps_seg_prob(segment, acoustic, language, back)
            word = library.ps_seg_word(segment).decode()
            yield word, library.logmath_log_to_ln(logs, acoustic), last.value - first.value + 1
            segment = library.ps_seg_next(segment)

    # the grammar

    def _knows(self, word: str) -> bool:
        phones = self._library.ps_lookup_word(self._pointer, word.encode())
        self._library.ckd_free(phones)
        return phones is not None

    def _add(self, graph: WordGraph) -> None:
        """Add the grammar as a file, the one way in that needs neither a C struct nor thousands of calls."""
        library = self._library
        weight = library.ps_config_float(library.ps_get_config(self._pointer), b"lw")
        try:
            with TemporaryDirectory(prefix="localvoice-") as folder:
                path = Path(folder) / "grammar.fsg"
                path.write_text("\n".join(_lines(graph)), encoding="utf-8")
                model = library.fsg_model_readfile(str(path).encode(), library.ps_get_logmath(self._pointer), weight)
        except OSError as error:
            why = str(error.strerror or error).lower()
            raise FileError(
                f"cannot write a temporary file ({why}): free some space, or name a folder in TMPDIR"
            ) from error
        if not model:
            raise SphinxError("it cannot read the grammar")
        try:
            self._check(library.ps_add_fsg(self._pointer, GRAMMAR.encode(), model))
        finally:
            library.fsg_model_free(model)

    def _check(self, status: int) -> None:
        if status < 0:
            raise SphinxError("a call into its library has failed")


class UnknownWordsError(Exception):
    """Words that nobody can pronounce."""

    def __init__(self, words: list[str]) -> None:
        super().__init__(", ".join(words))


def _initialised(library: Any, model: Path) -> Any:
    """A decoder of the package's model, which does not take the mean off its features."""
    config = library.ps_config_init(None)
    try:
        for key, name in ((b"hmm", "en-us"), (b"lm", "en-us.lm.bin"), (b"dict", "cmudict-en-us.dict")):
            library.ps_config_set_str(config, key, str(model / name).encode())
        library.ps_config_set_str(config, b"loglevel", b"FATAL")
        library.ps_config_set_float(config, b"samprate", SPEECH_RATE_HZ)
        library.ps_config_set_int(config, b"maxhmmpf", MOST_HMMS)
        for second_pass in (b"fwdflat", b"bestpath"):
            library.ps_config_set_bool(config, second_pass, 0)
        decoder = library.ps_init(config)
        if not decoder:
            raise SphinxError("it cannot load its model")
        library.ps_config_set_str(config, b"cmn", b"none")  # only now: the model's own file says otherwise
        if library.ps_reinit_feat(decoder, None) < 0:
            library.ps_free(decoder)
            raise SphinxError("it cannot set up its features")
    finally:
        library.ps_config_free(config)  # the decoder holds on to it
    return decoder


def _lines(graph: WordGraph) -> Iterator[str]:
    """The grammar in the decoder's own format; its one final state is behind all others."""
    end = len(graph.arcs)
    yield from (f"FSG_BEGIN {GRAMMAR}", f"NUM_STATES {end + 1}", "START_STATE 0", f"FINAL_STATE {end}")
    for state, by_word in enumerate(graph.arcs):
        yield from (f"TRANSITION {state} {to} 1.0 {word}" for word, to in by_word.items())
    yield from (f"TRANSITION {state} {end} 1.0" for state in graph.final)
    yield "FSG_END\n"


def _mean(cepstra: Cepstra) -> Cepstra:
    """As the decoder takes it: frame by frame, those without energy left out."""
    loud = cepstra[cepstra[:, 0] >= 0]
    if not len(loud):
        return np.zeros(cepstra.shape[1], dtype=np.float32)
    total: Cepstra = np.add.accumulate(loud, axis=0)[-1]
    return total / np.float32(len(loud))


def _row_pointers(rows: Cepstra) -> NDArray[np.uintp]:
    """The address of each row; whoever keeps them keeps the array alive too."""
    return rows.ctypes.data + rows.strides[0] * np.arange(len(rows), dtype=np.uintp)
