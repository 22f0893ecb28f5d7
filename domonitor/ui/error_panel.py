"""What failed, where, why, and what to do: shown while the chosen job is in an error state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from domonitor.jobs import codes
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.state import Command, JobState
from domonitor.ui import text, theme
from domonitor.ui.actions import COMMANDS
from domonitor.ui.facts import Facts, plain_label
from domonitor.ui.flow import FlowLayout
from domonitor.ui.labels import ElidedLabel
from domonitor.words import failure, report
from domonitor.words.attempts import attempts
from domonitor.words.masking import without_secrets_in
from domonitor.words.question import is_offered, why_not

PANEL_COMMANDS = (Command.RESUME, Command.SET_ADDRESS, Command.COMPLETE, Command.CANCEL)

_NAMES = {Command.SET_ADDRESS: "changeAddressButton"}
_ICONS = {entry.command: entry.icon for entry in COMMANDS}
_NAME_WIDTH = 260


class ErrorPanel(QFrame):
    """The panel. It never takes the focus by itself.

    Signals: command_requested(Command); address_requested(), when one of the addresses is to be another one;
    explain_requested(code).
    """

    command_requested = Signal(object)
    address_requested = Signal()
    explain_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorPanel")
        self.setAccessibleName(text.tr("What went wrong"))
        self._job: Job | None = None
        self._error: CopyError | None = None
        self._recorded_words = ""
        self._fellows = ""
        self._timeline: tuple[Event, ...] = ()
        self._icon = QLabel()
        self._headline = plain_label("errorHeadline", text.tr("What happened"))
        self._name = ElidedLabel()
        self._name.setObjectName("errorJobName")
        self._name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._name.setProperty("role", "title")
        self._sentence = plain_label("errorSentence", text.tr("In a sentence"))
        self._remedy = plain_label("errorRemedy", text.tr("What to do"))
        self._retry = plain_label("errorRetry", text.tr("Next attempt"))
        self._recorded = plain_label("errorRecorded", text.tr("Where this comes from"))
        self._recorded.setProperty("role", "title")
        # What stands first is made first: that is the order in which the keyboard reaches them.
        self.retry_button = self._button("retryNowButton", text.tr("Retry now"))
        self.retry_button.clicked.connect(lambda: self.command_requested.emit(Command.RESUME))
        self.buttons = {command: self._command_button(command) for command in PANEL_COMMANDS}
        self.copy_button = self._button("errorCopyButton", text.tr("Copy"))
        self.copy_button.setToolTip(text.tr("Copy all of this as text, without anything secret"))
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.as_text()))
        self.markdown_button = self._button("errorCopyMarkdownButton", text.tr("Copy as Markdown"))
        self.markdown_button.setToolTip(text.tr("For a site where questions are asked, without anything secret"))
        self.markdown_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.as_markdown()))
        self.explain_button = self._button("errorExplainButton", text.tr("Explain the code…"))
        self.explain_button.setToolTip(text.tr("All that is known of this code, and the downloads that have it"))
        self.explain_button.clicked.connect(self._explain)
        context, file, code, description, when = failure.titles()
        self._facts = Facts(
            (
                ("errorContext", context, True),
                ("errorFile", file, False),
                ("errorCode", code, False),
                ("errorDescription", description, True),
                ("errorMeaning", text.tr("Meaning"), True),
                ("errorTime", when, True),
            ),
            (self.markdown_button, self.explain_button),
        )
        self._build()
        self.hide()

    def show_error(self, job: Job, error: CopyError, served: frozenset[Command], recorded: str = "") -> None:
        """Shows a job's error.

        served: the commands that the job's service can do at all. recorded: that the error comes from a record, ""
        where the service holds it.
        """
        if self._job is None or self._job.key != job.key:
            self._fellows, self._timeline = "", ()
        self._job, self._error, self._recorded_words = job, error, recorded
        for command, button in self.buttons.items():
            button.setEnabled(is_offered(job, command, served))
            button.setToolTip(_consequence(job, command) if button.isEnabled() else why_not([job], command))
        kept, total = job.progress.files_transferred, job.progress.files_total
        self.buttons[Command.COMPLETE].setText(
            text.tr("Complete: keeps {kept} of {total}…").format(kept=kept, total=total)
            if 0 < kept < total
            else text.command_name(Command.COMPLETE)
        )
        passes = job.state is JobState.TRANSIENT_ERROR
        self.retry_button.setEnabled(self.buttons[Command.RESUME].isEnabled())
        self.retry_button.setToolTip(
            text.tr("Don't wait: try again at once")
            if self.retry_button.isEnabled()
            else self.buttons[Command.RESUME].toolTip()
        )
        self.retry_button.setVisible(passes)
        self.buttons[Command.RESUME].setVisible(not passes)
        self.explain_button.setVisible(bool(error.code))
        is_new = self.isHidden()
        self._write()
        self.restyle()
        if is_new:
            self.show()

    def show_timeline(self, timeline: Sequence[Event]) -> None:
        """What happened to the job before: says how often it was tried, and from when on."""
        self._timeline = tuple(timeline)
        self._write()

    def show_fellows(self, sentence: str) -> None:
        """How many downloads fail at the same server, "" where that is not known."""
        self._fellows = sentence
        self._write()

    def show_files(self, files: Sequence[JobFile]) -> None:
        """The job's files: says exactly what Cancel would delete."""
        button = self.buttons[Command.CANCEL]
        if self._job is not None and button.isEnabled():
            button.setToolTip(text.cancel_consequence([self._job], {self._job.key: files}))

    def clear(self) -> None:
        """Nothing is wrong with the chosen job."""
        self._job = self._error = None
        self._fellows, self._timeline = "", ()
        self.hide()

    @property
    def error(self) -> CopyError | None:
        """The error that is shown."""
        return self._error

    def tick(self) -> None:
        """Counts down to the next attempt."""
        if self._error is not None and self._job is not None:
            self._retry.setText(failure.retry(self._job, self._error, datetime.now(UTC)))

    def as_text(self) -> str:
        """All of it as text to hand on, without secrets."""
        return "" if self._job is None else report.as_text(self._job, self._told(), *self._said())

    def as_markdown(self) -> str:
        """The same as Markdown."""
        return "" if self._job is None else report.as_markdown(self._job, self._told(), *self._said())

    def restyle(self) -> None:
        """Follows the theme and the state: calm where it passes by itself. Without an error there is nothing to see."""
        if self._job is None:
            return
        colors = theme.colors(QGuiApplication.palette())  # its own has the ground of its style sheet
        passes = self._job.state is JobState.TRANSIENT_ERROR
        strong, back = (colors.warning, colors.warning_back) if passes else (colors.danger, colors.danger_back)
        self.setStyleSheet(
            f"#errorPanel {{ background: {back}; border: none; border-left: 4px solid {strong}; }}"
            f"#errorHeadline {{ color: {strong}; font-weight: 600; }}"
            f'QLabel[role="title"], #errorFactsLine, #errorTried {{ color: {colors.muted}; }}'
            f"#errorFactsButton {{ color: {colors.muted}; border: 1px solid transparent; padding: 0 1px; }}"
            f"#errorFactsButton:focus {{ border-color: {colors.accent}; border-radius: 3px; }}"
        )
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(theme.pixmap("state-transient" if passes else "state-error", strong, 20, ratio))
        enabled = self.palette().buttonText().color()
        self.copy_button.setIcon(theme.icon("copy", enabled))
        self.retry_button.setIcon(theme.icon(_ICONS[Command.RESUME], enabled, colors.muted))
        for command, button in self.buttons.items():
            if command in _ICONS:
                button.setIcon(theme.icon(_ICONS[command], enabled, colors.muted))

    def _told(self) -> failure.Failure:
        assert self._job is not None
        assert self._error is not None
        return failure.failure(self._job, self._error, datetime.now(UTC), self._recorded_words)

    def _said(self) -> tuple[str, str]:
        """The sentence below the headline, and how often it was tried."""
        assert self._job is not None
        assert self._error is not None
        said = self._error.description or codes.explain(self._error.code).details
        if not self._error.code:
            said = text.tr("{service} gives no error information; it says only that the download has stopped.")
            said = said.replace("{service}", text.service(self._job.key.service))
        tried = attempts(self._error, self._timeline, self._job.times.modified)
        return without_secrets_in(" ".join(filter(None, (said, self._fellows)))), tried.sentence

    def _write(self) -> None:
        if self._job is None or self._error is None:
            return
        told = self._told()
        sentence, tried = self._said()
        self._headline.setText(told.headline)
        self._name.setText(self._job.display_name)
        self._sentence.setText(sentence)
        self._remedy.setText(told.remedy)
        self._retry.setText(told.retry)
        self._recorded.setText(told.recorded)
        self._recorded.setVisible(bool(told.recorded))
        description = without_secrets_in(told.description)
        address = told.file.splitlines()[0]
        shown_code = told.code.split("  ")[0]
        line = "  ·  ".join((place(self._error.context), shown_code, address))
        self._facts.show_facts(
            line if self._error.code else text.tr("none are given"),
            tried,
            (told.context, told.file, told.code, description, told.meaning, tried),
        )

    def _explain(self) -> None:
        if self._error is not None:
            self.explain_requested.emit(self._error.code)

    def _build(self) -> None:
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._headline.setFont(font)
        self._name.setMaximumWidth(_NAME_WIDTH)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._headline, 1)
        head.addWidget(self._name, 0, Qt.AlignmentFlag.AlignTop)
        row = FlowLayout()
        for button in (self.retry_button, *self.buttons.values(), self.copy_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 8)
        layout.setSpacing(7)
        layout.addLayout(head)
        for label in (self._sentence, self._remedy, self._retry, self._recorded):
            layout.addWidget(label)
        layout.addLayout(row)
        layout.addWidget(self._facts)

    def _command_button(self, command: Command) -> QPushButton:
        asks = command in (Command.CANCEL, Command.SET_ADDRESS)
        title = text.tr("Cancel download") if command is Command.CANCEL else text.command_name(command)
        name = _NAMES.get(command, f"error{command.value.title()}Button")
        button = self._button(name, title + ("…" if asks else ""))
        if command is Command.SET_ADDRESS:
            button.clicked.connect(self.address_requested)
        else:
            button.clicked.connect(lambda: self.command_requested.emit(command))
        return button

    def _button(self, name: str, title: str) -> QPushButton:
        button = QPushButton(title, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button


def place(context: ErrorContext) -> str:
    """Where it happened, in two or three words."""
    return {
        ErrorContext.LOCAL_FILE: text.tr("file on this computer"),
        ErrorContext.REMOTE_FILE: text.tr("file on the server"),
        ErrorContext.GENERAL_TRANSPORT: text.tr("way to the server"),
        ErrorContext.GENERAL_QUEUE_MANAGER: text.tr("the service's queue"),
        ErrorContext.QUEUE_MANAGER_NOTIFICATION: text.tr("notice to a program"),
        ErrorContext.REMOTE_APPLICATION: text.tr("program on the server"),
        ErrorContext.SERVER_CERTIFICATE_CALLBACK: text.tr("the server's certificate"),
    }.get(context, text.tr("nobody knows where"))


def _consequence(job: Job, command: Command) -> str:
    """What the command does to this very job, for a tooltip."""
    if command is Command.COMPLETE and (kept := text.complete_consequence([job])):
        return kept
    if command is Command.CANCEL:
        return text.cancel_consequence([job], {})
    return text.command_purpose(command)
