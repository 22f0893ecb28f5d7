"""The programs' callback objects, called on a thread of their own that holds no lock."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domonitor.backends.engine.clock import Clock
from domonitor.backends.interface import CopyCallback

MOST_CALLS = 5
FIRST_PAUSE_S = 1.0
"""A call that raises comes again after this, then after twice that, and so on, so many times in all."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Call:
    job_id: UUID
    name: str
    call: Callable[[CopyCallback], None]
    tries: int = 0


class Callbacks:
    """Who is to be called for which job, and the calls that are due, in the order in which they became so.

    Registrations do not outlive the process. The thread starts with the first one.
    """

    def __init__(self, modification_interval_s: float, clock: Clock) -> None:
        self._modification_interval_s = modification_interval_s
        self._clock = clock
        self._due: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._callbacks: dict[UUID, CopyCallback] = {}
        self._outstanding: Counter[UUID] = Counter()
        self._ended: set[UUID] = set()
        self._modified_s: dict[UUID, float] = {}
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def register(self, job_id: UUID, callback: CopyCallback | None) -> None:
        """The job's callback from now on, None for none."""
        with self._lock:
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
        self._post(_Call(job_id, name, call), 0.0)

    def post_modification(self, job_id: UUID, call: Callable[[CopyCallback], None]) -> None:
        """As post, but one call stands for all changes within the interval."""
        now_s = self._clock.monotonic()
        with self._lock:
            last_s = self._modified_s.get(job_id, float("-inf"))
            if job_id not in self._callbacks or last_s > now_s:
                return
            due_s = self._modified_s[job_id] = max(now_s, last_s + self._modification_interval_s)
        self._post(_Call(job_id, "job_modification", call), due_s - now_s)

    def end(self, job_id: UUID) -> None:
        """The job has ended: its callback is forgotten once it has heard of all that happened."""
        with self._lock:
            if job_id in self._callbacks:
                self._ended.add(job_id)
                self._forget_if_told(job_id)

    def close(self) -> None:
        """No more calls. A call that runs now is not waited for."""
        with self._lock:
            self._is_closed = True
        self._due.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def _post(self, call: _Call, delay_s: float) -> None:
        with self._lock:
            if call.job_id not in self._callbacks:
                return
            self._outstanding[call.job_id] += 1
        if delay_s > 0:
            self._clock.call_at(self._clock.monotonic() + delay_s, lambda: self._due.put(call))
        else:
            self._due.put(call)

    def _run(self) -> None:
        while (call := self._due.get()) is not None and not self._is_closed:
            callback = self._callbacks.get(call.job_id)
            if callback is not None:
                self._try(callback, call)
            with self._lock:
                self._outstanding[call.job_id] -= 1
                self._forget_if_told(call.job_id)

    def _try(self, callback: CopyCallback, call: _Call) -> None:
        try:
            call.call(callback)
        except Exception:
            call.tries += 1
            if call.tries >= MOST_CALLS:
                _log.exception("a callback's %s failed %d times and is not called again", call.name, call.tries)
                return
            _log.info("a callback's %s failed and will be called again", call.name, exc_info=True)
            self._post(call, FIRST_PAUSE_S * 2 ** (call.tries - 1))

    def _forget_if_told(self, job_id: UUID) -> None:
        if self._outstanding[job_id] <= 0:
            del self._outstanding[job_id]
            if job_id in self._ended:
                self._ended.discard(job_id)
                self._callbacks.pop(job_id, None)
                self._modified_s.pop(job_id, None)
