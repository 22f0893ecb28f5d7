"""Everything that can go wrong on the way, one class a fault.

Faults are asked in the order in which they are listed. The first that answers by itself (Answer, Redirect, CloseEarly,
Garbage, NeedsDigest, NeedsPassword) ends the asking, and the first that ends a body (Cut, Reset, BreakChunk,
WrongLength) is the only one: what did not get its turn is not counted. So (Answer(503, times=2), Cut(5_000, times=1))
is two refusals, then a connection cut, then good answers.
To add a fault: a class here; what it writes stands in draft.py, how that reads on the wire in reply.py.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from tests.server.content import Content
from tests.server.draft import Draft, Finish, OwnAnswer
from tests.server.request import Span
from tests.server.resource import AUTOMATIC


@dataclass(frozen=True, slots=True)
class Fault:
    """times: how often it strikes, None for always; skip: how many chances it lets pass before."""

    needs_body: ClassVar[bool] = False  # asked once it is known which bytes are answered; never for HEAD

    times: int | None = field(default=None, kw_only=True)
    skip: int = field(default=0, kw_only=True)

    def concerns(self, draft: Draft) -> bool:
        """Whether this request is a chance for it."""
        return True

    def strikes(self, chance: int) -> bool:
        """Whether it strikes at this chance, counted from 0."""
        return chance >= self.skip and (self.times is None or chance < self.skip + self.times)

    def apply(self, draft: Draft) -> None:
        raise NotImplementedError

    def release(self) -> None:
        """Lets go what waits for it; nothing for faults at which nothing waits."""


# ---------------------------------------------------------------- before the answer


@dataclass(frozen=True, slots=True)
class Delay(Fault):
    """The answer begins after that many seconds."""

    seconds: float

    def apply(self, draft: Draft) -> None:
        draft.delay_s += self.seconds


@dataclass(frozen=True, slots=True)
class Hold(Fault):
    """No byte of an answer until release()."""

    event: threading.Event = field(default_factory=threading.Event, compare=False)

    def apply(self, draft: Draft) -> None:
        draft.gates.append(self.event)

    def release(self) -> None:
        self.event.set()


@dataclass(frozen=True, slots=True)
class Changes(Fault):
    """From the at_request'th request of this resource on (the first is 1) it is another file."""

    at_request: int
    content: Content | bytes
    etag: str | None = AUTOMATIC
    last_modified: datetime | None = None

    def concerns(self, draft: Draft) -> bool:
        return draft.request_number >= self.at_request

    def apply(self, draft: Draft) -> None:
        draft.resource = replace(draft.resource, content=self.content, etag=self.etag, last_modified=self.last_modified)


# ---------------------------------------------------------------- another answer


@dataclass(frozen=True, slots=True)
class Answer(Fault):
    """This status instead of the content; headers such as {"Retry-After": "3"}."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"This is not the file.\n"

    def apply(self, draft: Draft) -> None:
        draft.own_answer = OwnAnswer(self.status, self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Redirect(Fault):
    """Elsewhere; `to` stands in Location as it is. To its own path it is a loop."""

    to: str
    status: int = 302

    def apply(self, draft: Draft) -> None:
        draft.own_answer = OwnAnswer(self.status, {"Location": self.to}, b"Elsewhere.\n")


@dataclass(frozen=True, slots=True)
class NeedsPassword(Fault):
    """401 with a Basic challenge to everybody who does not bring these."""

    user: str
    password: str

    def concerns(self, draft: Draft) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return draft.request.headers.get("Authorization") != f"Basic {pair}"

    def apply(self, draft: Draft) -> None:
        draft.own_answer = OwnAnswer(401, {"WWW-Authenticate": 'Basic realm="origin"'}, b"Who are you?\n")


@dataclass(frozen=True, slots=True)
class NeedsDigest(Fault):
    """401 with a Digest challenge to everybody who can't prove the password. Source: RFC 7616."""

    user: str
    password: str

    def concerns(self, draft: Draft) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', draft.request.headers.get("Authorization", "")))
        secret = _md5(f"{self.user}:files:{self.password}")
        asked = _md5(f"{draft.request.method}:{said.get('uri')}")
        proof = f"{secret}:n0nce:{said.get('nc')}:{said.get('cnonce')}:auth:{asked}"
        return said.get("response") != _md5(proof)

    def apply(self, draft: Draft) -> None:
        challenge = 'Digest realm="files", nonce="n0nce", qop="auth", algorithm=MD5'
        draft.own_answer = OwnAnswer(401, {"WWW-Authenticate": challenge}, b"Who are you?\n" * 100)


@dataclass(frozen=True, slots=True)
class CloseEarly(Fault):
    """The connection ends before any byte of an answer, in order or by reset."""

    by_reset: bool = False

    def apply(self, draft: Draft) -> None:
        draft.own_answer = OwnAnswer(raw=b"")
        draft.finish = Finish.RESET if self.by_reset else Finish.CUT


@dataclass(frozen=True, slots=True)
class Garbage(Fault):
    """These bytes instead of a status line, then the connection ends."""

    data: bytes = b"\x00\xff this is not HTTP \x80\r\n\r\n"

    def apply(self, draft: Draft) -> None:
        draft.own_answer = OwnAnswer(raw=self.data)
        draft.finish = Finish.CUT


# ---------------------------------------------------------------- another way to say it


@dataclass(frozen=True, slots=True)
class LongHeaders(Fault):
    """`count` more header fields of `size_bytes` each; list it before an Answer to see it there too."""

    size_bytes: int
    count: int = 1

    def apply(self, draft: Draft) -> None:
        draft.more_headers |= {f"X-Padding-{number}": "p" * self.size_bytes for number in range(self.count)}


@dataclass(frozen=True, slots=True)
class Chunked(Fault):
    """Transfer-Encoding: chunked, without a length."""

    chunk_bytes: int = 16_384

    def apply(self, draft: Draft) -> None:
        draft.chunk_bytes = self.chunk_bytes


@dataclass(frozen=True, slots=True)
class Gzip(Fault):
    """Content-Encoding: gzip, whatever the client accepts; ranges count in the compressed bytes."""

    def apply(self, draft: Draft) -> None:
        draft.is_gzipped = True


@dataclass(frozen=True, slots=True)
class EndedByClose(Fault):
    """HTTP/1.0 without a length: the end of the connection is the end of the body."""

    def apply(self, draft: Draft) -> None:
        draft.is_ended_by_close = True


@dataclass(frozen=True, slots=True)
class NoRanges(Fault):
    """Range is not known here: always 200 and everything."""

    def apply(self, draft: Draft) -> None:
        draft.knows_ranges = False


@dataclass(frozen=True, slots=True)
class RefusesRanges(Fault):
    """416 to every range."""

    def concerns(self, draft: Draft) -> bool:
        return "Range" in draft.request.headers

    def apply(self, draft: Draft) -> None:
        draft.refuses_ranges = True


@dataclass(frozen=True, slots=True)
class IgnoresIfRange(Fault):
    """206 even where If-Range says that the client knows another file."""

    def apply(self, draft: Draft) -> None:
        draft.heeds_if_range = False


@dataclass(frozen=True, slots=True)
class WrongRange(Fault):
    """206 for other bytes than asked for, and Content-Range says so; or with a wrong total, or without Content-Range.

    start_by moves the start (the end stays), total_by the announced total; most_bytes is where the part ends at last.
    """

    needs_body: ClassVar[bool] = True

    start_by: int = 0
    total_by: int = 0
    tells_content_range: bool = True
    most_bytes: int | None = None

    def concerns(self, draft: Draft) -> bool:
        return draft.status == 206

    def apply(self, draft: Draft) -> None:
        end = draft.span.offset + draft.span.length
        start = max(0, min(draft.span.offset + self.start_by, end - 1))
        draft.span = Span(start, end - start if self.most_bytes is None else min(end - start, self.most_bytes))
        draft.total_bytes += self.total_by
        draft.tells_content_range = self.tells_content_range


# ---------------------------------------------------------------- in the body


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Nothing more after that many bytes of a response's body until release(), then the rest."""

    needs_body: ClassVar[bool] = True

    after_bytes: int
    event: threading.Event = field(default_factory=threading.Event, compare=False)

    def concerns(self, draft: Draft) -> bool:
        return self.after_bytes < draft.span.length

    def apply(self, draft: Draft) -> None:
        draft.stalls.append((self.after_bytes, self.event))

    def release(self) -> None:
        self.event.set()


@dataclass(frozen=True, slots=True)
class _EndsBody(Fault):
    needs_body: ClassVar[bool] = True
    finish: ClassVar[Finish]

    after_bytes: int

    def concerns(self, draft: Draft) -> bool:
        return draft.finish is Finish.KEEP_ALIVE and self.after_bytes < draft.span.length

    def apply(self, draft: Draft) -> None:
        draft.finish = self.finish
        draft.finish_after_bytes = self.after_bytes


@dataclass(frozen=True, slots=True)
class Cut(_EndsBody):
    """The connection ends in order (FIN) after that many bytes of a response's body; shorter ones arrive whole."""

    finish: ClassVar[Finish] = Finish.CUT


@dataclass(frozen=True, slots=True)
class Reset(_EndsBody):
    """The connection is reset (RST) after that many bytes of a response's body."""

    finish: ClassVar[Finish] = Finish.RESET


@dataclass(frozen=True, slots=True)
class BreakChunk(_EndsBody):
    """Chunked, and after that many bytes comes a chunk size that is none."""

    finish: ClassVar[Finish] = Finish.BREAK_CHUNK

    def apply(self, draft: Draft) -> None:
        _EndsBody.apply(self, draft)
        draft.chunk_bytes = draft.chunk_bytes or Chunked().chunk_bytes


@dataclass(frozen=True, slots=True)
class WrongLength(Fault):
    """Content-Length says `by` bytes more (or, below 0, fewer) than come; then the connection ends."""

    needs_body: ClassVar[bool] = True

    by: int

    def concerns(self, draft: Draft) -> bool:
        return draft.finish is Finish.KEEP_ALIVE and draft.span.length + self.by >= 0

    def apply(self, draft: Draft) -> None:
        draft.length_by = self.by
        draft.finish = Finish.CUT


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
