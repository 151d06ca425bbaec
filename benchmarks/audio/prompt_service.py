"""A recogniser and a model that answer at once, on a loopback port: engines that take nothing from what is measured."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEARD = "Tell me another story."
STORY = (
    "Once upon a time there was a little fox who lived in a green forest near a river. "
    "One day the fox found a golden key under a tree, and the key opened a small door in an old stone wall. "
    "Behind the door was a garden full of singing birds."
)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._send("application/json", "")

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"data": []}))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/transcriptions"):
            self._send("application/json", json.dumps({"text": HEARD}))
        else:
            self._send("text/event-stream", _streamed(STORY))

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
    def handle_error(self, *_: object) -> None:
        """Nothing: a caller that hangs up has interrupted an answer."""


@contextmanager
def prompt_service() -> Iterator[dict[str, str]]:
    """The environment in which the program finds it."""
    server = _Server(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    yield {"LOCALVOICE_ENGINES__OPENAI__BASE_URL": url, "OPENAI_API_KEY": "none"}
    server.shutdown()
