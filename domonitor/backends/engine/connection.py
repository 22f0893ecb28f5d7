"""One connection between the host and a client, as both ends use it: whole messages, read by one thread and written by
another.

A message is a JSON object. One with many items goes as several frames, each a JSON object of at most 256 KiB: all but
the last say that more follow, and nothing else comes between them.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import Any

from domonitor.backends.engine.wire import Json, WireError

FRAME_BYTES = 256 * 1024
MOST_PAGES = 400
"""A message of more frames is taken for nonsense."""

MOST_WAITING = 8
"""So many messages wait to be written; whoever has more to say waits too."""

STOPPED, HANDED_OVER, IDLE = "stopped", "handed over", "idle"
"""Why a host ends, as it tells its clients."""

Message = dict[str, Any]

_log = logging.getLogger(__name__)
_dumps = json.JSONEncoder(separators=(",", ":")).encode


def frames(head: Mapping[str, Json], items: Sequence[Json] | None = None) -> Iterator[bytes]:
    """The message as frames. Raises WireError where the head or an item is too long for one."""
    start = _dumps(head)
    if items is None:
        if len(start) > FRAME_BYTES:
            raise WireError("too long")
        yield start.encode()
        return
    start = f'{start[:-1]},"items":['
    most = FRAME_BYTES - len(start) - len('],"more":true}')
    page: list[str] = []
    length = 0
    for item in items:
        text = _dumps(item)
        if len(text) > most:
            raise WireError("too long")
        if length + len(text) > most:
            yield f'{start}{",".join(page)}],"more":true}}'.encode()
            page, length = [], 0
        page.append(text)
        length += len(text) + 1
    yield f"{start}{','.join(page)}]}}".encode()


def receive(connection: Connection) -> Message:
    """The next message. Raises WireError where it is none, EOFError or OSError where the connection has ended."""
    message = _receive_frame(connection)
    items = message.get("items")
    for _ in range(MOST_PAGES):
        if not message.pop("more", False):
            return message
        next_message = _receive_frame(connection)
        next_items = next_message.pop("items", None)
        if type(items) is not list or type(next_items) is not list:
            raise WireError("no page")
        items += next_items
        message["more"] = next_message.pop("more", False)
    raise WireError("too many pages")


def _receive_frame(connection: Connection) -> Message:
    data = connection.recv_bytes(FRAME_BYTES)
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError("no JSON") from None
    if type(message) is not dict:
        raise WireError("no message")
    return message


def send(connection: Connection, message: Message) -> None:
    """Sends a short message, while nobody else uses the connection. Raises OSError."""
    for frame in frames(message):
        connection.send_bytes(frame)


@contextmanager
def cut_after(connection: Connection, seconds: float) -> Iterator[None]:
    """What is done within is interrupted with EOFError or OSError when it takes longer."""
    timer = threading.Timer(seconds, cut, (connection,))
    timer.name = "domonitor-patience"
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # not later, when the connection's number may be another one's


def prove(connection: Connection, key: bytes, *, is_host: bool) -> None:
    """Both ends prove that they know the key, without telling it. Raises EOFError, OSError."""
    steps = (deliver_challenge, answer_challenge) if is_host else (answer_challenge, deliver_challenge)
    try:
        for step in steps:
            step(connection, key)
    except (AuthenticationError, AssertionError) as error:
        raise EOFError("the other end does not know the key") from error


if sys.platform == "win32":

    def cut(connection: Connection) -> None:
        """Ends the connection for whoever waits for it."""
        with suppress(OSError):
            connection.close()
else:

    def cut(connection: Connection) -> None:
        """Ends the connection for whoever waits for it; its number stays taken until it is closed."""
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as both:
            both.shutdown(socket.SHUT_RDWR)


class Channel:
    """The connection once both ends know each other. One thread calls receive; any may send.

    news: what to send when there is nothing else to say, asked for on the writer's thread after tell_news.
    """

    def __init__(self, connection: Connection, news: Callable[[], Iterable[Iterable[bytes]]] = tuple) -> None:
        self._connection = connection
        self._news = news
        self._changed = threading.Condition()
        self._outbox: deque[Iterable[bytes]] = deque()
        self._has_news = False
        self._is_finishing = False
        self._is_cut = False
        self._writer = threading.Thread(target=self._write, name="domonitor-writer", daemon=True)
        self._writer.start()

    def receive(self) -> Message:
        """See receive."""
        try:
            return receive(self._connection)
        except TypeError:  # Windows: the connection was closed meanwhile
            raise EOFError from None

    def send(self, written: Iterable[bytes]) -> None:
        """Sends the frames of a message after what was sent before. Raises OSError where the connection has ended."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._outbox) < MOST_WAITING or self._is_finishing)
            if self._is_finishing:
                raise ConnectionResetError("the connection has ended")
            self._outbox.append(written)
            self._changed.notify_all()

    def tell_news(self) -> None:
        """There is news to be sent. Any thread, cheap."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def finish(self, written: Iterable[bytes] = ()) -> None:
        """Sends what is waiting and these frames, then ends the connection. Does not wait."""
        with self._changed:
            self._outbox.append(written)
            self._is_finishing = True
            self._changed.notify_all()

    def cut(self) -> None:
        """Ends the connection now: receive ends with EOFError or OSError. Any thread."""
        with self._changed:
            if self._is_cut:
                return
            self._is_cut = self._is_finishing = True
            cut(self._connection)
            self._changed.notify_all()

    def close(self) -> None:
        """Lets go of the connection; called by the thread that received, when it does so no more."""
        self.cut()
        self._writer.join()
        self._connection.close()

    def _write(self) -> None:
        try:
            while (messages := self._next()) is not None:
                for message in messages:
                    for frame in message:
                        self._connection.send_bytes(frame)
        except OSError:
            pass  # the other end is gone, or we were cut off
        except Exception:
            if not self._is_cut:
                _log.exception("what was to be sent could not be written, and the connection is ended")
        self.cut()

    def _next(self) -> Iterable[Iterable[bytes]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._outbox or self._has_news or self._is_finishing)
            if self._is_cut:
                return None
            if self._outbox:
                message = self._outbox.popleft()
                self._changed.notify_all()
                return (message,)
            if self._is_finishing:
                return None
            self._has_news = False
        return self._news()
