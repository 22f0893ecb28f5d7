"""A small web server on loopback that is good to some requests and bad to others, each in its own way."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_BLOCK = bytes(range(256)) * 256
_PAUSE_S = 0.05


@dataclass(slots=True)
class Offer:
    """One path of the server.

    bytes_per_s: how fast it is sent, None for at once. cut_at: the first answer ends there. delay_s: before the head.
    """

    size: int = 0
    bytes_per_s: int | None = None
    cut_at: int | None = None
    status: int = 200
    delay_s: float = 0.0
    retry_after_s: int | None = None
    has_length: bool = True


class DemoOrigin:
    """Serves offers until close."""

    def __init__(self, offers: dict[str, Offer]) -> None:
        self.offers = offers
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.origin = self
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-origin", daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        """The address of an offer."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        """Ends all answers."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    origin: DemoOrigin

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        offer = self.server.origin.offers.get(self.path)
        if offer is None:
            self.send_error(404)
            return
        if self.server.origin.closing.wait(offer.delay_s):
            return
        if offer.status != 200:
            self.send_response(offer.status)
            if offer.retry_after_s is not None:
                self.send_header("Retry-After", str(offer.retry_after_s))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send_file(offer)

    def _send_file(self, offer: Offer) -> None:
        first = 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and asked.endswith("-") and asked[6:-1].isdigit():
            first = int(asked[6:-1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{offer.size - 1}/{offer.size}")
        else:
            self.send_response(200)
        self.send_header("ETag", f'"{offer.size}"')
        if offer.has_length:
            self.send_header("Content-Length", str(offer.size - first))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        end = offer.size
        if offer.cut_at is not None and first < offer.cut_at:
            end = offer.cut_at
            self.close_connection = True
        self._send_bytes(first, end, offer.bytes_per_s)

    def _send_bytes(self, first: int, end: int, bytes_per_s: int | None) -> None:
        started_s = time.monotonic()
        sent = first
        while sent < end:
            allowed = end
            if bytes_per_s is not None:
                allowed = min(end, first + int((time.monotonic() - started_s + _PAUSE_S) * bytes_per_s))
            while sent < allowed:
                at = sent % 256
                block = _BLOCK[at : at + min(allowed - sent, len(_BLOCK) - 256)]
                self.wfile.write(block)
                sent += len(block)
            if sent < end and self.server.origin.closing.wait(_PAUSE_S):
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The demonstration has nothing to log."""
