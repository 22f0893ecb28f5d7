"""The list of all jobs as a table on the screen."""

from __future__ import annotations

import time
from collections.abc import Iterable

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from domonitor.jobs.job import Job, JobKey
from domonitor.ui import text
from domonitor.ui.columns import COLUMNS, STATE
from domonitor.ui.groups import Group
from domonitor.ui.job_delegate import MARGIN, FocusTable, JobDelegate, job_height, row_height, second_line_of
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.plain_table import prepare_table
from domonitor.ui.row_links import Link, places_of
from domonitor.ui.rows import GroupRow, Line, Row

Index = QModelIndex | QPersistentModelIndex

_AIMING_S = 2.0
"""So long after the mouse has last moved over the rows, whoever moved it may be about to press."""

_MOST_CARRIED = 1_000
"""Where more jobs than these are chosen, no line moves by itself."""

_FOLD_KEYS = {
    Qt.Key.Key_Left: True,
    Qt.Key.Key_Minus: True,
    Qt.Key.Key_Right: False,
    Qt.Key.Key_Plus: False,
    Qt.Key.Key_Space: None,
    Qt.Key.Key_Return: None,
    Qt.Key.Key_Enter: None,
}
"""What a key does to the heading that has the focus: folds it, unfolds it, or the one that it is not."""


class JobView(FocusTable):
    """The table. No row moves away from under the mouse, the chosen one stays where it is, and what is in sight too.

    Signals: folded(frozenset[Group]), these groups are folded now; linked(JobKey, Command | None), somebody has pressed
    what a row offers: a command, or None to have its state explained.
    """

    folded = Signal(object)
    linked = Signal(object, object)

    def __init__(self, model: JobTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._moved_at_s = float("-inf")
        self._pressed: tuple[Row, Link] | None = None
        self._anchor: tuple[Line, int] | None = None
        self._low: list[QPersistentModelIndex] = []
        self._chosen: tuple[list[Line], Line | None, int] = ([], None, 0)
        self.setObjectName("jobTable")
        self.setAccessibleName(text.tr("Downloads"))
        self.setModel(model)
        self.setItemDelegate(JobDelegate(self))
        prepare_table(self)
        self.verticalHeader().setDefaultSectionSize(job_height(self.fontMetrics()))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.horizontalHeader().setSectionsMovable(True)
        self.horizontalHeader().setSortIndicatorClearable(True)
        for at, column in enumerate(COLUMNS):
            self.setColumnWidth(at, column.width)
        self.setMinimumHeight(130)
        model.can_reorder = self.can_reorder
        model.held = self.held
        model.rearranging.connect(self._note_place)
        model.rearranged.connect(self._keep_place)
        model.modelAboutToBeReset.connect(self._note_chosen)
        model.modelReset.connect(self._choose_again)

    # What the window asks.

    def selected_rows(self) -> list[Row]:
        """The chosen rows in their order."""
        # By its ranges: asked for its rows, the selection model took 100 ms for 10,000 of them (measured).
        chosen = self.selectionModel().selection()
        positions = sorted({at for each in _ranges(chosen) for at in range(each.top(), each.bottom() + 1)})
        lines = self._jobs.lines
        return [line for at in positions if isinstance(line := lines[at], Row)]

    def selected_jobs(self) -> list[Job]:
        """The chosen jobs in the order of their rows, without those that are gone."""
        return [row.job for row in self.selected_rows() if not row.is_gone]

    def chosen_row(self) -> Row | None:
        """The current row if it is selected: the focus alone makes the first line current, and nobody has chosen it."""
        current = self.currentIndex()
        if not current.isValid() or not self.selectionModel().isSelected(current):
            return None
        line = self._jobs.lines[current.row()]
        return line if isinstance(line, Row) else None

    def held(self) -> JobKey | None:
        """The job that is to stay in its place: the chosen one."""
        row = self.chosen_row()
        return None if row is None else row.job.key

    def can_reorder(self) -> bool:
        """Whether nobody is pointing at a row: not with the mouse, and not by a menu that stands open."""
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton or QApplication.activePopupWidget() is not None:
            return False
        if sum(each.height() for each in _ranges(self.selectionModel().selection())) > _MOST_CARRIED:
            return False
        return not self.viewport().underMouse() or time.monotonic() - self._moved_at_s > _AIMING_S

    def tick(self) -> None:
        """Once a second: the countdowns in sight are painted anew, and nothing else."""
        lines = self._jobs.lines
        for at in self._in_sight():
            line = lines[at]
            if isinstance(line, Row) and line.job.retry_at is not None:
                self.viewport().update(self.visualRect(self._jobs.index(at, STATE)))

    def fold(self, group: Group, *, is_folded: bool) -> None:
        """Folds or unfolds a group."""
        before = self._jobs.order.folded
        wanted = before | {group} if is_folded else before - {group}
        if wanted != before:
            self._jobs.set_folded(wanted)
            self.folded.emit(wanted)

    # What stays where it is.

    def _in_sight(self) -> range:
        first = self.rowAt(0)
        last = self.rowAt(self.viewport().height() - 1)
        count = self._jobs.rowCount()
        return range(max(first, 0), min(count, last + 1 if last >= 0 else count) if first >= 0 else 0)

    def _note_place(self) -> None:
        """Remembers which line is to stay where it is on the screen: the chosen one, else the first one in sight."""
        self._anchor = None
        top = self.verticalScrollBar().value()
        lines = self._jobs.lines
        chosen = self.chosen_row()
        if chosen is not None and self._jobs.place(chosen) in self._in_sight():
            self._anchor = (chosen, chosen.at - top)
        elif top and top < len(lines):
            self._anchor = (lines[top], 0)

    def _keep_place(self) -> None:
        self._set_heights()
        if self._anchor is None:
            return
        line, offset = self._anchor
        self._anchor = None
        at = self._jobs.place(line)
        bar = self.verticalScrollBar()
        if at >= 0 and bar.value() != at - offset:
            self.updateGeometries()  # the bar knows the new number of lines only afterwards
            bar.setValue(at - offset)

    def _set_heights(self) -> None:
        """Headings are lower than jobs. The header moves its sections' heights along with their lines."""
        header = self.verticalHeader()
        wanted = {heading.at for heading in self._jobs.order.headings.values() if heading.at >= 0}
        self._raise_but(wanted)
        low = row_height(self.fontMetrics())
        for at in wanted:
            if header.sectionSize(at) != low:
                header.resizeSection(at, low)
        self._low = [QPersistentModelIndex(self._jobs.index(at, 0)) for at in sorted(wanted)]

    def _raise_but(self, wanted: set[int]) -> None:
        """Where no heading is any more, the line is as high as a job."""
        header = self.verticalHeader()
        for index in self._low:
            if index.isValid() and index.row() not in wanted:
                header.resizeSection(index.row(), header.defaultSectionSize())

    def _note_chosen(self) -> None:
        self._raise_but(set())  # a reset leaves heights where they were
        lines = self._jobs.lines
        chosen: list[Line] = list(self.selected_rows())
        current = self.currentIndex()
        is_there = current.isValid() and current.row() < len(lines)
        self._chosen = (chosen, lines[current.row()] if is_there else None, current.column())

    def _choose_again(self) -> None:
        chosen, current, column = self._chosen
        self._chosen = ([], None, 0)
        model, selection = self._jobs, QItemSelection()
        last = len(COLUMNS) - 1
        for first, end in _runs(at for line in chosen if (at := model.place(line)) >= 0):
            selection.select(model.index(first, 0), model.index(end, last))
        if current is not None and (at := model.place(current)) >= 0:
            self.selectionModel().setCurrentIndex(model.index(at, column), QItemSelectionModel.SelectionFlag.NoUpdate)
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if chosen and selection.isEmpty():
            # Nothing was selected and nothing is: Qt does not tell that what was chosen is not in the list any more.
            self.selectionModel().selectionChanged.emit(QItemSelection(), QItemSelection())

    # What Qt tells.

    def _heading_at(self, place: QPoint) -> GroupRow | None:
        at = self.rowAt(place.y())
        line = self._jobs.lines[at] if at >= 0 else None
        return line if isinstance(line, GroupRow) else None

    def _link_at(self, place: QPoint) -> tuple[Row, Link] | None:
        """The link of a row that is there on the screen, None for none."""
        index = self.indexAt(place)
        line = self._jobs.lines[index.row()] if index.isValid() and index.column() == STATE else None
        if not isinstance(line, Row):
            return None
        second = second_line_of(self.visualRect(index).adjusted(MARGIN, 0, -MARGIN, 0))
        for link, there in places_of(line, second, self.fontMetrics()):
            if there.contains(place):
                return line, link
        return None

    def _point_at(self, link: tuple[Row, Link] | None) -> None:
        if link == self.pointed:
            return
        for pointed in (self.pointed, link):
            if pointed is not None and (at := self._jobs.place(pointed[0])) >= 0:
                self.viewport().update(self.visualRect(self._jobs.index(at, STATE)))
        self.pointed = link
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor if link is None else Qt.CursorShape.PointingHandCursor)

    def currentChanged(self, current: Index, previous: Index) -> None:
        """See QAbstractItemView. The frame around a heading is as wide as the list."""
        super().currentChanged(current, previous)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See QWidget. A press on a heading folds it; one on a row's link leaves what is chosen as it is."""
        self._pressed = self._link_at(event.position().toPoint())
        if self._pressed is not None and event.button() == Qt.MouseButton.LeftButton:
            return
        heading = self._heading_at(event.position().toPoint())
        super().mousePressEvent(event)
        if heading is not None and event.button() == Qt.MouseButton.LeftButton:
            self.fold(heading.group, is_folded=not heading.is_folded)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See QWidget."""
        self._moved_at_s = time.monotonic()
        self._point_at(self._link_at(event.position().toPoint()))
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """See QWidget. A link is followed where it was pressed and let go."""
        pressed, self._pressed = self._pressed, None
        if pressed is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
        elif self._link_at(event.position().toPoint()) == pressed:
            row, link = pressed
            self.linked.emit(row.job.key, link.command)

    def viewportEvent(self, event: QEvent) -> bool:
        """See QAbstractScrollArea."""
        if event.type() is QEvent.Type.Leave:
            self._point_at(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See QWidget. Left, Right, Space and Enter fold and unfold the heading that has the focus.

        On a download Enter goes to what explains it.
        """
        current = self.currentIndex()
        line = self._jobs.lines[current.row()] if current.isValid() else None
        key = Qt.Key(event.key())
        if (
            isinstance(line, GroupRow)
            and key in _FOLD_KEYS
            and event.modifiers()
            in (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            )
        ):
            self._is_by_keyboard = True
            wanted = _FOLD_KEYS[key]
            self.fold(line.group, is_folded=not line.is_folded if wanted is None else wanted)
            event.accept()
            return
        if isinstance(line, Row) and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.linked.emit(line.job.key, None)
            return
        super().keyPressEvent(event)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """See QAbstractItemView. Home and End go to the first and the last line, as in any list."""
        if action in (QAbstractItemView.CursorAction.MoveHome, QAbstractItemView.CursorAction.MoveEnd):
            modifiers |= Qt.KeyboardModifier.ControlModifier
        return super().moveCursor(action, modifiers)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See QWidget. The chosen row was in sight before: it still is."""
        chosen = self.currentIndex()
        was_in_sight = chosen.isValid() and QRect(0, 0, 1 << 16, event.oldSize().height()).intersects(
            self.visualRect(chosen)
        )
        super().resizeEvent(event)
        if was_in_sight:
            across = self.horizontalScrollBar().value()
            self.scrollTo(chosen)
            self.horizontalScrollBar().setValue(across)


def _ranges(selection: QItemSelection) -> Iterable[QItemSelectionRange]:
    return (selection.at(number) for number in range(selection.count()))


def _runs(positions: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of positions without a gap."""
    runs: list[tuple[int, int]] = []
    for at in sorted(positions):
        if runs and at == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs
