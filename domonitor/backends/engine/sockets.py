"""Waiting for libcurl's sockets, for its timer, and for whoever wakes us."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

_IN, _OUT, _REMOVE = 1, 2, 4
"""Source: curl/multi.h, CURL_POLL_ and CURL_CSELECT_, which agree."""


class Sockets:
    """What socket_action has to be called for. One thread, but for wake."""

    def __init__(self) -> None:
        self._timer_at_s: float | None = None
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._waking = threading.Lock()
        self._selector.register(self._woken, selectors.EVENT_READ)

    def wait(self, timeout_s: float | None) -> Iterator[tuple[int, int]]:
        """Waits until something happens, or the time has passed (None: as long as it takes).

        Yields the sockets that are ready, with libcurl's flags.
        """
        if self._timer_at_s is not None:
            until_timer_s = max(0.0, self._timer_at_s - time.monotonic())
            timeout_s = until_timer_s if timeout_s is None else min(timeout_s, until_timer_s)
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._woken:
                self._drain()
            else:
                yield key.fd, (events & selectors.EVENT_READ and _IN) | (events & selectors.EVENT_WRITE and _OUT)

    def is_due(self) -> bool:
        """Whether libcurl's timer has run out; it is stopped then."""
        if self._timer_at_s is None or self._timer_at_s > time.monotonic():
            return False
        self._timer_at_s = None
        return True

    def wake(self) -> None:
        """Ends the waiting. Any thread."""
        # A full buffer wakes as well, and behind a closed one nobody waits any more. But two at once don't always: Wine
        # refuses the second as if the buffer were full, though the first byte may have been read already.
        with self._waking, suppress(OSError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """Waits no more."""
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def watch(self, event: int, descriptor: int, _multi: object, _data: object) -> None:
        """Takes what libcurl wants to know of a socket. Source: CURLMOPT_SOCKETFUNCTION."""
        if event == _REMOVE:
            with suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
            return
        events = (selectors.EVENT_READ if event & _IN else 0) | (selectors.EVENT_WRITE if event & _OUT else 0)
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events)
        else:
            self._selector.register(descriptor, events)

    def set_timer(self, timeout_ms: int) -> None:
        """Takes libcurl's timer. Source: CURLMOPT_TIMERFUNCTION."""
        self._timer_at_s = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
