"""PulseAudio's own client library, opened where it is installed, and which of PortAudio's devices mean it.

Rule of this file: nothing here waits, and nothing is started: a missing library or server is told by None.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib import import_module
from typing import Any

from localvoice.audio.device import DeviceInfo
from localvoice.audio.portaudio import quiet_stderr

_DECLARATIONS = """
typedef struct { int format; uint32_t rate; uint8_t channels; } pa_sample_spec;
typedef struct { uint32_t maxlength, tlength, prebuf, minreq, fragsize; } pa_buffer_attr;
void *pa_threaded_mainloop_new(void);
int pa_threaded_mainloop_start(void *loop);
void pa_threaded_mainloop_stop(void *loop);
void pa_threaded_mainloop_free(void *loop);
void pa_threaded_mainloop_lock(void *loop);
void pa_threaded_mainloop_unlock(void *loop);
void *pa_threaded_mainloop_get_api(void *loop);
void *pa_context_new(void *api, const char *name);
int pa_context_connect(void *context, const char *server, int flags, void *spawn);
int pa_context_get_state(void *context);
int pa_context_errno(void *context);
void *pa_context_get_server_info(void *context, void *callback, void *user);
void pa_context_disconnect(void *context);
void pa_context_unref(void *context);
const char *pa_strerror(int error);
void *pa_stream_new(void *context, const char *name, const pa_sample_spec *spec, void *map);
int pa_stream_connect_record(void *stream, const char *device, const pa_buffer_attr *attributes, int flags);
int pa_stream_connect_playback(void *stream, const char *device, const pa_buffer_attr *attributes, int flags,
                               void *volume, void *together_with);
int pa_stream_get_state(void *stream);
const pa_sample_spec *pa_stream_get_sample_spec(void *stream);
const pa_buffer_attr *pa_stream_get_buffer_attr(void *stream);
void *pa_stream_set_buffer_attr(void *stream, const pa_buffer_attr *attributes, void *done, void *user);
void *pa_stream_cork(void *stream, int is_corked, void *done, void *user);
void pa_operation_unref(void *operation);
size_t pa_stream_writable_size(void *stream);
void pa_stream_set_read_callback(void *stream, void *callback, void *user);
void pa_stream_set_write_callback(void *stream, void *callback, void *user);
void pa_stream_set_underflow_callback(void *stream, void *callback, void *user);
int pa_stream_disconnect(void *stream);
void pa_stream_unref(void *stream);
int pa_stream_peek(void *stream, const void **data, size_t *bytes);
int pa_stream_drop(void *stream);
int pa_stream_begin_write(void *stream, void **data, size_t *bytes);
int pa_stream_write(void *stream, const void *data, size_t bytes, void *free_data, int64_t offset, int seek);
"""
"""Of pulse/*.h, whose binary interface has been the same since 1.0; pointers to what we never look into are plain."""

# pulse/def.h and pulse/sample.h
NO_AUTOSPAWN = 0x1
START_CORKED = 0x1
FIX_RATE = 0x80
EARLY_REQUESTS = 0x4000
CONTEXT_READY, CONTEXT_FAILED = 4, 5
STREAM_READY, STREAM_FAILED = 2, 3
FLOAT = 5 if sys.byteorder == "little" else 6
ANY = 0xFFFFFFFF
"""An attribute that the server chooses."""


@cache
def load_pulse() -> tuple[Any, Any] | None:
    """(what makes its structs, what holds its functions), or None where it is not installed. Never unloaded."""
    if sys.platform != "linux":
        return None
    ffi: Any = import_module("cffi").FFI()  # which comes without types
    ffi.cdef(_DECLARATIONS)
    try:
        return ffi, ffi.dlopen("libpulse.so.0", ffi.RTLD_NOW | getattr(ffi, "RTLD_NODELETE", 0))
    except OSError:
        return None


def means_pulse(device: DeviceInfo) -> bool:
    """Whether that device of PortAudio's is ALSA's plug-in for PulseAudio, with the server's default device behind it.

    PipeWire's own plug-in is not: nobody measured what its server makes of our requests.
    """
    if device.host_api != "ALSA" or device.name not in {"default", "pulse"} or load_pulse() is None:
        return False
    with quiet_stderr():
        return _alsa_type(device.name.encode()) == b"pulse"


def _alsa_type(name: bytes) -> bytes:
    """What ALSA's configuration says of a device; empty where that has a device or server of its own."""
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return b""
    alsa.snd_config_update()
    found = ctypes.c_void_p()
    root = ctypes.c_void_p.in_dll(alsa, "snd_config")
    if alsa.snd_config_search_definition(root, b"pcm", name, ctypes.byref(found)) < 0:
        return b""
    try:
        is_named = any(_text(alsa, found, key) for key in (b"device", b"server"))
        return b"" if is_named else _text(alsa, found, b"type")
    finally:
        alsa.snd_config_delete(found)


def _text(alsa: ctypes.CDLL, node: ctypes.c_void_p, key: bytes) -> bytes:
    entry, text = ctypes.c_void_p(), ctypes.c_char_p()
    if alsa.snd_config_search(node, key, ctypes.byref(entry)) < 0:
        return b""
    return b"" if alsa.snd_config_get_string(entry, ctypes.byref(text)) < 0 else text.value or b""
