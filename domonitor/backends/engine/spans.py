"""Which bytes of a remote file one request asks for, and where in the temporary file they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from domonitor.jobs.job import FileRange


class Kind(Enum):
    """What a request's bytes are to the file."""

    WHOLE = auto()
    """All of it, or all that is still missing at its end."""
    RANGE = auto()
    """One of the ranges that were asked for. Only a server that sends ranges can serve it."""
    FIRST = auto()
    """The beginning of a file that may come in segments; a server that sends no parts sends the whole instead."""
    SEGMENT = auto()
    """One of the parts that together are the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file.

    at: where its bytes go in the temporary file. offset: where they stand in the remote one. length: None to its end.
    """

    kind: Kind
    at: int
    offset: int
    length: int | None

    @property
    def header(self) -> str:
        """As a Range header has it, "" where the whole file is asked for."""
        if self.length is not None:
            return f"{self.offset}-{self.offset + self.length - 1}"
        return f"{self.offset}-" if self.offset or self.kind is not Kind.WHOLE else ""


def from_end(at: int) -> Span:
    """All that is missing of a file that comes from front to end, of which so many bytes are there."""
    return Span(Kind.WHOLE, at, at, None)


def first(length: int) -> Span:
    """The beginning of a file of which nothing is known yet."""
    return Span(Kind.FIRST, 0, 0, length)


def segment(first: int, last: int) -> Span:
    """The bytes from first up to last, which is not among them."""
    return Span(Kind.SEGMENT, first, first, last - first)


def of_ranges(ranges: Sequence[FileRange], done_bytes: int) -> Span:
    """The rest of the range at which so many bytes of the temporary file have arrived."""
    start = 0
    for each in ranges:
        inside = done_bytes - start
        if each.length is None or inside < each.length:
            length = None if each.length is None else each.length - inside
            return Span(Kind.RANGE, done_bytes, each.offset + inside, length)
        start += each.length
    raise ValueError("all ranges have arrived")


def local_size(ranges: Sequence[FileRange], remote_size: int | None) -> int | None:
    """Bytes of the local file: with ranges, their sum; None where the remote size is needed and not known."""
    if not ranges:
        return remote_size
    total = 0
    for each in ranges:
        if each.length is not None:
            total += each.length
        elif remote_size is None:
            return None
        else:
            total += max(0, remote_size - each.offset)
    return total
