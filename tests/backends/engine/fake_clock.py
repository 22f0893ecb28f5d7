"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domonitor.backends.engine.aging import Aging

_EPOCH = datetime(2030, 1, 1, tzinfo=UTC)


class FakeTimer:
    """A call that a FakeClock still owes."""

    def __init__(self, clock: FakeClock, at_s: float, call: Callable[[], None]) -> None:
        self.at_s = at_s
        self.call = call
        self._clock = clock

    def cancel(self) -> None:
        """See Timer."""
        self._clock.forget(self)


class FakeClock:
    """Begins at 1,000 s and 2030; advance moves both times and makes the calls that fall due, on its own thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now_s = 1_000.0
        self._timers: list[FakeTimer] = []

    def monotonic(self) -> float:
        """See Clock."""
        return self._now_s

    def utc_now(self) -> datetime:
        """See Clock."""
        return _EPOCH + timedelta(seconds=self._now_s)

    def call_at(self, at_s: float, call: Callable[[], None]) -> FakeTimer:
        """See Clock."""
        timer = FakeTimer(self, at_s, call)
        with self._lock:
            self._timers.append(timer)
        return timer

    def close(self) -> None:
        """See Clock."""
        with self._lock:
            self._timers.clear()

    def forget(self, timer: FakeTimer) -> None:
        """The timer's call does not come."""
        with self._lock:
            self._timers = [other for other in self._timers if other is not timer]

    def advance(self, seconds: float) -> None:
        """Lets time pass; each call sees the moment for which it was asked."""
        end_s = self._now_s + seconds
        while (timer := self._next(end_s)) is not None:
            self._now_s = max(self._now_s, timer.at_s)
            timer.call()
        self._now_s = end_s

    @property
    def due_in_s(self) -> list[float]:
        """How long each call is still to come, the next one first; the daily look at what is old is left out."""
        with self._lock:
            timers = [timer for timer in self._timers if Aging.__name__ not in timer.call.__qualname__]
        return sorted(timer.at_s - self._now_s for timer in timers)

    def _next(self, end_s: float) -> FakeTimer | None:
        with self._lock:
            due = [timer for timer in self._timers if timer.at_s <= end_s]
            if not due:
                return None
            timer = min(due, key=lambda timer: timer.at_s)
            self._timers.remove(timer)
            return timer
