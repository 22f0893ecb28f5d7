"""The model of the job list. It keeps, orders and filters its own lines; no proxy stands between it and the view."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal

from domonitor.jobs.change import Change
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import Command
from domonitor.ui.columns import COLUMNS, CREATED, GROUPED
from domonitor.ui.filtering import Filter
from domonitor.ui.groups import FINISHED, Group
from domonitor.ui.job_rows import Effect, JobRows
from domonitor.ui.line_model import LineModel
from domonitor.ui.ordering import Order, by_creation
from domonitor.ui.rows import GroupRow, Line, Row

_MANY = 2_000
"""More rows than these are not moved one by one: the list is made anew."""

_REST = 20
"""A list that takes long to order is ordered by itself only after so many times that long."""


class JobTableModel(LineModel):
    """The lines of the list: jobs, under the headings of their groups or flat.

    can_reorder: whether lines may move by themselves now. held: the job that is to stay where it is, None for none.
    Signals: regrouped(list[Row]): jobs that are another group's now, which the list shows a little later.
    """

    regrouped = Signal(object)

    def __init__(self, speed_of: Callable[[JobKey], float | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = JobRows(speed_of)
        self.can_reorder: Callable[[], bool] = lambda: True
        self.held: Callable[[], JobKey | None] = lambda: None
        self._order = Order(CREATED)
        self._past: dict[JobKey, Row] | None = None
        self._misplaced: set[Row] = set()
        self._kept: Row | None = None
        self._next_settling_s = 0.0

    # What the window asks.

    def row(self, key: JobKey) -> Row | None:
        """The job's row, whether it is seen or not."""
        return self._past.get(key) if self._past is not None else self.jobs.get(key)

    def position(self, key: JobKey) -> int | None:
        """Where the job's row is now; None where it is not seen."""
        row = self.row(key)
        if row is None:
            return None
        self._number()
        return row.at if row.at >= 0 else None

    @property
    def order(self) -> Order:
        """What the list is ordered by, folded and filtered; not to be changed."""
        return self._order

    # What changes.

    def apply(self, service: str, change: Change) -> None:
        """Takes over a change of a service."""
        effect = self.jobs.apply(service, change)
        self._take(effect)
        self._insert(effect.new)

    def tick(self) -> None:
        """Once a second: speeds decay, and what belongs elsewhere by now goes there."""
        self._take(self.jobs.tick())
        self._let_go()
        if self._misplaced and self.can_reorder() and time.monotonic() >= self._next_settling_s:
            began_s = time.monotonic()
            self.settle()
            ended_s = time.monotonic()
            self._next_settling_s = ended_s + _REST * (ended_s - began_s)

    def set_pending(self, keys: Iterable[JobKey], command: Command | None) -> None:
        """The rows say that a command is under way, None that it is not any more."""
        self._emit_changed(self.jobs.set_pending(keys, command))

    def set_answered(self, keys: Iterable[JobKey]) -> None:
        """The service has taken the command: the words stay until its effect is seen, at most two seconds."""
        self._emit_changed(self.jobs.set_answered(keys))

    def set_files(self, key: JobKey, names: str) -> None:
        """What the filter is to find of the job's files; it does so from the next second on."""
        row = self.jobs.set_files(key, names)
        if row is not None and not self._order.filter.is_open:
            self._misplaced.add(row)

    def clear_finished(self) -> None:
        """Removes the rows of jobs that have ended or are gone."""
        if self.jobs.clear_finished():
            self._reset(self._misplaced)

    def has_finished(self) -> bool:
        """Whether there is anything to clear."""
        return self.jobs.has_finished()

    # How it is looked at.

    def set_filter(self, wanted: Filter) -> None:
        """Shows only what passes."""
        if wanted != self._order.filter:
            self._order.filter = wanted
            self._reset(self._misplaced)

    def set_past(self, rows: Iterable[Row] | None) -> None:
        """Shows these rows of jobs that are gone in place of the jobs, None for the jobs again."""
        if rows is None and self._past is None:
            return
        self._past = None if rows is None else {row.job.key: row for row in rows}
        self._reset(self._base())

    def set_folded(self, folded: frozenset[Group]) -> None:
        """Shows of these groups the headings alone."""
        for group in self._order.folded ^ folded:
            self.settle()
            self._fold(group, is_folded=group in folded)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """See QAbstractItemModel; GROUPED for groups.

        Equal rows stay in the order of creation; the selection stays with its jobs.
        """
        if not GROUPED <= column < len(COLUMNS):
            return
        was_grouped = self._order.is_grouped
        self._order.column, self._order.descending = column, order is Qt.SortOrder.DescendingOrder
        if was_grouped or self._order.is_grouped:
            self._reset(self._base())
        else:
            self._place_anew(self._base())
            self._permute(self._order.lines(self._base()))

    def settle(self) -> None:
        """Every line goes where it belongs, but for the one that is held."""
        self._let_go()
        moved, self._misplaced = self._misplaced, set()
        if self._past is not None or not moved:
            return
        if len(moved) > _MANY:
            self._reset(moved)
            return
        self._number()
        self._place_anew(moved)
        wanted = self._order.lines(self.jobs.all)
        passing = {row for row in self._order.filter.narrow(list(moved)) if self._order.is_seen(row)}
        headings = self._order.headings.values()
        leaving = [row.at for row in moved if row.at >= 0 and row not in passing]
        leaving += [heading.at for heading in headings if heading.at >= 0 and not heading.count]
        entering: list[Line] = [row for row in passing if row.at < 0]
        entering += [heading for heading in headings if heading.at < 0 and heading.count]
        if leaving or entering or self._lines != wanted:
            self.rearranging.emit()
            self._remove(leaving)
            self._append(entering)
            self._permute(wanted)
            self.rearranged.emit()
        self._emit_changed(heading for heading in headings if heading.at >= 0)

    # Steps.

    def _base(self) -> list[Row]:
        return self.jobs.all if self._past is None else list(self._past.values())

    def _take(self, effect: Effect) -> None:
        self._emit_changed(effect.changed)
        regrouped = [row for row in effect.moved if row.kind is not None and row.kind[0] is not row.group]
        if not self._order.filter.is_open:
            self._misplaced.update(effect.moved)
        if self._order.is_grouped:
            self._misplaced.update(regrouped)
        elif COLUMNS[self._order.column].moves or effect.moved:
            key = COLUMNS[self._order.column].key
            self._misplaced.update(row for row in effect.changed if row.key != key(row))
        if regrouped:
            self.regrouped.emit(regrouped)

    def _let_go(self) -> None:
        """What was held and is not any more may go."""
        if self._kept is not None and self.held() != self._kept.job.key:
            self._misplaced.add(self._kept)
            self._kept = None

    def _place_anew(self, rows: Iterable[Row]) -> None:
        """Gives each row its group and its sort key as they are by now."""
        held = self.held() if self._order.is_grouped else None
        if (key := self._order.key) is not None:
            for row in rows:
                row.key = key(row)
        for row in rows:
            if row.kind is None or row.kind[0] is row.group:
                continue
            if row.at >= 0 and row.job.key == held:
                self._kept = row
            else:
                row.group = row.kind[0]

    def _insert(self, new: list[Row]) -> None:
        """New rows go where they belong at once, or as soon as lines may move."""
        if not new or self._past is not None:
            return
        if (key := self._order.key) is not None:
            for row in new:
                row.key = key(row)
        if len(self._lines) and not self.can_reorder():
            self._misplaced.update(new)
            return
        passing = self._order.filter.narrow(new)
        if not self._order.is_grouped:
            is_in_order = self._order.column == CREATED and not self._order.descending
            self._insert_at(len(self._lines), list(passing), is_in_order=is_in_order)
            return
        for group in Group:
            if below := [row for row in passing if row.group is group]:
                self._insert_below(group, below)

    def _insert_below(self, group: Group, below: list[Row]) -> None:
        headings = self._order.headings
        later = (headings[other].at for other in Group if other > group and headings[other].at >= 0)
        end = next(later, len(self._lines))
        heading = headings[group]
        count = heading.count if heading.at >= 0 else 0
        if heading.at < 0:
            self._insert_at(end, [heading])
            end += 1
        was_view_only = heading.is_view_only or not count
        self._order.heading(group, below)
        heading.count = count + len(below)
        heading.is_view_only &= was_view_only
        if group not in self._order.folded:
            self._insert_at(end, list(below), is_in_order=group not in FINISHED)
        self._emit_run(heading.at, heading.at)  # not by its number: all lines would be numbered for it

    def _insert_at(self, at: int, lines: list[Line], *, is_in_order: bool = True) -> None:
        if not lines:
            return
        before, first = self._lines[at - 1] if at else None, lines[0]
        if isinstance(first, Row):
            is_behind = not isinstance(before, Row) or by_creation(before) <= by_creation(first)
            if not (is_in_order and is_behind):
                self._misplaced.update(line for line in lines if isinstance(line, Row))
        self.rearranging.emit()
        self.beginInsertRows(QModelIndex(), at, at + len(lines) - 1)
        self._lines[at:at] = lines
        self._numbered = min(self._numbered, at)
        for heading in self._order.headings.values():
            if heading.at >= at:
                heading.at += len(lines)
        if isinstance(first, GroupRow):
            first.at = at
        self.endInsertRows()
        self.rearranged.emit()

    def _fold(self, group: Group, *, is_folded: bool) -> None:
        order = self._order
        order.folded = order.folded | {group} if is_folded else order.folded - {group}
        heading = order.headings[group]
        wanted = order.lines(self._base())
        if heading.at < 0 or not order.is_grouped:
            return
        self.rearranging.emit()
        self._number()
        change = len(wanted) - len(self._lines)
        first = heading.at + 1
        if change > 0:
            self.beginInsertRows(QModelIndex(), first, first + change - 1)
        else:
            self.beginRemoveRows(QModelIndex(), first, first - change - 1)
            for line in self._lines[first : first - change]:
                line.at = -1
        self._take_lines(wanted)
        (self.endInsertRows if change > 0 else self.endRemoveRows)()
        self._emit_changed((heading,))
        self.rearranged.emit()

    def _reset(self, placed_anew: Iterable[Row]) -> None:
        self.rearranging.emit()
        self.beginResetModel()
        kept, self._kept = self._kept, None
        for line in self._lines:
            line.at = -1
        self._place_anew(placed_anew if kept is None else (*placed_anew, kept))
        self._misplaced = set()
        self._take_lines(self._order.lines(self._base()))
        self.endResetModel()
        self.rearranged.emit()
