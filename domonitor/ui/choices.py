"""The settings as the window knows them: what the user has chosen, and what his administrator has laid down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from domonitor.settings import Settings
from domonitor.ui import text
from domonitor.ui.tasks import TaskOwner


class Choices(QObject):
    """The window's one place for settings. locked: those that can't be changed.

    Signals: changed(Settings), whenever something was chosen.
    """

    changed = Signal(object)

    def __init__(self, settings: Settings, locked: frozenset[str], parent: QObject) -> None:
        super().__init__(parent)
        self.settings = settings
        self.locked = locked

    def set(self, **values: object) -> None:
        """Chooses these values; those of locked settings stay as they are."""
        allowed = {name: value for name, value in values.items() if name not in self.locked}
        self.settings = replace(self.settings, **allowed)  # type: ignore[arg-type]
        self.changed.emit(self.settings)

    def bind(self, action: QAction, name: str) -> None:
        """Makes the setting and what can be ticked in a menu the same thing."""

        def choose(is_on: bool) -> None:
            if getattr(self.settings, name) is not is_on:
                self.set(**{name: is_on})

        action.setChecked(getattr(self.settings, name))
        if name in self.locked:
            action.setEnabled(False)
            action.setToolTip(set_by_administrator())
            action.setStatusTip(set_by_administrator())
        action.toggled.connect(choose)
        self.changed.connect(lambda now: action.setChecked(getattr(now, name)))

    def opener(self, tasks: TaskOwner, window: QWidget) -> Callable[[], None]:
        """What opens the dialog for them."""

        def open_dialog() -> None:
            from domonitor.ui.preferences import PreferencesDialog  # the window is there sooner without it

            PreferencesDialog(self, tasks, window).open()

        return open_dialog


def set_by_administrator() -> str:
    """Why something can't be chosen."""
    return text.tr("Set by your administrator")


def lock(*widgets: QWidget) -> None:
    """Switches the widgets off, and says why to whoever points at them or has them read aloud."""
    for widget in widgets:
        widget.setEnabled(False)
        widget.setToolTip(set_by_administrator())
        widget.setAccessibleDescription(set_by_administrator())
