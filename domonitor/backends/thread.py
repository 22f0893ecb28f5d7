"""One daemon thread for one backend: everything that may block happens there."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class BackendThread:
    """Runs calls one after the other, urgent ones first.

    A daemon thread of its own and no executor: an executor's threads are joined at exit, and a service that hangs
    would hold the quitting program.
    """

    def __init__(self, name: str) -> None:
        self._work = threading.Condition()
        self._urgent: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._later: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._closing: Future[Any] | None = None
        self._thread = threading.Thread(target=self._run, name=f"domonitor-{name}", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], T], *, is_urgent: bool = False) -> Future[T]:
        """Runs the call on the thread. Urgent calls (commands) go before all that are not (polls)."""
        future: Future[T] = Future()
        with self._work:
            if self._closing is not None:
                raise RuntimeError("the thread is closed")
            (self._urgent if is_urgent else self._later).append((future, call))
            self._work.notify()
        return future

    def close(self, last_call: Callable[[], T]) -> Future[T]:
        """Drops what waits, runs the last call and ends the thread. Does not wait. Only the first close counts."""
        with self._work:
            if self._closing is not None:
                return self._closing
            future: Future[T] = Future()
            self._closing = future
            for waiting, _ in (*self._urgent, *self._later):
                waiting.cancel()
            self._later.clear()
            self._urgent.clear()
            self._urgent.append((future, last_call))
            self._work.notify()
        return future

    def _run(self) -> None:
        while True:
            with self._work:
                while not (self._urgent or self._later):
                    if self._closing is not None:
                        return
                    self._work.wait()
                future, call = (self._urgent or self._later).popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            # The frame would keep the last call and its answer alive until the next one.
            del future, call
