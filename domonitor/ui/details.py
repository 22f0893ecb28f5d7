"""The chosen job: its error, if it has one, and its files."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from domonitor.jobs.address import without_secrets
from domonitor.jobs.job import Job, JobFile
from domonitor.ui import text, theme
from domonitor.ui.error_panel import ErrorPanel
from domonitor.ui.job_delegate import row_height

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


_FILE_COLUMNS = (
    ("File", text.file_name, 260, None),
    ("State", text.file_state, 110, None),
    ("Progress", text.file_percent, 95, _RIGHT),
    ("Arrived", lambda file: text.size(file.progress.bytes_transferred), 90, _RIGHT),
    ("Size", lambda file: text.size(file.progress.bytes_total), 90, _RIGHT),
    ("Address", lambda file: without_secrets(file.remote_name), 100, None),
)


class FileTableModel(QAbstractTableModel):
    """The files of one job, in the order in which they were added."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.files: tuple[JobFile, ...] = ()

    def set_files(self, files: tuple[JobFile, ...]) -> None:
        """Takes over new snapshots; the table keeps its place where the files are the same ones."""
        if len(files) != len(self.files):
            self.beginResetModel()
            self.files = files
            self.endResetModel()
        elif files != self.files:
            self.files = files
            self.dataChanged.emit(self.index(0, 0), self.index(len(files) - 1, len(_FILE_COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.files)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(_FILE_COLUMNS)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        title, words, _, align = _FILE_COLUMNS[index.column()]
        file = self.files[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return words(file)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == 0:
                return ", ".join(filter(None, (words(file), text.file_state(file), text.file_percent(file))))
            return f"{text.tr(title)}: {words(file)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return file.local_name if index.column() == 0 else words(file)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return align
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is Qt.Orientation.Horizontal:
            title, _, _, align = _FILE_COLUMNS[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return text.tr(title)
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return align or Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


class DetailsPanel(QWidget):
    """Below the list: what belongs to the chosen job alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPanel")
        self.setAccessibleName(text.tr("The chosen download"))
        self.error_panel = ErrorPanel()
        self.files = FileTableModel(self)
        self._title = QLabel()
        self._title.setObjectName("detailsTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._hint = QLabel(text.tr("Choose a download to see its files."))
        self._hint.setObjectName("detailsHint")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.table = QTableView()
        self.table.setObjectName("fileTable")
        self.table.setAccessibleName(text.tr("Files of the chosen download"))
        self.table.setModel(self.files)
        prepare_table(self.table)
        for at, (_, _, width, _) in enumerate(_FILE_COLUMNS):
            self.table.setColumnWidth(at, width)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.error_panel)
        layout.addWidget(self._title)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._hint, 1)
        self._note = ""
        self.restyle()
        self.set_job(None)

    @property
    def note(self) -> str:
        """How the chosen job's file came to its name, "" where there is nothing to say."""
        return self._note

    def set_note(self, note: str, job: Job | None) -> None:
        """Says so, quietly."""
        if note != self._note:
            self._note = note
            self.set_job(job)

    def set_job(self, job: Job | None) -> None:
        """Shows what is known of the job at once; its files and its error come separately."""
        self._title.setVisible(job is not None)
        self.table.setVisible(job is not None)
        self._hint.setVisible(job is None)
        if job is None:
            self.error_panel.clear()
            self.files.set_files(())
            return
        progress = job.progress
        counts = text.plural(progress.files_total, text.tr("{n} file"), text.tr("{n} files"))
        done = text.size(progress.bytes_transferred)
        if progress.bytes_total is None:
            amount = text.tr("{done} so far, size unknown").format(done=done)
        else:
            amount = text.tr("{done} of {total}").format(done=done, total=text.size(progress.bytes_total))
        title = f"{job.display_name}   ·   {counts}   ·   {amount}"
        self._title.setText(f"{title}\n{self._note}" if self._note else title)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setStyleSheet(
            f"#detailsTitle {{ padding: 9px 12px; color: {colors.muted}; border-bottom: 1px solid {colors.line}; }}"
            f"#detailsHint {{ color: {colors.muted}; }}"
            "#fileTable::item { padding: 0 6px; }"
        )
        self.error_panel.restyle()


def prepare_table(table: QTableView) -> None:
    """A calm table: whole rows, no grid, no row numbers."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(row_height(table.fontMetrics()))
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setStretchLastSection(True)
    header.setMinimumSectionSize(40)
