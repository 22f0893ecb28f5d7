"""libcurl: the only place that speaks to it. One thread uses one Http.

Why it is done so (measured, tests/benchmarks): libcurl hands over 16 KiB at a time, so bodies go straight into a
bound method of C; options are set once on handles that are used again; the multi interface is driven by
socket_action with a selector of our own, because its own select spins without sockets and ignores its timers.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pycurl

from domonitor.backends.engine import addresses, curl_errors, failures, libcurl, network
from domonitor.backends.engine.access import BASIC_ALONE, Access, Accesses, AuthTarget, Option
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.fetch import Fetch
from domonitor.backends.engine.heads import Heads
from domonitor.backends.engine.proxies import Proxy
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.sockets import Sockets
from domonitor.backends.engine.trust import system_trust

MAX_REDIRECTS = 20

MOST_OLD_SERVERS = 4_096

LONGEST_REFUSAL_BYTES = 1 << 20
"""Of what a server or proxy says beside "who are you?" no more is read, though libcurl would."""

_NO_LIMIT = 1 << 40

_ONE_EACH = pycurl.CURL_HTTP_VERSION_1_1
_MANY_TOGETHER = pycurl.CURL_HTTP_VERSION_2TLS

_SUPPRESS_CONNECT_HEADERS = 265
"""The binding has no name for it. Source: curl/curl.h."""
_MAXLIFETIME_CONN = 314
"""Not every version of the binding has a name for it. Source: curl/curl.h."""


class Http:
    """Runs any number of fetches in the calls of step.

    accesses: what the jobs are asked with. A handle on which anything of one job was set is not used for another.
    held: limited fetches whose heads have come, and whose bodies wait for the next limit. Whoever limits empties it.

    Fetches that begin together wait for the first one's greeting with a server, to share its connection by HTTP/2. At
    a server that is known for HTTP/1.1 they do not: it would cost them that greeting (measured: 150 ms of 160 at 40 ms
    to and fro).
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.accesses = Accesses()
        self.held: list[Fetch] = []
        self._settings = settings
        self._sockets = Sockets()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._sockets.watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._sockets.set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, settings.connections)
        self._running: dict[Fetch, _Easy] = {}
        self._idle: deque[_Easy] = deque()
        self._refused: set[_Easy] = set()
        """Those that read what came with a 401 or 407."""
        self._trust_options: tuple[Option, ...] | None = None
        self._old_servers: set[tuple[str, int]] = set()
        """Those that speak https without HTTP/2."""
        self._renewed_s: float | None = None
        self._proxy_options: tuple[Option, ...] = ()
        self.set_proxy(settings.proxy)

    def start(self, fetch: Fetch) -> None:
        """Begins; end is called from a later step, never from here. Raises ValueError where libcurl refuses it."""
        self._start(fetch, fetch.url, 0)

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

    def received(self, fetch: Fetch) -> int:
        """How many bytes of the body have come so far. Libcurl's clock of silence goes on, unlike with limit."""
        easy = self._running.get(fetch)
        return fetch.received_bytes if easy is None else int(easy.curl.getinfo(pycurl.SIZE_DOWNLOAD_T))

    def step(self, timeout_s: float | None) -> None:
        """Waits for something to happen, or the time to pass (None: as long as it takes), and handles it."""
        for descriptor, events in self._sockets.wait(timeout_s):
            self._multi.socket_action(descriptor, events)
        if self._sockets.is_due():
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._end_finished()
        for easy in tuple(self._refused):
            if easy.heads.refusal is None:  # the second try has been accepted: what comes now is the file
                self._refused.discard(easy)
            elif easy in self._refused and easy.curl.getinfo(pycurl.SIZE_DOWNLOAD_T) > LONGEST_REFUSAL_BYTES:
                self._end(easy.curl, 0, "")

    def wake(self) -> None:
        """Ends the waiting of step. Any thread."""
        self._sockets.wake()

    def set_proxy(self, proxy: Proxy) -> None:
        """Fetches that start from now on go through it."""
        self._proxy_options = proxy.options()
        if proxy.may_be_secure:
            self._proxy_options += system_trust("PROXY_")
        for easy in self._running.values():
            easy.is_spent = True
        while self._idle:
            self._idle.pop().curl.close()

    def network_changed(self) -> None:
        """Fetches that start from now on get new connections, and those whose own address is gone end."""
        self._renewed_s = time.monotonic()
        for fetch, easy in list(self._running.items()):
            own_address = easy.curl.getinfo(pycurl.LOCAL_IP)
            if self._running.get(fetch) is easy and own_address and not network.is_own(own_address):
                failure = curl_errors.address_gone(libcurl.host_of(easy.curl))
                self.stop(fetch)
                fetch.end(failure)

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
        self._sockets.close()

    def _start(self, fetch: Fetch, url: str, redirects: int) -> None:
        access = self.accesses.get(fetch.owner)
        is_told = access is not None and access.is_told
        easy = self._idle.pop() if self._idle and not is_told else self._new_easy()
        try:
            if addresses.is_secure(url):
                if not easy.is_trusting:
                    easy.set(self._trust())
                    easy.is_trusting = True
                waits = not fetch.is_apart and addresses.server_of(url) not in self._old_servers
                easy.curl.setopt(pycurl.PIPEWAIT, waits)
            if self._renewed_s is not None:
                # Older connections are not used again. 0 would mean any age.
                age_s = max(1, int(time.monotonic() - self._renewed_s))
                easy.curl.setopt(_MAXLIFETIME_CONN, age_s)
            easy.prepare(fetch, url, redirects, access)
            self._multi.add_handle(easy.curl)
        except pycurl.error as error:
            easy.curl.close()
            raise ValueError(str(error)) from error
        self._running[fetch] = easy

    def _new_easy(self) -> _Easy:
        return _Easy(self._settings, self._proxy_options, self.held.append, self._refused.add)

    def _release(self, easy: _Easy) -> None:
        self._multi.remove_handle(easy.curl)
        self._refused.discard(easy)
        if easy.heads.has_cookies and easy.fetch is not None:
            self.accesses.keep_cookies(easy.fetch.owner, easy.cookies, easy.take_cookies())
        easy.forget()
        if easy.is_spent:
            easy.curl.close()
        else:
            self._idle.append(easy)

    def _end_finished(self) -> None:
        left = 1
        while left:
            # One at a time: what its end stops is never heard of again.
            left, succeeded, failed = self._multi.info_read(1)
            for curl in succeeded:
                self._end(curl, 0, "")
            for curl, number, words in failed:
                self._end(curl, number, words)

    def _end(self, curl: Any, number: int, words: str) -> None:
        easy: _Easy = curl.easy
        fetch = easy.fetch
        if fetch is None:
            return
        failure = None
        if easy.heads.passed_on_to:
            failure = self._pass_on(easy, fetch)
            if failure is None:
                return
        elif number:
            failure = libcurl.failure_of(curl, number, words)
        elif (refusal := easy.heads.refusal) is not None:
            if refusal.status == 407 and libcurl.used_proxy(curl):
                failure = failures.of_proxy_status(407, libcurl.host_of(curl))
            else:
                fetch.begin(refusal)
        del self._running[fetch]
        if not fetch.is_apart:
            self._remember_version(easy.heads)
        self._release(easy)
        fetch.end(failure)

    def _remember_version(self, heads: Heads) -> None:
        if heads.is_old and addresses.is_secure(heads.url):
            if len(self._old_servers) >= MOST_OLD_SERVERS:
                self._old_servers.clear()
            with suppress(ValueError):  # where a server passed us on to something odd
                self._old_servers.add(addresses.server_of(heads.url))

    def _pass_on(self, easy: _Easy, fetch: Fetch) -> Failure | None:
        """Goes on where a server has passed the fetch on to, or says why not."""
        host = libcurl.host_of(easy.curl)
        url, redirects = easy.heads.passed_on_to, easy.heads.redirects
        if redirects > MAX_REDIRECTS:
            return curl_errors.failure_of(pycurl.E_TOO_MANY_REDIRECTS, "", host)
        if not addresses.is_web(url):
            return curl_errors.failure_of(pycurl.E_UNSUPPORTED_PROTOCOL, "", host)
        allowed_bytes = easy.allowed_bytes
        self._release(easy)
        try:
            self._start(fetch, url, redirects)
            if allowed_bytes is not None:
                self.limit(fetch, allowed_bytes)
        except ValueError:
            del self._running[fetch]
            fetch.end(curl_errors.failure_of(pycurl.E_URL_MALFORMAT, "", host))
        return None

    def _trust(self) -> tuple[Option, ...]:
        if self._trust_options is None:
            self._trust_options = system_trust()
        return self._trust_options


class _Easy:
    """One libcurl handle with the options that never change, used for one fetch after the other.

    is_spent: it is not used again. cookies: those that the fetch began with. allowed_bytes: what was last said by
    limit. hold: told of a fetch whose body waits for that. refused: told of itself, see Heads.
    """

    def __init__(
        self,
        settings: EngineSettings,
        proxy_options: Iterable[Option],
        hold: Callable[[Fetch], None],
        refused: Callable[[_Easy], None],
    ) -> None:
        self.curl: Any = pycurl.Curl()
        self.curl.easy = self
        self.is_trusting = False
        self.is_spent = False
        self.fetch: Fetch | None = None
        self.heads = Heads(lambda: refused(self))
        self.cookies: tuple[str, ...] = ()
        self.allowed_bytes: int | None = None
        self._hold = hold
        self._was_limited = False
        self._speed = 0
        self._is_apart = False
        self._has_headers = False
        self._has_range = False
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.NOPROGRESS, 1),
            (pycurl.FOLLOWLOCATION, 1),
            (pycurl.MAXREDIRS, MAX_REDIRECTS),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.HTTP_VERSION, _MANY_TOGETHER),
            (pycurl.ENCODING, "identity"),
            (pycurl.HTTP_CONTENT_DECODING, 0),  # a server that encodes nonetheless: its lengths and tags are of that
            (pycurl.COOKIEFILE, ""),  # no file, but cookies are understood
            (pycurl.BUFFERSIZE, 512 * 1024),
            (pycurl.CONNECTTIMEOUT_MS, int(settings.connect_timeout_s * 1000)),
            (pycurl.LOW_SPEED_LIMIT, 1),
            (pycurl.LOW_SPEED_TIME, max(1, round(settings.stall_timeout_s))),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.USERAGENT, settings.user_agent),
            (_SUPPRESS_CONNECT_HEADERS, 1),  # else a proxy's "200 Connection established" looks like the answer
            (pycurl.HEADERFUNCTION, self.heads.take),
        ):
            self.curl.setopt(option, value)
        self.set(proxy_options)

    def set(self, options: Iterable[Option]) -> None:
        """Sets options by their names."""
        for name, value in options:
            self.curl.setopt(getattr(pycurl, name), value)

    def prepare(self, fetch: Fetch, url: str, redirects: int, access: Access | None) -> None:
        """Sets what belongs to this fetch alone. url: where it is by now."""
        self.fetch = fetch
        self.curl.setopt(pycurl.URL, url)
        if fetch.is_apart is not self._is_apart:
            self._is_apart = fetch.is_apart
            self.curl.setopt(pycurl.HTTP_VERSION, _ONE_EACH if fetch.is_apart else _MANY_TOGETHER)
        if self._has_range:
            self.curl.unsetopt(pycurl.RANGE)
        if self._has_headers:
            self.curl.unsetopt(pycurl.HTTPHEADER)  # an empty list would change nothing
        if fetch.byte_range:
            self.curl.setopt(pycurl.RANGE, fetch.byte_range)
        self._has_range = bool(fetch.byte_range)
        headers = [f"If-Range: {fetch.if_range}".encode("latin-1")] if fetch.if_range else []  # as it once came
        if access is None or not access.is_told:
            self.heads.begin(url, redirects, self._begin, is_trusting=self.is_trusting)
        else:
            headers += self._set_access(fetch, url, redirects, access)
        if access is not None and access.cookies:
            self.cookies = access.cookies
            self.heads.has_cookies = True
            for line in access.cookies:
                self.curl.setopt(pycurl.COOKIELIST, line.encode("latin-1"))
        if headers:
            self.curl.setopt(pycurl.HTTPHEADER, headers)
        self._has_headers = bool(headers)
        self.curl.setopt(pycurl.WRITEFUNCTION, fetch.write)

    def _set_access(self, fetch: Fetch, url: str, redirects: int, access: Access) -> list[bytes]:
        """Sets what the job is asked with, and returns its headers. Redirects are not left to libcurl then."""
        self.is_spent = True
        self.curl.setopt(pycurl.FOLLOWLOCATION, 0)
        is_at_home = addresses.is_same_origin(url, fetch.url)
        self.set(access.options(fetch.url, is_at_home=is_at_home))
        login = access.login(AuthTarget.SERVER, fetch.url) if is_at_home else None
        self.heads.begin(
            url,
            redirects,
            self._begin,
            follows=False,
            was_told_login=is_at_home and access.says_who_asks(fetch.url),
            answers_challenges=login is not None and login[1] != BASIC_ALONE,
        )
        return [line.encode() for line in access.headers] if is_at_home else []

    def take_cookies(self) -> list[str]:
        """The cookies that are known here by now; from then on there are none."""
        found = [line.decode("latin-1") for line in self.curl.getinfo_raw(pycurl.INFO_COOKIELIST)]
        self.curl.setopt(pycurl.COOKIELIST, "ALL")
        self.cookies = ()
        self.heads.has_cookies = False
        return found

    def limit(self, allowed_bytes: int | None) -> int:
        """See Http. Setting a speed and going on after a pause both fill libcurl's bucket anew with one second's worth.

        A speed of 0 would not lift a limit while the transfer runs.
        """
        self.allowed_bytes, self._was_limited = allowed_bytes, True
        speed = _NO_LIMIT if allowed_bytes is None else allowed_bytes
        with suppress(pycurl.error):  # it has ended already, and only has still to be asked for it
            if speed not in (0, self._speed):
                self.curl.setopt(pycurl.MAX_RECV_SPEED_LARGE, speed)
                self._speed = speed
            if self.heads.is_taken:
                self.curl.pause(pycurl.PAUSE_RECV)
                if speed:
                    self.curl.pause(pycurl.PAUSE_CONT)
        return int(self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)) if self.heads.is_taken else 0

    def _begin(self, response: Response) -> bool:
        if self.fetch is None or not self.fetch.begin(response):
            return False
        if self.allowed_bytes is not None:
            self.curl.pause(pycurl.PAUSE_RECV)
            self._hold(self.fetch)
        return True

    def forget(self) -> None:
        """Lets go of the fetch and of what took its body."""
        if self._was_limited and self.fetch is not None:
            self.fetch.received_bytes = self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)
            self.curl.setopt(pycurl.MAX_RECV_SPEED_LARGE, 0)
            self.allowed_bytes, self._was_limited, self._speed = None, False, 0
        self.fetch = None
        self.heads.let_go()
        self.curl.setopt(pycurl.WRITEFUNCTION, len)
