"""What failed, where, why, and what to do: shown while the chosen job is in an error state."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from domonitor.jobs.error import CopyError
from domonitor.jobs.job import Job
from domonitor.jobs.state import Command, JobState
from domonitor.ui import text, theme
from domonitor.ui.actions import COMMANDS
from domonitor.ui.labels import ElidedLabel
from domonitor.words import failure
from domonitor.words.question import is_offered, why_not

PANEL_COMMANDS = (Command.RESUME, Command.COMPLETE, Command.CANCEL)


class ErrorPanel(QFrame):
    """The panel. It never takes the focus by itself.

    Signals: command_requested(Command).
    """

    command_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorPanel")
        self.setAccessibleName(text.tr("What went wrong"))
        self._job: Job | None = None
        self._error: CopyError | None = None
        self._icon = QLabel()
        self._headline = _label("errorHeadline", text.tr("What happened"))
        self._meaning = _label("errorMeaning", text.tr("What it means"))
        self._remedy = _label("errorRemedy", text.tr("What to do"))
        self._retry = _label("errorRetry", text.tr("Next attempt"))
        self._recorded = _label("errorRecorded", text.tr("Where this comes from"))
        self._recorded.setProperty("role", "title")
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(12)
        self._facts.setVerticalSpacing(3)
        self._facts.setColumnStretch(1, 1)
        names = ("errorContext", "errorFile", "errorCode", "errorDescription", "errorTime")
        sentences = ("errorContext", "errorDescription")
        self._fact_labels = [
            self._fact(name, title, wraps=name in sentences)
            for name, title in zip(names, failure.titles(), strict=True)
        ]
        self.buttons: dict[Command, QPushButton] = {}
        self.copy_button = QPushButton(text.tr("Copy"))
        self.copy_button.setObjectName("errorCopyButton")
        self.copy_button.setToolTip(text.tr("Copy all of this as text"))
        self.copy_button.clicked.connect(self._copy)
        self._build()
        self.restyle()
        self.hide()

    def show_error(self, job: Job, error: CopyError, served: frozenset[Command], recorded: str = "") -> None:
        """Shows a job's error.

        served: the commands that the job's service can do at all. recorded: that the error comes from a record, ""
        where the service holds it.
        """
        self._job, self._error = job, error
        told = failure.failure(job, error, datetime.now(UTC), recorded)
        self._headline.setText(told.headline)
        self._meaning.setText(told.meaning)
        self._remedy.setText(told.remedy)
        for label, (_, words) in zip(self._fact_labels, told.facts, strict=True):
            label.setText(words)
        self._recorded.setText(recorded)
        self._recorded.setVisible(bool(recorded))
        kept, total = job.progress.files_transferred, job.progress.files_total
        self.buttons[Command.COMPLETE].setText(
            text.tr("Complete: keeps {kept} of {total}…").format(kept=kept, total=total)
            if 0 < kept < total
            else text.command_name(Command.COMPLETE)
        )
        for command, button in self.buttons.items():
            button.setEnabled(is_offered(job, command, served))
            button.setToolTip(text.command_purpose(command) if button.isEnabled() else why_not([job], command))
        is_new = self.isHidden()
        self.tick()
        self.restyle()
        if is_new:
            self.show()

    def clear(self) -> None:
        """Nothing is wrong with the chosen job."""
        self._job = self._error = None
        self.hide()

    def tick(self) -> None:
        """Counts down to the next attempt."""
        if self._error is None or self._job is None:
            return
        self._retry.setText(failure.retry(self._job, self._error, datetime.now(UTC)))

    def as_text(self) -> str:
        """All of it as text to hand on, without secrets."""
        if self._job is None or self._error is None:
            return ""
        told = failure.failure(self._job, self._error, datetime.now(UTC), self._recorded.text())
        return told.as_text(self._job)

    def restyle(self) -> None:
        """Follows the theme and the state: calm where it passes by itself."""
        colors = theme.colors(self.palette())
        passes = self._job is not None and self._job.state is JobState.TRANSIENT_ERROR
        strong, back = (colors.warning, colors.warning_back) if passes else (colors.danger, colors.danger_back)
        self.setStyleSheet(
            f"#errorPanel {{ background: {back}; border: none; border-left: 4px solid {strong}; }}"
            f"#errorHeadline {{ color: {strong}; font-weight: 600; }}"
            f'QLabel[role="title"] {{ color: {colors.muted}; }}'
        )
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(theme.pixmap("state-transient" if passes else "state-error", strong, 20, ratio))
        self.copy_button.setIcon(theme.icon("copy", self.palette().buttonText().color()))
        for entry in COMMANDS:
            if entry.command in self.buttons:
                self.buttons[entry.command].setIcon(
                    theme.icon(entry.icon, self.palette().buttonText().color(), colors.muted)
                )

    def _build(self) -> None:
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._headline.setFont(font)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._headline, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        for command in PANEL_COMMANDS:
            button = QPushButton(text.command_name(command) + ("…" if command is Command.CANCEL else ""))
            button.setObjectName(f"error{command.value.title()}Button")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, command=command: self.command_requested.emit(command))
            self.buttons[command] = button
            row.addWidget(button)
        row.addWidget(self.copy_button)
        row.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self._meaning)
        left.addWidget(self._remedy)
        left.addWidget(self._retry)
        left.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addLayout(self._facts)
        right.addWidget(self._recorded)
        right.addStretch(1)
        body = QHBoxLayout()
        body.setSpacing(32)
        body.addLayout(left, 1)
        body.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addLayout(body)
        layout.addLayout(row)

    def _fact(self, name: str, title: str, *, wraps: bool = False) -> QLabel:
        """A line of facts. wraps: a sentence, which is read whole; the rest is left out in the middle."""
        label = _label(name, title) if wraps else ElidedLabel()
        label.setObjectName(name)
        label.setAccessibleName(title)
        head = QLabel(title)
        head.setProperty("role", "title")
        at = self._facts.rowCount()
        self._facts.addWidget(head, at, 0, Qt.AlignmentFlag.AlignTop)
        self._facts.addWidget(label, at, 1)
        return label

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_text())


def _label(name: str, accessible_name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setAccessibleName(accessible_name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
