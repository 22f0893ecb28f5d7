"""The upper half of the window: the list of jobs, with the filter that belongs to it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QWidget

from domonitor.jobs.job import JobKey
from domonitor.monitor import Monitor
from domonitor.ui import text, theme
from domonitor.ui.column_layout import ColumnLayout
from domonitor.ui.empty import NothingPage
from domonitor.ui.file_names import FileNames
from domonitor.ui.filter_bar import CodeHint, FilterEdit, FilterPanel
from domonitor.ui.filtering import Filter
from domonitor.ui.groups import folded_from, folded_text
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.job_view import JobView
from domonitor.ui.past_jobs import MOST_SHOWN, PastJobs, past_rows
from domonitor.ui.pinned_name import PinnedName
from domonitor.ui.tasks import TaskOwner


class JobList(QWidget):
    """The table, the filters beside it, and what stands in its place where nothing passes them.

    filter_edit, code_hint and filters belong to it, but stand where the window puts them.
    Signals: folded(str), these groups are folded now, as the settings keep them.
    """

    folded = Signal(str)

    def __init__(
        self,
        monitor: Monitor,
        model: JobTableModel,
        tasks: TaskOwner,
        past: PastJobs | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("jobList")
        self._model = model
        self._tasks = tasks
        self._past = past
        self._files = FileNames(monitor, model, tasks)
        self.table = JobView(model)
        self.columns = ColumnLayout(self.table)
        self.pinned = PinnedName(self.table, model)
        self.filter_edit = FilterEdit()
        self.code_hint = CodeHint()
        self.panel = FilterPanel(monitor.services)
        self.nothing = NothingPage()
        self.filters = QScrollArea()
        self.filters.setObjectName("filters")
        self.filters.setFrameShape(QFrame.Shape.NoFrame)
        self.filters.setWidgetResizable(True)
        self.filters.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its parts take it, and are scrolled into sight
        self.filters.setWidget(self.panel)
        self.filters.setFixedWidth(236)
        self.filters.hide()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.nothing)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._pages, 1)
        if past is None:
            self.panel.history.setEnabled(False)
            self.panel.history.setToolTip(text.tr("Nothing is recorded in this window"))
        self.filter_edit.searched.connect(lambda _: self._filter())
        self.filter_edit.left.connect(self.focus_first)
        self.panel.changed.connect(self._filter)
        self.nothing.all_requested.connect(self.show_all)
        self.table.folded.connect(lambda groups: self.folded.emit(folded_text(groups)))

    # For the window.

    @property
    def is_looking_back(self) -> bool:
        """Whether it is the history that is shown."""
        return self.panel.history.isChecked()

    @property
    def panes(self) -> tuple[QWidget, ...]:
        """What stands around the table, as F6 reaches it."""
        return (self.filter_edit, self.code_hint, self.panel)

    def restore(self, columns: str, folded: str) -> None:
        """Takes columns and folded groups from the settings."""
        self._model.set_folded(folded_from(folded))
        self.columns.restore(columns)

    def show_filters(self, is_shown: bool) -> None:
        """Shows or hides the filters beside the table; hidden, they filter nothing."""
        self.panel.set_counts(self._model.jobs.tally)
        self.filters.setVisible(is_shown)
        if not is_shown:
            self.panel.clear()

    def show_all(self) -> None:
        """Takes every filter away."""
        self.filter_edit.clear()
        self.panel.clear()

    def reveal(self, key: JobKey) -> bool:
        """Makes the job the chosen one, whatever hides it; whether there is such a job."""
        row = self._model.row(key)
        if row is None:
            return False
        if self._model.position(key) is None:
            self._model.settle()
        if self._model.position(key) is None and self._model.order.is_grouped:
            self.table.fold(row.group, is_folded=False)
        if self._model.position(key) is None:
            self.show_all()
        at = self._model.position(key)
        if at is None:
            return False
        index = self._model.index(at, 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, flags)
        self.table.scrollTo(index)
        return True

    def type_filter(self) -> None:
        """Somebody wants to type into the filter."""
        self.filter_edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_edit.selectAll()

    def focus_first(self) -> None:
        """Goes from the filter to the list: to the first job, unless one has the focus already."""
        if not self.table.currentIndex().isValid():
            first = next(iter(self._model.rows), None)
            if first is not None:
                self.reveal(first.job.key)
        self.table.setFocus()

    def tick(self) -> None:
        """Once a second."""
        self._model.tick()
        self.table.tick()
        if self.filters.isVisible():
            self.panel.set_counts(self._model.jobs.tally)

    def refresh(self) -> None:
        """Shows the table, or says that nothing passes."""
        is_nothing = not self._model.rowCount() and (
            not self._model.order.filter.is_open or self.panel.history.isChecked()
        )
        if is_nothing:
            self._say_nothing()
        page = 1 if is_nothing else 0
        if self._pages.currentIndex() != page:
            had_focus = self.table.hasFocus()
            self._pages.setCurrentIndex(page)
            if had_focus:
                self.nothing.setFocus()

    def restyle(self) -> None:
        """Follows the theme."""
        self.filters.setStyleSheet(f"#filters {{ border-right: 1px solid {theme.colors(self.palette()).line}; }}")
        for part in (self.panel, self.nothing, self.filter_edit, self.code_hint):
            part.restyle()

    # Steps.

    def _filter(self) -> None:
        typed = self.filter_edit.text()
        self.code_hint.look_at(typed)
        wanted = self.panel.chosen(typed)
        if self.panel.history.isChecked() and self._past is not None:
            self._tasks.start(self._show_past(self._past, wanted), what="the history")
            return
        self._model.set_past(None)
        self._model.set_filter(wanted)
        if typed.strip():
            self._files.want()
        self.refresh()

    async def _show_past(self, past: PastJobs, wanted: Filter) -> None:
        gone = await past.gone(MOST_SHOWN, wanted.text.strip())
        if not gone:  # the record knows names, descriptions and ids; codes and error texts are looked for here
            gone = await past.gone(MOST_SHOWN)
        if self.panel.history.isChecked() and self.filter_edit.text() == wanted.text:
            self._model.set_past(past_rows(gone))
            self._model.set_filter(wanted)
            self.refresh()

    def _say_nothing(self) -> None:
        typed = self.filter_edit.text().strip()
        if self.panel.history.isChecked() and self._model.order.filter.is_open:
            title = text.tr("Nothing is gone")
            hint = text.tr("Downloads that have ended or vanished are kept here for 90 days.")
        elif typed:
            title = text.tr('No download contains "{typed}"').replace("{typed}", typed)
            hint = text.tr("Names, addresses, files, codes and error texts were looked through.")
        else:
            title = text.tr("No download is like that")
            hint = text.tr("Choose another state, service or age.")
        self.nothing.say(title, hint)
