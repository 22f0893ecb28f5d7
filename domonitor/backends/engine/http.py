"""libcurl: the only place that speaks to it. One thread uses one Http.

Why it is done so (measured, tests/benchmarks): libcurl hands over 16 KiB at a time, so bodies go straight into a
bound method of C; options are set once on handles that are used again; the multi interface is driven by
socket_action with a selector of our own, because its own select spins without sockets and ignores its timers.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urljoin, urlsplit

import pycurl

from domonitor.backends.engine import addresses, curl_errors
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.response import KNOWN_HEADERS, Response
from domonitor.backends.engine.settings import EngineSettings

MAX_REDIRECTS = 20
_NO_LIMIT = 1 << 40
_FOLLOWED = frozenset({300, 301, 302, 303, 307, 308})

_SUPPRESS_CONNECT_HEADERS = 265
"""The binding has no name for it. Source: curl/curl.h."""


class Fetch(Protocol):
    """What a file's transfer tells Http, and is told by it."""

    url: str
    byte_range: str
    """"5-" to go on behind the fifth byte, "" for the whole file."""

    if_range: str
    """The validator under which the range may be sent, "" for none."""

    write: Callable[[bytes], object]
    """Takes the body. Best a bound method of C: there is no Python frame for each block then."""

    received_bytes: int
    """How much of the body has come in; Http sets it at the end of a fetch that was limited."""

    def begin(self, response: Response) -> bool:
        """The final answer's head is here. Returns whether its body is wanted; if not, the transfer ends."""

    def end(self, failure: Failure | None) -> None:
        """The transfer is over."""


class Http:
    """Runs any number of fetches in the calls of step.

    held: limited fetches whose heads have come, and whose bodies wait for the next limit. Whoever limits empties it.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, settings.connections)
        self._timer_at_s: float | None = None
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._running: dict[Fetch, _Easy] = {}
        self._idle: deque[_Easy] = deque()
        self._trust_options: tuple[tuple[int, str | int], ...] | None = None
        self.held: list[Fetch] = []

    def start(self, fetch: Fetch) -> None:
        """Begins; end is called from a later step, never from here. Raises ValueError where libcurl refuses it."""
        easy = self._idle.pop() if self._idle else _Easy(self._settings, self.held.append)
        try:
            if fetch.url[:6].lower() == "https:" and not easy.is_trusting:
                for option, value in self._trust():
                    easy.curl.setopt(option, value)
                easy.is_trusting = True
            easy.prepare(fetch)
            self._multi.add_handle(easy.curl)
        except pycurl.error as error:
            easy.curl.close()
            raise ValueError(str(error)) from error
        self._running[fetch] = easy

    def stop(self, fetch: Fetch) -> None:
        """Ends a fetch without a word; one that has ended already is fine. Never from within begin."""
        if (easy := self._running.pop(fetch, None)) is not None:
            self._release(easy)

    def limit(self, fetch: Fetch, allowed_bytes: int | None) -> int:
        """So many bytes of the body may come from now on, None for any number; returns how many have come so far.

        This is to be said again before a second has passed: then libcurl would let as many come once more, but for 0,
        which holds. Before the head is here the bytes of the head count too. Not from within begin.
        """
        easy = self._running.get(fetch)
        return fetch.received_bytes if easy is None else easy.limit(allowed_bytes)

    def step(self, timeout_s: float | None) -> None:
        """Waits for something to happen, or the time to pass (None: as long as it takes), and handles it."""
        if self._timer_at_s is not None:
            until_timer_s = max(0.0, self._timer_at_s - time.monotonic())
            timeout_s = until_timer_s if timeout_s is None else min(timeout_s, until_timer_s)
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._woken:
                self._drain()
                continue
            curl_events = (events & selectors.EVENT_READ and pycurl.CSELECT_IN) | (
                events & selectors.EVENT_WRITE and pycurl.CSELECT_OUT
            )
            self._multi.socket_action(key.fd, curl_events)
        if self._timer_at_s is not None and self._timer_at_s <= time.monotonic():
            self._timer_at_s = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._end_finished()

    def wake(self) -> None:
        """Ends the waiting of step. Any thread."""
        # A full buffer wakes as well, and behind a closed one nobody waits any more.
        with suppress(OSError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """Ends everything."""
        for easy in self._running.values():
            self._multi.remove_handle(easy.curl)
            easy.curl.close()
        for easy in self._idle:
            easy.curl.close()
        self._running.clear()
        self._idle.clear()
        self._multi.close()
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _release(self, easy: _Easy) -> None:
        self._multi.remove_handle(easy.curl)
        easy.forget()
        self._idle.append(easy)

    def _end_finished(self) -> None:
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._end(curl, 0, "")
            for curl, number, words in failed:
                self._end(curl, number, words)

    def _end(self, curl: Any, number: int, words: str) -> None:
        easy: _Easy = curl.easy
        fetch = easy.fetch
        if fetch is None:
            return  # it was stopped by another one's end
        failure = _failure(curl, number, words) if number else None
        del self._running[fetch]
        self._release(easy)
        fetch.end(failure)

    def _watch_socket(self, event: int, descriptor: int, _multi: object, _data: object) -> None:
        if event == pycurl.POLL_REMOVE:
            with suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
            return
        events = (selectors.EVENT_READ if event & pycurl.POLL_IN else 0) | (
            selectors.EVENT_WRITE if event & pycurl.POLL_OUT else 0
        )
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events)
        else:
            self._selector.register(descriptor, events)

    def _set_timer(self, timeout_ms: int) -> None:
        self._timer_at_s = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def _trust(self) -> tuple[tuple[int, str | int], ...]:
        """How certificates are checked: by what this system trusts; the libcurl in the wheel knows no list."""
        if self._trust_options is None:
            self._trust_options = tuple(_system_trust())
        return self._trust_options


class _Easy:
    """One libcurl handle with the options that never change, used for one fetch after the other."""

    def __init__(self, settings: EngineSettings, hold: Callable[[Fetch], None]) -> None:
        self.curl: Any = pycurl.Curl()
        self.curl.easy = self
        self.is_trusting = False
        self.fetch: Fetch | None = None
        self._response = Response()
        self._url = ""
        self._is_taken = False
        self._has_range = False
        self._hold = hold
        self._is_limited = self._was_limited = False
        self._speed = 0
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.NOPROGRESS, 1),
            (pycurl.FOLLOWLOCATION, 1),
            (pycurl.MAXREDIRS, MAX_REDIRECTS),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.BUFFERSIZE, 512 * 1024),
            (pycurl.CONNECTTIMEOUT_MS, int(settings.connect_timeout_s * 1000)),
            (pycurl.LOW_SPEED_LIMIT, 1),
            (pycurl.LOW_SPEED_TIME, max(1, round(settings.stall_timeout_s))),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.USERAGENT, settings.user_agent),
            (_SUPPRESS_CONNECT_HEADERS, 1),  # else a proxy's "200 Connection established" looks like the answer
            (pycurl.HEADERFUNCTION, self._take_header),
        ):
            self.curl.setopt(option, value)

    def prepare(self, fetch: Fetch) -> None:
        """Sets what belongs to this fetch alone."""
        self.fetch = fetch
        self._response = Response()
        self._is_taken = False
        self._url = fetch.url
        self.curl.setopt(pycurl.URL, fetch.url)
        if self._has_range:
            self.curl.unsetopt(pycurl.RANGE)
            self.curl.unsetopt(pycurl.HTTPHEADER)  # an empty list would change nothing
        if fetch.byte_range:
            self.curl.setopt(pycurl.RANGE, fetch.byte_range)
        if fetch.if_range:
            self.curl.setopt(pycurl.HTTPHEADER, [f"If-Range: {fetch.if_range}".encode("latin-1")])  # as it once came
        self._has_range = bool(fetch.byte_range)
        self.curl.setopt(pycurl.WRITEFUNCTION, fetch.write)

    def forget(self) -> None:
        """Lets go of the fetch and of what took its body."""
        if self._was_limited and self.fetch is not None:
            self.fetch.received_bytes = self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)
            self.curl.setopt(pycurl.MAX_RECV_SPEED_LARGE, 0)
            self._is_limited = self._was_limited = False
            self._speed = 0
        self.fetch = None
        self.curl.setopt(pycurl.WRITEFUNCTION, len)

    def limit(self, allowed_bytes: int | None) -> int:
        """See Http. Setting a speed and going on after a pause both fill libcurl's bucket anew with one second's worth.

        A speed of 0 would not lift a limit while the transfer runs.
        """
        self._is_limited, self._was_limited = allowed_bytes is not None, True
        speed = _NO_LIMIT if allowed_bytes is None else allowed_bytes
        with suppress(pycurl.error):  # it has ended already, and only has still to be asked for it
            if speed not in (0, self._speed):
                self.curl.setopt(pycurl.MAX_RECV_SPEED_LARGE, speed)
                self._speed = speed
            if self._is_taken:
                self.curl.pause(pycurl.PAUSE_RECV)
                if speed:
                    self.curl.pause(pycurl.PAUSE_CONT)
        return int(self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)) if self._is_taken else 0

    def _take_header(self, line: bytes) -> int | None:
        if self._is_taken:
            return None  # trailers of a chunked body
        response = self._response
        name, _, value = line.partition(b":")
        known = KNOWN_HEADERS.get(name.strip().lower())
        if known is not None:
            response.add(known, value.decode("latin-1").strip())
        elif line.startswith(b"HTTP/"):
            _, _, rest = line.decode("latin-1").partition(" ")
            status, _, reason = rest.strip().partition(" ")
            is_status = len(status) == 3 and status.isascii() and status.isdigit()
            self._response = Response(int(status) if is_status else 0, reason.strip())
        elif line.strip(b"\r\n"):
            return None  # a header that nobody needs
        elif response.status >= 200 or response.status == 101:
            if response.status in _FOLLOWED and (location := response.headers.get("location")):
                with suppress(ValueError):  # libcurl will say itself that it can't be used
                    self._url = urljoin(self._url, quote(location, safe=addresses.KEPT, encoding="latin-1"))
                return None
            self._is_taken = True
            response.url = self._url
            if self.fetch is not None and not self.fetch.begin(response):
                return -1
            if self._is_limited and self.fetch is not None:
                self.curl.pause(pycurl.PAUSE_RECV)
                self._hold(self.fetch)
        return None


def _failure(curl: Any, number: int, words: str) -> Failure:
    return curl_errors.failure_of(
        number,
        words,
        _host(curl),
        os_error=curl.getinfo(pycurl.OS_ERRNO),
        certificate=curl.getinfo(pycurl.SSL_VERIFYRESULT),
        proxy_status=curl.getinfo(pycurl.HTTP_CONNECTCODE),
    )


def _host(curl: Any) -> str:
    """The server that was spoken to last, which may be one that another one passed us on to."""
    with suppress(ValueError):
        url = curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("ascii", "replace")
        return urlsplit(url).hostname or "the server"
    return "the server"


def _system_trust() -> list[tuple[int, str | int]]:
    if sys.platform == "win32":
        return [(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)]
    import ssl  # only an https address needs it, and it costs the start 10 ms

    paths = ssl.get_default_verify_paths()
    options: list[tuple[int, str | int]] = []
    for file in (os.environ.get("SSL_CERT_FILE"), paths.cafile, paths.openssl_cafile):
        if file and Path(file).is_file():
            options.append((pycurl.CAINFO, file))
            break
    for folder in (paths.capath, paths.openssl_capath):
        if folder and Path(folder).is_dir():
            options.append((pycurl.CAPATH, folder))
            break
    return options
