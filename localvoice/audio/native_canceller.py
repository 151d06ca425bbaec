"""livekit's canceller called from C: its requests are always the same bytes, so Python has to make them only once.

Rule of this file: it looks behind livekit's public names, so it takes nothing for granted. What is not as it was in the
version that was read (1.2) is an error while a canceller is made, upon which `echo.py` calls the package as it wants to
be called.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Any

import numpy as np

from localvoice.audio.native_reflex import ReflexLibrary
from localvoice.audio.samples import SPEECH_RATE_HZ, Pcm
from localvoice.errors import DeviceError

_BYTES = 2 * SPEECH_RATE_HZ // 100

DIFFERS = ImportError, OSError, AttributeError, TypeError, ValueError
"""What is raised where there is no livekit, or another one than the one that was read."""


def livekit_module(*, suppress_noise: bool) -> Any:
    """A new one, which knows neither room nor noise. Raises `ImportError` or `OSError` where there is none."""
    from livekit import rtc

    return rtc.AudioProcessingModule(
        echo_cancellation=True, noise_suppression=suppress_noise, high_pass_filter=True, auto_gain_control=False
    )


class NativeProcessing:
    """The module inside the package livekit, asked from C. Raises `DIFFERS`."""

    def __init__(self, library: ReflexLibrary, *, suppress_noise: bool) -> None:
        from livekit.rtc._ffi_client import FfiClient

        logging.getLogger("livekit").setLevel(logging.ERROR)
        self.library = library
        functions: Any = FfiClient.instance._ffi_lib  # noqa: SLF001 - see above
        self.state = library.ffi.new("lv_apm *")
        """What C calls it by; lives as long as this object."""
        self.state.request = _place(functions.livekit_ffi_request)
        self.state.drop = _place(functions.livekit_ffi_drop_handle)
        self._near, self._far = (library.view(end, np.int16) for end in (self.state.near, self.state.far))
        self._suppress_noise = suppress_noise
        self.forget()
        if not library.lib.lv_cancel(self.state):
            raise AttributeError("livekit answers otherwise")
        self._near[:] = self._far[:] = 0
        self.forget()  # the one before has heard a block

    def forget(self) -> None:
        """A new module, and what it is asked with: this one knows neither room nor noise."""
        from livekit.rtc._proto import ffi_pb2

        self._module = livekit_module(suppress_noise=self._suppress_noise)
        handle = self._module._ffi_handle.handle  # noqa: SLF001 - see above
        self._asked = []
        for end, kind in (("near", "apm_process_stream"), ("far", "apm_process_reverse_stream")):
            request, answer = ffi_pb2.FfiRequest(), ffi_pb2.FfiResponse()
            about = getattr(request, kind)
            about.apm_handle, about.size = handle, _BYTES
            about.data_ptr = self.library.address(getattr(self.state, end))
            about.sample_rate, about.num_channels = SPEECH_RATE_HZ, 1
            getattr(answer, kind).SetInParent()
            if not request.IsInitialized():
                raise AttributeError("livekit wants to be told more")
            message = self.library.ffi.from_buffer("uint8_t[]", request.SerializeToString())
            self._asked.append(message)
            setattr(self.state, f"ask_{end}", message)
            setattr(self.state, f"{end}_bytes", len(message))
            setattr(self.state, f"{end}_answer", answer.ByteSize())

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """`near` without the echo of `far`; 10 ms each, in order, every block. Raises `DeviceError`."""
        self._near[:], self._far[:] = near, far
        if not self.library.lib.lv_cancel(self.state):
            raise refused()
        done: Pcm = self._near.copy()
        return done


def refused() -> DeviceError:
    """The module took 10 ms and told of an error, which it never does of what we give it."""
    return DeviceError('the echo canceller failed: start again, or `localvoice config set audio.echo "off"`')


def _place(function: Any) -> int:
    place = ctypes.cast(function, ctypes.c_void_p).value
    if not place:
        raise AttributeError("the function has no address")
    return place
