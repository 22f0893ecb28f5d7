"""What warns of the chosen job, above its tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout

from domonitor.jobs.job import Job
from domonitor.ui import text
from domonitor.ui.facts import plain_label
from domonitor.ui.labels import ElidedLabel
from domonitor.ui.theme import Colors
from domonitor.words.caution import caution


class Caution(QFrame):
    """Which program the job runs at its end, however long its command line is, and what to think of that."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("detailsCaution")
        self._command = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._command.setObjectName("cautionCommand")
        self._advice = plain_label("cautionAdvice", text.tr("Warning"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 7, 12, 7)
        layout.setSpacing(2)
        layout.addWidget(self._command)
        layout.addWidget(self._advice)
        self.set_job(None)

    def set_job(self, job: Job | None) -> None:
        """Shows what warns of the job, and nothing where nothing does."""
        command, advice = caution(job) if job is not None else ("", "")
        self._command.setText(command)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        self.setVisible(bool(command))

    @staticmethod
    def rules(colors: Colors) -> str:
        """In the colour of what somebody should look at."""
        return (
            f"#detailsCaution {{ background: {colors.warning_back}; border-bottom: 1px solid {colors.line}; }}"
            f"#detailsCaution QLabel {{ color: {colors.warning}; }}"
        )
