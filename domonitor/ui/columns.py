"""The columns of the job table, each one entry: to add one, add an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt

from domonitor.jobs.state import JobState
from domonitor.ui import text
from domonitor.ui.rows import Row
from domonitor.ui.support_columns import SUPPORT, SupportField

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Column:
    """One column: title, text of a row, sort key of a row, alignment and first width in pixels at 96 dpi.

    moves: whether its text changes while a job transfers. documented: what the services call it, where that
    differs. more: what stands below its text.
    """

    name: str
    title: Callable[[], str]
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    width: int
    align: Qt.AlignmentFlag = _LEFT
    moves: bool = False
    documented: str = ""
    more: Callable[[Row], str] | None = None

    def tip(self, row: Row) -> str:
        """All of it, for a tooltip."""
        return "\n".join(self._parts(row))

    def speech(self, row: Row) -> str:
        """All of it, to be spoken."""
        return ". ".join(self._parts(row)) or text.tr("unknown")

    def _parts(self, row: Row) -> list[str]:
        more = self.more(row) if self.more is not None else ""
        return [part for part in (self.text(row), more) if part]


GROUPED = -1
"""In place of a column: the list is in groups."""

ATTENTION = {
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


USER: tuple[Column, ...] = (
    Column(
        "name",
        lambda: text.tr("Name"),
        lambda row: row.job.display_name,
        lambda row: row.job.display_name.casefold(),
        205,
    ),
    Column(
        "state",
        lambda: text.tr("State"),
        Row.words,
        lambda row: ATTENTION[row.job.state],
        305,
        moves=True,
        more=Row.second_line,
    ),
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


def _support(field: SupportField) -> Column:
    return Column(
        field.name,
        field.title,
        field.text,
        field.key,
        field.width,
        _RIGHT if field.is_number else _LEFT,
        field.moves,
        field.documented,
    )


COLUMNS: tuple[Column, ...] = USER + tuple(map(_support, SUPPORT))
"""All that can be shown; the first ones are shown at first."""

AT: Mapping[str, int] = {column.name: at for at, column in enumerate(COLUMNS)}
"""Where each column is, by its name."""

CREATED = AT["created"]
NAME = AT["name"]
PROGRESS = AT["progress"]
STATE = AT["state"]

FIRST_ORDER = ("name", "progress", "state", "speed", "remaining", "size", "service", "created")
"""How the first columns stand from left to right, until the user moves them."""
