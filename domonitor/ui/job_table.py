"""The model of the job list. It keeps, orders and changes its own rows; no proxy stands between it and the view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from domonitor.jobs.change import Change, HealthState
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import ALLOWED, FINAL, Command
from domonitor.ui import text
from domonitor.ui.columns import COLUMNS, CREATED, Row

Index = QModelIndex | QPersistentModelIndex

_NEAR = 16
"""Rows that are not further apart are told in one signal: rows in between that did not change cost next to nothing."""


class JobTableModel(QAbstractTableModel):
    """Rows of jobs, kept after their end until they are cleared.

    speed_of: a job's bytes per second, None while it does not transfer.
    """

    def __init__(self, speed_of: Callable[[JobKey], float | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._speed_of = speed_of
        self._rows: list[Row] = []
        self._at: dict[JobKey, int] = {}
        self._sort_column = CREATED
        self._sort_order = Qt.SortOrder.AscendingOrder
        self._unreachable: set[str] = set()
        self.can_reorder: Callable[[], bool] = lambda: True
        self._needs_reorder = False

    # What the window asks.

    @property
    def rows(self) -> Sequence[Row]:
        """All rows in their order."""
        return self._rows

    def row(self, key: JobKey) -> Row | None:
        """The job's row."""
        at = self._at.get(key)
        return None if at is None else self._rows[at]

    def position(self, key: JobKey) -> int | None:
        """Where the job's row is now."""
        return self._at.get(key)

    # What changes.

    def apply(self, service: str, change: Change) -> None:
        """Takes over a change of a service."""
        if change.health is not None:
            self._set_reachable(service, change.health.state is not HealthState.UNAVAILABLE)
        changed: list[int] = []
        new: list[Row] = []
        for job in change.upserts:
            at = self._at.get(job.key)
            if at is None:
                new.append(Row(job, self._speed_of(job.key), is_stale=service in self._unreachable))
            else:
                self._rows[at].is_gone = False  # a service that lost a job may find it again
                self._update(self._rows[at], job)
                changed.append(at)
        for key, final_job in change.removals.items():
            if (at := self._at.get(key)) is not None:
                row = self._rows[at]
                row.is_gone = final_job is None
                self._update(row, final_job or row.job)
                changed.append(at)
            elif final_job is not None:
                new.append(Row(final_job))
        self._emit_changed(changed)
        self._insert(new)
        if changed and COLUMNS[self._sort_column].moves:
            self._needs_reorder = True

    def set_pending(self, keys: Iterable[JobKey], command: Command | None) -> None:
        """The rows say that a command is under way, None that it is not any more."""
        changed = []
        for key in keys:
            if (at := self._at.get(key)) is not None:
                self._rows[at].pending = command
                self._rows[at].is_answered = False
                changed.append(at)
        self._emit_changed(changed)

    def set_answered(self, keys: Iterable[JobKey]) -> None:
        """The service has taken the command: the words stay until its effect is seen, at most two seconds."""
        seen: list[JobKey] = []
        for key in keys:
            if (row := self.row(key)) is not None and row.pending is not None:
                if row.is_gone or row.pending not in ALLOWED[row.job.state]:
                    seen.append(key)  # the news was quicker than the answer
                else:
                    row.is_answered = row.is_fresh = True
        self.set_pending(seen, None)

    def tick(self) -> None:
        """Once a second: speeds decay, countdowns count, and what moves while it sorts is put in order."""
        changed = []
        for at, row in enumerate(self._rows):
            if row.is_fresh:
                row.is_fresh = False  # its speed is of this very second
            elif row.is_answered:
                row.pending, row.is_answered = None, False
                changed.append(at)
            elif row.bytes_per_s:
                row.bytes_per_s = self._speed_of(row.job.key)
                changed.append(at)
            if row.job.retry_at is not None:
                changed.append(at)
        self._emit_changed(changed)
        if self._needs_reorder and self.can_reorder():
            self.sort(self._sort_column, self._sort_order)

    def clear_finished(self) -> None:
        """Removes the rows of jobs that have ended or are gone."""
        kept = [row for row in self._rows if not _is_over(row)]
        if len(kept) != len(self._rows):
            self.beginResetModel()
            self._rows = kept
            self._renumber()
            self.endResetModel()

    def has_finished(self) -> bool:
        """Whether there is anything to clear."""
        return any(map(_is_over, self._rows))

    def _update(self, row: Row, job: Job) -> None:
        row.job = job
        row.bytes_per_s = self._speed_of(job.key)
        row.is_fresh = True
        if row.is_answered:
            row.pending, row.is_answered = None, False

    def _insert(self, new: list[Row]) -> None:
        if not new:
            return
        new.sort(key=COLUMNS[CREATED].key)
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._rows.extend(new)
        for at, row in enumerate(new, first):
            self._at[row.job.key] = at
        self.endInsertRows()
        is_in_order = self._sort_column == CREATED and self._sort_order == Qt.SortOrder.AscendingOrder
        if is_in_order and first:
            is_in_order = self._rows[first - 1].job.times.created <= new[0].job.times.created
        self._needs_reorder |= not is_in_order

    def _set_reachable(self, service: str, is_reachable: bool) -> None:
        if is_reachable == (service not in self._unreachable):
            return
        (self._unreachable.discard if is_reachable else self._unreachable.add)(service)
        changed = []
        for at, row in enumerate(self._rows):
            if row.job.key.service == service:
                row.is_stale = not is_reachable
                changed.append(at)
        self._emit_changed(changed)

    def _emit_changed(self, positions: list[int]) -> None:
        """One signal for each run of rows near each other: one for each row cost 60 times as much (measured)."""
        last_column = len(COLUMNS) - 1
        positions.sort()
        at = 0
        while at < len(positions):
            end = at
            while end + 1 < len(positions) and positions[end + 1] <= positions[end] + _NEAR:
                end += 1
            self.dataChanged.emit(self.index(positions[at], 0), self.index(positions[end], last_column))
            at = end + 1

    def _renumber(self) -> None:
        self._at = {row.job.key: at for at, row in enumerate(self._rows)}

    # What Qt asks.

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own default
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel. Column 0 speaks the row as a sentence."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == 0:
                return text.row_sentence(row.job, row.words(), row.bytes_per_s)
            return f"{column.title()}: {column.text(row) or text.tr('unknown')}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column.align
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.text(row) or None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is Qt.Orientation.Horizontal and 0 <= section < len(COLUMNS):
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section].title()
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return COLUMNS[section].align
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """See QAbstractItemModel. Equal rows stay in the order of creation; the selection stays with its jobs."""
        if not 0 <= column < len(COLUMNS):
            return
        self._sort_column, self._sort_order = column, order
        self._needs_reorder = False
        key = COLUMNS[column].key
        ordered = sorted(self._rows, key=COLUMNS[CREATED].key)
        ordered.sort(key=key, reverse=order is Qt.SortOrder.DescendingOrder)
        if ordered == self._rows:
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        keys = [self._rows[index.row()].job.key for index in old]
        self._rows = ordered
        self._renumber()
        new = [self.index(self._at[key], index.column()) for key, index in zip(keys, old, strict=True)]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()


def _is_over(row: Row) -> bool:
    return row.is_gone or row.job.state in FINAL
