"""Addresses that are dropped on the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget


class Drops(QObject):
    """Takes what is dropped anywhere on a window. add: gets the addresses, one a line."""

    def __init__(self, window: QWidget, add: Callable[[str], object]) -> None:
        super().__init__(window)
        self._add = add
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See QObject."""
        if isinstance(event, QDropEvent) and event.type() in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            data = event.mimeData()
            if data.hasText() or data.hasUrls():
                event.acceptProposedAction()
                if not isinstance(event, QDragEnterEvent):
                    self._add(_addresses(data))
                return True
        return super().eventFilter(watched, event)


def _addresses(data: QMimeData) -> str:
    # Encoded: as a text, a QUrl turns %20 back into a space.
    urls = [url.toEncoded().toStdString() for url in data.urls()] if data.hasUrls() else [data.text()]
    return "\n".join(urls)
