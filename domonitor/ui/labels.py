"""A label for text that may be longer than its place."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel


class ElidedLabel(QLabel):
    """Lines of which a part is left out where one does not fit; the whole text is the tooltip. elide: which part."""

    def __init__(self, elide: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> None:
        super().__init__()
        self._elide = elide
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def setText(self, text: str) -> None:
        """See QLabel."""
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """See QWidget. It gives way to everything else."""
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """See QWidget."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        place = self.contentsRect()
        shown = "\n".join(
            self.fontMetrics().elidedText(line, self._elide, place.width()) for line in self.text().splitlines()
        )
        painter.drawText(place, self.alignment(), shown)
