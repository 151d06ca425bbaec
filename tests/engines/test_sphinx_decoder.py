"""pocketsphinx through its C functions: the same words as through its binding, and nobody stands still meanwhile."""

from __future__ import annotations

import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pocketsphinx import Decoder, get_model_path

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence, to_int16
from localvoice.skills.catalog import Skills
from localvoice.stt import pocketsphinx, sphinx_library
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer
from localvoice.stt.sphinx_binding import BindingDecoder
from localvoice.stt.sphinx_decoder import GRAMMAR, LibraryDecoder, UnknownWordsError
from localvoice.stt.word_graph import WordGraph, word_graph

DATA = Path(__file__).parent.parent / "data"
MODEL = Path(get_model_path("en-us"))
NAMES = ("set_a_timer", "weather", "what_time_is_it")

library = sphinx_library.open_library()
pytestmark = pytest.mark.skipif(library is None, reason="this wheel of pocketsphinx does not export its C functions")


def sound(name: str, gain: float = 1.0, noise: float = 0.0) -> bytes:
    samples, _ = soundfile.read(DATA / f"flite_{name}.flac", dtype="float32")
    edge = silence(SPEECH_RATE_HZ // 5)
    whole = gain * np.concatenate((edge, samples, edge))
    return in_bytes(whole + noise * np.random.default_rng(1).standard_normal(len(whole)).astype(np.float32))


def in_bytes(samples: Samples) -> bytes:
    return to_int16(samples.astype(np.float32)).tobytes()


def nobody_asks() -> None:
    """Never ends a judgement."""


@pytest.fixture(scope="module")
def graph() -> WordGraph:
    return word_graph(Skills().jsgf())


@pytest.fixture(scope="module")
def decoder(graph):
    made = LibraryDecoder(library, MODEL, graph, {})
    yield made
    made.close()


@pytest.fixture(scope="module")
def binding(graph):
    made = BindingDecoder(graph, {})
    made.judge(sound("weather"), nobody_asks)  # its first search scores the beginning otherwise than all others
    return made


def judged_by(binding: BindingDecoder, utterance: bytes):
    """By the binding, which knows as little of the noise before as the other one does."""
    inner: Decoder = binding._decoder
    decodings = []
    for search in (GRAMMAR, binding._free):
        with warnings.catch_warnings(action="ignore"):
            inner.start_stream()
        decodings.append(binding._searched(search, utterance))
    return tuple(decodings)


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("name", NAMES)
def test_it_hears_what_the_binding_hears_and_scores_it_alike(decoder, binding, name, noise):
    utterance = sound(name, 0.3, noise)
    for ours, theirs in zip(decoder.judge(utterance, nobody_asks), judged_by(binding, utterance), strict=True):
        assert (ours.text, ours.speech_frames) == (theirs.text, theirs.speech_frames)
        assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 400, 410, 411, 1300, 16_000])
def test_sounds_without_words_are_nothing_to_either(decoder, binding, samples):
    utterance = in_bytes(0.01 * np.random.default_rng(2).standard_normal(samples))
    heard = decoder.judge(utterance, nobody_asks)
    if samples:  # the binding cannot be given nothing
        assert [one.text for one in heard] == [one.text for one in judged_by(binding, utterance)]
    else:
        assert [one.text for one in heard] == ["", ""]


def test_what_was_heard_before_changes_nothing(decoder):
    first = decoder.judge(sound("set_a_timer"), nobody_asks)
    decoder.judge(sound("weather", 0.2, 0.05), nobody_asks)
    decoder.follow()
    decoder.hear(sound("weather"))
    assert decoder.judge(sound("set_a_timer"), nobody_asks) == first


def test_the_first_utterance_of_a_decoder_is_scored_as_any_other(graph):
    decoder = LibraryDecoder(library, MODEL, graph, {})
    first = decoder.judge(sound("what_time_is_it"), nobody_asks)
    assert decoder.judge(sound("what_time_is_it"), nobody_asks) == first
    decoder.close()


def test_a_judgement_ends_between_two_pieces_and_the_next_one_is_unharmed(decoder):
    whole, asked = decoder.judge(sound("what_time_is_it"), nobody_asks), 0

    def ends() -> None:
        nonlocal asked
        asked += 1
        if asked == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decoder.judge(sound("weather"), ends)
    assert asked == 12
    assert decoder.judge(sound("what_time_is_it"), nobody_asks) == whole


def test_what_is_followed_in_pieces_becomes_the_sentence(decoder):
    utterance = sound("set_a_timer")
    decoder.judge(utterance, nobody_asks)
    decoder.follow()
    texts = []
    for first in range(0, len(utterance), 1022):  # no multiple of a frame
        decoder.hear(utterance[first : first + 1022])
        texts.append(decoder.words())
    assert texts[-1] == "set a timer for five minutes"
    assert len(set(texts)) > 3


def test_other_threads_run_while_a_model_is_loaded():
    begun, done = threading.Event(), threading.Event()

    def load() -> None:
        config = library.ps_config_init(None)
        for key, value in ((b"hmm", "en-us"), (b"dict", "cmudict-en-us.dict"), (b"lm", "en-us.lm.bin")):
            library.ps_config_set_str(config, key, get_model_path(f"en-us/{value}").encode())
        library.ps_config_set_str(config, b"loglevel", b"FATAL")
        begun.set()
        library.ps_free(library.ps_init(config))
        done.set()
        library.ps_config_free(config)

    thread = threading.Thread(target=load)
    thread.start()
    begun.wait()
    turns = 0
    while not done.is_set():
        time.sleep(0.001)
        turns += 1
    thread.join()
    assert turns > 5, "with the GIL held there are one or two"


def test_a_word_nobody_can_pronounce_is_named():
    graph = word_graph("#JSGF V1.0;\ngrammar small;\npublic <command> = say zorblax;\n")
    with pytest.raises(UnknownWordsError, match="zorblax"):
        LibraryDecoder(library, MODEL, graph, {})


def test_a_missing_model_is_an_error(graph, tmp_path):
    with pytest.raises(RuntimeError):
        LibraryDecoder(library, tmp_path, graph, {})


def test_a_library_without_the_functions_is_told_from_one_with_them():
    import numpy.random.mtrand as other

    with pytest.raises(AttributeError):
        sphinx_library.functions(Path(other.__file__))


def unknown(_: str) -> str:
    raise sphinx_library.metadata.PackageNotFoundError


@pytest.mark.parametrize("version", [lambda _: "6.0.0", unknown], ids=["newer", "unknown"])
def test_a_version_that_nobody_has_read_is_left_to_its_binding(monkeypatch, version):
    monkeypatch.setattr(sphinx_library.metadata, "version", version)
    assert sphinx_library.open_library() is None


async def test_the_recogniser_works_with_the_binding_too(monkeypatch):
    monkeypatch.setattr(pocketsphinx, "open_library", lambda: None)
    recognizer = PocketsphinxRecognizer(Skills().jsgf())

    async def blocks():
        samples = np.frombuffer(sound("what_time_is_it"), dtype=np.int16).astype(np.float32) / 32768
        for first in range(0, len(samples), 1600):
            yield samples[first : first + 1600]

    try:
        assert not recognizer.breaks_off
        partials = [partial async for partial in recognizer.stream(blocks())]
        assert (partials[-1].text, partials[-1].rejected) == ("what time is it", False)
        assert len(partials) > 2
    finally:
        recognizer.close()
