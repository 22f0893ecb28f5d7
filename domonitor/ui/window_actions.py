"""The window's actions, for toolbar, menus and keyboard alike; what they do is the window's to say."""

from __future__ import annotations

from PySide6.QtGui import QAction, QColor, QKeySequence
from PySide6.QtWidgets import QWidget

from domonitor.ui import text, theme
from domonitor.ui.actions import COMMANDS

_Shortcut = QKeySequence.StandardKey | str


class WindowActions:
    """One of each; their shortcuts work in the whole window.

    commands: those that are given to jobs.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._styled: list[tuple[QAction, str]] = []
        new, paste, find = QKeySequence.StandardKey.New, QKeySequence.StandardKey.Paste, QKeySequence.StandardKey.Find
        self.add = self._action("addAction", text.tr("Add"), new, "add", text.tr("Add downloads"))
        self.commands = {
            entry.command: self._action(entry.object_name, text.command_name(entry.command), entry.shortcut, entry.icon)
            for entry in COMMANDS
        }
        self.clear = self._action(
            "clearAction",
            text.tr("Clear finished"),
            "Ctrl+Shift+Delete",
            "clear",
            text.tr("Take finished, cancelled and gone downloads off the list"),
        )
        self.paste = self._action("pasteAction", text.tr("Add from clipboard"), paste)
        self.complete_self = self._action(
            "autoCompleteAction",
            text.tr("Finish downloads by themselves"),
            "",
            tip=text.tr("Files get their names as soon as they have arrived"),
        )
        self.complete_self.setCheckable(True)
        self.preferences = self._action("preferencesAction", text.tr("Preferences…"), "Ctrl+,")
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.find = self._action("findAction", text.tr("Find"), find)
        self.filters = self._action(
            "filtersAction",
            text.tr("Filters"),
            "Ctrl+Shift+F",
            "filter",
            text.tr("Show only some states, services or ages"),
        )
        self.filters.setCheckable(True)

    def restyle(self, enabled: QColor, disabled: str) -> None:
        """Follows the theme."""
        for action, icon in self._styled:
            action.setIcon(theme.icon(icon, enabled, disabled))

    def _action(self, name: str, title: str, shortcut: _Shortcut, icon: str = "", tip: str = "") -> QAction:
        action = QAction(title, self._window)
        action.setObjectName(name)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        if tip:
            action.setToolTip(tip)
        if icon:
            self._styled.append((action, icon))
        self._window.addAction(action)
        return action
