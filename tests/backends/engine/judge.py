"""Which files a server's answers allow: an HTTP/1 reader of a few lines, written from RFC 9110 and 9112 alone.

It knows nothing of the engine or of libcurl. Where the standard leaves a choice, every choice is allowed; where it
calls an answer invalid, no file may come of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domonitor.jobs.job import FileRange
from tests.server.hostile import End, Said

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: [^\n]*)?")
"""Whatever version a server claims, on such a connection it speaks HTTP/1, and its answer means the same."""

_CONTENT_RANGE = re.compile(rb"bytes (\d+)-(\d+)/(\d+|\*)", re.IGNORECASE)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*?)?\r?\n")

UNNAMED = b""
"""Stands for the validator where a server gives none."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an answer says of the remote file.

    offset: where in it the body belongs. total: its size, None where that is not said. is_whole: whether the body is
    all of the file. validators: what it may be recognised by.
    """

    offset: int
    body: bytes
    total: int | None
    is_whole: bool
    validators: frozenset[bytes]


def allows(file: bytes, answers: Sequence[Said], ranges: Sequence[FileRange] = ()) -> bool:
    """Whether the answers say that the remote file, or of its ranges the local one, is this.

    Either one answer is all of it, or parts with one and the same validator are, which leave nothing out. Ranges that
    were asked for one by one may also come without a validator: nobody can tell then.
    """
    parts = [part for said in answers for part in parts_of(said)]
    goes_with_any = {UNNAMED} if ranges else set()
    if not ranges:
        if any(part.is_whole and part.body == file for part in parts):
            return True
        ranges = (FileRange(0, None),)
        parts = [part for part in parts if part.total in (None, len(file))]
        if not any(part.total for part in parts):
            return False
    validators = {validator for part in parts for validator in part.validators}
    return any(
        _is_covered(file, [part for part in parts if part.validators & {each, *goes_with_any}], ranges)
        for each in validators
    )


def _is_covered(file: bytes, parts: Sequence[Part], ranges: Sequence[FileRange]) -> bool:
    covered = bytearray(len(file))
    fixed_bytes = sum(each.length or 0 for each in ranges)
    at = 0
    for each in ranges:
        length = len(file) - fixed_bytes if each.length is None else each.length
        for part in parts:
            first = max(each.offset, part.offset)
            last = min(each.offset + length, part.offset + len(part.body))
            if first < last:
                here = at + first - each.offset
                _compare(covered, here, file[here : here + last - first], part.body[first - part.offset :])
        at += length
    return at == len(file) and all(covered)


def _compare(covered: bytearray, at: int, file: bytes, body: bytes) -> None:
    if body.startswith(file):
        covered[at : at + len(file)] = b"\1" * len(file)
        return
    for number, (one, other) in enumerate(zip(file, body, strict=False)):
        if one == other:
            covered[at + number] = 1


def parts_of(said: Said) -> list[Part]:
    """All ways in which the answer can be read as the file or a part of it; none where it is no such answer."""
    head = _final_head(said.wire)
    if head is None:
        return []
    status, fields, rest = head
    asked = said.asked.byte_range
    if status not in (200, 203, 206):
        return []
    parts = []
    for body, is_complete in _bodies(rest, fields, said.end):
        validators = _validators(fields)
        if status != 206:
            lengths = _lengths(fields) if b"transfer-encoding" not in fields else None
            total = len(body) if is_complete else next(iter(lengths or ()), None)
            parts.append(Part(0, body, total, is_complete, validators))
            continue
        found = _CONTENT_RANGE.fullmatch(b", ".join(fields.get(b"content-range", [])))
        if found is None or asked is None or found[3] == b"*":
            continue
        first, last, total = int(found[1]), int(found[2]), int(found[3])
        if first == asked[0] and first <= last < total:
            if said.asked.if_range is not None and not any(
                value for name in (b"etag", b"last-modified") for value in fields.get(name, ())
            ):
                # It was to come only if the file is still that one. Source: RFC 9110, 15.3.7.
                validators = frozenset({said.asked.if_range.encode("utf-8", "surrogateescape")})
            is_whole = is_complete and first == 0 and len(body) == total
            parts.append(Part(first, body[: last - first + 1], total, is_whole, validators))
    return parts


Fields = dict[bytes, list[bytes]]


def _final_head(wire: bytes) -> tuple[int, Fields, bytes] | None:
    """Of the answer behind all preliminary ones: the status, the fields, and what follows."""
    while (end := re.search(rb"\n\r*\n", wire)) is not None:
        lines = re.sub(rb"\r?\n[ \t]+", b" ", wire[: end.start()].rstrip(b"\r")).split(b"\n")
        wire = wire[end.end() :]
        line = _STATUS_LINE.fullmatch(lines[0].rstrip(b"\r"))
        if line is None:
            return None
        status = int(line[1])
        if 100 <= status < 200 and status != 101:
            continue
        fields: Fields = {}
        for each in lines[1:]:
            name, _, value = each.rstrip(b"\r").partition(b":")
            fields.setdefault(name.lower(), []).append(value.strip(b" \t"))
        return status, fields, wire
    return None


def _validators(fields: Fields) -> frozenset[bytes]:
    """Source: RFC 9110, 8.8. Only a strong tag tells that every byte is the same."""
    etag, date = (b", ".join(fields.get(name, [])) for name in (b"etag", b"last-modified"))
    found = {each for each in (etag if etag.startswith(b'"') else b"", date) if each}
    return frozenset(found or {UNNAMED})


def _bodies(rest: bytes, fields: Fields, end: End) -> list[tuple[bytes, bool]]:
    """The body, and whether it is whole. Source: RFC 9112, 6.3."""
    codings = [each.strip().lower() for each in b",".join(fields.get(b"transfer-encoding", [])).split(b",")]
    codings = [each for each in codings if each not in (b"", b"identity")]  # which was one once, and says nothing
    if codings:
        # Said twice it must not be; servers behind servers do, and mean it once.
        return [_unchunked(rest)] if set(codings) == {b"chunked"} else []
    lengths = _lengths(fields)
    if lengths is None:
        return []
    if lengths:
        (length,) = lengths
        return [(rest[:length], len(rest) >= length)]
    return [(rest, end is not End.RESET)]


def _lengths(fields: Fields) -> set[int] | None:
    """The announced lengths, which are one or none; None where they contradict each other or are no numbers."""
    said = b",".join(fields.get(b"content-length", []))
    if b"content-length" not in fields:
        return set()
    values = {each.strip(b" \t") for each in said.split(b",")}
    return {int(said) for said in values} if len(values) == 1 and all(each.isdigit() for each in values) else None


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    """Source: RFC 9112, 7.1 and 8: it is whole once the last chunk is there."""
    body = b""
    while (line := _CHUNK_LINE.match(rest)) is not None:
        size = int(line[1], 16)
        if not size:
            return body, True
        body += rest[line.end() : line.end() + size]
        behind = rest[line.end() + size :]
        if not re.match(rb"\r?\n", behind):
            break
        rest = behind[behind.index(b"\n") + 1 :]
    return body, False
