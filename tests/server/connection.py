"""One client's connection, served by a thread of its own."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from tests.server.draft import Finish, OwnAnswer
from tests.server.log import Ending, Exchange, RequestLog
from tests.server.reply import Reply, plain_reply, reply_from
from tests.server.request import Request, parse_request
from tests.server.resource import Exhibit

_PIECE_BYTES = 256 * 1024
_HEAD_LIMIT_BYTES = 256 * 1024
_SMALL_BODY_BYTES = 64 * 1024
_LOOK_ROUND_S = 0.05
_THROTTLE_STEP_S = 0.02
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class _ClientLeft(Exception):
    """The client hung up, or the origin is being closed."""


class _NotHttp(Exception):
    """What came is no request."""


class Connection:
    """Reads requests and answers them until one of both has enough. `is_over_limit`: every request gets 503."""

    def __init__(
        self,
        number: int,
        client: socket.socket,
        exhibits: Mapping[str, Exhibit],
        log: RequestLog,
        closing: threading.Event,
        tls: ssl.SSLContext | None,
        *,
        is_over_limit: bool,
    ) -> None:
        self._number = number
        self._socket = client
        self._exhibits = exhibits
        self._log = log
        self._closing = closing
        self._tls = tls
        self._is_over_limit = is_over_limit
        self._received = b""
        self._socket_lock = threading.Lock()

    def wake(self) -> None:
        """From any thread: whatever the connection waits for on the network fails now."""
        with self._socket_lock, contextlib.suppress(OSError):
            # The plain socket's method: SSLSocket.shutdown would turn the other thread's writing into plain text.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def run(self) -> None:
        finish = Finish.CLOSE
        try:
            self._secure()
            finish = Finish.KEEP_ALIVE
            while finish is Finish.KEEP_ALIVE and (request := self._read_request()) is not None:
                finish = self._answer(request)
        except ssl.SSLError as problem:
            if finish is Finish.CLOSE:
                self._log.handshake_failed(str(problem))
        except (OSError, _ClientLeft):
            pass
        except _NotHttp:
            with contextlib.suppress(OSError):
                self._socket.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        finally:
            self._close(finish)
            self._log.connection_closed()

    def _secure(self) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            with self._socket_lock:
                wrapped = self._tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
                self._socket = wrapped
            wrapped.do_handshake()

    # ------------------------------------------------------------ reading

    def _read_request(self) -> Request | None:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > _HEAD_LIMIT_BYTES:
                raise _NotHttp("endless head")
            if not self._receive():
                return None
        head, self._received = self._received[:end], self._received[end + 4 :]
        try:
            request = parse_request(head)
        except ValueError as problem:
            raise _NotHttp from problem
        while len(self._received) < request.body_bytes:
            if not self._receive():
                return None
        self._received = self._received[request.body_bytes :]
        return request

    def _receive(self) -> bool:
        data = b"" if self._closing.is_set() else self._socket.recv(65_536)
        self._received += data
        return bool(data)

    # ------------------------------------------------------------ answering

    def _answer(self, request: Request) -> Finish:
        exchange = self._log.begin(request, self._number)
        ending = Ending.CLIENT_LEFT
        try:
            exhibit = self._exhibits.get(request.path)
            reply = self._reply(request, exhibit)
            self._perform(reply, exchange, (lambda: None) if exhibit is None else _throttle_of(exhibit))
            ending = Ending.AS_PLANNED
        finally:
            if ending is Ending.AS_PLANNED and reply.finish is not Finish.KEEP_ALIVE:
                # First the end, then the news of it: whoever waited for the record finds the connection ended.
                self._close(reply.finish)
            self._log.end(exchange, ending)
        return reply.finish

    def _reply(self, request: Request, exhibit: Exhibit | None) -> Reply:
        if self._is_over_limit:
            return plain_reply(request, OwnAnswer(503, {"Connection": "close"}, b"Too many connections.\n"))
        if exhibit is None:
            return plain_reply(request, OwnAnswer(404, {}, b"Not here.\n"))
        if request.method not in ("GET", "HEAD"):
            return plain_reply(request, OwnAnswer(405, {"Allow": "GET, HEAD"}))
        return reply_from(exhibit.draft_for(request))

    def _perform(self, reply: Reply, exchange: Exchange, throttle: Callable[[], float | None]) -> None:
        if reply.delay_s and self._closing.wait(reply.delay_s):
            raise _ClientLeft
        for gate in reply.gates:
            self._wait(gate)
        span, status = reply.span, reply.status
        if span.length <= _SMALL_BODY_BYTES and not reply.stalls and reply.chunk_bytes is None and throttle() is None:
            self._socket.sendall(reply.head + reply.content.bytes(span.offset, span.length))
            self._log.sent(exchange, status, span.length)
            return
        self._socket.sendall(reply.head)
        self._log.sent(exchange, status, 0)
        pace = _Pace(throttle, self._closing)
        sent = 0
        for stop, event in (*reply.stalls, (span.length, None)):
            for piece in _pieces(reply, span.offset + sent, stop - sent, pace):
                self._socket.sendall(piece if reply.chunk_bytes is None else _chunk(piece))
                self._log.sent(exchange, status, len(piece))
                pace.passed(len(piece))
            sent = stop
            if event is not None:
                self._wait(event)
        if reply.finish is Finish.BREAK_CHUNK:
            self._socket.sendall(b"no number\r\nrest\r\n")
        elif reply.chunk_bytes is not None and reply.is_whole:
            self._socket.sendall(b"0\r\n\r\n")

    def _wait(self, event: threading.Event) -> None:
        """Until the event, unless the client leaves before; one that only ends its half is taken to have left."""
        while not event.wait(_LOOK_ROUND_S):
            if (self._closing.is_set() or self._has_client_left()) and not event.is_set():
                raise _ClientLeft

    def _has_client_left(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            if not selector.select(0):
                return False
        # In the middle of an answer a TLS client has nothing to say but good-bye.
        return self._tls is not None or socket.socket.recv(self._socket, 1, socket.MSG_PEEK) == b""

    # ------------------------------------------------------------ ending

    def _close(self, finish: Finish) -> None:
        with self._socket_lock, contextlib.suppress(OSError):
            if self._socket.fileno() < 0:
                return
            try:
                if finish is Finish.RESET:
                    _wait_until_delivered(self._socket, self._closing)
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                else:
                    _end_in_order(self._socket, says_goodbye=finish in (Finish.CLOSE, Finish.KEEP_ALIVE))
            finally:
                self._socket.close()


class _Pace:
    """Keeps a response to the throttle, which may change while it runs."""

    def __init__(self, throttle: Callable[[], float | None], closing: threading.Event) -> None:
        self._throttle = throttle
        self._closing = closing
        self._rate = throttle()
        self._due = time.monotonic()

    def next_bytes(self) -> int:
        """Waits until bytes may go, and says how many at most."""
        while True:
            rate, now = self._throttle(), time.monotonic()
            if rate is None:
                self._rate = None
                return _PIECE_BYTES
            if rate != self._rate:
                self._rate, self._due = rate, now
            if now >= self._due:
                return max(1, min(_PIECE_BYTES, int(rate * _THROTTLE_STEP_S)))
            if self._closing.wait(min(self._due - now, _LOOK_ROUND_S)):
                raise _ClientLeft

    def passed(self, count: int) -> None:
        if self._rate is not None:
            # A client that reads slowly is not paid back by a burst.
            self._due = max(self._due, time.monotonic() - _LOOK_ROUND_S) + count / self._rate


def _throttle_of(exhibit: Exhibit) -> Callable[[], float | None]:
    return lambda: exhibit.resource.throttle_bytes_per_s


def _pieces(reply: Reply, offset: int, length: int, pace: _Pace) -> Iterator[memoryview]:
    largest = reply.chunk_bytes or _PIECE_BYTES
    for view in reply.content.views(offset, length):
        start = 0
        while start < len(view):
            count = min(pace.next_bytes(), largest)
            yield view[start : start + count]
            start += count


def _chunk(piece: memoryview) -> bytes:
    return b"".join((b"%x\r\n" % len(piece), piece, b"\r\n"))


def _end_in_order(client: socket.socket, *, says_goodbye: bool) -> None:
    client.setblocking(False)
    if says_goodbye and isinstance(client, ssl.SSLSocket):
        with contextlib.suppress(OSError, ValueError):
            client.unwrap()  # sends its half at once; the other half is not waited for
    socket.socket.shutdown(client, socket.SHUT_WR)
    with contextlib.suppress(BlockingIOError):
        # Closing with something unread would turn the FIN into a reset.
        while socket.socket.recv(client, 65_536):
            pass


def _wait_until_delivered(client: socket.socket, closing: threading.Event) -> None:
    """A reset throws away what is still on its way, so let the client's side have it first (Linux only)."""
    if sys.platform != "linux":
        return
    import fcntl
    import termios

    until = time.monotonic() + 1.0
    while struct.unpack("i", fcntl.ioctl(client.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]:
        if time.monotonic() > until or closing.wait(0.001):
            return
