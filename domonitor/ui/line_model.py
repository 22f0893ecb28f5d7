"""Lines on their way to the view: which ones there are, where each one is, and one signal for what changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from domonitor.ui.columns import COLUMNS
from domonitor.ui.rows import GroupRow, Line, Row

Index = QModelIndex | QPersistentModelIndex

_NEAR = 16
"""Lines that are not further apart are told in one signal: those in between cost next to nothing."""

_MOST_SIGNALS = 8
"""Where more would be needed, one that spans them all is cheaper: the view paints what is in sight and no more."""


class LineModel(QAbstractTableModel):
    """Lines in the order in which they are given.

    Signals: rearranging(), rearranged(): lines come, go or move in between.
    """

    rearranging = Signal()
    rearranged = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[Line] = []
        self._numbered = 0

    @property
    def lines(self) -> Sequence[Line]:
        """All that is seen, in its order."""
        return self._lines

    @property
    def rows(self) -> Sequence[Row]:
        """The jobs that are seen, in their order, without the headings."""
        return [line for line in self._lines if isinstance(line, Row)]

    def place(self, line: Line) -> int:
        """Where the line is now, -1 where it is not seen."""
        self._number()
        return line.at

    # Steps, for those who decide.

    def _remove(self, positions: list[int]) -> None:
        positions.sort(reverse=True)
        start = 0
        while start < len(positions):
            end = start
            while end + 1 < len(positions) and positions[end + 1] == positions[end] - 1:
                end += 1
            first, last = positions[end], positions[start]
            self.beginRemoveRows(QModelIndex(), first, last)
            for line in self._lines[first : last + 1]:
                line.at = -1
            del self._lines[first : last + 1]
            self._numbered = min(self._numbered, first)
            self.endRemoveRows()
            start = end + 1
        self._number()

    def _append(self, lines: list[Line]) -> None:
        if lines:
            first = len(self._lines)
            self.beginInsertRows(QModelIndex(), first, first + len(lines) - 1)
            self._lines.extend(lines)
            self._number()
            self.endInsertRows()

    def _permute(self, wanted: list[Line]) -> None:
        """The same lines in another order."""
        if wanted == self._lines:
            return
        self._number()
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        moved = [(self._lines[index.row()], index.column()) for index in old]
        self._take_lines(wanted)
        self.changePersistentIndexList(old, [self.index(line.at, column) for line, column in moved])
        self.layoutChanged.emit()

    def _take_lines(self, lines: list[Line]) -> None:
        self._lines = lines
        self._numbered = 0
        self._number()

    def _number(self) -> None:
        """Tells each line where it is, as far as that has changed."""
        if self._numbered < len(self._lines):
            for at, line in enumerate(self._lines[self._numbered :], self._numbered):
                line.at = at
        self._numbered = len(self._lines)

    def _emit_changed(self, lines: Iterable[Line]) -> None:
        """One signal for each run of lines near each other: one for each line cost 60 times as much (measured)."""
        changed = list(lines)
        if not changed:
            return
        self._number()
        positions = sorted(line.at for line in changed if line.at >= 0)
        runs: list[tuple[int, int]] = []
        for at in positions:
            if runs and at <= runs[-1][1] + _NEAR:
                runs[-1] = (runs[-1][0], at)
            else:
                runs.append((at, at))
        if len(runs) > _MOST_SIGNALS:
            runs = [(runs[0][0], runs[-1][1])]
        for first, last in runs:
            self._emit_run(first, last)

    def _emit_run(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    # What Qt asks.

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own default
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """See QAbstractItemModel. Headings can be reached, but nothing can be done with them but to fold them."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        reached = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return reached | Qt.ItemFlag.ItemIsSelectable if isinstance(self._lines[index.row()], Row) else reached

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel. Column 0 speaks the row as a sentence."""
        if not index.isValid():
            return None
        line, at = self._lines[index.row()], index.column()
        if isinstance(line, GroupRow):
            return _heading_data(line, at, role)
        column = COLUMNS[at]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return line.sentence() if at == 0 else f"{column.title()}: {column.speech(line)}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column.align
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(line) or None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is Qt.Orientation.Horizontal and 0 <= section < len(COLUMNS):
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section].title()
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return COLUMNS[section].align
            if role == Qt.ItemDataRole.ToolTipRole:
                return COLUMNS[section].documented or None
        return None


def _heading_data(heading: GroupRow, at: int, role: int) -> str | None:
    if at == 0 and role == Qt.ItemDataRole.DisplayRole:
        return heading.words()
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return heading.sentence() if at == 0 else ""
    return None
