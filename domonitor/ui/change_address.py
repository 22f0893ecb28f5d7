"""Another address for a file: asked for, checked while it is typed, and given to the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from domonitor.jobs.address import check_address
from domonitor.jobs.error import CopyError, InvalidInput
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.state import Command, JobState
from domonitor.monitor import Monitor
from domonitor.ui import text, theme


class ChangeAddressDialog(QDialog):
    """Asks for the address of one of the files. place: the file that failed, among those of the job."""

    def __init__(self, files: Sequence[JobFile], place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("changeAddressDialog")
        self.setWindowTitle(text.tr("Change address"))
        self.setMinimumWidth(560)
        self._files = files
        self._choice = QComboBox()
        self._choice.setObjectName("addressFile")
        self._choice.setAccessibleName(text.tr("File"))
        self._choice.addItems([text.file_name(file) for file in files])
        self._choice.setCurrentIndex(place)
        self._choice.currentIndexChanged.connect(self._fill)
        self._edit = QLineEdit()
        self._edit.setObjectName("addressEdit")
        self._edit.setAccessibleName(text.tr("New address"))
        self._edit.setClearButtonEnabled(True)
        self._edit.textChanged.connect(self._check)
        self._problem = _wrapped("addressProblem")
        self._problem.setStyleSheet(f"color: {theme.colors(self.palette()).danger};")
        said = _wrapped("addressNote")
        said.setText(
            text.tr(
                "What has arrived is kept where the other server has the very same file; else it is fetched anew. "
                "The download is resumed at once."
            )
        )
        said.setStyleSheet(f"color: {theme.colors(self.palette()).muted};")
        buttons = QDialogButtonBox()
        self._go = buttons.addButton(text.tr("Change and resume"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setObjectName("addressGoButton")
        buttons.addButton(text.tr("Change nothing"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(9)
        if len(files) > 1:
            layout.addWidget(QLabel(text.tr("File")))
            layout.addWidget(self._choice)
        else:
            only = _wrapped("addressFileName")
            only.setText(text.file_name(files[0]))
            layout.addWidget(only)
        layout.addWidget(QLabel(text.tr("New address")))
        layout.addWidget(self._edit)
        layout.addWidget(self._problem)
        layout.addWidget(said)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._fill(self._choice.currentIndex())
        self._edit.setFocus()

    @property
    def place(self) -> int:
        """Which file it is for, among those of the job."""
        return max(0, self._choice.currentIndex())

    @property
    def address(self) -> str:
        """The new address."""
        return self._edit.text().strip()

    def _fill(self, place: int) -> None:
        self._edit.setText(self._files[place].remote_name)
        self._edit.selectAll()
        self._check()

    def _check(self) -> None:
        problem = ""
        try:
            check_address(self.address)
        except InvalidInput as wrong:
            problem = str(wrong)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._go.setEnabled(not problem and self.address != self._files[self.place].remote_name)


async def change_address(
    window: QWidget, monitor: Monitor, job: Job, error: CopyError | None, tell: Callable[[str], None]
) -> bool:
    """Asks, changes, and resumes the job where it does not go on by itself; whether the address is another one now.

    tell: takes a sentence for the user where the service refuses. Raises CallFailed where it can't be asked.
    """
    files = await monitor.files(job.key)
    if not files:
        tell(text.tr("The service lists no files of this download, so there is no address to change."))
        return False
    dialog = ChangeAddressDialog(files, _failed_place(files, error), window)
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def answer(code: int) -> None:
        if not answered.done():
            answered.set_result(code == QDialog.DialogCode.Accepted)

    dialog.finished.connect(answer)
    try:
        dialog.open()
        if not await answered:
            return False
        address, place = dialog.address, dialog.place
    finally:
        dialog.close()
        dialog.deleteLater()
    outcomes = await monitor.execute(Command.SET_ADDRESS, [job.key], address=address, file=place)
    outcome = outcomes[job.key]
    if outcome.is_refused:
        tell(f"{job.display_name}: {outcome.message}")
        return False
    now = monitor.jobs.get(job.key)
    if now is not None and now.state in (JobState.ERROR, JobState.TRANSIENT_ERROR):
        resumed = (await monitor.execute(Command.RESUME, [job.key]))[job.key]
        if resumed.is_refused:
            tell(f"{job.display_name}: {resumed.message}")
    return True


def _failed_place(files: Sequence[JobFile], error: CopyError | None) -> int:
    """Which of the files failed: the one that the error names, else the first one that is not there yet."""
    if error is not None and error.file is not None:
        for place, file in enumerate(files):
            if file.local_name == error.file.local_name:
                return place
    return next((place for place, file in enumerate(files) if not file.transferred), 0)


def _wrapped(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
