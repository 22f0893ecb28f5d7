"""Answers of every kind, from good to senseless, for hypothesis to choose from."""

# ruff: noqa: E501 - the lists read best as lines

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.server.content import Pattern
from tests.server.hostile import Answer, Asked, End, Raw, Story

CONTENTS = tuple(Pattern(size, seed) for size, seed in ((300, 1), (300, 2), (0, 3), (1, 4), (5_000, 5), (90_000, 6)))
"""Two of one size: what is put together of both is no file."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Mixed:
    """An answer whose parts are each good or not.

    before: what stands before the head. status: the status line, b"" for the fitting one. headers: more of them, each
    so often. content_range: the header, b"" for the true one, None for none. length: the headers that announce the
    length, None for the true one. length_by: so much more is announced than comes. chunk_bytes: None where the body is
    not chunked. honours: whether it sends the range that was asked for. cut_at: only so much is sent. patches: bytes
    that are put in place of others at the very end. junk: what comes behind it.
    """

    content: Pattern
    validators: tuple[Header, ...] = ()
    before: bytes = b""
    status: bytes = b""
    headers: tuple[tuple[Header, int], ...] = ()
    honours: bool = True
    content_range: bytes | None = b""
    range_by: tuple[int, int, int] = (0, 0, 0)
    length: tuple[bytes, ...] | None = None
    length_by: int = 0
    chunk_bytes: int | None = None
    trailers: bytes = b""
    cut_at: int | None = None
    patches: tuple[tuple[int, int, bytes], ...] = ()
    junk: bytes = b""
    end: End = End.KEEP
    drips: int = 0

    def wire(self, asked: Asked) -> bytes:
        """See Answer."""
        wire = self._head(asked) + self._body(asked)
        for at, dropped, put in self.patches:
            at %= len(wire) + 1
            wire = wire[:at] + put + wire[at + dropped :]
        if self.cut_at is not None:
            return wire[: self.cut_at % (len(wire) + 1)]
        return wire + self.junk

    def _span(self, asked: Asked) -> tuple[int, int] | None:
        """From where up to where the part goes that is sent, None for all of it."""
        if not self.honours or asked.byte_range is None:
            return None
        first, last = asked.byte_range
        size = self.content.size
        return (first, size if last is None else min(last + 1, size)) if first < size else None

    def _head(self, asked: Asked) -> bytes:
        span = self._span(asked)
        status = self.status or (b"HTTP/1.1 200 OK" if span is None else b"HTTP/1.1 206 Partial Content")
        lines = [self.before + status, *(name + b": " + value for name, value in self.validators)]
        if span is not None and self.content_range is not None:
            first, last, size = (
                sum(pair) for pair in zip((span[0], span[1] - 1, self.content.size), self.range_by, strict=True)
            )
            lines.append(self.content_range or f"Content-Range: bytes {first}-{last}/{size}".encode())
        if self.chunk_bytes is not None:
            lines.append(b"Transfer-Encoding: chunked")
        if self.length is not None:
            lines += self.length
        elif self.chunk_bytes is None:
            first, last = span or (0, self.content.size)
            lines.append(b"Content-Length: %d" % (last - first + self.length_by))
        for (name, value), count in self.headers:
            lines += [name + b": " + value] * count
        return b"\r\n".join([*lines, b"", b""])

    def _body(self, asked: Asked) -> bytes:
        first, last = self._span(asked) or (0, self.content.size)
        body = self.content.bytes(first, last - first)
        if self.chunk_bytes is None:
            return body
        pieces = [body[at : at + self.chunk_bytes] for at in range(0, len(body), self.chunk_bytes)]
        return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + self.trailers + b"\r\n"


ETAGS = (
    b'"e"',
    b'"e"',
    b'"e"',
    b'"f"',
    b'W/"e"',
    b'""',
    b'"e',
    b"e",
    b'"\xfc"',
    b'"a", "b"',
    b'"' + b"e" * 20_000 + b'"',
    b"",
)
DATES = (b"Sun, 06 Nov 1994 08:49:37 GMT", b"Mon, 07 Nov 1994 08:49:37 GMT", b"yesterday", b"9" * 30, b"\xff")

STATUSES = (
    *(b"HTTP/1.1 %d X" % status for status in (*range(200, 209), 226, 299, *range(300, 309), 399)),
    *(b"HTTP/1.1 %d X" % status for status in (400, 401, 403, 404, 407, 408, 409, 410, 416, 421, 425, 429, 451, 499)),
    *(b"HTTP/1.1 %d X" % status for status in (500, 501, 502, 503, 504, 507, 511, 599, 600, 799, 999, 101, 100)),
    *(b"HTTP/1.1 000 X", b"HTTP/1.1 20 X", b"HTTP/1.1 2000 X", b"HTTP/1.1 -200 X", b"HTTP/1.1 2 0 X", b"HTTP/1.1 200"),
    *(
        b"HTTP/1.1  200 X",
        b"HTTP/1.1\t200 X",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1 200 \xff\x00\x1b[31m",
        b"HTTP/1.1",
        b"HTTP/",
    ),
    *(b"HTTP/1.0 200 OK", b"HTTP/1.0 206 OK", b"HTTP/0.9 200 OK", b"HTTP/2 200", b"HTTP/1.9 200 OK", b"HTTP/3 200 OK"),
    *(b"HTTP/1.10 200 OK", b"http/1.1 200 ok", b"ICY 200 OK", b"GET / HTTP/1.1", b"", b"\r\nHTTP/1.1 200 OK", b"\0"),
    *(b"HTTP/1.1 200 " + b"n" * 5_000, b"HTTP/1.1 404 " + b"\xfc" * 9_000, b"HTTP/1.1 2\xb20 OK"),
)

BEFORE = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3,
    b"HTTP/1.1 102 Processing\r\nContent-Length: 5\r\nETag: \"x\"\r\nContent-Range: bytes 0-4/9\r\n\r\n",
    b"HTTP/1.1 199 X\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000,
    b"HTTP/1.1 103 X\r\nLocation: {place}/x\r\n\r\n",
    b"\r\n",
    b"\0",
)  # fmt: skip

LOCATIONS = (
    *(b"{place}/x", b"x", b"?q=1", b"#f", b"", b"/", b"//", b"../../..{place}/x", b"{place}/x#y#z"),
    *(
        b"http://127.0.0.1:{port}{place}/x",
        b"http://me:secret@127.0.0.1:{port}{place}/x",
        b"HTTP://LOCALHOST:{port}{place}/",
    ),
    *(b"file:///etc/passwd", b"ftp://127.0.0.1/x", b"gopher://127.0.0.1:{port}/x", b"dict://127.0.0.1:{port}/x"),
    *(
        b"javascript:alert(1)",
        b"data:,x",
        b"mailto:x",
        b"about:blank",
        b"C:\\x",
        b"\\\\host\\share",
        b"ws://127.0.0.1/",
    ),
    *(
        b"http://127.0.0.1:1/",
        b"https://127.0.0.1:{port}/",
        b"http://[::1]:1/",
        b"http://",
        b"http://[",
        b"http://:80/",
    ),
    *(
        b"http://127.0.0.1:99999/",
        b"http://127.0.0.1:0/",
        b"http://127.0.0.1:-1/",
        b"http://127.0.0.1:x/",
        b"http://%zz/",
    ),
    *(
        b"\xff\xfe://",
        b"\xfc\xfc",
        b"/\x00",
        b"/ \t /",
        b"{place}/\xe2\x82\xac",
        b"{place}/%",
        b"http://127.0.0.1\\@127.0.0.1:1/",
    ),
    *(b"/" + b"a" * 9_000, b"?" * 3_000, b"/" * 3_000, b"http://" + b"a" * 300 + b":1/", b"/.." * 1_000 + b"{place}/x"),
)

HEADERS = (
    *((b"Location", value) for value in LOCATIONS),
    *((b"Content-Disposition", value) for value in (b"attachment; filename=../../x", b"inline; filename*=UTF-8''%00", b";;;=")),
    *((b"Content-Disposition", b"attachment; filename=" + value) for value in (b"\xff\x00", b'"', b"x" * 9_000, b"/etc/x", b"")),
    *((b"Content-Encoding", value) for value in (b"gzip", b"br", b"zstd", b"deflate, gzip", b"frob", b"identity", b"")),
    *((b"Transfer-Encoding", value) for value in (b"gzip, chunked", b"chunked, chunked", b"identity", b"gzip", b"Chunked")),
    *((b"Transfer-Encoding", value) for value in (b"chunked, gzip", b"frob", b"", b"\x0bchunked", b"chunked;q=1", b"chunked")),
    *((b"Content-Length", value) for value in (b"300", b"0", b"1", b"299", b"301", b"x", b"-1", b"+300", b"300, 300", b"")),
    *((b"Content-Length", value) for value in (b"300, 301", b"0300", b"0x12c", b"3e2", b"18446744073709551616", b"\xb3", b"3 00")),
    *((b"Content-Range", value) for value in (b"bytes 0-299/300", b"bytes */300", b"bytes 5-1/300", b"frobs 1-2/3", b"x", b"")),
    *((b"Content-Range", value) for value in (b"bytes 0-0/*", b"bytes 100-299/300", b"bytes 0-99999999999999999999/300")),
    *((b"Content-Type", value) for value in (b"multipart/byteranges; boundary=x", b"text/html", b"\xff", b"")),
    *((b"Retry-After", value) for value in (b"0", b"1", b"9" * 30, b"-5", b"soon", b"Fri, 99 Foo 2030 99:99:99 GMT")),
    *((b"Connection", value) for value in (b"close", b"keep-alive", b"upgrade", b"\xff", b"close, keep-alive", b"content-length")),
    *((b"ETag", value) for value in ETAGS),
    *((b"Last-Modified", value) for value in DATES),
    *((b"WWW-Authenticate", b"Basic realm=x"), (b"Proxy-Authenticate", b"NTLM"), (b"Set-Cookie", b"a=b; domain=.")),
    *((b"Alt-Svc", b'h3=":1"'), (b"Upgrade", b"h2c"), (b"Strict-Transport-Security", b"max-age=9"), (b"Refresh", b"0; x")),
    *((b"Accept-Ranges", b"none"), (b"Trailer", b"Content-Length"), (b"Keep-Alive", b"timeout=0, max=0"), (b"Age", b"-1")),
    *((b"X", b"a\r\n folded"), (b"X", b"\r\n\tfolded"), (b"Content-Length", b"\r\n 300"), (b" Content-Length", b"7")),
    *((b"Content-Length ", b"7"), (b"", b"no name"), (b"no colon\r\nX", b""), (b"X\0", b"\0"), (b"X", b"a\rb"), (b"\xfc", b"\xff")),
)  # fmt: skip

NAMES = tuple(
    (b"Content-Disposition", b"attachment; " + value)
    for value in (
        *(b"filename=a.zip", b"filename=../../a", b"filename=..", b"filename=.", b'filename="a/b/c"', b'filename="a\\b"'),
        *(b'filename="C:\\\\a"', b"filename=/etc/passwd", b"filename=CON", b"filename=nul.txt", b"filename=COM1.a.b"),
        *(b'filename="a. . ."', b'filename=" a "', b"filename=.bashrc", b"filename=.domonitor-000000000000.part"),
        *(b"filename*=UTF-8''%e2%80%aegpj.exe", b"filename*=UTF-8''a%00b", b"filename*=UTF-8''..%2f..%2fa"),
        *(b"filename*=UTF-8''%0d%0aa", b"filename*=UTF-8''%ff%fe", b"filename*=UTF-8''%c2%a0%e2%80%8b", b"filename*=x"),
        *(b"filename=" + b"n" * 300 + b".zip", b"filename*=UTF-8''" + b"%e2%82%ac" * 200 + b".tar.gz", b"filename=a?b*c"),
        *(b'filename="a:b"', b"filename=a\x1b[31m", b"filename=\xff\xfe", b"filename=; filename*=;", b'filename="a'),
    )
)  # fmt: skip

MANY = (((b"X", b"y"), 500), ((b"X", b"y"), 4_000), ((b"X", b"y"), 20_000), ((b"X", b"y" * 9_000), 20))
LONG = (((b"X", b"y" * 60_000), 1), ((b"X", b"y" * 110_000), 1), ((b"X", b"y" * 400_000), 1), ((b"y" * 9_000, b"x"), 2))

LENGTHS = (
    *((), (b"Content-Length: 300", b"Content-Length: 300"), (b"Content-Length: 300", b"Content-Length: 7")),
    *((b"Content-Length: 7", b"Content-Length: 300"), (b"Content-Length: many",), (b"Content-Length: -300",)),
    *(
        (b"Content-Length: 99999999999999999999999",),
        (b"Content-Length: 9223372036854775807",),
        (b"content-length:300",),
    ),
    *(
        (b"Content-Length: 300", b"Transfer-Encoding: chunked"),
        (b"Content-Length:\t300 \t",),
        (b"Content-Length: 300,",),
    ),
)

JUNK = (
    *(b"\r\n", b"x", b"\0" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", b"HTTP/1.1 408 X\r\n\r\n"),
    *(b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", b"0\r\n\r\n", b"y" * 30_000),
)

PATCHES = (
    b"",
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"0",
    b"f",
    b"g",
    b" ",
    b":",
    b";",
    b"-",
    b"\0",
    b"\xff",
    b"ffffffffffffffff",
)

places = st.integers(0, 6_000) | st.integers(0, 200_000)


def seldom(odd: st.SearchStrategy[Any], good: Any) -> st.SearchStrategy[Any]:
    """Mostly the good one: what is wrong in everything is refused for the first thing."""
    return st.sampled_from([True] * 5 + [False]).flatmap(lambda is_good: st.just(good) if is_good else odd)


def mixed(content: Pattern, validators: tuple[Header, ...], names: tuple[Header, ...] = ()) -> st.SearchStrategy[Mixed]:
    """Answers, each of which may be good. names: headers, one of which each of them has besides."""
    others = seldom(st.lists(_headers, min_size=1, max_size=3).map(tuple), ())
    if names:
        others = st.tuples(st.sampled_from(names), others).map(lambda drawn: ((drawn[0], 1), *drawn[1]))
    return st.builds(
        Mixed,
        content=seldom(st.sampled_from(CONTENTS), content),
        validators=seldom(_validators, validators),
        before=seldom(st.sampled_from(BEFORE), b""),
        status=seldom(st.sampled_from(STATUSES), b""),
        headers=others,
        honours=seldom(st.booleans(), True),
        content_range=seldom(st.sampled_from((None, b"Content-Range: bytes 0-299/*", b"content-RANGE:Bytes 0-9/10")), b""),
        range_by=seldom(st.tuples(_bit, _bit, _bit), (0, 0, 0)),
        length=seldom(st.sampled_from(LENGTHS), None),
        length_by=seldom(_bit, 0),
        chunk_bytes=seldom(st.sampled_from((1, 7, 300, 70_000)), None),
        trailers=seldom(st.sampled_from((b"X: y\r\n", b"Content-Length: 1\r\n", b"ETag: \"t\"\r\n" * 300, b"\0", b"X" * 200_000)), b""),
        cut_at=seldom(places, None),
        patches=seldom(st.lists(st.tuples(places, st.integers(0, 3), st.sampled_from(PATCHES)), max_size=3).map(tuple), ()),
        junk=seldom(st.sampled_from(JUNK), b""),
        end=seldom(st.sampled_from(End), End.KEEP),
        drips=seldom(st.integers(1, 5), 0),
    )  # fmt: skip


def redirects() -> st.SearchStrategy[Mixed]:
    """Answers that pass the client on."""
    return st.builds(
        lambda status, location, answer: Mixed(
            CONTENTS[0], (), status=status, headers=(((b"Location", location), 1),), end=answer
        ),
        st.sampled_from([b"HTTP/1.1 %d X" % status for status in (300, 301, 302, 303, 304, 305, 307, 308, 201, 399)]),
        st.sampled_from(LOCATIONS) | st.sampled_from(LOCATIONS[:13]),
        st.sampled_from(End),
    )


def senseless() -> st.SearchStrategy[Raw]:
    """Bytes."""
    some = st.binary(max_size=300) | st.sampled_from(
        (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP", b"\r\n" * 9_000, b"\0" * 300_000)
    )
    return st.builds(Raw, some, st.sampled_from(End))


@st.composite
def stories(draw: st.DrawFn, names: bool = False) -> Story:
    """What one server has to say of one file. names: also what it is called."""
    content = draw(st.sampled_from((*CONTENTS[:2], *CONTENTS)))
    validators = draw(_validators)
    good = Mixed(content, validators)
    one = mixed(content, validators, NAMES if names else ())
    answer: st.SearchStrategy[Answer] = one | one | one | redirects() | senseless()
    answers = draw(st.lists(answer, min_size=1, max_size=4))
    last = draw(st.sampled_from((None, None, good, good, Raw(b""))))
    return Story((*answers, last) if last else tuple(answers))


_SHIFTS = (-5, -1, 1, 5)
_ODD: tuple[dict[str, Any], ...] = (
    *({"range_by": (by, by, 0)} for by in _SHIFTS),
    *({"range_by": (by, 0, 0)} for by in _SHIFTS),
    *({"range_by": (0, by, by)} for by in _SHIFTS),
    *(
        {"content": content, "validators": validators}
        for content in CONTENTS[:2]
        for validators in ((), ((b"ETag", b'"f"'),))
    ),
    *({"validators": ((name, value),)} for name, value in ((b"ETag", b'W/"e"'), (b"Last-Modified", DATES[1]))),
    *({"honours": False}, {"honours": False, "status": b"HTTP/1.1 206 X"}, {"status": b"HTTP/1.1 200 OK"}),
    *({"content_range": None}, {"length_by": 5}, {"length_by": -5}, {}),
)
"""What is wrong with an answer that is good otherwise."""


@st.composite
def traps(draw: st.DrawFn) -> Story:
    """A file that is cut again and again, and whose parts are good but for one thing each.

    Of what is wrong in many ways nothing is taken; here a client that looks at all but one of them is caught.
    """
    content = draw(st.sampled_from((*CONTENTS[:2], CONTENTS[4])))
    good = Mixed(content, draw(_good_validators))
    answers = [_cut(draw, good)]
    for odd in draw(st.lists(st.sampled_from(_ODD), min_size=1, max_size=2)):
        answer = replace(good, **odd)
        answers.append(_cut(draw, answer) if draw(st.booleans()) else answer)
    return Story((*answers, good))


def _cut(draw: st.DrawFn, whole: Mixed) -> Mixed:
    """The answer without its end, so that this can be noticed."""
    chunk_bytes, length, end = draw(
        st.sampled_from(((None, None, End.CLOSE), (None, None, End.RESET), (7, None, End.CLOSE), (None, (), End.RESET)))
    )
    answer = replace(whole, chunk_bytes=chunk_bytes, length=length, end=end)
    return replace(answer, cut_at=len(answer.wire(Asked())) - draw(st.integers(6, 290)))


_bit = st.sampled_from((-300, -5, -1, 0, 1, 5, 300))
_good_validators = st.sampled_from((
    ((b"ETag", b'"e"'),),
    ((b"ETag", b'"e"'), (b"Last-Modified", DATES[0])),
    ((b"Last-Modified", DATES[0]),),
    (),
))  # fmt: skip
_validators = _good_validators | st.tuples(st.tuples(st.just(b"ETag"), st.sampled_from(ETAGS)))  # fmt: skip
_headers = st.tuples(st.sampled_from(HEADERS), st.sampled_from((1, 1, 1, 2))) | st.sampled_from((*MANY, *LONG))
