"""The client's end: one connection to the host, made when it is needed and made anew when it is lost."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from domonitor.backends.engine import failures, starting
from domonitor.backends.engine.calls import Call, Refusal
from domonitor.backends.engine.connection import HANDED_OVER, IDLE, STOPPED, Channel, Message, frames
from domonitor.backends.engine.meeting import meeting_of
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.starting import HostUnavailable, Starting
from domonitor.backends.engine.wire import WireError, codec
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed

R = TypeVar("R")

ANSWERS_WITHIN_S = 300.0
FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 10.0
"""Between two attempts to come back to a host that was lost."""

_log = logging.getLogger(__name__)


class Lost(HostUnavailable):
    """The connection ended before the answer came: whether the call was carried out is not known."""


def _lost() -> Lost:
    return Lost("The download engine ended before it answered. Look at the list before you try again.")


class HostClient:
    """Asks the host of an engine's folder; any thread may, but the one on which told is called.

    connected: called after each new connection, before anything else is asked; what it raises fails the connecting.
    told: gets what the host says without being asked, on the reader's thread. lost: called when the connection is
    lost, and whenever it could not be made anew; returns whether that is to be tried without waiting for a call.
    """

    def __init__(
        self,
        folder: Path | str,
        host: Starting | None,
        connected: Callable[[], None],
        told: Callable[[Message], None],
        lost: Callable[[HostUnavailable], bool],
    ) -> None:
        """host: how one is started where none is there, None where that is not wanted. Does not connect yet."""
        self._folder = Path(folder)
        self._host = host
        self._connected = connected
        self._told = told
        self._lost = lost
        self._connecting = threading.RLock()
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._waiting: dict[int, Future[Message]] = {}
        self._numbers = itertools.count(1)
        self._readers: set[threading.Thread] = set()
        self._closed = threading.Event()
        self._pause_s = FIRST_PAUSE_S
        self.process_id: int | None = None
        """The host's, as it last said."""
        self.notice = ""
        """What the host says that happened to the list of downloads, "" for nothing."""

    def start_with(self, settings: EngineSettings) -> None:
        """A host that is started from now on gets these settings."""
        if self._host is not None:
            self._host = replace(self._host, settings=settings)

    def open(self) -> None:
        """Connects, if that is not done yet. Raises HostUnavailable."""
        self._open(self._host)

    def ask(self, job: str | None, call: Call[R], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> R:
        """Makes the call at the job of that id, or (None) at the service. Raises CallFailed."""
        request = call.request(arguments, named)
        number = next(self._numbers)
        head: Message = {"id": number, "call": request.name, "with": request.given}
        if job is not None:
            head["job"] = job
        try:
            written = list(frames(head, request.items))
        except WireError:
            raise failures.refusal(hresult.E_INVALIDARG, "What was given is too long. Shorten it.") from None
        try:
            answer = self._exchange(number, written)
        except Lost:
            if not call.is_reading:
                raise
            answer = self._exchange(number, written)
        try:
            if "refused" in answer:
                raise CallFailed(*codec(Refusal).decode(answer["refused"]))
            return call.read(answer.get("items" if call.is_paged else "value"))
        except WireError as error:
            raise HostUnavailable("The download engine's answer can't be understood.") from error

    def close(self) -> None:
        """Leaves the host, which goes on. A later call is refused."""
        self._closed.set()
        with self._lock:
            channel = self._channel
        if channel is not None:
            channel.cut()
        for reader in tuple(self._readers):
            if reader is not threading.current_thread():
                reader.join()

    def _exchange(self, number: int, written: list[bytes]) -> Message:
        reply: Future[Message] = Future()
        while True:
            channel = self._open(self._host)
            with self._lock:
                if channel is self._channel:
                    self._waiting[number] = reply
                    break
        try:
            channel.send(written)
            return reply.result(ANSWERS_WITHIN_S)
        except TimeoutError:
            raise HostUnavailable(starting.SILENT) from None
        except OSError:
            raise _lost() from None
        finally:
            self._waiting.pop(number, None)

    def _open(self, host: Starting | None) -> Channel:
        with self._connecting:
            if self._closed.is_set():
                raise HostUnavailable("The connection to the download engine is closed.", is_final=True)
            with self._lock:
                if self._channel is not None:
                    return self._channel
            connection, welcome = starting.connect(meeting_of(self._folder), host, self._closed)
            self.process_id, self.notice = welcome.process_id, welcome.notice
            channel = Channel(connection)
            reader = threading.Thread(target=self._read, args=(channel,), name="domonitor-reader", daemon=True)
            with self._lock:
                self._channel = channel
                self._readers.add(reader)
                reader.start()  # before close can see it: it joins
            if self._closed.is_set():
                channel.cut()  # close may not have seen it
            try:
                self._connected()
            except BaseException:
                channel.cut()
                raise
            return channel

    def _read(self, channel: Channel) -> None:
        """The life of one connection, and then that of the attempts to make a new one."""
        began_s = time.monotonic()
        reason = ""
        try:
            while True:
                message = channel.receive()
                if type(number := message.get("id")) is int:
                    if (reply := self._waiting.pop(number, None)) is not None:
                        reply.set_result(message)
                elif "end" in message:
                    reason = str(message["end"])
                else:
                    self._told(message)
        except (EOFError, OSError):
            pass
        except Exception:
            _log.exception("what the engine host said could not be dealt with, and the connection is ended")
        channel.close()
        with self._lock:
            self._channel = None
            waiting, self._waiting = self._waiting, {}
        for reply in waiting.values():
            reply.set_exception(_lost())
        if time.monotonic() - began_s > LAST_PAUSE_S:
            self._pause_s = FIRST_PAUSE_S
        self._come_back(reason)
        with self._lock:
            self._readers.discard(threading.current_thread())

    def _come_back(self, reason: str) -> None:
        """Connects again, until it succeeds or is of no use. A host that was stopped is started by the next call only,
        one that was handed over to a newer program by that alone."""
        if reason == HANDED_OVER:
            self._host = None
        host = None if reason else self._host
        failure = HostUnavailable(_SAID.get(reason, "The download engine ended unexpectedly and is started again."))
        while not self._closed.is_set() and self._lost(failure) and not failure.is_final:
            self._closed.wait(self._pause_s)
            self._pause_s = min(self._pause_s * 2, LAST_PAUSE_S)
            try:
                self._open(host)
            except HostUnavailable as again:
                failure = HostUnavailable(f"{failure}", is_final=again.is_final) if reason else again
            else:
                return


_SAID = {
    STOPPED: "The download engine was stopped. It starts again with the next command.",
    HANDED_OVER: "A newer version of domonitor took the downloads over. Close this program and start it again.",
    IDLE: "The download engine had nothing to do and ended. It starts again with the next command.",
}
