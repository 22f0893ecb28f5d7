"""What happened at the origin, and waiting for it to happen."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from tests.server.request import Headers, Request


class Ending(Enum):
    """How far an answer got."""

    RUNNING = "running"
    AS_PLANNED = "as planned"  # to its end, or to the place where a fault ended it
    CLIENT_LEFT = "client left"  # the client hung up, or the origin was closed


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it stood when asked for.

    path is decoded; query without "?"; range is the header's text or None; at is time.monotonic(); connection counts
    from 1; bytes_sent are body bytes handed to the operating system; status is None before the head was sent.
    """

    method: str
    path: str
    query: str
    headers: Headers
    range: str | None
    at: float
    connection: int
    bytes_sent: int
    status: int | None
    ending: Ending


class Exchange:
    """A request being answered; written only through RequestLog."""

    __slots__ = ("at", "bytes_sent", "connection", "ending", "request", "status")

    def __init__(self, request: Request, connection: int) -> None:
        self.request = request
        self.connection = connection
        self.at = time.monotonic()
        self.bytes_sent = 0
        self.status: int | None = None
        self.ending = Ending.RUNNING

    def record(self) -> RequestRecord:
        request = self.request
        return RequestRecord(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.headers.get("Range"),
            self.at,
            self.connection,
            self.bytes_sent,
            self.status,
            self.ending,
        )


class RequestLog:
    """All exchanges and the number of connections; every method from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._exchanges: list[Exchange] = []
        self._by_path: defaultdict[str, list[Exchange]] = defaultdict(list)
        self._active_requests = 0
        self.open_connections = 0
        self.peak_connections = 0
        self.peak_active_requests = 0
        self.connections_over_limit = 0
        self.handshake_failures: list[str] = []

    def records(self, path: str | None = None) -> list[RequestRecord]:
        with self._changed:
            exchanges = self._exchanges if path is None else self._by_path.get(path, [])
            return [exchange.record() for exchange in exchanges]

    def connection_opened(self, *, is_over_limit: bool) -> None:
        with self._changed:
            self.open_connections += 1
            self.peak_connections = max(self.peak_connections, self.open_connections)
            self.connections_over_limit += is_over_limit
            self._changed.notify_all()

    def connection_closed(self) -> None:
        with self._changed:
            self.open_connections -= 1
            self._changed.notify_all()

    def handshake_failed(self, reason: str) -> None:
        with self._changed:
            self.handshake_failures.append(reason)
            self._changed.notify_all()

    def begin(self, request: Request, connection: int) -> Exchange:
        exchange = Exchange(request, connection)
        with self._changed:
            self._exchanges.append(exchange)
            self._by_path[request.path].append(exchange)
            self._active_requests += 1
            self.peak_active_requests = max(self.peak_active_requests, self._active_requests)
            self._changed.notify_all()
        return exchange

    def sent(self, exchange: Exchange, status: int | None, body_bytes: int) -> None:
        with self._changed:
            exchange.status = status
            exchange.bytes_sent += body_bytes
            self._changed.notify_all()

    def end(self, exchange: Exchange, ending: Ending) -> None:
        with self._changed:
            exchange.ending = ending
            self._active_requests -= 1
            self._changed.notify_all()

    def wait_for_exchanges(
        self, path: str, what: str, is_reached: Callable[[Sequence[Exchange]], bool], timeout_s: float
    ) -> list[RequestRecord]:
        """The requests of a path once is_reached says so. Raises TimeoutError that tells what there was instead."""
        with self._changed:
            if not self._changed.wait_for(lambda: is_reached(self._by_path.get(path, ())), timeout_s):
                seen = [
                    f"{one.request.method} {one.status} {one.bytes_sent} bytes, {one.ending.value}"
                    for one in self._by_path.get(path, ())
                ]
                raise TimeoutError(f"{path}: {what} not reached in {timeout_s} s; seen so far: {seen}")
            return [exchange.record() for exchange in self._by_path.get(path, ())]

    def wait_until(self, what: str, is_reached: Callable[[], bool], timeout_s: float) -> None:
        with self._changed:
            if not self._changed.wait_for(is_reached, timeout_s):
                raise TimeoutError(f"{what} not reached in {timeout_s} s; {self.open_connections} connections open")
