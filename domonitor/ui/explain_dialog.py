"""Help > Explain a code: any form of a code, all its meanings, and the downloads here that have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from domonitor.jobs import codes
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.job import Job
from domonitor.ui import text, theme
from domonitor.words.explanation import Told, told

_PAUSE_MS = 150
"""It is looked up when nothing has been typed for so long."""

_MOST_JOBS = 200


class ExplainDialog(QDialog):
    """Explains while a code is typed.

    jobs: gives the downloads that are known now.
    Signals: job_chosen(JobKey), when one of the downloads was picked.
    """

    job_chosen = Signal(object)

    def __init__(self, jobs: Callable[[], Iterable[Job]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("explainDialog")
        self.setWindowTitle(text.tr("Explain a code"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 560)
        self._jobs = jobs
        self._told: Told | None = None
        self._edit = QLineEdit()
        self._edit.setObjectName("explainEdit")
        self._edit.setAccessibleName(text.tr("Code"))
        self._edit.setPlaceholderText(text.tr("0x80D02002, -2133843966, 404, or a name"))
        self._edit.setClearButtonEnabled(True)
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._look_up)
        self._edit.textChanged.connect(lambda _: self._timer.start())
        self._pages = QTextBrowser()
        self._pages.setObjectName("explainText")
        self._pages.setAccessibleName(text.tr("What the code means"))
        self._pages.setOpenLinks(False)
        self._pages.setTabChangesFocus(True)
        self._count = QLabel()
        self._count.setObjectName("explainCount")
        self._list = QListWidget()
        self._list.setObjectName("explainJobs")
        self._list.setAccessibleName(text.tr("Downloads that have this code"))
        self._list.setMaximumHeight(130)
        self._list.itemActivated.connect(self._pick)
        self._copy = QPushButton(text.tr("Copy"))
        self._copy.setObjectName("explainCopyButton")
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(self._copy_all)
        self._close = QPushButton(text.tr("Close"))
        self._close.setAutoDefault(False)
        self._close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(self._copy)
        row.addStretch(1)
        row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self._edit)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._count)
        layout.addWidget(self._list)
        layout.addLayout(row)
        self._look_up()

    def explain(self, code: str) -> None:
        """Explains this one at once."""
        self._edit.setText(code)
        self._edit.selectAll()
        self._timer.stop()
        self._look_up()

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self.isVisible():
            self._look_up()

    def _look_up(self) -> None:
        typed = self._edit.text().strip()
        self._told = None
        found: list[Job] = []
        if not typed:
            self._say(text.tr("Type an error code in any form: as a number, signed or not, or its name."))
        else:
            try:
                explanation = codes.explain(typed)
            except InvalidInput as problem:
                self._say(str(problem))
            else:
                self._told = told(explanation)
                self._pages.setHtml(_html(self._told, theme.colors(self.palette()).muted))
                # 404 stands for the longer code within which it comes.
                its = {explanation.code, *(part.code for part in explanation.parts)}
                found = [job for job in self._jobs() if job.error_code in its]
        self._copy.setEnabled(self._told is not None)
        self._show_jobs(found)

    def _show_jobs(self, found: list[Job]) -> None:
        words = text.plural(len(found), text.tr("{n} download here has it:"), text.tr("{n} downloads here have it:"))
        self._count.setText(words if found else text.tr("No download here has it."))
        self._count.setVisible(self._told is not None)
        self._list.clear()
        for job in found[:_MOST_JOBS]:
            item = QListWidgetItem(f"{job.display_name}  ·  {text.state_name(job.state)}")
            item.setData(Qt.ItemDataRole.UserRole, job.key)
            self._list.addItem(item)
        self._list.setVisible(bool(found))

    def _say(self, words: str) -> None:
        self._pages.setHtml(f'<p style="color:{theme.colors(self.palette()).muted}">{escape(words)}</p>')

    def _pick(self, item: QListWidgetItem) -> None:
        self.job_chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def _copy_all(self) -> None:
        if self._told is not None:
            QGuiApplication.clipboard().setText(self._told.as_text())


def _html(said: Told, muted: str) -> str:
    lines = [f"<h3>{escape(said.headline)}</h3>", f'<p style="color:{muted}">{escape(said.forms)}</p>']
    if said.note:
        lines.append(f"<p>{escape(said.note)}</p>")
    for part in said.parts:
        lines.append(f'<p><span style="color:{muted}">{escape(part.names)}</span><br>{escape(part.meaning)}</p>')
        if part.steps:
            lines.append("<ol>" + "".join(f"<li>{escape(step)}</li>" for step in part.steps) + "</ol>")
    lines.append(f"<p><b>{escape(text.tr('Does it pass by itself?'))}</b></p><table cellspacing=0 cellpadding=2>")
    for service, words in said.passes:
        lines.append(f'<tr><td style="color:{muted}">{escape(service)}&nbsp;&nbsp;</td><td>{escape(words)}</td></tr>')
    return "".join([*lines, "</table>"])
