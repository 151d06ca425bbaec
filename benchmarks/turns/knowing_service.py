"""A recogniser and a model on loopback that know what the user's recording says: sound is found again in it."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import soundfile

from benchmarks.turns.overlap_sounds import Stream
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample

READS_S, FIRST_TOKEN_S = 0.05, 0.08
"""What a small recogniser and a small model take."""

CLOSING, CLOSED = "goodbye", "You are welcome."
"""The word after which the story is over, and what is said then."""

_COARSE_HZ = 4000
"""Rate at which sound is looked for: enough for speech, and done within the time that reading takes."""


class Reader:
    """Reads the words of a recording in any part of it."""

    def __init__(self, user: Stream) -> None:
        self._user = user
        whole = resample(user.sound, SPEECH_RATE_HZ, _COARSE_HZ)
        self._size = 1 << (2 * len(whole)).bit_length()
        self._spectrum = np.fft.rfft(whole, self._size)

    def words(self, heard: Samples) -> str:
        """What is said in `heard`, which is a part of the recording with silence around it."""
        part = np.conj(np.fft.rfft(resample(heard, SPEECH_RATE_HZ, _COARSE_HZ), self._size))
        lag = int(np.argmax(np.fft.irfft(self._spectrum * part, self._size)))
        start_s = (lag - self._size if lag > self._size // 2 else lag) / _COARSE_HZ
        sounding = np.flatnonzero(heard) / SPEECH_RATE_HZ
        return self._user.words_at(start_s + sounding[0], start_s + sounding[-1]) if len(sounding) else ""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, reader: Reader, story: str, *wire: object) -> None:
        self._reader = reader
        self._story = story
        super().__init__(*wire)  # type: ignore[arg-type] # what the server hands over

    def do_HEAD(self) -> None:
        self._send("application/json", "")

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"data": []}))

    def do_POST(self) -> None:
        due_s = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/transcriptions"):
            sound, _ = soundfile.read(io.BytesIO(body[body.index(b"RIFF") :]), dtype="float32")
            answer, kind, due_s = json.dumps({"text": self._reader.words(sound)}), "application/json", due_s + READS_S
        else:
            said = str(json.loads(body)["messages"][-1]["content"])
            answer, kind = _streamed(CLOSED if CLOSING in said else self._story), "text/event-stream"
            due_s += FIRST_TOKEN_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        self._send(kind, answer)

    def _send(self, kind: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        with suppress(ConnectionError):  # an answer that was called off
            self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _streamed(text: str) -> str:
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return "".join(f"data: {part}\n\n" for part in (json.dumps(chunk), json.dumps(last), "[DONE]"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: a caller that hangs up has interrupted an answer."""


@contextmanager
def knowing_service(user: Stream, story: str) -> Iterator[dict[str, str]]:
    """The environment in which the program finds it."""
    server = _Server(("127.0.0.1", 0), partial(_Answers, Reader(user), story))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    yield {"LOCALVOICE_ENGINES__OPENAI__BASE_URL": url, "OPENAI_API_KEY": "none"}
    server.shutdown()
