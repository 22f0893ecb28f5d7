"""The choice of the theme, as a menu."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from domonitor.settings import Theme
from domonitor.ui import text


class ThemeMenu(QMenu):
    """One entry for each theme, the present one checked.

    Signals: theme_chosen(Theme).
    """

    theme_chosen = Signal(object)

    def __init__(self, present: str, parent: QWidget) -> None:
        super().__init__(text.tr("Theme"), parent)
        self.setObjectName("themeMenu")
        group = QActionGroup(self)
        titles = {Theme.SYSTEM: text.tr("As the system"), Theme.LIGHT: text.tr("Light"), Theme.DARK: text.tr("Dark")}
        for choice, title in titles.items():
            action = self.addAction(title)
            action.setObjectName(f"{choice.value}ThemeAction")
            action.setCheckable(True)
            action.setChecked(present == choice.value)
            action.triggered.connect(lambda _=False, choice=choice: self.theme_chosen.emit(choice))
            group.addAction(action)
