"""The facts of an error, folded to one line until somebody wants them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from domonitor.ui import text
from domonitor.ui.flow import FlowLayout
from domonitor.ui.labels import ElidedLabel


class Facts(QWidget):
    """One line with a button that unfolds it; whether it is unfolded stays from job to job.

    names: of each fact its object name, its title, and whether it is a sentence, which is read whole; of the others
    the middle is left out where they are too long. buttons: stand below the facts.
    """

    def __init__(self, names: Sequence[tuple[str, str, bool]], buttons: Sequence[QWidget]) -> None:
        super().__init__()
        self._toggle = QToolButton()
        self._toggle.setObjectName("errorFactsButton")
        self._toggle.setText(text.tr("Facts"))
        self._toggle.setToolTip(text.tr("Show what is known of the error in detail"))
        self._toggle.setCheckable(True)
        self._toggle.setAutoRaise(True)
        self._toggle.setArrowType(Qt.ArrowType.RightArrow)
        self._toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._toggle.toggled.connect(self._unfold)
        self._line = ElidedLabel()
        self._line.setObjectName("errorFactsLine")
        self._line.setAccessibleName(text.tr("Facts"))
        self._tried = QLabel()
        self._tried.setObjectName("errorTried")
        self._tried.setAccessibleName(text.tr("How often"))
        self._tried.setTextFormat(Qt.TextFormat.PlainText)
        self._grid_of_facts = QWidget()
        grid = QGridLayout(self._grid_of_facts)
        grid.setContentsMargins(4, 2, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self._labels = [self._fact(grid, at, *fact) for at, fact in enumerate(names)]
        more = FlowLayout()
        for button in buttons:
            more.addWidget(button)
        grid.setRowMinimumHeight(len(names), 4)
        grid.addLayout(more, len(names) + 1, 0, 1, 2)
        self._grid_of_facts.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignLeft)
        row.addWidget(self._line, 1)
        row.addWidget(self._tried)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self._grid_of_facts)

    def show_facts(self, line: str, tried: str, values: Sequence[str]) -> None:
        """line: the most telling of them. tried: how often, and when. values: in the order of the names."""
        self._line.setText(line)
        self._tried.setText(tried)
        for label, words in zip(self._labels, values, strict=True):
            label.setText(words)

    def _unfold(self, is_open: bool) -> None:
        self._toggle.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._grid_of_facts.setVisible(is_open)
        for widget in (self._line, self._tried):
            widget.setVisible(not is_open)

    def _fact(self, grid: QGridLayout, at: int, name: str, title: str, is_sentence: bool) -> QLabel:
        label = plain_label(name, title) if is_sentence else ElidedLabel()
        label.setObjectName(name)
        label.setAccessibleName(title)
        head = QLabel(title)
        head.setProperty("role", "title")
        grid.addWidget(head, at, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label, at, 1)
        return label


def plain_label(name: str, accessible_name: str) -> QLabel:
    """A label for sentences, which can be marked and copied."""
    label = QLabel()
    label.setObjectName(name)
    label.setAccessibleName(accessible_name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
