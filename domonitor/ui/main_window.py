"""The main window: the list of all jobs, the chosen one below it, and the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.request import NewJob, Outcome
from domonitor.jobs.state import Command
from domonitor.monitor import Monitor
from domonitor.settings import Settings
from domonitor.ui import layout, text, theme
from domonitor.ui.actions import one_of_each_kind
from domonitor.ui.announcer import Announcer
from domonitor.ui.choices import Choices
from domonitor.ui.details import DetailsPanel
from domonitor.ui.downloads_menu import DownloadsMenu
from domonitor.ui.drops import Drops
from domonitor.ui.empty import EmptyPage
from domonitor.ui.free_space import FreeSpace
from domonitor.ui.giving import CommandGiver
from domonitor.ui.health import HealthBar
from domonitor.ui.help_menu import HelpMenu
from domonitor.ui.job_list import JobList
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.long_lived import LongLived
from domonitor.ui.notices import NoticeBar
from domonitor.ui.panes import Panes
from domonitor.ui.past_jobs import PastJobs
from domonitor.ui.reasons import with_reasons
from domonitor.ui.results import Result
from domonitor.ui.selected import SelectedJob
from domonitor.ui.summary_bar import SummaryBar
from domonitor.ui.tasks import TaskOwner
from domonitor.ui.theme_menu import ThemeMenu
from domonitor.ui.window_actions import WindowActions
from domonitor.words.question import why_not

if TYPE_CHECKING:
    from domonitor.ui.add_jobs import AddDialog

_REFRESH_MS = 250
"""The summary is written at most so often."""


class MainWindow(QMainWindow):
    """The window on one monitor.

    past: what is on record of jobs and errors that their service no longer holds, None for nothing. locked: the
    settings that an administrator has laid down.
    closed: set once the user has closed the window; shut_down then ends what it runs.
    Signals: settings_changed(Settings), when the user has chosen something.
    """

    settings_changed = Signal(object)

    def __init__(
        self, monitor: Monitor, settings: Settings, past: PastJobs | None = None, locked: frozenset[str] = frozenset()
    ) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setAccessibleName("domonitor")
        self.setWindowTitle("domonitor")
        self._drops = None if monitor.only_watches else Drops(self, self.add_downloads)
        self.closed = asyncio.Event()
        self.choices = Choices(settings, locked, self)
        self.choices.changed.connect(self.settings_changed)
        self.monitor = monitor
        self.notices = NoticeBar()
        self.tasks = TaskOwner(self.notices.tell)
        self.model = JobTableModel(monitor.bytes_per_s, self)
        self.list = JobList(monitor, self.model, self.tasks, past)
        self.table = self.list.table
        self.announcer = Announcer(self)
        self._long_lived = LongLived()
        self.details = DetailsPanel()
        self._giver = CommandGiver(monitor, self.model, self._tell_result, self)
        self.past = past
        self.selected = SelectedJob(monitor, self.model, self.details, self.tasks, past, self.notices.tell)
        self._acts = WindowActions(self)
        self.add_action, self.clear_action = self._acts.add, self._acts.clear
        self._connect_actions()
        self._build()
        self.resize(1180, 860)
        layout.restore(self, self.splitter, settings.window)
        self.list.restore(settings.columns, settings.folded)
        self._summary_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._summary_timer.timeout.connect(self._refresh_summary)
        self._second_timer = QTimer(self, interval=1000)
        self._second_timer.timeout.connect(self._tick)
        self._second_timer.start()
        self._unsubscribe = monitor.subscribe(self._take_change)
        self.model.regrouped.connect(self.announcer.take)
        self.restyle()
        self._refresh_summary()
        self._refresh_actions()

    # For those who open the window.

    def choose(self, key: JobKey) -> bool:
        """Makes the job the chosen one, whatever hides it; whether it is in the list."""
        return self.list.reveal(key)

    async def shut_down(self) -> None:
        """Ends all tasks, the monitor and the record; the services keep their jobs. May be called again."""
        if not self._second_timer.isActive():
            return
        self._unsubscribe()
        self.selected.stop()
        self._second_timer.stop()
        self._summary_timer.stop()
        self.announcer.stop()
        self.free_space.stop()
        await self.tasks.close()
        # The record first: it asks nothing more of services that are being closed.
        closing = [self.past.close()] if self.past is not None else []
        await asyncio.gather(*closing, self.monitor.close())

    def add_downloads(self, addresses: str = "") -> AddDialog:
        """Opens the dialog that adds downloads."""
        from domonitor.ui.add_jobs import AddDialog  # the window is there sooner without it

        chosen = self.choices.settings
        dialog = AddDialog(
            self._add,
            self.tasks,
            chosen.folder(),
            auto_complete=chosen.auto_complete,
            existing=chosen.if_existing(),
            is_folder_laid_down="download_folder" in self.choices.locked,
            parent=self,
        )
        dialog.existing_chosen.connect(lambda existing: self.choices.set(existing=existing.name.lower()))
        dialog.set_addresses(addresses)
        dialog.open()
        return dialog

    def come_to_the_front(self, addresses: Sequence[str] = ()) -> None:
        """Shows the window to the user, and opens the dialog that adds these downloads, if there are any."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        if addresses:
            self.add_downloads("\n".join(addresses))

    def quit(self) -> None:
        """Ends the window, whatever closing it does else."""
        self.closed.set()
        self.close()

    # Building.

    def _connect_actions(self) -> None:
        acts = self._acts
        acts.add.triggered.connect(lambda: self.add_downloads())
        for command, action in acts.commands.items():
            action.triggered.connect(lambda _=False, command=command: self.give(command))
        acts.clear.triggered.connect(self._clear_finished)
        acts.paste.triggered.connect(lambda: self.add_downloads(QGuiApplication.clipboard().text().strip()))
        self.choices.bind(acts.complete_self, "auto_complete")
        acts.preferences.triggered.connect(self.choices.opener(self.tasks, self))
        acts.find.triggered.connect(self.list.type_filter)
        acts.filters.toggled.connect(self.list.show_filters)

    def _build(self) -> None:
        self.toolbar = QToolBar(text.tr("Commands"))
        self.toolbar.setObjectName("toolBar")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QSize(18, 18))
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toolbar.addAction(self.add_action)
        self.toolbar.addSeparator()
        self.toolbar.addActions(list(self._acts.commands.values()))
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Preferred)
        self.toolbar.addWidget(gap)
        self.list.filter_edit.setMaximumWidth(260)
        self.toolbar.addWidget(self.list.filter_edit)
        self.toolbar.addAction(self._acts.filters)
        self.addToolBar(self.toolbar)
        self._build_menus()
        self.summary = SummaryBar()
        self.summary_label = self.summary.sentence
        self._build_table()
        self.empty = EmptyPage()
        self.empty.add_requested.connect(lambda: self.add_downloads())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.splitter)
        central, body = QWidget(), QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.list.filters)
        row.addWidget(self._pages, 1)
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.summary)
        column.addWidget(self.notices)
        column.addWidget(self.list.code_hint)
        column.addWidget(body, 1)
        self.setCentralWidget(central)
        self.health_bar = HealthBar(self.monitor.services)
        self.statusBar().addWidget(self.health_bar, 1)
        self.statusBar().messageChanged.connect(self.announcer.read)
        self.free_space = FreeSpace(self.choices.settings.folder(), self.tasks)
        if not self.monitor.only_watches:
            self.free_space.start()
        self.choices.changed.connect(lambda now: self.free_space.look_at(now.folder()))
        self.statusBar().addPermanentWidget(self.free_space)
        self.statusBar().setSizeGripEnabled(False)

    def _build_table(self) -> None:
        self.table.customContextMenuRequested.connect(self._open_menu)
        selection = self.table.selectionModel()
        selection.selectionChanged.connect(lambda *_: self._refresh_actions())
        selection.selectionChanged.connect(lambda *_: self._choose_current())
        selection.currentRowChanged.connect(lambda *_: self._choose_current())
        self.table.linked.connect(self._follow_link)
        self.list.folded.connect(lambda folded: self.choices.set(folded=folded))
        self.panes = Panes(self, lambda: (*self.list.panes, self.notices, self.list, self.details, self.health_bar))
        self.details.error_panel.command_requested.connect(self._give_chosen)
        self.splitter = layout.split(self.list, self.details)

    def _build_menus(self) -> None:
        self.menuBar().setAccessibleName(text.tr("Menus"))
        self.menuBar().addMenu(DownloadsMenu(self._acts, self, self.quit))
        view = self.menuBar().addMenu(text.tr("&View"))
        view.addActions([self._acts.find, self._acts.filters])
        self.list.columns.fill_view_menu(view)
        view.addSeparator()
        view.addMenu(ThemeMenu(self.choices, self))
        self.help = HelpMenu(self.monitor, self.choose, self)
        self.menuBar().addMenu(self.help)
        self.list.code_hint.offer(self.help.explain)
        self.details.error_panel.explain_requested.connect(self.help.explain)

    # Changes come in.

    def _take_change(self, service: str, change: Change) -> None:
        self.model.apply(service, change)
        if change.health is not None:
            self.health_bar.show_health(service, change.health)
        for notice in change.notices:
            self.notices.tell(notice)
        self.selected.take_change(change)
        if not self._summary_timer.isActive():
            self._summary_timer.start()
        if self._pages.currentIndex() == 0 and self.model.jobs.all:
            self._show_list()

    def _tick(self) -> None:
        self.list.tick()
        self.details.tick()
        self._refresh_summary()

    def _refresh_summary(self) -> None:
        self._long_lived.note(len(self.model.jobs.all))
        self.summary.show_jobs(self.model.jobs)
        if self.model.jobs.all or self.list.is_looking_back:
            self._show_list()
        else:
            self._pages.setCurrentIndex(0)
        self.list.refresh()
        self.clear_action.setEnabled(self.model.has_finished())
        self._refresh_actions()

    def _show_list(self) -> None:
        """In place of the page that says that there is nothing; where the focus was there, it goes to the list."""
        if self._pages.currentIndex() == 0:
            focused: QWidget | None = QApplication.focusWidget()
            had_focus = focused is None or self.empty.isAncestorOf(focused)
            self._pages.setCurrentIndex(1)
            if had_focus:
                self.table.setFocus()

    # Choosing.

    def _choose_current(self) -> None:
        row = self.table.chosen_row()
        self.selected.choose(None if row is None else row.job.key)

    def _refresh_actions(self) -> None:
        jobs = one_of_each_kind(self.table.selected_jobs())
        for command, action in self._acts.commands.items():
            is_enabled = self._giver.offers_any(command, jobs)
            action.setEnabled(is_enabled)
            action.setToolTip(text.command_purpose(command) if is_enabled else why_not(jobs, command))
            action.setStatusTip("" if is_enabled else action.toolTip())

    # Commands go out.

    def give(self, command: Command) -> None:
        """Gives the command to the selected jobs that can take it."""
        self.give_to(command, self.table.selected_jobs())

    def _give_chosen(self, command: Command) -> None:
        row = self.model.row(self.selected.key) if self.selected.key else None
        self.give_to(command, [row.job] if row is not None and not row.is_gone else [])

    def _follow_link(self, key: JobKey, command: Command | None) -> None:
        """Somebody has pressed what a row offers: a command for its job, or None to have its state explained."""
        row = self.model.row(key)
        if command is not None and row is not None:
            self.give_to(command, [row.job])
        elif self.choose(key):
            self.panes.enter(self.details)

    def give_to(self, command: Command, jobs: Sequence[Job]) -> None:
        """Gives the command to those of the jobs that can take it."""
        if self._giver.offers_any(command, one_of_each_kind(jobs)):
            self.tasks.start(self._giver.give(command, jobs), what=text.command_name(command))

    def _tell_result(self, result: Result) -> None:
        if result.short:
            self.notices.tell(result.short, result.full)
        else:
            self.notices.clear()

    async def _add(self, jobs: Sequence[NewJob]) -> Sequence[Outcome]:
        return await self.monitor.add(self.monitor.services[0], jobs)

    def _clear_finished(self) -> None:
        chosen = self.selected.key
        self.model.clear_finished()
        if chosen is None or not self.choose(chosen):
            self.selected.choose(None)
        self._refresh_summary()

    def _open_menu(self, at: QPoint) -> None:
        menu = with_reasons(QMenu(self))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(list(self._acts.commands.values()))
        menu.addSeparator()
        menu.addAction(self.clear_action)
        menu.popup(self.table.viewport().mapToGlobal(at))

    # Looks.

    def keep_layout(self) -> None:
        """Tells the settings how the window looks now."""
        self.choices.set(window=layout.as_text(self, self.splitter), columns=self.list.columns.as_text())

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        enabled = self.palette().buttonText().color()
        self._acts.restyle(enabled, colors.muted)
        self.setWindowIcon(theme.icon("app", enabled))
        self.setStyleSheet(theme.window_style(self.palette()))
        for part in (self.notices, self.list, self.details, self.empty, self.health_bar, self.free_space):
            part.restyle()

    # What Qt tells.

    def showEvent(self, event: QShowEvent) -> None:
        """See QWidget."""
        super().showEvent(event)
        (self.table if self._pages.currentIndex() else self.empty).setFocus()

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "health_bar"):
            self.restyle()

    def closeEvent(self, event: QCloseEvent) -> None:
        """See QWidget. Nothing is asked: the services keep every job."""
        self.keep_layout()
        self.closed.set()
        super().closeEvent(event)
