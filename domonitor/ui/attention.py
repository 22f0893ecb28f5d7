"""Whether anybody can see the window, for whoever does less meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

_TYPES = {QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange}


class Attention(QObject):
    """Tells when a window comes out of sight (minimised, hidden, on no screen) and when it comes back.

    tell: gets whether it is hidden, each time that this is something else; at first it is told.
    """

    def __init__(self, window: QWidget, tell: Callable[[bool], None]) -> None:
        super().__init__(window)
        self._window = window
        self._tell = tell
        self._is_hidden = not window.isVisible()
        tell(self._is_hidden)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See QObject."""
        if watched is self._window and event.type() in _TYPES:
            is_away = event.type() is QEvent.Type.Hide
            is_away = is_away or (event.type() is QEvent.Type.WindowStateChange and not self._window.isVisible())
            is_hidden = is_away or self._window.isMinimized()
            if is_hidden is not self._is_hidden:
                self._is_hidden = is_hidden
                self._tell(is_hidden)
        return super().eventFilter(watched, event)
