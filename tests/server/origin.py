"""A web server on loopback that misbehaves exactly as told."""

from __future__ import annotations

import contextlib
import selectors
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tests.server.connection import Connection
from tests.server.content import Content
from tests.server.log import Ending, RequestLog, RequestRecord
from tests.server.request import path_key
from tests.server.resource import Exhibit, Resource
from tests.server.tls import Tls, authority_pem, server_context

_CLOSE_WITHIN_S = 1.0
_WAIT_S = 10.0


class Origin:
    """HTTP/1.1 with keep-alive on a free port of loopback, from `with` to the end of it; every method from any thread.

    host "::1" serves IPv6. With tls it is https; ca_file is what a client should trust. Connections beyond
    max_connections are let in and answered 503 and counted. The waiting methods never sleep: they return the moment
    something happened, and raise TimeoutError with what happened instead.
    """

    def __init__(self, *, tls: Tls | None = None, host: str = "127.0.0.1", max_connections: int | None = None) -> None:
        self._tls = tls
        self._host = host
        self._max_connections = max_connections
        self._exhibits: dict[str, Exhibit] = {}
        self._log = RequestLog()
        self._closing = threading.Event()
        self._connections: dict[Connection, threading.Thread] = {}
        self._connections_lock = threading.Lock()
        self._folder: Path | None = None

    # ------------------------------------------------------------ life

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._context = None if self._tls is None else server_context(self._tls)
        self._listener = socket.create_server((self._host, 0), family=family, backlog=1024)
        self._port = int(self._listener.getsockname()[1])
        self._waker, self._woken = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept, name=f"origin:{self._port}", daemon=True)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections at once, whatever they wait for. Raises RuntimeError if a thread outlives a second."""
        if self._closing.is_set():
            return
        self._closing.set()
        until = time.monotonic() + _CLOSE_WITHIN_S
        self._waker.send(b"x")
        self._accepting.join(_CLOSE_WITHIN_S)
        with self._connections_lock:
            connections = dict(self._connections)
        for connection in connections:
            connection.wake()
        for thread in connections.values():
            thread.join(max(0.0, until - time.monotonic()))
        for one in (self._listener, self._waker, self._woken):
            one.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        alive = [thread.name for thread in (self._accepting, *connections.values()) if thread.is_alive()]
        if alive:
            raise RuntimeError(f"the origin's threads did not end: {alive}")

    # ------------------------------------------------------------ what it serves

    def add(self, path: str, resource: Resource | Content | bytes) -> str:
        """Serves the resource there from now on, in place of what was there; returns its address."""
        if not isinstance(resource, Resource):
            resource = Resource(resource)
        self._exhibits[path_key(path)] = Exhibit(resource)
        return self.url(path)

    def change(self, path: str, **fields: Any) -> None:
        """Other values for fields of the Resource there, from the next request on; throttle_bytes_per_s at once.

        New faults count anew. Raises KeyError for an unknown path, TypeError for an unknown field.
        """
        self._exhibits[path_key(path)].change(**fields)

    def mend(self, path: str) -> None:
        """Takes faults and throttle away and releases what waits, also in running responses; the content stays."""
        self._exhibits[path_key(path)].mend()

    def remove(self, path: str) -> None:
        """404 from now on."""
        del self._exhibits[path_key(path)]

    def url(self, path: str) -> str:
        """The absolute address of a path, percent-encoded where needed."""
        scheme = "http" if self._tls is None else "https"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}{quote(path, safe='/?=&%;:@+$,~')}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def ca_file(self) -> Path:
        """A PEM file with the authority that a client should trust; gone after close()."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="domonitor-origin-"))
            (self._folder / "authority.pem").write_bytes(authority_pem())
        return self._folder / "authority.pem"

    # ------------------------------------------------------------ what happened

    @property
    def requests(self) -> list[RequestRecord]:
        """All requests in order of arrival, as they stand now."""
        return self._log.records()

    def requests_to(self, path: str) -> list[RequestRecord]:
        return self._log.records(path_key(path))

    def wait_requests(self, path: str, count: int = 1, *, timeout_s: float = _WAIT_S) -> list[RequestRecord]:
        """All requests of the path once that many arrived, answered or not."""
        return self._log.wait_for_exchanges(
            path_key(path), f"{count} requests", lambda seen: len(seen) >= count, timeout_s
        )

    def wait_finished(self, path: str, count: int = 1, *, timeout_s: float = _WAIT_S) -> list[RequestRecord]:
        """All requests of the path once that many are over, by their end, a fault or the client."""
        return self._log.wait_for_exchanges(
            path_key(path),
            f"{count} answers",
            lambda seen: sum(one.ending is not Ending.RUNNING for one in seen) >= count,
            timeout_s,
        )

    def wait_for(
        self, path: str, *, bytes_sent: int, request: int | None = None, timeout_s: float = _WAIT_S
    ) -> list[RequestRecord]:
        """All requests of the path once one of them (or the request'th, from 1) has sent that much of its body.

        Sent is what the operating system took; the client may have read less.
        """
        return self._log.wait_for_exchanges(
            path_key(path),
            f"{bytes_sent} bytes of {'any request' if request is None else f'request {request}'}",
            lambda seen: any(
                one.bytes_sent >= bytes_sent for one in (seen if request is None else seen[request - 1 : request])
            ),
            timeout_s,
        )

    def wait_open_connections(self, at_most: int = 0, *, timeout_s: float = _WAIT_S) -> None:
        """Until no more than that many connections are open, idle ones included."""
        self._log.wait_until(f"{at_most} open connections", lambda: self._log.open_connections <= at_most, timeout_s)

    def wait_handshake_failure(self, *, timeout_s: float = _WAIT_S) -> str:
        """What TLS said about the first handshake that failed."""
        self._log.wait_until("a failed handshake", lambda: bool(self._log.handshake_failures), timeout_s)
        return self._log.handshake_failures[0]

    @property
    def open_connections(self) -> int:
        return self._log.open_connections

    @property
    def peak_connections(self) -> int:
        """Most connections open at one time, idle ones included."""
        return self._log.peak_connections

    @property
    def peak_active_requests(self) -> int:
        """Most requests being answered at one time."""
        return self._log.peak_active_requests

    @property
    def connections_over_limit(self) -> int:
        """How many connections came while max_connections were open."""
        return self._log.connections_over_limit

    # ------------------------------------------------------------ the accepting thread

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            number = 0
            while True:
                selector.select()
                if self._closing.is_set():
                    return
                with contextlib.suppress(OSError):  # the client was gone before we came
                    client, _ = self._listener.accept()
                    number += 1
                    self._serve(number, client)

    def _serve(self, number: int, client: socket.socket) -> None:
        is_over_limit = self._max_connections is not None and self._log.open_connections >= self._max_connections
        self._log.connection_opened(is_over_limit=is_over_limit)
        connection = Connection(
            number, client, self._exhibits, self._log, self._closing, self._context, is_over_limit=is_over_limit
        )

        def run() -> None:
            try:
                connection.run()
            finally:
                with self._connections_lock:
                    del self._connections[connection]

        thread = threading.Thread(target=run, name=f"origin:{self._port}:{number}", daemon=True)
        with self._connections_lock:
            self._connections[connection] = thread
        thread.start()


@contextlib.contextmanager
def refused_url(path: str = "/") -> Iterator[str]:
    """An address that refuses every connection: its port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}{path}"
