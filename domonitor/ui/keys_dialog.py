"""Help > Keyboard: every key that does something in the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from domonitor.ui import text
from domonitor.ui.plain_table import PlainColumn, PlainTableModel, plain_table

_Key = tuple[str, str]


class KeysDialog(QDialog):
    """The keys of the window's actions, as they are now, and those that its parts know by themselves."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("keysDialog")
        self.setWindowTitle(text.tr("Keyboard"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 560)
        columns: tuple[PlainColumn[_Key], ...] = (
            PlainColumn(text.tr("Key"), lambda key: key[0], 240),
            PlainColumn(text.tr("What it does"), lambda key: key[1], 100),
        )
        model = PlainTableModel(columns, self, lambda key: f"{key[0]}: {key[1]}")
        model.set_rows((*_of_the_parts(), *_of_actions(window)))
        table = plain_table("keysTable", text.tr("Keys and what they do"), model)
        table.setStyleSheet("QTableView::item { padding: 0 6px; }")
        table.selectRow(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(table, 1)
        layout.addWidget(buttons)


def _of_actions(window: QWidget) -> list[_Key]:
    found: dict[str, str] = {}
    for action in window.findChildren(QAction):
        if not action.shortcut().isEmpty():
            shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            found[shown] = action.whatsThis() or action.text().replace("&", "").rstrip("…")
    return list(found.items())


def _of_the_parts() -> list[_Key]:
    return [
        (text.tr("F6, Shift+F6"), text.tr("To the next pane, or back to the one before")),
        (text.tr("Tab, Shift+Tab"), text.tr("To the next thing that takes keys, or back")),
        (text.tr("Alt or F10"), text.tr("To the menus; why a command is not offered is said below")),
        (text.tr("Up, Down, Home, End"), text.tr("Through the list, one download or heading after the other")),
        (text.tr("Shift+Up, Shift+Down"), text.tr("Choose several that follow each other")),
        (text.tr("Ctrl+Up, Ctrl+Down, Ctrl+Space"), text.tr("Choose several one by one")),
        (text.tr("Ctrl+A"), text.tr("Choose all")),
        (text.tr("Left, Right, Space, Enter"), text.tr("On a heading: fold or unfold the group")),
        (text.tr("Enter"), text.tr("On a download: to what explains it")),
        (text.tr("Left, Right"), text.tr("On a download: from column to column")),
        (text.tr("Menu or Shift+F10"), text.tr("What can be done with what is chosen")),
        (text.tr("Down or Enter"), text.tr("In the filter: go to the list")),
        (text.tr("Escape"), text.tr("In the filter: empty it. In a question: change nothing")),
        (text.tr("Alt+F, Alt+T, Alt+S, Alt+G"), text.tr("Files, timeline, speed and every field of the download")),
        (text.tr("Enter"), text.tr("In the files: open the chosen one")),
        (text.tr("Ctrl+C"), text.tr("In the list of fields: copy the value")),
    ]
