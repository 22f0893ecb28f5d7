"""Tables that only show: their columns as data, their looks, and how they are copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from domonitor.ui.job_delegate import row_height

R = TypeVar("R")

_BESIDE_TITLE = 20

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class PlainColumn(Generic[R]):
    """A column. text: what a cell says. tip: what its tooltip says, None for the same."""

    title: str
    text: Callable[[R], str]
    width: int
    is_number: bool = False
    tip: Callable[[R], str] | None = None


class PlainTableModel(QAbstractTableModel, Generic[R]):
    """Rows in the order in which they were given. sentence: a row as a screen reader says it in its first cell."""

    def __init__(
        self, columns: Sequence[PlainColumn[R]], parent: QObject, sentence: Callable[[R], str] | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: tuple[R, ...] = ()
        self._sentence = sentence

    def set_rows(self, rows: Sequence[R]) -> None:
        """Takes over new rows; the table keeps its place where there are as many as before."""
        rows = tuple(rows)
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.all_changed()

    def all_changed(self) -> None:
        """What the cells say may be different now."""
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        column = self.columns[index.column()]
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == 0 and self._sentence is not None:
                return self._sentence(row)
            return f"{column.title}: {column.text(row)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.tip or column.text)(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column.is_number else LEFT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].title
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return RIGHT if self.columns[section].is_number else LEFT
        return None


def plain_table(name: str, accessible_name: str, model: PlainTableModel[Any]) -> QTableView:
    """A table on the model, one row of which can be chosen."""
    table = QTableView()
    table.setObjectName(name)
    table.setAccessibleName(accessible_name)
    table.setModel(model)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setMinimumHeight(1)  # in a small window the list goes before the details
    prepare_table(table)
    scale = table.fontMetrics().horizontalAdvance("0") / 8  # the widths are made for digits of 8 pixels
    for at, column in enumerate(model.columns):
        title = table.fontMetrics().horizontalAdvance(column.title) + _BESIDE_TITLE
        table.setColumnWidth(at, max(round(column.width * max(1.0, scale)), title))
    return table


def prepare_table(table: QTableView) -> None:
    """A calm table: whole rows, no grid, no row numbers."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(row_height(table.fontMetrics()))
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(LEFT)
    header.setStretchLastSection(True)
    header.setMinimumSectionSize(40)
