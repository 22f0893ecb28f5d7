"""The place of the error panel: as high as the panel needs, and scrolling where there is less room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy

from domonitor.ui.error_panel import ErrorPanel

_LEAST_LINES = 16
"""So much of it is seen in the smallest window: all buttons, also where they take two lines."""


class ErrorArea(QScrollArea):
    """Holds the panel, and is there only while it is.

    Signals: turned(), when it has come or gone.
    """

    turned = Signal()

    def __init__(self, panel: ErrorPanel) -> None:
        super().__init__()
        self._panel = panel
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(panel)
        panel.installEventFilter(self)
        self.setVisible(not panel.isHidden())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See QObject."""
        if watched is self._panel:
            if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
                self.setVisible(event.type() is QEvent.Type.ShowToParent)
                self.turned.emit()
            if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.ShowToParent):
                self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See QWidget."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def sizeHint(self) -> QSize:
        """See QWidget."""
        return QSize(super().sizeHint().width(), self._wanted())

    def minimumSizeHint(self) -> QSize:
        """See QWidget."""
        return QSize(0, min(self._wanted(), self.fontMetrics().lineSpacing() * _LEAST_LINES))

    def _wanted(self) -> int:
        return max(self._panel.heightForWidth(max(self.viewport().width(), 1)), 1)

    def _fit(self) -> None:
        self.setMaximumHeight(self._wanted())
        self.updateGeometry()
