"""What the window shows while there is no download, or none that passes the filter."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from domonitor.ui import text, theme


class EmptyPage(QWidget):
    """Says what to do first.

    Signals: add_requested(), the button was pressed.
    """

    add_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyPage")
        self._picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(text.tr("The list is empty"), alignment=Qt.AlignmentFlag.AlignCenter)
        self._title.setObjectName("emptyTitle")
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._title.setFont(font)
        self._hint = QLabel(
            text.tr("Add an address, paste one, or drop one here."), alignment=Qt.AlignmentFlag.AlignCenter
        )
        self._hint.setObjectName("emptyHint")
        self._hint.setWordWrap(True)
        self._button = QPushButton(text.tr("Add downloads"))
        self._button.setObjectName("emptyAddButton")
        self._button.clicked.connect(self.add_requested)
        self.setFocusProxy(self._button)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._picture)
        layout.addSpacing(10)
        layout.addWidget(self._title)
        layout.addWidget(self._hint)
        layout.addSpacing(12)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self.restyle()

    def say(self, title: str, hint: str) -> None:
        """Says this in place of what to do first, where nothing can be added."""
        self._title.setText(title)
        self._hint.setText(hint)
        self._button.hide()
        self._title.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFocusProxy(self._title)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self._picture.setPixmap(theme.pixmap("empty", colors.muted, 56, self.devicePixelRatioF()))
        self._button.setIcon(theme.icon("add", self.palette().buttonText().color()))
        self.setStyleSheet(f"#emptyHint {{ color: {colors.muted}; }} QPushButton {{ padding: 7px 14px; }}")


class NothingPage(QWidget):
    """Says that nothing passes the filter, and leads out of it.

    Signals: all_requested(), everything is to be shown again.
    """

    all_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("nothingPage")
        self._title = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._title.setObjectName("nothingTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._hint.setObjectName("nothingHint")
        self._hint.setWordWrap(True)
        self._button = QPushButton(text.tr("Show all downloads"))
        self._button.setObjectName("showAllButton")
        self._button.clicked.connect(self.all_requested)
        self.setFocusProxy(self._button)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(self._title)
        layout.addWidget(self._hint)
        layout.addSpacing(8)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        self.restyle()

    def say(self, title: str, hint: str) -> None:
        """What is missing, and what to do."""
        self._title.setText(title)
        self._hint.setText(hint)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setStyleSheet(f"#nothingHint {{ color: {colors.muted}; }} QPushButton {{ padding: 6px 12px; }}")
