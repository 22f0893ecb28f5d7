"""The names stay in sight while the list is scrolled sideways: its support columns are wider than any screen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from domonitor.ui import theme
from domonitor.ui.columns import NAME
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.job_view import JobView
from domonitor.ui.rows import Row


class PinnedName(QObject):
    """Shows the name column at the left edge as soon as its own place is scrolled out of sight.

    Only what is seen is doubled: keys, mouse and screen readers have to do with the list itself.
    """

    def __init__(self, table: JobView, model: JobTableModel) -> None:
        super().__init__(table)
        self._table = table
        self._model = model
        self._header = table.horizontalHeader()
        self._names = _Copy(table, self._left, self._paint_names)
        self._title = _Copy(self._header, self._left, self._paint_title)
        # The table has moved everything in it by then, these two as well.
        table.horizontalScrollBar().valueChanged.connect(self._place)
        table.verticalScrollBar().valueChanged.connect(self._place)
        self._header.sectionResized.connect(self._place)
        self._header.sectionMoved.connect(self._place)
        self._header.sortIndicatorChanged.connect(self._title.update)
        table.selectionModel().currentChanged.connect(self._uncover)
        table.viewport().installEventFilter(self)

    @property
    def is_shown(self) -> bool:
        """Whether the names stand at the edge instead of in their own place."""
        return self._names.isVisibleTo(self._table)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See QObject."""
        if event.type() is QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _left(self) -> int:
        return self._header.sectionViewportPosition(NAME)

    def _place(self, *_: object) -> None:
        width, viewport = self._header.sectionSize(NAME), self._table.viewport()
        is_out = self._left() < 0 and 2 * width <= viewport.width()
        for copy, height in ((self._names, viewport.height()), (self._title, self._header.height())):
            copy.setGeometry(0, 0, width, height)
            copy.setVisible(is_out)

    def _uncover(self, current: QModelIndex) -> None:
        """Whoever goes to a column by keyboard wants to see it."""
        hidden = self._names.width() - self._header.sectionViewportPosition(current.column())
        if self.is_shown and current.column() != NAME and hidden > 0:
            bar = self._table.horizontalScrollBar()
            bar.setValue(bar.value() - hidden)

    def _paint_names(self, painter: QPainter, place: QRect) -> None:
        table, model = self._table, self._model
        colors = theme.colors(table.palette())
        delegate, chosen = table.itemDelegate(), table.selectionModel()
        at = table.rowAt(0)
        while 0 <= at < model.rowCount() and table.rowViewportPosition(at) < place.height():
            if isinstance(model.lines[at], Row):
                index = model.index(at, NAME)
                option = QStyleOptionViewItem()
                table.initViewItemOption(option)
                option.rect = QRect(0, table.rowViewportPosition(at), place.width(), table.rowHeight(at))
                if chosen.isSelected(index):
                    option.state |= QStyle.StateFlag.State_Selected
                if table.currentIndex() == index:
                    option.state |= QStyle.StateFlag.State_HasFocus
                painter.fillRect(option.rect, table.palette().base())
                delegate.paint(painter, option, index)
                painter.setPen(QColor(colors.line))
                painter.drawLine(option.rect.topRight(), option.rect.bottomRight())
            at += 1

    def _paint_title(self, painter: QPainter, place: QRect) -> None:
        painter.fillRect(place, self._table.palette().base())
        self._header.paintSection(painter, place, NAME)


class _Copy(QWidget):
    """What is painted here a second time; what is done with it is done where it really is."""

    def __init__(
        self, view: JobView | QHeaderView, left: Callable[[], int], paint: Callable[[QPainter, QRect], None]
    ) -> None:
        super().__init__(view.viewport())
        self._view: QAbstractItemView = view
        self._left = left
        self._paint = paint
        self.setMouseTracking(True)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """See QWidget."""
        self._paint(QPainter(self), self.rect())

    def event(self, event: QEvent) -> bool:
        """See QObject."""
        if isinstance(event, QMouseEvent):
            # Who draws a frame around rows stays in sight: else the list would scroll back.
            is_drawn = event.type() is QEvent.Type.MouseMove and event.buttons() != Qt.MouseButton.NoButton
            at = event.position() + QPointF(0 if is_drawn else self._left(), 0)
            there = QMouseEvent(
                event.type(), at, event.globalPosition(), event.button(), event.buttons(), event.modifiers()
            )
            QApplication.sendEvent(self._view.viewport(), there)
            return True
        if isinstance(event, QContextMenuEvent):
            self._view.customContextMenuRequested.emit(event.pos())
            return True
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self._view.indexAt(event.pos() + QPoint(self._left(), 0))
            QToolTip.showText(event.globalPos(), index.data(Qt.ItemDataRole.ToolTipRole) or "", self)
            return True
        return super().event(event)
