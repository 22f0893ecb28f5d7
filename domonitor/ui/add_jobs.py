"""The dialog that adds downloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from domonitor.jobs.address import plan_jobs
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.request import NewJob, Outcome
from domonitor.ui import text, theme
from domonitor.ui.tasks import TaskOwner

Add = Callable[[Sequence[NewJob]], Awaitable[Sequence[Outcome]]]


class AddDialog(QDialog):
    """Asks for addresses and a folder, and closes once every address has become a download.

    What a service refuses stays in the dialog beside its reason; what it took is gone from there.
    """

    def __init__(
        self, add: Add, tasks: TaskOwner, folder: Path, *, auto_complete: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("addDialog")
        self.setWindowTitle(text.tr("Add downloads"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add = add
        self._tasks = tasks
        self._auto_complete = auto_complete
        self.address_edit = QPlainTextEdit()
        self.address_edit.setObjectName("addressEdit")
        self.address_edit.setAccessibleName(text.tr("Addresses, one on each line"))
        self.address_edit.setPlaceholderText("https://example.com/file.zip")
        self.address_edit.setTabChangesFocus(True)
        self.address_edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.folder_edit = QLineEdit(str(folder))
        self.folder_edit.setObjectName("folderEdit")
        self.folder_edit.setAccessibleName(text.tr("Folder for the files"))
        self._browse = QPushButton(text.tr("Browse…"))
        self._browse.setAutoDefault(False)
        self._browse.clicked.connect(self._choose_folder)
        self._problem = QLabel()
        self._problem.setObjectName("addProblem")
        self._problem.setAccessibleName(text.tr("What has to be changed first"))
        self._problem.setWordWrap(True)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add_button = self._buttons.addButton(text.tr("Download"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.add_button.setObjectName("addButton")
        self._buttons.accepted.connect(self._start)
        self._buttons.rejected.connect(self.reject)
        self.address_edit.textChanged.connect(self._check)
        self.folder_edit.textChanged.connect(self._check)
        self._build()
        self._check()

    def set_addresses(self, addresses: str) -> None:
        """Fills in addresses, from the clipboard or a drop."""
        self.address_edit.setPlainText(addresses)

    @property
    def problem(self) -> str:
        """What has to be changed first, "" for nothing."""
        return self._problem.text()

    def _build(self) -> None:
        colors = theme.colors(self.palette())
        self._problem.setStyleSheet(f"color: {colors.danger};")
        address_label = QLabel(text.tr("&Addresses, one on each line"))
        address_label.setBuddy(self.address_edit)
        folder_label = QLabel(text.tr("&Folder"))
        folder_label.setBuddy(self.folder_edit)
        row = QHBoxLayout()
        row.addWidget(self.folder_edit, 1)
        row.addWidget(self._browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(7)
        layout.addWidget(address_label)
        layout.addWidget(self.address_edit, 1)
        layout.addSpacing(6)
        layout.addWidget(folder_label)
        layout.addLayout(row)
        layout.addSpacing(4)
        layout.addWidget(self._problem)
        layout.addSpacing(4)
        layout.addWidget(self._buttons)
        self.resize(620, 340)

    def _lines(self) -> list[str]:
        return [line.strip() for line in self.address_edit.toPlainText().splitlines() if line.strip()]

    def _plan(self) -> tuple[NewJob, ...]:
        folder = self.folder_edit.text().strip()
        if not folder:
            raise InvalidInput(text.tr("Choose a folder for the files."))
        if not Path(folder).is_absolute():
            raise InvalidInput(text.tr("Give the whole path of the folder, from its beginning."))
        return plan_jobs(self._lines(), Path(folder), auto_complete=self._auto_complete)

    def _check(self) -> None:
        """Says at once what is wrong; an empty dialog is not wrong yet."""
        problem = ""
        if self._lines():
            try:
                self._plan()
            except InvalidInput as invalid:
                problem = str(invalid)
        self._problem.setText(problem)
        self.add_button.setEnabled(bool(self._lines()) and not problem)

    def _start(self) -> None:
        self._tasks.start(self._add_all(), what="Add downloads")

    async def _add_all(self) -> None:
        try:
            jobs = self._plan()
        except InvalidInput as invalid:
            self._problem.setText(str(invalid))
            return
        self.add_button.setEnabled(False)
        outcomes = await self._add(jobs)
        refused = [(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if outcome.is_refused]
        if not refused:
            self.accept()
            return
        self.address_edit.setPlainText("\n".join(job.files[0].remote_name for job, _ in refused))
        self._problem.setText("\n".join(f"{job.display_name}: {outcome.message}" for job, outcome in refused))

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, text.tr("Folder for the files"), self.folder_edit.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder_edit.setText)
        dialog.open()
