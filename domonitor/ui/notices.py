"""Quiet messages in the window: they wait to be read and take nothing away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from domonitor.ui import text, theme
from domonitor.ui.results import ResultDialog


class NoticeBar(QFrame):
    """One line for the latest message, gone when it is closed or cleared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName(text.tr("Message"))
        self._label = QLabel()
        self._label.setObjectName("noticeText")
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._full = ""
        self._more = QPushButton(text.tr("Show all…"))
        self._more.setObjectName("noticeMore")
        self._more.clicked.connect(self._show_all)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(text.tr("Close the message"))
        self._close.setToolTip(text.tr("Close the message"))
        self._close.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.restyle()
        self.hide()

    def tell(self, message: str, full: str = "") -> None:
        """Shows the message in place of the last one. full: all of it, where that is more."""
        self._label.setText(message)
        self._full = full
        self._more.setVisible(bool(full))
        self.show()

    def clear(self) -> None:
        """Takes the message away."""
        self.hide()
        self._label.clear()

    def _show_all(self) -> None:
        ResultDialog(self._full, self).open()

    @property
    def message(self) -> str:
        """What is shown, "" for nothing."""
        return self._label.text()

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(QGuiApplication.palette())  # its own has the ground of its style sheet
        self.setStyleSheet(
            f"#noticeBar {{ background: {colors.warning_back}; border-bottom: 1px solid {colors.line}; }}"
        )
        self._close.setIcon(theme.icon("cancel", colors.muted))
