"""A web server on loopback for the check: one file, as slowly as wanted, whole or in part."""

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

BLOCK = 1 << 16


class Origin:
    """Serves /NAME with its content; per_second: how many bytes come in a second, None for at once.

    given: how many bytes of it have been sent. asked: the ranges that were asked for, "" for all of it.
    """

    def __init__(self, size: int, per_second: int | None = None) -> None:
        self.content = b"".join(hashlib.sha256(number.to_bytes(8)).digest() for number in range(size // 32))
        self.per_second = per_second
        self.given = 0
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"origin": self}))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address(self, name: str) -> str:
        """Of the file, by any name."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin: Origin

    def do_GET(self) -> None:
        """See BaseHTTPRequestHandler."""
        told = self.headers.get("Range", "")
        self.origin.asked.append(told)
        content = self.origin.content
        first = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-", told)) else 0
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()[:16]}"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        for at in range(first, len(content), BLOCK):
            block = content[at : at + BLOCK]
            try:
                self.wfile.write(block)
            except OSError:
                return
            self.origin.given += len(block)
            if self.origin.per_second:
                time.sleep(len(block) / self.origin.per_second)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""
