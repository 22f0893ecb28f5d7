"""The engine host: an engine in a process of its own, which windows and commands share as they share BITS.

    domonitor engine [--folder DIR] [--idle-minutes N]

Downloads outlive the window, and the window's work never slows them. The host ends by itself when nobody is connected
and nothing is left to be done.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from domonitor.backends.engine import greeting
from domonitor.backends.engine.connection import HANDED_OVER, IDLE, STOPPED, cut, cut_after, prove
from domonitor.backends.engine.entrance import Entrance, knock
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.meeting import Meeting, meeting_of
from domonitor.backends.engine.serving import Session
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.starting import SETTINGS_VARIABLE
from domonitor.backends.engine.wire import WireError, codec
from domonitor.jobs.error import CallFailed, DomonitorError, FolderInUse

IDLE_MINUTES = 10.0
PROVEN_WITHIN_S = 2.0
"""A client that says nothing, or not the right thing, for so long is left."""

HAND_OVER_S = 3.0
"""So long a host that ends may hold the folder after it has closed its door."""

LEAVE_WITHIN_S = 1.0

ASK_EVERY_S, LOOK_EVERY_S = 30.0, 2.0
"""How often a host asks whether it is needed, and at most looks whether it is found at its address."""

ENDED_WELL, NOT_STARTED = 0, 3

_log = logging.getLogger(__name__)


class Host:
    """Serves an open engine to whoever knows the key, until it is told to stop or nothing is left to be done.

    Each connection has threads of its own from its first byte on: one that is silent, stopped or talks nonsense costs
    the others nothing.
    """

    def __init__(self, manager: EngineManager, meeting: Meeting, idle_s: float = IDLE_MINUTES * 60) -> None:
        """Raises OSError where the address can't be listened at."""
        self._manager = manager
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._sessions: set[Session] = set()
        self._left = threading.Condition(self._lock)
        """Told whenever a session has ended."""

        self._is_closing = False
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self._reason = STOPPED
        self._needed_at_s = time.monotonic()
        self._listen(meeting)

    def stop(self, reason: str = STOPPED) -> None:
        """Ends wait. Any thread, also a signal's handler."""
        self._reason = reason
        self._stopped.set()

    def wait(self) -> None:
        """Returns when the host is to end: it was stopped, or was idle for long enough."""
        ask_every_s = min(max(self._idle_s / 4, 0.05), ASK_EVERY_S)
        asked_at_s = time.monotonic()
        while not self._stopped.wait(min(ask_every_s, LOOK_EVERY_S)):
            self._stay_found()
            if time.monotonic() - asked_at_s < ask_every_s:
                continue
            asked_at_s = time.monotonic()
            if self._is_needed():
                self._needed_at_s = asked_at_s
            elif asked_at_s - self._needed_at_s >= self._idle_s and self._close_if_idle():
                self.stop(IDLE)

    def close(self) -> None:
        """Tells the clients, lets the engine make everything durable, and ends. Nothing is lost."""
        with self._lock:
            self._is_closing = True
        self._entrance.close()
        self._accepting.join(LEAVE_WITHIN_S)
        self._manager.close()
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.end(self._reason)
        with self._left:
            self._left.wait_for(lambda: not self._sessions, LEAVE_WITHIN_S)
        for session in sessions:
            session.cut()
        self._ended.set()

    def wait_until_ended(self, timeout_s: float) -> None:
        """Returns when close is through, or after so long."""
        self._ended.wait(timeout_s)

    def _is_needed(self) -> bool:
        if self._sessions:
            return True
        try:
            return self._manager.has_work()
        except CallFailed:
            return True  # the list can't be read: let us not make it worse

    def _close_if_idle(self) -> bool:
        """Lets nobody in any more, unless somebody is there, or something is left to be done after all."""
        with self._lock:
            self._is_closing = not self._is_needed()
            return self._is_closing

    def _listen(self, meeting: Meeting) -> None:
        """Raises OSError."""
        self._meeting = meeting
        key = meeting.make_key()
        self._entrance = entrance = Entrance(meeting.address)
        self._accepting = threading.Thread(
            target=self._accept, args=(entrance, key), name="domonitor-accept", daemon=True
        )
        self._accepting.start()

    def _stay_found(self) -> None:
        """A log-out removes the session's folder, and whoever tidies up may remove what lies in another one: then we
        listen anew, where the clients look now."""
        try:
            meeting = meeting_of(self._meeting.folder)
            if meeting != self._meeting or not self._entrance.is_found() or not meeting.is_key_there():
                self._entrance.close()
                self._accepting.join(LEAVE_WITHIN_S)
                self._listen(meeting)
        except (CallFailed, OSError) as error:
            _log.info("there is no place to be met at, for now: %s", error)

    def _accept(self, entrance: Entrance, key: bytes) -> None:
        while not entrance.is_closed:
            try:
                connection = entrance.accept()
            except (OSError, EOFError):
                if not entrance.is_closed:
                    time.sleep(0.05)  # too many files are open: let some be closed
                continue
            thread = threading.Thread(target=self._serve, args=(connection, key), name="domonitor-client", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads
                connection.close()

    def _serve(self, connection: Connection, key: bytes) -> None:
        """The life of one connection, on its own thread."""
        try:
            with cut_after(connection, PROVEN_WITHIN_S):
                prove(connection, key, is_host=True)
                is_welcome = greeting.answer(connection, self.stop_for_newer)
            session = self._admit(connection) if is_welcome else None
        except (EOFError, OSError, WireError):
            session = None
        if session is None:
            cut(connection)
            connection.close()
            return
        try:
            session.run()
        finally:
            self._needed_at_s = time.monotonic()
            with self._left:
                self._sessions.discard(session)
                self._left.notify_all()

    def _admit(self, connection: Connection) -> Session | None:
        """None where the host is about to end. Until then it stays, for as long as the session does."""
        with self._lock:
            if self._is_closing:
                return None
            session = Session(connection, self._manager, self.stop)
            self._sessions.add(session)
            return session

    def stop_for_newer(self) -> None:
        """A newer program wants to run the engine."""
        self.stop(HANDED_OVER)


def main(
    arguments: Sequence[str], own: Callable[[], tuple[Path, EngineSettings]], log: Callable[[Path], object]
) -> int:
    """Runs a host until it ends; the exit code.

    own: the user's own folder and settings, for what is not said. log: begins the log of an engine on that folder.
    """
    chosen = _parsed(arguments)
    try:
        folder, settings = (chosen.folder, EngineSettings()) if chosen.folder else own()
        settings = _told() or settings
        meeting = meeting_of(folder)
        manager = _open(meeting, settings)
        log(meeting.folder)
        try:
            host = Host(manager, meeting, chosen.idle_minutes * 60)
        except BaseException:
            manager.close()
            raise
    except (DomonitorError, OSError, WireError) as refusal:
        _report(str(refusal), chosen.report)
        return NOT_STARTED
    _stop_on_signals(host)
    host.wait()
    host.close()
    return ENDED_WELL


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="domonitor engine", description="Run the download engine for window and commands."
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="the engine's folder, if not your own engine's")
    parser.add_argument(
        "--idle-minutes", type=float, default=IDLE_MINUTES, metavar="N", help="end after so long without need (10)"
    )
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _told() -> EngineSettings | None:
    """What the client that started us has said, None for nothing. Raises WireError."""
    told = os.environ.pop(SETTINGS_VARIABLE, "")
    if not told:
        return None
    try:
        settings: EngineSettings = codec(EngineSettings).decode(json.loads(told))
    except ValueError as error:
        raise WireError(f"The engine's settings in {SETTINGS_VARIABLE} can't be understood ({error}).") from None
    return settings


def _open(meeting: Meeting, settings: EngineSettings) -> EngineManager:
    """The engine; one that another host is about to let go of is waited for. Raises FolderInUse, StoreUnusable."""
    deadline_s = time.monotonic() + HAND_OVER_S
    while True:
        try:
            return EngineManager(meeting.folder, settings)
        except FolderInUse:
            if time.monotonic() > deadline_s or _is_served(meeting):
                raise
        time.sleep(0.02)


def _is_served(meeting: Meeting) -> bool:
    """Whether another host listens."""
    try:
        knock(meeting.address, LEAVE_WITHIN_S).close()
    except TimeoutError:
        return True
    except (OSError, EOFError):
        return False
    return True


def _report(refusal: str, report: Path | None) -> None:
    """Whoever started us may not see what we write."""
    sys.stderr.write(f"{refusal}\n")
    if report is not None:
        with suppress(OSError):
            report.write_text(refusal, encoding="utf-8")


def _stop_on_signals(host: Host) -> None:
    def stop(*_: object) -> None:
        host.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if sys.platform == "win32":
        _stop_on_console_events(host)
    else:
        signal.signal(signal.SIGHUP, stop)


if sys.platform == "win32":
    import ctypes

    _Handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)
    _handlers: list[object] = []
    _CLOSE_EVENT = 2
    """This, log-off (5) and shutdown (6) end the process. Source: wincon.h, CTRL_CLOSE_EVENT."""

    def _stop_on_console_events(host: Host) -> None:
        """The process is ended when a handler returns."""

        def handle(event: int) -> int:
            host.stop()
            if event >= _CLOSE_EVENT:
                host.wait_until_ended(5.0)
            return 1

        _handlers.append(_Handler(handle))
        ctypes.windll.kernel32.SetConsoleCtrlHandler(_handlers[-1], True)
