"""A recogniser, a model and a voice on a loopback port, as the program finds them where OpenAI is configured."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """What they say: a benchmark adds those that it asks for, each of which may take its time."""

    protocol_version = "HTTP/1.1"

    def heard(self, request: bytes) -> str:
        """The words of a recording, which is a part of the request."""
        raise NotImplementedError

    def written(self, request: bytes) -> str:
        """The reply to the history in the request."""
        raise NotImplementedError

    def spoken(self, request: bytes) -> bytes:
        """The clause in the request: samples of 16 bits at 24 kHz."""
        raise NotImplementedError

    def do_HEAD(self) -> None:
        """Whether it is there."""
        self._send("application/json", b"")

    def do_GET(self) -> None:
        """Its models: none need be named."""
        self._send("application/json", json.dumps({"data": []}).encode())

    def do_POST(self) -> None:
        """A question."""
        request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/transcriptions"):
            self._send("application/json", json.dumps({"text": self.heard(request)}).encode())
        elif self.path.endswith("/speech"):
            self._send("audio/pcm", self.spoken(request))
        else:
            self._send("text/event-stream", _streamed(self.written(request)).encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # an answer that was called off
            self.wfile.write(body)

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
def loopback_service(answers: Callable[..., Answers]) -> Iterator[dict[str, str]]:
    """The environment in which the program finds it."""
    server = _Server(("127.0.0.1", 0), answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    yield {"LOCALVOICE_ENGINES__OPENAI__BASE_URL": url, "OPENAI_API_KEY": "none"}
    server.shutdown()
