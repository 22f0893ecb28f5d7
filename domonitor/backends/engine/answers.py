"""What an answer's head means for a file: decided here alone, from the head and what is known of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from domonitor.backends.engine import failures
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.records import FileRecord
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.spans import Kind, Span
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext

VALIDATOR_LENGTH = 1_024
"""A longer one is no validator but a nuisance: it would go with every request and into every row."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")

_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


class Anew(Enum):
    """Why the file has to start again from its first byte."""

    CHANGED = auto()
    """What is in the temporary file belongs to another content."""
    UNDIVIDED = auto()
    """This server does not send the file in parts that surely belong together."""


@dataclass(frozen=True, slots=True)
class Head:
    """An answer whose body can be taken.

    size: bytes of the whole remote file; end: up to where in it the body reaches, which may be less than was asked for;
    None where the server does not say. validator: what If-Range may carry, "" where the server gives nothing.
    """

    size: int | None
    end: int | None
    validator: str
    last_modified: str


def judge(file: FileRecord, span: Span, response: Response) -> Head | Anew | Failure:
    """Whether the answer's body can be taken; if not, why. Source: RFC 9110, 14 and 15."""
    status = response.status
    if status == 206:
        return _judge_part(file, span, response)
    if status in (200, 203):
        return _judge_whole(span, response)
    if status == 416 and span.header:
        if span.kind is Kind.RANGE:
            return _range_outside()
        return Anew.UNDIVIDED if span.kind is Kind.FIRST else Anew.CHANGED
    wait_s = response.retry_after_s()
    return failures.of_status(status, response.reason, wait_s, was_told_login=response.was_told_login)


def _judge_whole(span: Span, response: Response) -> Head | Anew | Failure:
    if span.kind is Kind.RANGE:
        return Failure(
            ErrorContext.REMOTE_FILE,
            hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT,
            "The server sent the whole file where a part of it was asked for.",
        )
    if span.kind is Kind.SEGMENT:
        return Anew.UNDIVIDED
    if span.offset:
        # The content is another one by now, or the server sends no parts: the whole file comes again.
        return Anew.CHANGED
    size = None
    if "content-length" in response.headers and "transfer-encoding" not in response.headers:
        size = response.number("content-length")
        if size is None:
            return invalid("The server announced a length that is no number.")
    etag, date = _validators(response)
    return Head(size, size, etag or date, date)


def _judge_part(file: FileRecord, span: Span, response: Response) -> Head | Anew | Failure:
    if not span.header:
        return invalid("The server answered with a part of the file where the whole was asked for.")
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None or int(found[1]) != span.offset or found[3] == "*":
        if span.kind is Kind.RANGE:
            return invalid("The server sent another part of the file than was asked for.")
        return Anew.UNDIVIDED if span.kind is Kind.FIRST else Anew.CHANGED
    end, size = int(found[2]) + 1, int(found[3])
    asked = size if span.length is None else span.offset + span.length
    if span.kind is Kind.RANGE and asked > size:
        return _range_outside()
    if not span.offset < end <= min(asked, size):
        return invalid("The server announced more of the file than was asked for, or than there is.")
    etag, date = _validators(response)
    if span.kind is Kind.FIRST:
        return Head(size, end, etag or date, date) if etag or date else Anew.UNDIVIDED
    if file.done_bytes and not _is_same(file, response, asked_if=span.kind is Kind.WHOLE):
        return _changed() if span.kind is Kind.RANGE else Anew.CHANGED
    if span.kind is not Kind.RANGE and file.size not in (None, size):
        return Anew.CHANGED
    return Head(size, end, etag or date or file.validator, date or file.last_modified)


def _is_same(file: FileRecord, response: Response, *, asked_if: bool) -> bool:
    """Whether the part belongs to what is there. asked_if: the server has been told to send it only then.

    A tag that can't serve as a validator is still another one than that of what is there.
    """
    named = {response.headers.get("etag", ""), response.headers.get("last-modified", "")} - {""}
    if not named or not file.validator:
        return asked_if or not file.validator
    return file.validator in named


def _validators(response: Response) -> tuple[str, str]:
    """A strong ETag and the date, "" for each that the server does not give. Source: RFC 9110, 8.8."""
    etag = response.headers.get("etag", "")
    date = response.headers.get("last-modified", "")
    return (
        etag if _STRONG_TAG.fullmatch(etag) and len(etag) <= VALIDATOR_LENGTH else "",
        date if len(date) <= VALIDATOR_LENGTH else "",
    )


def wrong_size(found_bytes: int, size: int) -> Failure:
    """Too many bytes are not the file. Too few are a body cut short: the next attempt goes on behind them."""
    said = f"{found_bytes} bytes arrived where {size} were announced."
    if found_bytes < size:
        return Failure(ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_ABORTED, said)
    return Failure(ErrorContext.REMOTE_FILE, hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH, said)


def invalid(said: str) -> Failure:
    """An answer that makes no sense."""
    return Failure(ErrorContext.REMOTE_FILE, hresult.WININET_E_INVALID_SERVER_RESPONSE, said)


def _range_outside() -> Failure:
    said = "A part that was asked for lies outside the file on the server."
    return Failure(ErrorContext.REMOTE_FILE, hresult.DO_E_INVALID_RANGE, said)


def _changed() -> Failure:
    said = "The file on the server is another one by now than the one whose first parts are here."
    return Failure(ErrorContext.REMOTE_FILE, hresult.BG_E_REMOTE_FILE_CHANGED, said)
