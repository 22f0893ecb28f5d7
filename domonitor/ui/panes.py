"""F6 goes from pane to pane, as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget


class Panes:
    """The panes of a window in the order in which F6 reaches them, Shift+F6 backwards.

    panes: gives them; one that is not visible, or in which nothing takes the focus, is left out.
    """

    def __init__(self, window: QWidget, panes: Callable[[], Sequence[QWidget]]) -> None:
        self._panes = panes
        for keys, step in (("F6", 1), ("Shift+F6", -1)):
            shortcut = QShortcut(QKeySequence(keys), window)
            shortcut.activated.connect(lambda step=step: self.go(step))

    def go(self, step: int) -> None:
        """Goes on by so many panes."""
        targets = [(pane, first) for pane in self._panes() if (first := _first(pane)) is not None]
        if not targets:
            return
        focused = QApplication.focusWidget()
        now = next((at for at, (pane, _) in enumerate(targets) if _holds(pane, focused)), None)
        at = (0 if step > 0 else -1) if now is None else (now + step) % len(targets)
        targets[at][1].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def enter(self, pane: QWidget) -> None:
        """Goes to this one, where anything in it takes the focus."""
        target = _first(pane)
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)


def _holds(pane: QWidget, focused: QWidget | None) -> bool:
    return focused is not None and (pane is focused or pane.isAncestorOf(focused))


def _first(pane: QWidget) -> QWidget | None:
    """What takes the focus of the pane."""
    if not pane.isVisible():
        return None
    for widget in (pane, *pane.findChildren(QWidget)):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and widget.isVisible() and widget.isEnabled():
            return widget
    return None
