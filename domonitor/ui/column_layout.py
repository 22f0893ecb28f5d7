"""Which columns are shown, in which order and how wide, and by which one the list is sorted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QTableView

from domonitor.ui import text
from domonitor.ui.columns import AT, COLUMNS, FIRST_ORDER, GROUPED, NAME, USER

_NARROWEST = 40
_WIDEST = 4_000
_STEP = 20
"""By so many pixels a column is widened by keyboard."""


class Preset(Enum):
    """A set of columns for one kind of reader."""

    USER = "user"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class _Shown:
    name: str
    width: int
    is_shown: bool


class ColumnLayout:
    """The columns of one table. Its menus are for the header and for the menu bar."""

    def __init__(self, table: QTableView) -> None:
        self._table = table
        self._header = table.horizontalHeader()
        self._header.setSortIndicator(GROUPED, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._open_menu)
        self._header.setToolTip("")
        self._keys = [
            self._key(text.tr('Move "{column}" to the left'), "Alt+Left", lambda at: self._move(at, -1)),
            self._key(text.tr('Move "{column}" to the right'), "Alt+Right", lambda at: self._move(at, 1)),
            self._key(text.tr('Make "{column}" narrower'), "Alt+Shift+Left", lambda at: self._widen(at, -_STEP)),
            self._key(text.tr('Make "{column}" wider'), "Alt+Shift+Right", lambda at: self._widen(at, _STEP)),
        ]
        self.show_preset(Preset.USER)

    # Kept in the settings.

    def as_text(self) -> str:
        """What restore() takes again."""
        order = sorted(range(len(COLUMNS)), key=self._header.visualIndex)
        sorted_by = self._header.sortIndicatorSection()
        return json.dumps(
            {
                "sort": COLUMNS[sorted_by].name if 0 <= sorted_by < len(COLUMNS) else "",
                "descending": self._header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder,
                "columns": [[COLUMNS[at].name, self._width(at), not self._header.isSectionHidden(at)] for at in order],
            }
        )

    def restore(self, kept: str) -> None:
        """Gives the columns the kept layout; where nothing was kept, or it is damaged, they stay as they are."""
        try:
            values = json.loads(kept)
            columns = _columns(values["columns"])
            sorted_by, is_descending = AT.get(values["sort"], GROUPED), bool(values["descending"])
        except (ValueError, KeyError, TypeError):
            return
        if columns:
            self._lay_out(columns)
        self.sort(sorted_by, is_descending=is_descending)

    # What the user does.

    def show_preset(self, preset: Preset) -> None:
        """Shows the preset's columns in their first order and width; the list stays sorted as it is."""
        rest = [column.name for column in COLUMNS if column.name not in FIRST_ORDER]
        is_all = preset is Preset.SUPPORT
        self._lay_out(
            [_Shown(name, COLUMNS[AT[name]].width, is_all or name in FIRST_ORDER) for name in (*FIRST_ORDER, *rest)]
        )

    def reset(self) -> None:
        """As at the very first start: the first columns, and the list in groups."""
        self.show_preset(Preset.USER)
        self.sort(GROUPED)

    def sort(self, column: int, *, is_descending: bool = False) -> None:
        """Sorts the list by the column, GROUPED for groups."""
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        self._table.sortByColumn(column, order)

    def show_column(self, at: int, *, is_shown: bool) -> None:
        """Shows or hides a column; the name stays, and so at least one."""
        if at != NAME:
            self._header.setSectionHidden(at, not is_shown)
            if is_shown and self._header.sectionSize(at) < _NARROWEST:
                self._header.resizeSection(at, COLUMNS[at].width)

    # Menus.

    def fill_view_menu(self, menu: QMenu) -> None:
        """Everything on columns and order, for the menu bar: there the keyboard finds it."""
        sorting = menu.addMenu(text.tr("&Sort by"))
        sorting.setObjectName("sortMenu")
        sorting.aboutToShow.connect(lambda: self._fill_sorting(sorting))
        columns = menu.addMenu(text.tr("&Columns"))
        columns.setObjectName("columnsMenu")
        columns.aboutToShow.connect(lambda: self._fill_columns(columns))

    def _fill_sorting(self, menu: QMenu) -> None:
        menu.clear()
        now, order = self._header.sortIndicatorSection(), self._header.sortIndicatorOrder()
        choices = QActionGroup(menu)
        entries = [(GROUPED, text.tr("In groups"))]
        entries += [(at, column.title()) for at, column in enumerate(COLUMNS) if not self._header.isSectionHidden(at)]
        for at, title in entries:
            action = _choice(menu, title, at == now)
            choices.addAction(action)
            action.triggered.connect(lambda _=False, at=at: self.sort(at))
        menu.addSeparator()
        backwards = _choice(menu, text.tr("Backwards"), order is Qt.SortOrder.DescendingOrder)
        backwards.setEnabled(now != GROUPED)
        backwards.triggered.connect(lambda is_on: self.sort(now, is_descending=is_on))

    def _fill_columns(self, menu: QMenu) -> None:
        menu.clear()
        for at in range(len(USER)):
            self._add_column(menu, at)
        more = menu.addMenu(text.tr("More"))
        for at in range(len(USER), len(COLUMNS)):
            self._add_column(more, at)
        menu.addSeparator()
        for title, name, done in (
            (text.tr("Columns for everyday"), "userPresetAction", lambda: self.show_preset(Preset.USER)),
            (text.tr("Columns for support (all)"), "supportPresetAction", lambda: self.show_preset(Preset.SUPPORT)),
            (text.tr("Reset columns and order"), "resetColumnsAction", self.reset),
        ):
            action = menu.addAction(title)
            action.setObjectName(name)
            action.triggered.connect(lambda _=False, done=done: done())

        menu.addSeparator()
        for action in self._keys:
            action.setText(str(action.data()).replace("{column}", COLUMNS[self._focused()].title()))
            menu.addAction(action)

    def _add_column(self, menu: QMenu, at: int) -> None:
        action = _choice(menu, COLUMNS[at].title(), not self._header.isSectionHidden(at))
        action.setEnabled(at != NAME)
        action.toggled.connect(lambda is_on: self.show_column(at, is_shown=is_on))

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill_columns(menu)
        menu.popup(self._header.mapToGlobal(place))

    # By keyboard: what the mouse does with the titles.

    def _key(self, title: str, keys: str, done: Callable[[int], None]) -> QAction:
        """An action on the column in which the focus is. title: with {column} in place of the column's own."""
        action = QAction(title, self._table)
        action.setWhatsThis(title.replace('"{column}"', text.tr("the column that has the focus")))
        action.setData(title)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: done(self._focused()))
        self._table.addAction(action)
        return action

    def _focused(self) -> int:
        return max(self._table.currentIndex().column(), NAME)

    def _move(self, at: int, step: int) -> None:
        """By one place among the columns that are shown."""
        place = self._header.visualIndex(at) + step
        while 0 <= place < len(COLUMNS) and self._header.isSectionHidden(self._header.logicalIndex(place)):
            place += step
        if 0 <= place < len(COLUMNS):
            self._header.moveSection(self._header.visualIndex(at), place)
            self._table.scrollTo(self._table.currentIndex())

    def _widen(self, at: int, by: int) -> None:
        self._header.resizeSection(at, min(max(self._header.sectionSize(at) + by, _NARROWEST), _WIDEST))

    # Steps.

    def _width(self, at: int) -> int:
        """Of a hidden column, the width with which it would come back."""
        if not self._header.isSectionHidden(at):
            return self._header.sectionSize(at)
        return COLUMNS[at].width

    def _lay_out(self, columns: list[_Shown]) -> None:
        for place, column in enumerate(columns):
            at = AT[column.name]
            self._header.setSectionHidden(at, not column.is_shown and at != NAME)
            self._header.resizeSection(at, column.width)
            self._header.moveSection(self._header.visualIndex(at), place)


def _columns(values: Any) -> list[_Shown]:
    """The kept columns that there still are, and behind them those that are new, hidden. Raises for what is no list."""
    found = {
        name: _Shown(name, min(max(int(width), _NARROWEST), _WIDEST), bool(is_shown))
        for name, width, is_shown in values
        if name in AT
    }
    if not found:
        return []
    for column in COLUMNS:
        found.setdefault(column.name, _Shown(column.name, column.width, is_shown=False))
    return list(found.values())


def _choice(menu: QMenu, title: str, is_on: bool) -> QAction:
    action = menu.addAction(title)
    action.setCheckable(True)
    action.setChecked(is_on)
    return action
