"""Time, handed in: retries, pauses and ages are tested without waiting."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

_log = logging.getLogger(__name__)


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """The call never comes, if it has not begun."""


class Clock(Protocol):
    """Tells the time and calls back at a time."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def utc_now(self) -> datetime:
        """The moment in UTC."""

    def call_at(self, at_s: float, call: Callable[[], None]) -> Timer:
        """Calls when monotonic() has reached at_s, on any thread. The call must be short."""

    def close(self) -> None:
        """No more calls."""


class SystemClock:
    """The computer's clock. Its thread starts with the first call_at and ends with close."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _SystemTimer]] = []
        self._order = itertools.count()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def utc_now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def call_at(self, at_s: float, call: Callable[[], None]) -> Timer:
        """See Clock."""
        timer = _SystemTimer(call)
        with self._changed:
            heapq.heappush(self._due, (at_s, next(self._order), timer))
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="domonitor-clock", daemon=True)
                self._thread.start()
            self._changed.notify()
        return timer

    def close(self) -> None:
        """See Clock."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._is_closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._is_closed:
                    return
                timer = heapq.heappop(self._due)[2]
            try:
                timer.fire()
            except Exception:
                _log.exception("a timed call failed")


class _SystemTimer:
    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self._call = None

    def fire(self) -> None:
        if (call := self._call) is not None:
            call()
