"""The chosen job: its error, if it has one, and under tabs its files, what happened, its speed and all its fields."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QTabWidget, QVBoxLayout, QWidget

from domonitor.jobs.job import Job
from domonitor.ui import text, theme
from domonitor.ui.caution import Caution
from domonitor.ui.error_area import ErrorArea
from domonitor.ui.error_panel import ErrorPanel
from domonitor.ui.files_tab import FilesTab
from domonitor.ui.general_tab import GeneralTab
from domonitor.ui.labels import ElidedLabel
from domonitor.ui.speed_tab import SpeedTab
from domonitor.ui.timeline_tab import TimelineTab


class DetailsPanel(QWidget):
    """Below the list: what belongs to the chosen job alone.

    Signals: looked_at, when somebody has come back to the window or chosen a tab, so that what is shown should be new.
    """

    looked_at = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPanel")
        self.setAccessibleName(text.tr("The chosen download"))
        self.error_panel = ErrorPanel()
        self.error_area = ErrorArea(self.error_panel)
        self.files_tab = FilesTab()
        self.files, self.table = self.files_tab.model, self.files_tab.table
        self.timeline = TimelineTab()
        self.speed = SpeedTab()
        self.general = GeneralTab()
        self._title = ElidedLabel()
        self._title.setObjectName("detailsTitle")
        self._title.setContentsMargins(12, 7, 12, 7)
        self._caution = Caution()
        self._hint = QLabel(text.tr("Choose a download to see what there is to know of it."))
        self._hint.setObjectName("detailsHint")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("detailsTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)  # a white line in the dark
        self.tabs.addTab(self.files_tab, text.tr("&Files"))
        self.tabs.addTab(self.timeline, text.tr("&Timeline"))
        self.tabs.addTab(self.speed, text.tr("&Speed"))
        self.tabs.addTab(self.general, text.tr("&General"))
        self.tabs.setMinimumHeight(self.tabs.tabBar().sizeHint().height())  # in a low window the error goes before them
        self.error_area.turned.connect(lambda: self._show_title(self.tabs.isVisibleTo(self)))
        self.tabs.currentChanged.connect(lambda _: self.looked_at.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.error_area)
        layout.addWidget(self._title)
        layout.addWidget(self._caution)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self._hint, 1)
        self._note = ""
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
        """Shows what is known of the job at once; its files, its error and its timeline come separately."""
        self._show_title(job is not None)
        self._caution.set_job(job)
        self.tabs.setVisible(job is not None)
        self._hint.setVisible(job is None)
        self.files_tab.set_job(job)
        self.general.set_job(job)
        self.speed.set_job(job.key if job is not None else None)
        if job is None:
            self.error_panel.clear()
            self.files.set_error(None)
            self.files.set_files(())
            self.timeline.show_events(())
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

    def _show_title(self, is_wanted: bool) -> None:
        """The error panel names the job itself; there the room is for the tabs."""
        self._title.setVisible(is_wanted and (self.error_panel.isHidden() or bool(self._note)))

    def tick(self) -> None:
        """A second has passed."""
        self.error_panel.tick()
        self.speed.tick()

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setStyleSheet(
            f"#detailsTitle {{ color: {colors.muted}; border-bottom: 1px solid {colors.line}; }}"
            f"#detailsHint {{ color: {colors.muted}; }}"
            "QTableView::item { padding: 0 6px; }"
            f"QTableView::item:focus:!selected {{ border: 1px solid {colors.accent}; }}"
            f"QTabBar::tab {{ padding: 5px 12px; border: none; color: {colors.muted}; }}"
            f"QTabBar::tab:selected {{ color: {self.palette().text().color().name()};"
            f" border-bottom: 2px solid {colors.accent}; }}"
            f"QTabBar::tab:focus {{ color: {colors.accent}; }}"
            "QTabWidget::pane { border: none; }" + Caution.rules(colors)
        )
        self.error_panel.restyle()
        for tab in (self.files_tab, self.timeline, self.speed, self.general):
            tab.restyle()

    def event(self, event: QEvent) -> bool:
        """See QObject."""
        if event.type() is QEvent.Type.WindowActivate:
            self.looked_at.emit()
        return super().event(event)
