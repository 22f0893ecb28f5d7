"""Every field of the chosen job, each to be copied."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from domonitor.jobs.job import Job
from domonitor.ui import text, theme
from domonitor.ui.plain_table import PlainColumn, PlainTableModel, plain_table
from domonitor.words.fields import Field, fields


class FieldTableModel(PlainTableModel[Field]):
    """One field a row; what a service does not give stands back."""

    def __init__(self, parent: QObject) -> None:
        columns: tuple[PlainColumn[Field], ...] = (
            PlainColumn(text.tr("Field"), lambda field: field.title, 200),
            PlainColumn(text.tr("Value"), lambda field: field.shown, 380),
            PlainColumn(text.tr("Windows calls it"), lambda field: field.documented, 120),
        )
        super().__init__(columns, parent, lambda field: f"{field.title}: {field.shown}")
        self.muted = QColor()

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if role == Qt.ItemDataRole.ForegroundRole:
            is_given = self.rows[index.row()].value is not None
            return None if is_given and index.column() < 2 else self.muted
        return super().data(index, role)


class GeneralTab(QWidget):
    """The table, and what copies from it."""

    def __init__(self) -> None:
        super().__init__()
        self._job: Job | None = None
        self.model = FieldTableModel(self)
        self.table = plain_table("generalTable", text.tr("All fields of the chosen download"), self.model)
        copies = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copies.setContext(Qt.ShortcutContext.WidgetShortcut)
        copies.activated.connect(self.copy_value)
        self.copy_button = QPushButton(text.tr("Copy value"))
        self.copy_button.setObjectName("copyValueButton")
        self.copy_button.setToolTip(text.tr("Copy the value of the chosen field (Ctrl+C)"))
        self.copy_button.clicked.connect(self.copy_value)
        self.copy_all_button = QPushButton(text.tr("Copy all"))
        self.copy_all_button.setObjectName("copyAllButton")
        self.copy_all_button.setToolTip(text.tr("Copy all fields as lines of text"))
        self.copy_all_button.clicked.connect(self.copy_all)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._refresh())
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 10, 6)
        row.setSpacing(8)
        row.addWidget(self.copy_button)
        row.addWidget(self.copy_all_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        self._refresh()

    def set_job(self, job: Job | None) -> None:
        """Whose fields they are. They are put into words only while somebody sees them."""
        self._job = job
        if self.isVisible() or job is None:
            self._show()

    def copy_value(self) -> None:
        """Puts the chosen field's value on the clipboard."""
        at = self.table.currentIndex().row()
        if 0 <= at < len(self.model.rows):
            QGuiApplication.clipboard().setText(self.model.rows[at].shown)

    def copy_all(self) -> None:
        """Puts all fields on the clipboard, a line each."""
        QGuiApplication.clipboard().setText("\n".join(f"{field.title}: {field.shown}" for field in self.model.rows))

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.model.muted = QColor(colors.muted)
        self.model.all_changed()
        for button in (self.copy_button, self.copy_all_button):
            button.setIcon(theme.icon("copy", self.palette().buttonText().color(), colors.muted))

    def showEvent(self, event: QShowEvent) -> None:
        """See QWidget."""
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        self.model.set_rows(fields(self._job) if self._job is not None else ())
        self._refresh()

    def _refresh(self) -> None:
        self.copy_button.setEnabled(self.table.currentIndex().isValid())
        self.copy_all_button.setEnabled(bool(self.model.rows))
