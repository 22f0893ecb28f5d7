"""An answer in the making: first the faults write into it, then reply.py puts it into bytes."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tests.server.content import Content, Literal
from tests.server.request import Request, Span, parse_range

if TYPE_CHECKING:
    from tests.server.resource import Resource


class Finish(Enum):
    """What becomes of the connection after the body."""

    KEEP_ALIVE = "keep alive"
    CLOSE = "close"  # in order; with TLS after its good-bye
    CUT = "cut"  # a bare FIN, which TLS clients can tell from the end
    RESET = "reset"  # RST
    BREAK_CHUNK = "break chunk"  # a chunk size that is none, then a bare FIN


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """An answer that has nothing to do with the content. raw: these bytes and nothing else."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None


@dataclass(slots=True)
class Draft:
    """Decided before the body is known, then found from the content, then decided by the faults of the body."""

    request: Request
    resource: Resource
    request_number: int

    delay_s: float = 0.0
    gates: list[threading.Event] = field(default_factory=list)
    own_answer: OwnAnswer | None = None
    more_headers: dict[str, str] = field(default_factory=dict)
    knows_ranges: bool = True
    refuses_ranges: bool = False
    heeds_if_range: bool = True
    is_gzipped: bool = False
    chunk_bytes: int | None = None
    is_ended_by_close: bool = False

    status: int = 200
    content: Content = field(default_factory=lambda: Literal(b""))
    span: Span = field(default_factory=lambda: Span(0, 0))
    total_bytes: int = 0

    tells_content_range: bool = True
    length_by: int = 0
    stalls: list[tuple[int, threading.Event]] = field(default_factory=list)
    finish: Finish = Finish.KEEP_ALIVE
    finish_after_bytes: int | None = None

    def find_body(self) -> None:
        """Which bytes of which content are asked for, and with which status they are answered."""
        self.content = self.resource.body
        if self.is_gzipped:
            self.content = Literal(gzip.compress(self.content.bytes(), mtime=0))
        size = self.total_bytes = self.content.size
        self.span = Span(0, size)
        headers = self.request.headers
        asked = headers.get("Range") if self.request.method == "GET" and self.knows_ranges else None
        if asked is None or not self._is_still_the_same(headers.get("If-Range")):
            return
        try:
            found = parse_range(asked, size)
        except IndexError:
            found = Span(0, 0)
            self.refuses_ranges = True
        if found is None:
            return
        self.status = 416 if self.refuses_ranges else 206
        self.span = Span(0, 0) if self.refuses_ranges else found

    def _is_still_the_same(self, if_range: str | None) -> bool:
        """Source: RFC 9110, 13.1.5: a weak ETag never matches, a date only exactly."""
        if if_range is None or not self.heeds_if_range:
            return True
        if if_range.startswith('"'):
            return if_range == self.resource.etag_on_the_wire
        return if_range == self.resource.last_modified_on_the_wire
