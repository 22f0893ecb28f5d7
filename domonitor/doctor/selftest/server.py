"""A web server on loopback that BITS can download from: it knows HEAD and ranges, which BITS asks for."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 400
"""What every file of it holds: 100 kB."""

FILE, SLOW, MISSING = "/file.bin", "/slow.bin", "/missing.bin"
"""One that comes at once, one that stands still in its middle until it is let go on, and one that is not there."""

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_READ_WITHIN_S = 30


class SelftestServer:
    """Serves until it is closed. requests: of each path the headers of all requests, the oldest first."""

    def __init__(self) -> None:
        self.requests: dict[str, list[Mapping[str, str]]] = {}
        self.goes_on = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        threading.Thread(target=self._server.serve_forever, name="selftest-server", daemon=True).start()

    def url(self, path: str) -> str:
        """The address of a file."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        """Takes no more requests; nobody waits for those who still hold a connection."""
        self.goes_on.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: SelftestServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _READ_WITHIN_S
    server: _Server

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        part = self._head()
        if self.path != SLOW:
            self.wfile.write(part)
            return
        middle = len(part) // 2
        self.wfile.write(part[:middle])
        self.wfile.flush()
        self.server.owner.goes_on.wait(_READ_WITHIN_S)
        self.wfile.write(part[middle:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def _head(self) -> bytes:
        """Answers but for the body, which it returns."""
        self.server.owner.requests.setdefault(self.path, []).append(dict(self.headers.items()))
        if self.path not in (FILE, SLOW):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return b""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = 0, len(CONTENT) - 1
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"selftest"')
        self.send_header("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT")
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(CONTENT)}")
        self.end_headers()
        return CONTENT[first : last + 1]
