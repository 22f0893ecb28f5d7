"""The judge of hostile answers knows right from wrong: else nothing that it lets pass would prove anything."""

from __future__ import annotations

import pytest

from domonitor.backends.engine import answers, naming
from domonitor.backends.engine.transfer import Transfer
from domonitor.jobs.job import FileRange
from tests.backends.engine.hostility import meet_many
from tests.backends.engine.judge import allows
from tests.server.hostile import Asked, End, Said

WHOLE = b"0123456789"
PLAIN = Asked()


def said(wire: bytes, asked: Asked = PLAIN, end: End = End.CLOSE) -> Said:
    return Said(asked, wire.replace(b"\n", b"\r\n"), end)


def part(first: int, last: int, body: bytes, tag: bytes = b'"e"') -> Said:
    """What answers a request from there on, out of ten bytes."""
    head = b"HTTP/1.1 206 X\nETag: %b\nContent-Range: bytes %d-%d/10\nContent-Length: %d\n\n"
    return said(head % (tag, first, last, len(body)) + body, Asked(byte_range=(first, None)))


FIRST = said(b'HTTP/1.1 200 OK\nETag: "e"\nContent-Length: 10\n\n0123')
"""Cut behind its fourth byte."""


@pytest.mark.parametrize(
    "answer",
    [
        said(b"HTTP/1.1 200 OK\nContent-Length: 10\n\n0123456789"),
        said(b"HTTP/1.1 200 OK\nContent-Length: 10\n\n0123456789 and more"),
        said(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\n0123\n6\n456789\n0\n\n"),
        said(b"HTTP/1.0 200 OK\n\n0123456789"),
        said(b"HTTP/1.1 100 X\n\nHTTP/1.1 200 OK\nContent-Length: 10, 10\n\n0123456789"),
    ],
)
def test_a_whole_answer_is_the_file_and_nothing_else_is(answer: Said) -> None:
    assert allows(WHOLE, [answer])
    assert not allows(WHOLE[:9], [answer])
    assert not allows(WHOLE + b"a", [answer])
    assert not allows(b"0123456788", [answer])


@pytest.mark.parametrize(
    "answer",
    [
        FIRST,
        said(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\n0123\n"),
        said(b"HTTP/1.1 200 OK\n\n0123", end=End.RESET),
        said(b"HTTP/1.1 200 OK\nContent-Length: 4\nContent-Length: 10\n\n0123"),
        said(b"HTTP/1.1 206 X\nContent-Range: bytes 0-3/4\nContent-Length: 4\n\n0123"),
        said(b"HTTP/1.1 404 X\nContent-Length: 4\n\n0123"),
        said(b"0123"),
    ],
)
def test_what_was_cut_contradicted_not_asked_for_or_refused_is_no_file(answer: Said) -> None:
    assert not allows(b"0123", [answer])
    assert not allows(WHOLE, [answer])


def test_parts_are_a_file_only_together_and_only_with_one_validator() -> None:
    assert allows(WHOLE, [FIRST, part(4, 9, b"456789")])
    assert not allows(WHOLE, [FIRST, part(5, 9, b"56789")])
    assert not allows(b"0123abcdef", [FIRST, part(4, 9, b"abcdef", b'"f"')])
    assert not allows(b"0123456780", [FIRST, part(4, 9, b"456789")])


def test_ranges_stand_in_the_order_in_which_they_were_asked_for() -> None:
    ranges = (FileRange(6, 2), FileRange(0, 2))
    parts = [part(6, 7, b"67"), part(0, 1, b"01")]
    assert allows(b"6701", parts, ranges)
    assert not allows(b"0167", parts, ranges)


def _anything_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_is_same", lambda *_, **__: True)


def _a_cut_body_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    judge_body = Transfer._judge_body
    monkeypatch.setattr(
        Transfer, "_judge_body", lambda self, failure: None if self.part.is_open else judge_body(self, failure)
    )


def _any_part_is_the_one_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    judge_part = answers._judge_part

    def judge(file, span, response):
        if found := answers._CONTENT_RANGE.fullmatch(response.headers.get("content-range", "")):
            last = span.offset + int(found[2]) - int(found[1])
            response.headers["content-range"] = f"bytes {span.offset}-{last}/{found[3]}"
        return judge_part(file, span, response)

    monkeypatch.setattr(answers, "_judge_part", judge)


def _any_name_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "safe_name", lambda name: name.replace("/", "_").replace("\0", "_")[:100])


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "plant",
    [_anything_is_the_same, _a_cut_body_is_whole, _any_part_is_the_one_that_was_asked_for, _any_name_is_safe],
)
def test_an_engine_that_believes_too_much_is_found_out(plant, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        meet_many(tmp_path, 300, shrinks=False)
