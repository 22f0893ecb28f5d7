"""The Downloads menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from domonitor.ui import text
from domonitor.ui.reasons import with_reasons
from domonitor.ui.window_actions import WindowActions


class DownloadsMenu(QMenu):
    """What can be done with downloads, and the way out. quit_all: ends the window."""

    def __init__(self, acts: WindowActions, window: QWidget, quit_all: Callable[[], object]) -> None:
        super().__init__(text.tr("&Downloads"), window)
        with_reasons(self)
        self.addActions([acts.add, acts.paste])
        self.addSeparator()
        self.addActions(list(acts.commands.values()))
        self.addSeparator()
        self.addActions([acts.clear, acts.complete_self])
        self.addSeparator()
        self.addAction(acts.preferences)
        self.addSeparator()
        quit_action = self.addAction(text.tr("Quit"))
        quit_action.setObjectName("quitAction")
        quit_action.setShortcut(QKeySequence.StandardKey.Quit)
        quit_action.triggered.connect(lambda: quit_all())
