"""Content that is never held in memory, and what a Range header asks of it."""

from __future__ import annotations

import hashlib

import pytest

from tests.server.content import Literal, Pattern
from tests.server.request import Span, parse_range

MIB = 1 << 20


def test_a_pattern_is_the_same_wherever_it_is_read() -> None:
    pattern = Pattern(3 * MIB + 17, seed=5)
    whole = pattern.bytes()
    assert len(whole) == pattern.size
    assert pattern.bytes(MIB - 3, 10) == whole[MIB - 3 : MIB + 7]
    assert pattern.bytes(3 * MIB) == whole[3 * MIB :]
    assert pattern.bytes(pattern.size + 1) == b""
    assert pattern.sha256() == hashlib.sha256(whole).hexdigest() == Literal(whole).sha256()


def test_no_two_blocks_and_no_two_seeds_hold_the_same() -> None:
    long = Pattern(600 * MIB)
    starts = {long.bytes(block * MIB, 16) for block in range(600)}
    assert len(starts) == 600
    assert len({Pattern(16, seed).bytes() for seed in range(1_000)}) == 1_000


def test_a_literal_is_read_in_parts_too() -> None:
    literal = Literal(b"0123456789")
    assert literal.bytes(3, 4) == b"3456"
    assert b"".join(literal.views(8, 5)) == b"89"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-", Span(0, 100)),
        ("bytes=10-19", Span(10, 10)),
        ("bytes=90-500", Span(90, 10)),
        ("bytes=-30", Span(70, 30)),
        ("bytes=-300", Span(0, 100)),
        ("bytes=19-10", None),
        ("bytes=1-2,5-6", None),
        ("bytes=-", None),
        ("bytes=x-", None),
        ("lines=1-2", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str | None, found: Span | None) -> None:
    assert parse_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_is_told_apart(header: str) -> None:
    with pytest.raises(IndexError):
        parse_range(header, 100)
