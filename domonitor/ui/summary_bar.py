"""The summary: one sentence on all jobs, and how fast they are together."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from domonitor.ui import text
from domonitor.ui.job_rows import JobRows
from domonitor.ui.labels import ElidedLabel


class SummaryBar(QWidget):
    """Sentence to the left, speed to the right.

    words: makes the sentence, of the jobs and of the seconds that are left until the last one is done.
    Signals: told(), the sentence is another one now.
    """

    told = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("summaryBar")
        self.words: Callable[[JobRows, float | None], str] = _own
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.sentence = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.sentence.setObjectName("summaryLabel")
        self.sentence.setAccessibleName(text.tr("Summary"))
        self.speed = QLabel()
        self.speed.setObjectName("speedLabel")
        self.speed.setAccessibleName(text.tr("Speed of all downloads"))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 14, 9)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.speed)

    def show_jobs(self, jobs: JobRows) -> None:
        """Says how it stands."""
        bytes_per_s, longest_s = jobs.totals()
        sentence = self.words(jobs, longest_s)
        if sentence != self.sentence.text():
            self.sentence.setText(sentence)
            self.told.emit()
        self.speed.setText(text.speed(bytes_per_s) if bytes_per_s >= 1 else "")


def _own(jobs: JobRows, longest_s: float | None) -> str:
    return text.summary(jobs.own_states(), longest_s)
