"""A model hub on 127.0.0.1 that misbehaves as told; on a second port, its file server."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at one request; without any, the file is served as it should be."""

    status: int = 0
    retry_after: str = ""
    break_after: int | None = None
    """Bytes after which the connection is closed."""
    stall_after: int | None = None
    """Bytes after which nothing comes until `FakeHub.go_on` is set."""
    claim_bytes: int = 0
    """Added to the Content-Length."""
    extra: bytes = b""
    """Sent behind the file, and counted in the Content-Length."""
    corrupt: bool = False
    ignore_range: bool = False
    wrong_range: bool = False
    """A 206 that begins elsewhere."""
    compress: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    server: str
    path: str
    headers: dict[str, str]


@dataclass
class FakeHub:
    """Large files are answered by a redirect to the file server, at an address that works once."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By path: `/owner/repo/resolve/revision/file`."""
    small: set[str] = field(default_factory=set)
    """Paths served by the hub itself, without a published sha256."""
    published: dict[str, str] = field(default_factory=dict)
    """sha256 to publish instead of the true one."""
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    """By path: what goes wrong at the next requests for its bytes."""
    hub_faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    """By path: what goes wrong before the redirect."""
    has_etags: bool = True
    requests: list[Request] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.four_at_once, self.five_at_once = threading.Event(), threading.Event()
        self._stalling = count(1)
        self.stalled = threading.Event()
        self._tickets: dict[str, str] = {}
        self._numbers = count()
        self._servers = [_serve(self, "hub"), _serve(self, "files")]
        self.endpoint, self.file_server = (f"http://127.0.0.1:{one.server_port}" for one in self._servers)

    def stop(self) -> None:
        self.go_on.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def asked(self, server: str) -> list[Request]:
        return [one for one in self.requests if one.server == server]

    def ticket(self, path: str) -> str:
        """A signed address for one use."""
        word = f"/signed/{next(self._numbers)}"
        self._tickets[word] = path
        return self.file_server + word

    def stall(self) -> None:
        """Note that one more body waits for `go_on`."""
        number = next(self._stalling)
        self.stalled.set()
        if number >= 4:
            self.four_at_once.set()
        if number >= 5 and not self.go_on.is_set():
            self.five_at_once.set()

    def redeem(self, word: str) -> str | None:
        return self._tickets.pop(word, None)


def _serve(hub: FakeHub, name: str) -> ThreadingHTTPServer:
    class Handler(_Handler):
        fake = hub
        server_name = name

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    server_name: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.fake.requests.append(Request(self.server_name, self.path, dict(self.headers)))
        try:
            self._hub() if self.server_name == "hub" else self._files()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _hub(self) -> None:
        if self.fake.hub_faults[self.path]:
            self._status(self.fake.hub_faults[self.path].popleft())
        elif self.path not in self.fake.files:
            self._status(Fault(status=404))
        elif self.path in self.fake.small:
            self._body(self.path)
        else:
            content = self.fake.files[self.path]
            sha256 = self.fake.published.get(self.path) or hashlib.sha256(content).hexdigest()
            self.send_response(302)
            self.send_header("Location", self.fake.ticket(self.path))
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("X-Linked-Etag", f'"{sha256}"')
            self.send_header("X-Linked-Size", str(len(content)))
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _files(self) -> None:
        path = self.fake.redeem(self.path)
        if path is None:
            self._status(Fault(status=403))
        else:
            self._body(path)

    def _status(self, fault: Fault) -> None:
        self.send_response(fault.status)
        if fault.retry_after:
            self.send_header("Retry-After", fault.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self, path: str) -> None:
        fault = self.fake.faults[path].popleft() if self.fake.faults[path] else Fault()
        if fault.status:
            self._status(fault)
            return
        content = self.fake.files[path]
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        start = self._start(fault, etag)
        if start > 0 and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = bytearray(content[start:] + fault.extra)
        if fault.corrupt:
            body[-1] ^= 0xFF
        self.send_response(206 if start else 200)
        if start:
            first = 0 if fault.wrong_range else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if self.fake.has_etags:
            self.send_header("ETag", etag)
        if fault.compress:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) + fault.claim_bytes))
        self.end_headers()
        self._send(bytes(body), fault)

    def _start(self, fault: Fault, etag: str) -> int:
        asked = self.headers.get("Range", "")
        same = self.headers.get("If-Range", etag) == etag
        return int(asked.removeprefix("bytes=").rstrip("-")) if asked and same and not fault.ignore_range else 0

    def _send(self, body: bytes, fault: Fault) -> None:
        if fault.claim_bytes:
            self.close_connection = True
            body = body[: len(body) + min(fault.claim_bytes, 0)]
        if fault.break_after is not None:
            self.close_connection = True
            body = body[: fault.break_after]
        if fault.stall_after is not None:
            self.wfile.write(body[: fault.stall_after])
            self.wfile.flush()
            self.fake.stall()
            self.fake.go_on.wait(30)
            body = body[fault.stall_after :]
        self.wfile.write(body)
