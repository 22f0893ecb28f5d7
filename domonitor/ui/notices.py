"""Quiet messages in the window: they wait to be read and take nothing away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from domonitor.ui import text, theme


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
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(text.tr("Close the message"))
        self._close.setToolTip(text.tr("Close the message"))
        self._close.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.restyle()
        self.hide()

    def tell(self, message: str) -> None:
        """Shows the message in place of the last one."""
        self._label.setText(message)
        self.show()

    def clear(self) -> None:
        """Takes the message away."""
        self.hide()
        self._label.clear()

    @property
    def message(self) -> str:
        """What is shown, "" for nothing."""
        return self._label.text()

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setStyleSheet(
            f"#noticeBar {{ background: {colors.warning_back}; border-bottom: 1px solid {colors.line}; }}"
        )
        self._close.setIcon(theme.icon("cancel", colors.muted))
