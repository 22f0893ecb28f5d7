"""A file in segments: which of its bytes are missing, and which of these are being fetched.

Each connection takes a piece off the first free gap. Pieces get smaller towards the end, so that all connections end
at about the same time however fast each one is; what a connection could not fetch is free again.
"""

from __future__ import annotations

from collections.abc import Iterable

from domonitor.backends.engine.records import Gaps

FIRST_BYTES = 64 * 1024
"""The first request asks for so much: its answer tells how long the file is and whether it comes in parts."""

SMALLEST_BYTES = 4 << 20
"""No piece is smaller, unless nothing more is missing: each one costs a request."""


class Pieces:
    """The bytes that nobody fetches yet. most: connections at once; fewer once the server has refused one."""

    def __init__(self, gaps: Gaps, most: int) -> None:
        self.most = most
        self._free = list(gaps)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is free."""
        return not self._free

    def take(self) -> tuple[int, int]:
        """The next piece to be fetched, from offset to offset."""
        free_bytes = sum(last - first for first, last in self._free)
        first, last = self._free.pop(0)
        middle = first + max(SMALLEST_BYTES, free_bytes // (2 * self.most))
        if middle < last:
            self._free.insert(0, (middle, last))
            last = middle
        return first, last

    def give_back(self, first: int, last: int) -> None:
        """That much of a piece was not fetched."""
        if first < last:
            self._free = sorted([*self._free, (first, last)])

    def gaps(self, running: Iterable[tuple[int, int]]) -> Gaps:
        """All that is missing, in order: what is free and what these connections have still to fetch."""
        gaps: list[tuple[int, int]] = []
        for first, last in sorted([*self._free, *running]):
            if first == last:
                continue
            if gaps and gaps[-1][1] == first:
                first = gaps.pop()[0]
            gaps.append((first, last))
        return tuple(gaps)


def missing_bytes(gaps: Gaps) -> int:
    """How many bytes the gaps have."""
    return sum(last - first for first, last in gaps)
