"""A draft, put into bytes: what goes over the wire, where it waits and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tests.server.content import Content, Literal
from tests.server.draft import Draft, Finish, OwnAnswer
from tests.server.request import Request, Span


@dataclass(frozen=True, slots=True)
class Reply:
    """Wait delay_s, then for the gates; send head; send the span of content, waiting at each stall; finish.

    status is None where the head is no HTTP; is_whole is False where a fault ends the body early.
    """

    status: int | None
    head: bytes
    content: Content
    span: Span
    delay_s: float = 0.0
    gates: tuple[threading.Event, ...] = ()
    stalls: tuple[tuple[int, threading.Event], ...] = ()
    chunk_bytes: int | None = None
    finish: Finish = Finish.KEEP_ALIVE
    is_whole: bool = True


def plain_reply(request: Request, answer: OwnAnswer, more_headers: Mapping[str, str] | None = None) -> Reply:
    """An answer without faults that has nothing to do with a resource."""
    headers = {"Content-Type": "text/plain", "Content-Length": str(len(answer.body)), **answer.headers}
    headers.update(more_headers or {})
    closes = request.wants_to_close or headers.get("Connection") == "close"
    if closes:
        headers["Connection"] = "close"
    sent = 0 if request.method == "HEAD" or _has_no_body(answer.status) else len(answer.body)
    if _has_no_body(answer.status):
        del headers["Content-Length"]
    return Reply(
        answer.status,
        _head("HTTP/1.1", answer.status, headers),
        Literal(answer.body),
        Span(0, sent),
        finish=Finish.CLOSE if closes else Finish.KEEP_ALIVE,
    )


def reply_from(draft: Draft) -> Reply:
    """The draft as it will go over the wire."""
    answer, request = draft.own_answer, draft.request
    gates = tuple(draft.gates)
    if answer is None:
        return _content_reply(draft, gates)
    if answer.raw is not None:
        return Reply(None, answer.raw, Literal(b""), Span(0, 0), draft.delay_s, gates, finish=draft.finish)
    plain = plain_reply(request, answer, draft.more_headers)
    return Reply(plain.status, plain.head, plain.content, plain.span, draft.delay_s, gates, finish=plain.finish)


def _content_reply(draft: Draft, gates: tuple[threading.Event, ...]) -> Reply:
    span, finish = draft.span, draft.finish
    is_closed_after = draft.is_ended_by_close or draft.request.wants_to_close
    headers = _content_headers(draft)
    if is_closed_after:
        headers["Connection"] = "close"
        finish = Finish.CLOSE if finish is Finish.KEEP_ALIVE else finish
    if draft.request.method == "HEAD":
        span = Span(span.offset, 0)
    elif draft.finish_after_bytes is not None:
        span = Span(span.offset, draft.finish_after_bytes)
    return Reply(
        draft.status,
        _head("HTTP/1.0" if draft.is_ended_by_close else "HTTP/1.1", draft.status, headers),
        draft.content,
        span,
        draft.delay_s,
        gates,
        tuple(sorted((stall for stall in draft.stalls if stall[0] <= span.length), key=lambda stall: stall[0])),
        None if draft.is_ended_by_close or draft.request.method == "HEAD" else draft.chunk_bytes,
        finish,
        is_whole=draft.finish_after_bytes is None,
    )


def _content_headers(draft: Draft) -> dict[str, str]:
    resource, span = draft.resource, draft.span
    headers = {"Content-Type": "application/octet-stream"}
    if draft.knows_ranges:
        headers["Accept-Ranges"] = "bytes"
    if (etag := resource.etag_on_the_wire) is not None:
        headers["ETag"] = etag
    if (last_modified := resource.last_modified_on_the_wire) is not None:
        headers["Last-Modified"] = last_modified
    if draft.is_gzipped:
        headers["Content-Encoding"] = "gzip"
    if draft.status == 416:
        headers["Content-Range"] = f"bytes */{draft.total_bytes}"
    elif draft.status == 206 and draft.tells_content_range:
        headers["Content-Range"] = f"bytes {span.offset}-{span.offset + span.length - 1}/{draft.total_bytes}"
    if draft.chunk_bytes is not None and not draft.is_ended_by_close:
        headers["Transfer-Encoding"] = "chunked"
    elif not draft.is_ended_by_close:
        headers["Content-Length"] = str(span.length + draft.length_by)
    for name, value in {**resource.headers, **draft.more_headers}.items():
        headers = {known: text for known, text in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    return headers


def _has_no_body(status: int) -> bool:
    return status in (204, 304)


def _head(version: str, status: int, headers: Mapping[str, str]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unheard Of"
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{version} {status} {phrase}\r\n{fields}\r\n".encode("utf-8", "surrogateescape")
