"""The files of the chosen job: how far each one is, what failed, and the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QModelIndex, QObject, QPoint, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from domonitor.jobs import codes
from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CopyError
from domonitor.jobs.job import Job, JobFile, Origin
from domonitor.ui import text, theme
from domonitor.ui.plain_table import PlainColumn, PlainTableModel, plain_table
from domonitor.ui.reasons import with_reasons

_LEAST_LINES = 7
"""Below this height there are no buttons."""


class FileTableModel(PlainTableModel[JobFile]):
    """The files of one job, in the order in which they were added.

    Known of them beside their snapshots: which one an error is tied to, and which are no longer where they were put.
    """

    def __init__(self, parent: QObject) -> None:
        columns: tuple[PlainColumn[JobFile], ...] = (
            PlainColumn(text.tr("File"), text.file_name, 200, tip=lambda file: file.local_name),
            PlainColumn(text.tr("State"), self.state, 190),
            PlainColumn(text.tr("Progress"), text.file_percent, 80, is_number=True),
            PlainColumn(text.tr("Arrived"), lambda file: text.size(file.progress.bytes_transferred), 80, True),
            PlainColumn(text.tr("Size"), lambda file: text.size(file.progress.bytes_total), 80, True),
            PlainColumn(text.tr("Address"), lambda file: without_secrets(file.remote_name), 100),
        )
        super().__init__(columns, parent, self._spoken)
        self._failed: tuple[str, str] = ("", "")
        self._missing: frozenset[str] = frozenset()

    @property
    def files(self) -> tuple[JobFile, ...]:
        """What is shown."""
        return self.rows

    def set_files(self, files: tuple[JobFile, ...]) -> None:
        """Takes over new snapshots; the table keeps its place where the files are the same ones."""
        self.set_rows(files)

    def set_error(self, error: CopyError | None) -> None:
        """The job's error now, None for none."""
        failed = ("", "")
        if error is not None and error.file is not None:
            failed = (error.file.local_name, codes.explain(error.code).headline if error.code else text.tr("Failed"))
        if failed != self._failed:
            self._failed = failed
            self.all_changed()

    def set_missing(self, local_names: Iterable[str]) -> None:
        """The files that were complete and are not there any more."""
        missing = frozenset(local_names)
        if missing != self._missing:
            self._missing = missing
            self.all_changed()

    def is_missing(self, file: JobFile) -> bool:
        """Whether it was complete and is not there any more."""
        return file.progress.completed and file.local_name in self._missing

    def state(self, file: JobFile) -> str:
        """How it is with the file, in a few words."""
        if self.is_missing(file):
            return text.tr("Deleted or moved")
        failed_name, headline = self._failed
        if failed_name and failed_name == file.local_name and not file.transferred:
            return headline
        return text.file_state(file)

    def _spoken(self, file: JobFile) -> str:
        return ", ".join(filter(None, (text.file_name(file), self.state(file), text.file_percent(file))))


class FilesTab(QWidget):
    """The table, and what can be done with a file.

    Signals: open_requested(JobFile); folder_requested(JobFile).
    """

    open_requested = Signal(object)
    folder_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.model = FileTableModel(self)
        self.table = plain_table("fileTable", text.tr("Files of the chosen download"), self.model)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.activated.connect(lambda index: self._activate(index))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._refresh())
        self.model.modelReset.connect(self._refresh)
        self.model.dataChanged.connect(self._refresh)
        self._job: Job | None = None
        self._never = ""
        self.open_button = self._button("openFileButton", text.tr("Open"), self.open_requested)
        self.folder_button = self._button("showFolderButton", text.tr("Show in folder"), self.folder_requested)
        self._why_not = QLabel()
        self._why_not.setObjectName("fileHint")
        self._why_not.setTextFormat(Qt.TextFormat.PlainText)
        self._actions = QWidget()
        row = QHBoxLayout(self._actions)
        row.setContentsMargins(10, 4, 10, 6)
        row.setSpacing(8)
        for widget in (self.open_button, self.folder_button):
            row.addWidget(widget)
        row.addWidget(self._why_not, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._actions)
        self._refresh()

    def set_job(self, job: Job | None) -> None:
        """Whose files they are."""
        self._job = job
        self._refresh()

    def chosen(self) -> JobFile | None:
        """The file that is chosen; the only one where there is one."""
        at = self.table.currentIndex().row()
        if 0 <= at < len(self.model.files):
            return self.model.files[at]
        return self.model.files[0] if len(self.model.files) == 1 else None

    def leave_alone(self, why: str) -> None:
        """No file can be opened here at all; why, in a sentence."""
        self._never = why
        self._refresh()

    def why_not(self, file: JobFile | None) -> str:
        """Why the file can't be opened; "" where it can."""
        if file is None or self._job is None:
            return text.tr("Choose a file first.") if self.model.files else ""
        if self._never:
            return self._never
        if self._job.origin is not Origin.OURS:
            return text.tr("Another program fetches this file and decides about it.")
        if not file.progress.completed:
            if file.transferred:
                return text.tr("The file has arrived and gets its name when the download is completed.")
            return text.tr("The file is not complete yet.")
        if self.model.is_missing(file):
            return text.tr("The file is not there any more: somebody has deleted, moved or renamed it.")
        return ""

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self._why_not.setStyleSheet(f"color: {colors.muted};")
        self.folder_button.setIcon(theme.icon("folder", self.palette().buttonText().color(), colors.muted))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See QWidget. In a very low window the files go before the buttons; the menu and Enter do the same."""
        super().resizeEvent(event)
        self._actions.setVisible(event.size().height() >= _LEAST_LINES * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:
        """See QWidget."""
        return QSize(0, 0)

    def _button(self, name: str, title: str, request: SignalInstance) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.clicked.connect(partial(self._ask, request))
        return button

    def _ask(self, request: SignalInstance, *_: object) -> None:
        file = self.chosen()
        if file is not None and not self.why_not(file):
            request.emit(file)

    def _activate(self, index: QModelIndex) -> None:
        if index.isValid():
            self._ask(self.open_requested)

    def _refresh(self, *_: object) -> None:
        reason = self.why_not(self.chosen())
        is_free = not reason and self.chosen() is not None
        for button in (self.open_button, self.folder_button):
            button.setEnabled(is_free)
            button.setToolTip(reason)
            button.setAccessibleDescription(reason)
        self._why_not.setText(reason)

    def _open_menu(self, at: QPoint) -> None:
        menu = with_reasons(QMenu(self))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button, request in (
            (self.open_button, self.open_requested),
            (self.folder_button, self.folder_requested),
        ):
            action = QAction(button.text(), menu)
            action.setEnabled(button.isEnabled())
            action.setToolTip(button.toolTip())
            action.setStatusTip(button.toolTip())
            action.triggered.connect(partial(self._ask, request))
            menu.addAction(action)
        menu.popup(self.table.viewport().mapToGlobal(at))
