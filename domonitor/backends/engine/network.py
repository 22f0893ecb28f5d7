"""Noticing that the network has changed: another address, another way, a link that comes or goes.

Linux tells by a netlink socket, Windows by a call that returns. Elsewhere nobody tells, and errors have to.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

QUIET_S = 1.0
"""A change comes in many parts: it is told once nothing more has come for so long."""

LONGEST_S = 5.0
"""Or, where it never becomes quiet, after that."""

_NEW_LINK, _DEL_LINK, _NEW_ADDRESS, _DEL_ADDRESS, _NEW_ROUTE, _DEL_ROUTE = 16, 17, 20, 21, 24, 25
_GROUPS = 0x1 | 0x10 | 0x100 | 0x40 | 0x400
"""Links, addresses and routes of IPv4 and IPv6. Source: linux/rtnetlink.h, RTMGRP_."""
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_SAYS_WHICH = frozenset({1, 2})
"""IFA_ADDRESS and IFA_LOCAL: what tells an address from the others of its link. Source: linux/if_addr.h."""
_CLONED = 0x200
_MAIN_TABLE = 254

_log = logging.getLogger(__name__)


def is_own(address: str) -> bool:
    """Whether the IP address is one of this computer's. One that can't be tried counts as such."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
    except OSError as error:
        return error.errno not in _NOT_OURS
    return True


_NOT_OURS = (99, 49, 10049)
"""EADDRNOTAVAIL of Linux, macOS and Windows."""


KnownAddresses = dict[tuple[object, ...], int]
"""The flags of each address that was told of."""


def is_change(message: bytes, known: KnownAddresses) -> bool:
    """Whether any part of a netlink message says that connections may be dead, or possible again.

    What a wireless card tells of its searching, ways that the system only remembers, and addresses that are only to be
    kept for longer, are none: a router may say the latter every few seconds. Source: rtnetlink(7), linux/rtnetlink.h.

    known: what earlier messages told; this one is added.
    """
    found = False
    while len(message) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(message)
        if length < _HEADER.size or length > len(message):
            break
        found |= _is_change(kind, message[_HEADER.size : length], known)
        message = message[(length + 3) & ~3 :]
    return found


def _is_change(kind: int, body: bytes, known: KnownAddresses) -> bool:
    if kind in (_NEW_ADDRESS, _DEL_ADDRESS) and len(body) >= _ADDRESS.size:
        family, prefix, flags, _, link = _ADDRESS.unpack_from(body)
        address = (family, prefix, link, *_attributes(body[_ADDRESS.size :]))
        before = known.pop(address, None)
        if kind == _NEW_ADDRESS:
            known[address] = flags
        return kind == _DEL_ADDRESS or before != flags
    if kind == _NEW_LINK and len(body) >= _LINK.size:
        return bool(_LINK.unpack_from(body)[4])  # which of its flags are others than before
    if kind in (_NEW_ROUTE, _DEL_ROUTE) and len(body) >= _ROUTE.size:
        route = _ROUTE.unpack_from(body)
        return route[4] == _MAIN_TABLE and not route[8] & _CLONED
    return kind == _DEL_LINK


def _attributes(data: bytes) -> Iterator[bytes]:
    """Those that say which address it is."""
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            return
        if kind in _SAYS_WHICH:
            yield data[:length]
        data = data[(length + 3) & ~3 :]


class NetworkWatch:
    """Calls back, on a thread of its own, soon after the network has changed; never where the system does not tell."""

    def __init__(self, changed: Callable[[], None], events: socket.socket | None = None, quiet_s: float = QUIET_S):
        """events: where netlink's messages come from, None for the system's own. quiet_s: see QUIET_S."""
        self._changed = changed
        self._quiet_s = quiet_s
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None
        if sys.platform == "win32":
            self._begin(self._watch_windows)
            return
        source = events or _route_socket()
        if source is not None:
            self._events = source
            self._woken, self._waker = socket.socketpair()
            self._begin(self._watch_netlink)

    def close(self) -> None:
        """Calls back no more. Not from within the call."""
        self._is_closed.set()
        if self._thread is None or sys.platform == "win32":
            return  # Windows' call can't be ended from outside; its thread ends with the process
        self._waker.send(b"\0")
        self._thread.join()
        for each in (self._woken, self._waker, self._events):
            each.close()

    def _begin(self, watch: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=watch, name="domonitor-network", daemon=True)
        self._thread.start()

    def _tell(self) -> None:
        try:
            if not self._is_closed.is_set():
                self._changed()
        except Exception:
            _log.exception("who is told of the network's changes failed")

    def _watch_netlink(self) -> None:
        first_s: float | None = None
        due_s: float | None = None
        known: KnownAddresses = {}
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            selector.register(self._events, selectors.EVENT_READ)
            while not self._is_closed.is_set():
                ready = selector.select(None if due_s is None else max(0.0, due_s - time.monotonic()))
                now_s = time.monotonic()
                if any(key.fileobj is self._events for key, _ in ready):
                    news = _news(self._events, known)
                    if news is None:
                        selector.unregister(self._events)
                    elif news:
                        first_s = now_s if first_s is None else first_s
                        due_s = min(now_s + self._quiet_s, first_s + LONGEST_S)
                if due_s is not None and now_s >= due_s:
                    first_s = due_s = None
                    self._tell()

    if sys.platform == "win32":

        def _watch_windows(self) -> None:
            import ctypes

            wait_for_change = ctypes.WinDLL("iphlpapi").NotifyAddrChange
            while wait_for_change(None, None) == 0 and not self._is_closed.is_set():
                self._is_closed.wait(self._quiet_s)
                self._tell()


def _news(events: socket.socket, known: KnownAddresses) -> bool | None:
    """Whether what has come says that the network has changed, None where nothing will come any more."""
    try:
        message = events.recv(65_536)
    except OSError as error:
        return True if error.errno == errno.ENOBUFS else None  # there was more than the system could keep for us
    return is_change(message, known) if message else None


def _route_socket() -> socket.socket | None:
    """The system's news of the network, None where there are none to be had."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError):
        events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        try:
            events.bind((0, _GROUPS))
        except OSError:
            events.close()
            raise
        return events
    return None
