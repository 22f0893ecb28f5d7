"""A server that answers with any bytes whatever, and remembers what it has said to whom.

    with HostileServer() as server:
        server.tell("a", Story((Answer(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc"),)))
        url = server.url("a")

origin.py is a good server with single faults; this one knows nothing of HTTP but where a request ends.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tests.server.request import parse_request

IDLE_S = 0.05
"""A connection on which nothing more is said ends then: also a client that waits for an end gets one."""

DRIP_PAUSE_S = 0.003

MOST_ANSWERS = 30
"""Of each story; then comes 404, so that everything ends."""

AT_ONCE_BYTES = 16_000
"""So much arrives in one piece. A longer or a dripping answer says that its connection will end: otherwise what comes
behind its announced end may meet the next request on its way, and no client can tell it from the answer to that."""

_HEAD_BEGINS = re.compile(rb"^(HTTP/1\.\d \d\d\d[^\n]*\n)", re.MULTILINE)
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_MOST_HEAD_BYTES = 64 * 1024


class End(Enum):
    """What becomes of the connection behind an answer."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: byte_range as (first, last) of a simple Range header, last None to the end."""

    path: str = "/"
    byte_range: tuple[int, int | None] | None = None
    if_range: str | None = None


class Answer(Protocol):
    """What is sent for a request."""

    @property
    def end(self) -> End: ...

    @property
    def drips(self) -> int:
        """In so many pieces more than one it is sent, with pauses."""
        ...

    def wire(self, asked: Asked) -> bytes:
        """All of it. {place} in it will become the address of the story, {port} that of the server."""
        ...


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer written out."""

    data: bytes
    end: End = End.CLOSE
    drips: int = 0

    def wire(self, asked: Asked) -> bytes:
        """See Answer."""
        return self.data


NOTHING_MORE = Raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", End.KEEP)


@dataclass(frozen=True, slots=True)
class Story:
    """The answers to one request after the other; behind the last one comes that one again."""

    answers: tuple[Answer, ...]

    def answer(self, number: int) -> Answer:
        """What request number so-and-so gets, from 0."""
        return NOTHING_MORE if number >= MOST_ANSWERS else self.answers[min(number, len(self.answers) - 1)]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it left the server. end: how the connection ended behind it."""

    asked: Asked
    wire: bytes
    end: End


class HostileServer:
    """Serves stories, each under a name of its own, to any number of connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stories: dict[str, Story] = {}
        self._said: dict[str, list[Said]] = {}
        self._threads: list[threading.Thread] = []
        self._is_over = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name="hostile-server", daemon=True)
        self._accepting.start()

    def __enter__(self) -> HostileServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in (self._accepting, *self._threads):
            thread.join(5.0)
        self._listener.close()

    def url(self, name: str) -> str:
        """Where a story is to be heard."""
        return f"http://127.0.0.1:{self.port}/{name}/file"

    def tell(self, name: str, story: Story) -> None:
        """From now on the story is told under this name, from its beginning."""
        with self._lock:
            self._stories[name] = story
            self._said[name] = []

    def said(self, name: str) -> tuple[Said, ...]:
        """All that was answered so far, in the order of the requests."""
        with self._lock:
            return tuple(self._said[name])

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._is_over:
                client.close()
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # among them: the client left
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (asked := _asked(client)) is not None:
                answer, wire = self._next(asked)
                _send(client, wire, answer.drips)
                if answer.end is End.RESET:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                if answer.end is not End.KEEP:
                    return

    def _next(self, asked: Asked) -> tuple[Answer, bytes]:
        """The next answer of the story, which counts as said from now on."""
        name = asked.path.partition("/")[0]
        with self._lock:
            said = self._said.get(name, [])
            answer = self._stories[name].answer(len(said)) if name in self._stories else NOTHING_MORE
            wire = answer.wire(asked).replace(b"{place}", f"/{name}".encode())
            wire = wire.replace(b"{port}", str(self.port).encode())
            if answer.drips or len(wire) > AT_ONCE_BYTES:
                wire = _HEAD_BEGINS.sub(rb"\1Connection: close\r\n", wire)
            said.append(Said(asked, wire, answer.end))
        return answer, wire


def _asked(client: socket.socket) -> Asked | None:
    """The next request; None where the client has ended, asks no more, or asks for nothing that makes sense."""
    head = b""
    client.settimeout(IDLE_S if sys.platform != "win32" else 10 * IDLE_S)
    while b"\r\n\r\n" not in head:
        if len(head) > _MOST_HEAD_BYTES or not (part := client.recv(65_536)):
            return None
        head += part
    client.settimeout(10.0)
    try:
        request = parse_request(head.partition(b"\r\n\r\n")[0])
    except ValueError:
        return None
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    byte_range = (int(found[1]), int(found[2]) if found[2] else None) if found else None
    return Asked(request.path.lstrip("/"), byte_range, request.headers.get("if-range"))


def _send(client: socket.socket, wire: bytes, drips: int) -> None:
    step = max(1, -(-len(wire) // (drips + 1)))
    for at in range(0, len(wire), step):
        if at:
            time.sleep(DRIP_PAUSE_S)
        client.sendall(wire[at : at + step])
