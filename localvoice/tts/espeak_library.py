"""The C library espeak-ng through ctypes: voices, sound and word onsets.

Rule of this file: the library exists once a process and is not thread-safe. `espeak_library()` sets it up; from then on
one thread only calls `render`.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import Samples, from_int16, silence
from localvoice.errors import ModelError, ProviderBroken
from localvoice.tts.data_path import short_data_path
from localvoice.tts.onsets import Onset

NAME = "espeak"

# speak_lib.h of espeak-ng 1.52
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE_PARAMETER = 1
_WORD_EVENT = 1


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # in ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _VoiceRecord(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # a byte of priority and a name with its zero, repeated; a zero at the end
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class EspeakLibrary:
    """The library, loaded. Get it from `espeak_library()`."""

    def __init__(self) -> None:
        import espeakng_loader

        try:
            self._lib: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            data = short_data_path(Path(espeakng_loader.get_data_path()))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"espeak-ng cannot be loaded ({error}); reinstall the package espeakng-loader") from error
        encoded = str(data).encode("mbcs" if sys.platform == "win32" else "utf-8")
        self.rate_hz = int(self._lib.espeak_Initialize(_SYNCHRONOUS, 0, encoded, _DONT_EXIT))
        if self.rate_hz <= 0:  # both 0 and -1 mean failed
            raise ModelError(f"espeak-ng cannot read its data in {data}; reinstall espeakng-loader")
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self._lib.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]
        entries = [
            (rank, code, voice.name.decode(), voice.identifier.decode())
            for voice in self._list()
            for rank, code in _languages(voice)
        ]
        entries.sort(reverse=True)  # the lowest rank stays
        self.voices = {code: name for _, code, name, _ in entries}
        """Language codes and what they stand for."""
        self.identifiers = {code: identifier for _, code, _, identifier in entries}
        """Language codes and what espeak calls their voices: it knows some by another code only."""
        self.variants = sorted(voice.identifier.decode().removeprefix("!v/") for voice in self._list(b"variant"))
        """Timbres, appended to a voice: `en-us+f3`."""

    def _list(self, kind: bytes | None = None) -> Iterator[_VoiceRecord]:
        """Voices as espeak keeps them; read each before the next call."""
        buffer = ctypes.create_string_buffer(kind) if kind else None
        wanted = _VoiceRecord(languages=ctypes.addressof(buffer)) if buffer else None
        records = self._lib.espeak_ListVoices(ctypes.byref(wanted) if wanted else None)
        at = 0
        while records[at]:
            yield records[at].contents
            at += 1

    def render(
        self, text: str, *, voice: str, words_per_minute: int, is_cancelled: Callable[[], bool]
    ) -> tuple[Samples, list[Onset]]:
        """Speech for `text` and its words' onsets; blocks. Cut short when `is_cancelled` says so.

        `voice` is one of `identifiers`, with or without `+` and one of `variants`. Inside a number that is read as
        several words the positions may be a little off.

        Raises:
            ProviderBroken: espeak refuses.
        """
        blocks: list[Samples] = []
        onsets: list[Onset] = []

        def receive(samples: Any, count: int, events: Any) -> int:
            at = 0
            while events[at].type:
                if events[at].type == _WORD_EVENT:
                    onsets.append(Onset(events[at].text_position - 1, events[at].sample))
                at += 1
            if samples and count:
                blocks.append(from_int16(ctypes.string_at(samples, 2 * count)))  # as_array keeps 6 kB for each length
            return int(is_cancelled())

        callback = _CALLBACK(receive)  # kept alive by this frame for as long as espeak may call it
        encoded = text.encode("utf-8", errors="replace")
        self._lib.espeak_SetSynthCallback(callback)
        failed = self._lib.espeak_SetVoiceByName(voice.encode()) or self._lib.espeak_SetParameter(
            _RATE_PARAMETER, words_per_minute, 0
        )
        if failed or self._lib.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None):
            raise ProviderBroken(f"espeak-ng cannot speak with the voice {voice!r}", provider=NAME)
        return np.concatenate(blocks) if blocks else silence(0), onsets


@cache
def espeak_library() -> EspeakLibrary:
    """The one library of this process, loaded at the first call.

    Raises:
        ModelError: it or its data is missing.
    """
    return EspeakLibrary()


def _languages(voice: _VoiceRecord) -> Iterator[tuple[int, str]]:
    """Rank among the voices of a language (the lower, the better), and its code."""
    at = voice.languages
    while rank := ctypes.string_at(at, 1)[0]:
        code = ctypes.string_at(at + 1)
        yield rank, code.decode()
        at += 1 + len(code) + 1
