"""The dialog that adds downloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
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

from domonitor.jobs.address import Line, judge, names, plan_jobs, problems
from domonitor.jobs.error import DomonitorError, InvalidInput
from domonitor.jobs.request import Existing, NewJob, Outcome
from domonitor.ui import text, theme
from domonitor.ui.choices import lock, set_by_administrator
from domonitor.ui.tasks import TaskOwner

_SHOWN_PROBLEMS = 4
_SHOWN_NAMES = 3

Add = Callable[[Sequence[NewJob]], Awaitable[Sequence[Outcome]]]


class AddDialog(QDialog):
    """Asks for addresses and a folder, and closes once every address has become a download.

    What a service refuses stays in the dialog beside its reason; what it took is gone from there.
    Signals: existing_chosen(Existing), with the first press of Download after the choice was changed.
    """

    existing_chosen = Signal(object)

    def __init__(
        self,
        add: Add,
        tasks: TaskOwner,
        folder: Path,
        *,
        auto_complete: bool,
        existing: Existing = Existing.RENAME,
        is_folder_laid_down: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """is_folder_laid_down: by an administrator; it can't be changed then."""
        super().__init__(parent)
        self.setObjectName("addDialog")
        self.setWindowTitle(text.tr("Add downloads"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add = add
        self._tasks = tasks
        self._auto_complete = auto_complete
        self._existing = existing
        self._known: dict[str, Line] = {}
        """What was found of each line that stands there: with a thousand of them, each key would take too long."""
        self._is_open = True
        self.finished.connect(self._end)
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
        self._note = QLabel(set_by_administrator())
        self._note.setObjectName("addFolderNote")
        self._note.setVisible(is_folder_laid_down)
        if is_folder_laid_down:
            lock(self.folder_edit, self._browse)
        self.existing_box = QComboBox()
        self.existing_box.setObjectName("existingBox")
        self.existing_box.setAccessibleName(text.tr("If a file of that name is there"))
        for choice in (Existing.RENAME, Existing.REFUSE, Existing.REPLACE):
            self.existing_box.addItem(text.existing(choice), choice)
        self.existing_box.setCurrentIndex(self.existing_box.findData(existing))
        self._names = QLabel()
        self._names.setObjectName("addNames")
        self._names.setAccessibleName(text.tr("Files that get other names"))
        self._names.setWordWrap(True)
        self._names.setTextFormat(Qt.TextFormat.PlainText)
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
        self._restyle()
        self._check()

    def set_addresses(self, addresses: str) -> None:
        """Fills in addresses, from the clipboard or a drop."""
        self.address_edit.setPlainText(addresses)

    @property
    def changed_names(self) -> str:
        """Which files get other names than in their addresses, "" for none."""
        return self._names.text()

    @property
    def problem(self) -> str:
        """What has to be changed first, "" for nothing."""
        return self._problem.text()

    def _build(self) -> None:
        address_label = QLabel(text.tr("&Addresses, one on each line"))
        address_label.setBuddy(self.address_edit)
        folder_label = QLabel(text.tr("&Folder"))
        folder_label.setBuddy(self.folder_edit)
        row = QHBoxLayout()
        row.addWidget(self.folder_edit, 1)
        row.addWidget(self._browse)
        existing_label = QLabel(text.tr("&If a file of that name is there"))
        existing_label.setBuddy(self.existing_box)
        existing_row = QHBoxLayout()
        existing_row.addWidget(existing_label)
        existing_row.addWidget(self.existing_box)
        existing_row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(7)
        layout.addWidget(address_label)
        layout.addWidget(self.address_edit, 1)
        layout.addSpacing(6)
        layout.addWidget(folder_label)
        layout.addLayout(row)
        layout.addWidget(self._note)
        layout.addSpacing(6)
        layout.addLayout(existing_row)
        layout.addWidget(self._names)
        layout.addWidget(self._problem)
        layout.addSpacing(6)
        layout.addWidget(self._buttons)
        self.resize(620, 340)

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_problem"):
            self._restyle()

    def _restyle(self) -> None:
        colors = theme.colors(self.palette())
        self._problem.setStyleSheet(f"color: {colors.danger};")
        for muted in (self._names, self._note):
            muted.setStyleSheet(f"color: {colors.muted};")

    def _lines(self) -> list[str]:
        return [line.strip() for line in self.address_edit.toPlainText().splitlines() if line.strip()]

    def _folder(self) -> Path:
        folder = self.folder_edit.text().strip()
        if not folder:
            raise InvalidInput(text.tr("Choose a folder for the files."))
        if not Path(folder).is_absolute():
            raise InvalidInput(text.tr("Give the whole path of the folder, from its beginning."))
        return Path(folder)

    def _plan(self) -> tuple[NewJob, ...]:
        """The jobs that the dialog asks for. Raises InvalidInput."""
        folder = self._folder()
        return plan_jobs(self._lines(), folder, auto_complete=self._auto_complete, existing=self._chosen())

    def _chosen(self) -> Existing:
        return Existing(self.existing_box.currentData())

    def _check(self) -> None:
        """Says at once what is wrong; an empty dialog is not wrong yet."""
        lines = self._lines()
        self._known = {line: self._known.get(line) or judge(line) for line in lines}
        judged = [self._known[line] for line in lines]
        found = problems(judged)
        if lines and not found:
            try:
                self._folder()
            except InvalidInput as invalid:
                found = [str(invalid)]
        self._say(found)
        self._show_names([] if found else judged)
        self.add_button.setEnabled(bool(lines) and not found)

    def _show_names(self, lines: Sequence[Line]) -> None:
        """Says which files can't have the names in their addresses, in a few lines; as a rule there are none."""
        changed = [(line.wanted, name) for line, name in zip(lines, names(lines), strict=True) if name != line.wanted]
        shown = [text.becomes(wanted, name) for wanted, name in changed[:_SHOWN_NAMES]]
        if len(changed) > len(shown):
            shown.append(text.tr("… and {n} more.").format(n=len(changed) - len(shown)))
        self._names.setText("\n".join(shown))
        self._names.setVisible(bool(shown))

    def _say(self, found: Sequence[str]) -> None:
        """Shows the first few problems; a long list would push the dialog off the screen."""
        shown = list(found[:_SHOWN_PROBLEMS])
        if len(found) > len(shown):
            shown.append(text.tr("… and {n} more.").format(n=len(found) - len(shown)))
        self._problem.setText("\n".join(shown))
        self._problem.setVisible(bool(shown))

    def _end(self) -> None:
        self._is_open = False

    def _start(self) -> None:
        if self._chosen() is not self._existing:
            self._existing = self._chosen()
            self.existing_chosen.emit(self._existing)
        self._tasks.start(self._add_all(), what="Add downloads")

    async def _add_all(self) -> None:
        """Adds all. The dialog may be closed meanwhile: then what is refused goes to the window's messages."""
        try:
            jobs = self._plan()
        except InvalidInput as invalid:
            self._say([str(invalid)])
            return
        self.add_button.setEnabled(False)
        self.address_edit.setReadOnly(True)  # what is typed now would be lost below
        try:
            outcomes = await self._add(jobs)
        except DomonitorError as failure:
            if not self._is_open:
                raise
            self.address_edit.setReadOnly(False)
            self._say([str(failure)])
            self.add_button.setEnabled(True)
            return
        refused = [(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if outcome.is_refused]
        reasons = [f"{job.display_name}: {outcome.message}" for job, outcome in refused]
        if not self._is_open:
            if reasons:
                raise InvalidInput("\n".join(reasons))
            return
        if not refused:
            self.accept()
            return
        self.address_edit.setReadOnly(False)
        self.address_edit.setPlainText("\n".join(job.files[0].remote_name for job, _ in refused))
        self._say(reasons)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, text.tr("Folder for the files"), self.folder_edit.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder_edit.setText)
        dialog.open()
