"""The choice of the theme, as a menu."""

from __future__ import annotations

from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from domonitor.settings import Settings, Theme
from domonitor.ui import text, theme
from domonitor.ui.choices import Choices


class ThemeMenu(QMenu):
    """One entry for each theme, the present one checked. What is chosen, here or elsewhere, is seen at once."""

    def __init__(self, choices: Choices, parent: QWidget) -> None:
        super().__init__(text.tr("Theme"), parent)
        self.setObjectName("themeMenu")
        self._choices = choices
        self._present = choices.settings.theme
        group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for choice in Theme:
            action = self.addAction(theme_name(choice))
            action.setObjectName(f"{choice.value}ThemeAction")
            action.setCheckable(True)
            action.setChecked(self._present == choice.value)
            action.triggered.connect(lambda _=False, choice=choice: choices.set(theme=choice.value))
            group.addAction(action)
            self._actions[choice.value] = action
        choices.changed.connect(self._follow)
        # A change of the system's own scheme comes here; a choice made in the window does so too, and changes nothing.
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def _follow(self, now: Settings) -> None:
        if now.theme != self._present:
            self._present = now.theme
            self._actions[now.theme].setChecked(True)
            theme.apply(now.theme)

    def _follow_system(self) -> None:
        if self._present == Theme.SYSTEM:
            theme.apply(self._present)


def theme_name(choice: Theme) -> str:
    """A theme, as a choice."""
    return {
        Theme.SYSTEM: text.tr("As the system"),
        Theme.LIGHT: text.tr("Light"),
        Theme.DARK: text.tr("Dark"),
    }[choice]
