"""The heads of a fetch's answers, line by line, and which of them is the final one."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urljoin

from domonitor.backends.engine import addresses
from domonitor.backends.engine.response import KNOWN_HEADERS, Response

_FOLLOWED = frozenset({300, 301, 302, 303, 307, 308})

_SHORT_BODY_BYTES = 64 * 1024
"""A redirect's body is read up to so much, to keep its connection; a longer one, which may have no end, ends it."""


class Heads:
    """Takes the lines of all heads that one fetch is answered with: of redirects, of refusals, of the file.

    passed_on_to: where a redirect leads that libcurl must not follow by itself: it would take along what is meant for
    the first server alone, or does not know yet whom to trust. redirects: how many there were. refusal: the head of a
    401 or 407, after which libcurl may try once more with a login; refused: called when there is one, for libcurl reads
    its body to the end, and it may have none. has_cookies: whether any cookie has been set here.
    url: where the latest head came from, or where it leads. is_old: it was one of HTTP/1. is_taken: the final one is
    here.
    """

    def __init__(self, refused: Callable[[], None]) -> None:
        self.has_cookies = False
        self._refused = refused
        self.begin("", 0, _nobody)

    def begin(
        self,
        url: str,
        redirects: int,
        begin: Callable[[Response], bool],
        *,
        follows: bool = True,
        is_trusting: bool = False,
        was_told_login: bool = False,
        answers_challenges: bool = False,
    ) -> None:
        """The heads that follow belong to another fetch.

        begin: takes the final one. follows: libcurl follows redirects; is_trusting: to https too. was_told_login: the
        request says who asks; answers_challenges: it may say so only after a 401, when libcurl tries once more.
        """
        self.passed_on_to = ""
        self.redirects = redirects
        self.refusal: Response | None = None
        self.url = url
        self.is_old = False
        self._begin = begin
        self._follows = follows
        self._is_trusting = is_trusting
        self._was_told_login = was_told_login
        self._answers_challenges = answers_challenges
        self._response = Response()
        self.is_taken = False

    def let_go(self) -> None:
        """Nothing is to be taken any more."""
        self._begin = _nobody

    def take(self, line: bytes) -> int | None:
        """One line. Returns -1 where the request is to end there."""
        if self.is_taken:
            return None  # trailers of a chunked body
        response = self._response
        name, _, value = line.partition(b":")
        known = KNOWN_HEADERS.get(name.strip().lower())
        if known == "set-cookie":
            self.has_cookies = True
        elif known is not None:
            response.add(known, value.decode("latin-1").strip())
        elif line.startswith(b"HTTP/"):
            self.is_old = line.startswith(b"HTTP/1")
            _, _, rest = line.decode("latin-1").partition(" ")
            status, _, reason = rest.strip().partition(" ")
            is_status = len(status) == 3 and status.isascii() and status.isdigit()
            self._response = Response(int(status) if is_status else 0, reason.strip())
        elif line.strip(b"\r\n") or not line.endswith(b"\n"):
            return None  # a header that nobody needs, or a head that was cut short before its last byte
        elif response.status >= 200 or response.status == 101:
            return self._take_head(response)
        return None

    def _take_head(self, response: Response) -> int | None:
        response.was_told_login = self._was_told_login
        if response.status in _FOLLOWED and (location := response.headers.get("location")):
            return self._take_redirect(response, location)
        if response.status == 407 or (response.status == 401 and self._answers_challenges):
            self.refusal = response
            self._refused()
            return None
        self.is_taken = True
        self.refusal = None
        response.url = addresses.split_login(self.url)[0]
        return None if self._begin(response) else -1

    def _take_redirect(self, response: Response, location: str) -> int | None:
        written = quote(location, safe=addresses.KEPT, encoding="latin-1")
        try:
            self.url = urljoin(self.url, written)
        except ValueError:
            self.url = written  # libcurl will say itself that it can't be used
        self.redirects += 1
        length = None if "transfer-encoding" in response.headers else response.number("content-length")
        is_short = length is not None and length <= _SHORT_BODY_BYTES
        if self._follows and is_short and (self._is_trusting or not addresses.is_secure(self.url)):
            return None
        self.passed_on_to = self.url
        return None if is_short and not self._follows else -1


def _nobody(_response: Response) -> bool:
    return False
