"""Windows' event log: the newest events of a channel as XML. Source: winevt.h, wevtapi.dll."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from ctypes import byref, c_uint32, c_void_p, c_wchar_p
from typing import Any

from domonitor.backends.com.library import last_error, library

_CHANNEL, _NEWEST_FIRST = 0x1, 0x200
"""Source: EvtQueryChannelPath, EvtQueryReverseDirection."""

_AS_XML = 1
"""Source: EvtRenderEventXml."""

_NO_MORE, _ROOM_TOO_SMALL = 259, 122
"""Source: ERROR_NO_MORE_ITEMS, ERROR_INSUFFICIENT_BUFFER."""

_AT_ONCE = 64
_WITHIN_MS = 2_000
_ROOM_BYTES, _MOST_BYTES = 16 << 10, 1 << 20


def newest(channel: str, query: str, most: int) -> Generator[str, None, None]:
    """At most so many events that the XPath query selects, the newest first; one that can't be told is left out.

    Raises OSError where there is no such channel, or it can't be read. Every handle is closed, also where the caller
    stops before the end.
    """
    log = _log()
    results = log.EvtQuery(None, c_wchar_p(channel), c_wchar_p(query), _CHANNEL | _NEWEST_FIRST)
    if not results:
        raise _failure(f"the event log {channel} can't be read")
    with _closed(results):
        count = 0
        while count < most:
            events = _next(results, min(_AT_ONCE, most - count))
            if not events:
                return
            count += len(events)
            with closing(_told(events)) as texts:
                yield from texts


def _next(results: int, at_most: int) -> list[int]:
    places, count = (c_void_p * at_most)(), c_uint32()
    if not _log().EvtNext(c_void_p(results), at_most, places, _WITHIN_MS, 0, byref(count)):
        if last_error() == _NO_MORE:
            return []
        raise _failure("the event log can't be read on")
    return [place for place in places[: count.value] if place]


def _told(events: list[int]) -> Generator[str, None, None]:
    """The events' texts. All of the handles are closed at its end, whenever that comes."""
    left = list(events)
    try:
        while left:
            with _closed(left.pop(0)) as event:
                text = _rendered(event)
            if text:
                yield text
    finally:
        for event in left:
            _log().EvtClose(c_void_p(event))


def _rendered(event: int) -> str:
    """The event as XML, "" where it has none or far too much of it."""
    size = _ROOM_BYTES
    while size <= _MOST_BYTES:
        room, used, properties = ctypes.create_string_buffer(size), c_uint32(), c_uint32()
        if _log().EvtRender(None, c_void_p(event), _AS_XML, size, room, byref(used), byref(properties)):
            return ctypes.wstring_at(room)
        if last_error() != _ROOM_TOO_SMALL or used.value <= size:
            return ""
        size = used.value
    return ""


@contextmanager
def _closed(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        _log().EvtClose(c_void_p(handle))


def _log() -> Any:
    log = library("wevtapi")
    log.EvtQuery.restype = c_void_p
    return log


def _failure(said: str) -> OSError:
    return OSError(f"{said} (Win32 error {last_error()})")
