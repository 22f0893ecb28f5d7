"""The list of all jobs as a table on the screen."""

from __future__ import annotations

import time

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView, QWidget

from domonitor.jobs.job import Job
from domonitor.ui import text
from domonitor.ui.columns import COLUMNS, CREATED
from domonitor.ui.details import prepare_table
from domonitor.ui.job_delegate import JobDelegate
from domonitor.ui.job_table import JobTableModel

_AIMING_S = 2.0
"""So long after the mouse has last moved over the rows, whoever moved it may be about to press."""


class JobView(QTableView):
    """The table. No row moves away from under the mouse, and the chosen one stays in sight when the room gets less."""

    def __init__(self, model: JobTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = model
        self._moved_at_s = float("-inf")
        self.setObjectName("jobTable")
        self.setAccessibleName(text.tr("Downloads"))
        self.setModel(model)
        self.setItemDelegate(JobDelegate(self))
        prepare_table(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSectionsMovable(True)
        self.sortByColumn(CREATED, Qt.SortOrder.AscendingOrder)
        for at, column in enumerate(COLUMNS):
            self.setColumnWidth(at, column.width)
        self.setMinimumHeight(130)
        model.can_reorder = self.can_reorder

    def selected_jobs(self) -> list[Job]:
        """The chosen jobs in the order of their rows, without those that are gone."""
        # By its ranges: asked for its rows, the selection model took 100 ms for 10,000 of them (measured).
        chosen = self.selectionModel().selection()
        ranges = (chosen.at(number) for number in range(chosen.count()))
        positions = sorted({at for each in ranges for at in range(each.top(), each.bottom() + 1)})
        return [self._rows.rows[at].job for at in positions if not self._rows.rows[at].is_gone]

    def can_reorder(self) -> bool:
        """Whether nobody is pointing at a row: not with the mouse, and not by a menu that stands open."""
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton or QApplication.activePopupWidget() is not None:
            return False
        return not self.viewport().underMouse() or time.monotonic() - self._moved_at_s > _AIMING_S

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See QWidget."""
        self._moved_at_s = time.monotonic()
        super().mouseMoveEvent(event)

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
