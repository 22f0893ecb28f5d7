"""One file that is being fetched: over one connection, or in segments over several."""

from __future__ import annotations

from dataclasses import dataclass, field

from domonitor.backends.engine import segments, spans
from domonitor.backends.engine.records import FileRecord, Gaps, JobRecord
from domonitor.backends.engine.segments import Pieces
from domonitor.backends.engine.spans import Span
from domonitor.backends.engine.transfer import Transfer

Mark = int | Gaps
"""How much of a file is written: bytes from its beginning or, of one in segments, what is missing."""


@dataclass(slots=True, eq=False)
class Fetching:
    """Lives on the engine's thread.

    pieces: of a file in segments, what is still to be fetched. transfers: what is under way.
    synced_at_s, is_syncing: when the file was last synced behind its transfers or begun, and whether it is now.
    due_at_tick: when it is looked at next, in ticks of its Transfers.
    """

    job: JobRecord
    file: FileRecord
    synced_at_s: float
    pieces: Pieces | None = None
    transfers: list[Transfer] = field(default_factory=list)
    is_syncing: bool = False
    due_at_tick: int = 0

    @classmethod
    def of(cls, job: JobRecord, file: FileRecord, now_s: float) -> Fetching:
        """Goes on where the file is."""
        return cls(job, file, now_s, Pieces(file.gaps, job.segments) if file.gaps else None)

    def first_span(self) -> Span:
        """What the first connection asks for."""
        file = self.file
        if self.pieces is not None:
            return spans.segment(*self.pieces.take())
        if file.ranges:
            return spans.of_ranges(file.ranges, file.done_bytes)
        if self.job.segments > 1 and not file.is_undivided and not file.done_bytes:
            return spans.first(segments.FIRST_BYTES)
        return spans.from_end(file.done_bytes)

    def written(self) -> Mark:
        """How much is written by now."""
        if self.pieces is None:
            return self.transfers[0].position if self.transfers else self.file.done_bytes
        return self.pieces.gaps(_left(transfer) for transfer in self.transfers)

    def count(self) -> bool:
        """Takes over how much of the file is there; whether it is more than before."""
        file, before = self.file, self.file.done_bytes
        written = self.written()
        if isinstance(written, int):
            done_bytes = written
        else:
            file.gaps = written
            done_bytes = (file.size or 0) - segments.missing_bytes(written)
        self.job.set_done(file, done_bytes)
        return done_bytes > before

    def is_durable(self, written: Mark) -> bool:
        """That much of the file is durable now; whether that is news."""
        file = self.file
        if isinstance(written, int):
            is_more = written > file.durable_bytes
            file.durable_bytes = max(written, file.durable_bytes)
        else:
            is_more = written != file.durable_gaps
            file.durable_gaps = written
        return is_more

    def has_enough(self) -> None:
        """The server gives this file no more connections than it has now."""
        if self.pieces is not None:
            self.pieces.most = len(self.transfers)

    def refused(self, span: Span) -> None:
        """The span could not even be asked for."""
        if self.pieces is not None:
            self.pieces.give_back(span.at, span.at + (span.length or 0))

    def ended(self, transfer: Transfer) -> None:
        """One of its connections has ended; what it has not fetched is free for another one."""
        self.transfers.remove(transfer)
        if self.pieces is not None:
            self.pieces.give_back(*_left(transfer))


def _left(transfer: Transfer) -> tuple[int, int]:
    span = transfer.span
    return transfer.position, span.at + (span.length or 0)
