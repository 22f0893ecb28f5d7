"""The one thread on which COM objects live, in the multithreaded apartment, and the way to it from every other one.

In a single-threaded apartment no callback arrives without a message pump, and Qt has the window's thread for itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from domonitor.backends.com.library import library
from domonitor.backends.thread import BackendThread
from domonitor.jobs.error import CallFailed

T = TypeVar("T")

_log = logging.getLogger(__name__)

_MULTITHREADED = 0
_LEVEL_CONNECT, _IMPERSONATE = 2, 3
_TOO_LATE = 0x80010119
"""RPC_E_TOO_LATE: somebody in this process has set the security already, and that holds."""


class Apartment:
    """Runs calls one after the other on a thread of its own. Pointers that are Held come to their end there, too."""

    def __init__(self, name: str) -> None:
        self._thread = BackendThread(f"{name}-com")
        self._thread_id: int | None = None
        self._thread.submit(self._begin).result()

    def call(self, work: Callable[[], T], within_s: float | None = None) -> T:
        """What the work returns. Raises CallFailed, and whatever else the work does.

        within_s: raises TimeoutError after that; work that has begun goes on. None waits however long it takes.
        """
        if threading.get_ident() == self._thread_id:
            return work()
        future = self._thread.submit(lambda: _tried(work), is_urgent=True)
        try:
            answer, refusal = future.result(within_s)
        except TimeoutError:
            future.cancel()
            raise
        if refusal is not None:
            raise refusal
        return answer  # type: ignore[return-value]

    def let_go(self, held: dict[str, Any]) -> None:
        """Empties what holds a COM object on the thread where that is to be released."""
        if threading.get_ident() == self._thread_id:
            held.clear()
            return
        with suppress(RuntimeError):  # closed: the process keeps what is left until it ends
            self._thread.submit(held.clear)

    def close(self, last_call: Callable[[], object]) -> None:
        """Runs the last call and ends the thread, within a bounded time."""
        future = self._thread.close(last_call)
        if threading.get_ident() != self._thread_id:
            with suppress(TimeoutError):
                future.result(timeout=CLOSE_WITHIN_S)

    def _begin(self) -> None:
        self._thread_id = threading.get_ident()
        ole = library("ole32")
        ole.CoInitializeEx(None, _MULTITHREADED)
        code = ole.CoInitializeSecurity(None, -1, None, None, _LEVEL_CONNECT, _IMPERSONATE, None, 0, None) & 0xFFFFFFFF
        if code & 0x80000000 and code != _TOO_LATE:
            _log.warning("COM's security could not be set: 0x%08X", code)


CLOSE_WITHIN_S = 1.0


class Held:
    """A COM object that a Python object on any thread may hold. Only the apartment's thread may look inside."""

    def __init__(self, apartment: Apartment, pointer: Any) -> None:
        self._apartment = apartment
        self._held = {"pointer": pointer}

    @property
    def pointer(self) -> Any:
        """The object."""
        return self._held["pointer"]

    def __del__(self) -> None:
        self._apartment.let_go(self._held)


def _tried(work: Callable[[], T]) -> tuple[T | None, CallFailed | None]:
    """A refusal without the frames that it has come through: they hold COM objects."""
    try:
        return work(), None
    except CallFailed as refusal:
        return None, refusal.with_traceback(None)
