"""The columns of the job table, each one entry: to add one, add an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Qt

from domonitor.jobs.job import Job
from domonitor.jobs.state import Command, JobState
from domonitor.ui import text

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(slots=True, eq=False)
class Row:
    """A job as the table shows it.

    bytes_per_s: its speed, None while it does not transfer. is_fresh: there was news of it since the last second.
    pending: a command under way. is_answered: the service has taken it, and its effect is not seen yet.
    is_gone: it vanished from its service without a last word. is_stale: its service can't be reached now.
    """

    job: Job
    bytes_per_s: float | None = None
    is_fresh: bool = True
    pending: Command | None = None
    is_answered: bool = False
    is_gone: bool = False
    is_stale: bool = False

    def words(self) -> str:
        """The state in words."""
        if self.pending is not None:
            return text.pending(self.pending)
        if self.is_gone:
            return text.tr("Gone from its service")
        return text.state(self.job, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: title, text of a row, sort key of a row, alignment and first width in pixels at 96 dpi.

    moves: whether its text changes while a job transfers.
    """

    name: str
    title: Callable[[], str]
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    width: int
    align: Qt.AlignmentFlag = _LEFT
    moves: bool = False


_ATTENTION = {
    JobState.ERROR: 0,
    JobState.TRANSFERRED: 1,
    JobState.TRANSFERRING: 2,
    JobState.CONNECTING: 3,
    JobState.TRANSIENT_ERROR: 4,
    JobState.QUEUED: 5,
    JobState.SUSPENDED: 6,
    JobState.ACKNOWLEDGED: 7,
    JobState.CANCELLED: 8,
}
"""The order of states by how much they ask for the user."""


def done_fraction(row: Row) -> float | None:
    """How far the row's job is, by bytes or else by files; None where neither tells."""
    progress = row.job.progress
    if progress.fraction is None and progress.files_total > 1:
        return progress.files_transferred / progress.files_total
    return progress.fraction


def _progress_key(row: Row) -> float:
    fraction = done_fraction(row)
    return -1.0 if fraction is None else fraction


def _remaining_key(row: Row) -> float:
    seconds = text.remaining_of(row.job, row.bytes_per_s)
    return float("inf") if seconds is None else seconds


COLUMNS: tuple[Column, ...] = (
    Column(
        "name",
        lambda: text.tr("Name"),
        lambda row: row.job.display_name,
        lambda row: row.job.display_name.casefold(),
        205,
    ),
    Column("state", lambda: text.tr("State"), Row.words, lambda row: _ATTENTION[row.job.state], 305, moves=True),
    Column(
        "progress",
        lambda: text.tr("Progress"),
        lambda row: text.progress(row.job),
        _progress_key,
        160,
        moves=True,
    ),
    Column(
        "size",
        lambda: text.tr("Size"),
        lambda row: text.size(row.job.progress.bytes_total),
        lambda row: row.job.progress.bytes_total or 0,
        85,
        _RIGHT,
        moves=True,
    ),
    Column(
        "speed",
        lambda: text.tr("Speed"),
        lambda row: text.speed(row.bytes_per_s),
        lambda row: row.bytes_per_s or 0.0,
        90,
        _RIGHT,
        moves=True,
    ),
    Column(
        "remaining",
        lambda: text.tr("Time left"),
        lambda row: text.remaining(row.job, row.bytes_per_s),
        _remaining_key,
        95,
        _RIGHT,
        moves=True,
    ),
    Column(
        "service",
        lambda: text.tr("Service"),
        lambda row: text.service(row.job.key.service),
        lambda row: row.job.key.service,
        90,
    ),
    Column(
        "created",
        lambda: text.tr("Created"),
        lambda row: text.moment(row.job.times.created),
        lambda row: row.job.times.created,
        120,
    ),
)

CREATED = next(at for at, column in enumerate(COLUMNS) if column.name == "created")
PROGRESS = next(at for at, column in enumerate(COLUMNS) if column.name == "progress")
STATE = next(at for at, column in enumerate(COLUMNS) if column.name == "state")
