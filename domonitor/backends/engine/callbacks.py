"""The programs' callback objects, called on a thread of their own that holds no lock."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domonitor.backends.interface import CopyCallback

_END = "the job's end"
MOST_CALLS = 5
FIRST_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Call:
    job_id: UUID
    name: str
    call: Callable[[CopyCallback], None]
    tries: int = 0


class Callbacks:
    """Who is to be called for which job, and the calls that are due.

    A call that raises comes again after a pause that doubles, five times at most. Registrations do not outlive the
    process. The thread starts with the first registration.
    """

    def __init__(self, modification_interval_s: float) -> None:
        self._modification_interval_s = modification_interval_s
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Call]] = []
        self._order = itertools.count()
        self._callbacks: dict[UUID, CopyCallback] = {}
        self._modified_s: dict[UUID, float] = {}
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def register(self, job_id: UUID, callback: CopyCallback | None) -> None:
        """The job's callback from now on, None for none."""
        with self._changed:
            if callback is None:
                self._callbacks.pop(job_id, None)
                return
            self._callbacks[job_id] = callback
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="domonitor-callbacks", daemon=True)
                self._thread.start()

    def registered(self, job_id: UUID) -> CopyCallback | None:
        """The job's callback."""
        return self._callbacks.get(job_id)

    def post(self, job_id: UUID, name: str, call: Callable[[CopyCallback], None]) -> None:
        """Calls the job's callback, if it has one. name: the method, for the log. Does not wait."""
        if job_id in self._callbacks:
            self._put(time.monotonic(), _Call(job_id, name, call))

    def post_modification(self, job_id: UUID, call: Callable[[CopyCallback], None]) -> None:
        """As post, but one call stands for all changes within the interval."""
        now_s = time.monotonic()
        due_s = max(now_s, self._modified_s.get(job_id, 0.0) + self._modification_interval_s)
        if job_id in self._callbacks and self._modified_s.get(job_id, 0.0) <= now_s:
            self._modified_s[job_id] = due_s
            self._put(due_s, _Call(job_id, "job_modification", call))

    def end(self, job_id: UUID) -> None:
        """The job has ended: its callback is forgotten once it has heard of that."""
        if job_id in self._callbacks:
            self._put(time.monotonic(), _Call(job_id, _END, lambda _: None))

    def close(self) -> None:
        """No more calls. A call that runs now is not waited for."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def _put(self, due_s: float, call: _Call) -> None:
        with self._changed:
            heapq.heappush(self._due, (due_s, next(self._order), call))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._is_closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._is_closed:
                    return
                item = heapq.heappop(self._due)[2]
                if item.name is _END:
                    self._forget(item)
                    continue
                callback = self._callbacks.get(item.job_id)
            if callback is not None:
                self._try(callback, item)

    def _forget(self, end: _Call) -> None:
        """With the lock: once nothing is left to be called."""
        due_s = max((due_s for due_s, _, call in self._due if call.job_id == end.job_id), default=None)
        if due_s is None:
            self._callbacks.pop(end.job_id, None)
            self._modified_s.pop(end.job_id, None)
        else:
            heapq.heappush(self._due, (due_s, next(self._order), end))

    def _try(self, callback: CopyCallback, item: _Call) -> None:
        try:
            item.call(callback)
        except Exception:
            item.tries += 1
            if item.tries >= MOST_CALLS:
                _log.exception("a callback's %s failed %d times and is not called again", item.name, item.tries)
                return
            _log.info("a callback's %s failed and will be called again", item.name, exc_info=True)
            self._put(time.monotonic() + FIRST_PAUSE_S * 2 ** (item.tries - 1), item)
