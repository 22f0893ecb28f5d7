"""The main window: the list of all jobs, the chosen one below it, and the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QSplitter,
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
from domonitor.settings import Settings, Theme
from domonitor.ui import layout, text, theme
from domonitor.ui.actions import COMMANDS, one_of_each_kind, why_not
from domonitor.ui.add_jobs import AddDialog
from domonitor.ui.details import DetailsPanel
from domonitor.ui.empty import EmptyPage
from domonitor.ui.giving import CommandGiver
from domonitor.ui.health import HealthBar
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.job_view import JobView
from domonitor.ui.notices import NoticeBar
from domonitor.ui.selected import Past, SelectedJob
from domonitor.ui.tasks import TaskOwner
from domonitor.ui.theme_menu import ThemeMenu

_REFRESH_MS = 250
"""The summary is written at most so often."""


class MainWindow(QMainWindow):
    """The window on one monitor.

    past: what is on record of errors that their service no longer holds, None for nothing.
    closed: set once the user has closed the window; shut_down then ends what it runs.
    Signals: settings_changed(Settings), when the user has chosen something.
    """

    settings_changed = Signal(object)

    def __init__(self, monitor: Monitor, settings: Settings, past: Past | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setAccessibleName("domonitor")
        self.setWindowTitle("domonitor")
        self.setAcceptDrops(True)
        self.closed = asyncio.Event()
        self.settings = settings
        self.monitor = monitor
        self.notices = NoticeBar()
        self.tasks = TaskOwner(self.notices.tell)
        self.model = JobTableModel(monitor.bytes_per_s, self)
        self.details = DetailsPanel()
        self._giver = CommandGiver(monitor, self.model, self._tell_refusals, self)
        self.past = past
        self._selected = SelectedJob(monitor, self.model, self.details, self.tasks, past)
        self._actions: dict[Command, QAction] = {}
        self._styled_actions: list[tuple[QAction, str]] = []
        self._build_actions()
        self._build()
        self.resize(1180, 860)
        layout.restore(self, self.table.horizontalHeader(), self.splitter, settings.window)
        self._summary_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._summary_timer.timeout.connect(self._refresh_summary)
        self._second_timer = QTimer(self, interval=1000)
        self._second_timer.timeout.connect(self._tick)
        self._second_timer.start()
        self._unsubscribe = monitor.subscribe(self._take_change)
        self.restyle()
        self._refresh_summary()
        self._refresh_actions()

    # For those who open the window.

    def choose(self, key: JobKey) -> bool:
        """Makes the job the chosen one; whether it is in the list."""
        at = self.model.position(key)
        if at is None:
            return False
        index = self.model.index(at, 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, flags)
        self.table.scrollTo(index)
        return True

    async def shut_down(self) -> None:
        """Ends all tasks, the monitor and the record; the services keep their jobs. May be called again."""
        if not self._second_timer.isActive():
            return
        self._unsubscribe()
        self._selected.stop()
        self._second_timer.stop()
        self._summary_timer.stop()
        await self.tasks.close()
        # The record first: it asks nothing more of services that are being closed.
        closing = [self.past.close()] if self.past is not None else []
        await asyncio.gather(*closing, self.monitor.close())

    def add_downloads(self, addresses: str = "") -> AddDialog:
        """Opens the dialog that adds downloads."""
        chosen = self.settings
        dialog = AddDialog(
            self._add,
            self.tasks,
            chosen.folder(),
            auto_complete=chosen.auto_complete,
            existing=chosen.if_existing(),
            parent=self,
        )
        dialog.existing_chosen.connect(lambda existing: self._set(existing=existing.name.lower()))
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

    # Building.

    def _build_actions(self) -> None:
        self.add_action = self._action("addAction", text.tr("Add"), "add", QKeySequence.StandardKey.New)
        self.add_action.setToolTip(text.tr("Add downloads"))
        self.add_action.triggered.connect(lambda: self.add_downloads())
        for entry in COMMANDS:
            action = self._action(entry.object_name, text.command_name(entry.command), entry.icon, entry.shortcut)
            action.triggered.connect(lambda _=False, command=entry.command: self.give(command))
            self._actions[entry.command] = action
        self.clear_action = self._action("clearAction", text.tr("Clear finished"), "clear", "Ctrl+Shift+Delete")
        self.clear_action.setToolTip(text.tr("Take finished, cancelled and gone downloads off the list"))
        self.clear_action.triggered.connect(self._clear_finished)
        self.paste_action = QAction(text.tr("Add from clipboard"), self)
        self.paste_action.setObjectName("pasteAction")
        self.paste_action.setShortcut(QKeySequence.StandardKey.Paste)
        self.paste_action.triggered.connect(lambda: self.add_downloads(QGuiApplication.clipboard().text().strip()))
        self.complete_self_action = QAction(text.tr("Finish downloads by themselves"), self, checkable=True)
        self.complete_self_action.setObjectName("autoCompleteAction")
        self.complete_self_action.setToolTip(text.tr("Files get their names as soon as they have arrived"))
        self.complete_self_action.setChecked(self.settings.auto_complete)
        self.complete_self_action.toggled.connect(lambda is_on: self._set(auto_complete=is_on))

    def _action(self, name: str, title: str, icon: str, shortcut: QKeySequence.StandardKey | str) -> QAction:
        action = QAction(title, self)
        action.setObjectName(name)
        action.setShortcut(QKeySequence(shortcut))
        self._styled_actions.append((action, icon))
        self.addAction(action)
        return action

    def _build(self) -> None:
        self.toolbar = QToolBar(text.tr("Commands"))
        self.toolbar.setObjectName("toolBar")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QSize(18, 18))
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toolbar.addAction(self.add_action)
        self.toolbar.addSeparator()
        self.toolbar.addActions(list(self._actions.values()))
        self.toolbar.addSeparator()
        self.toolbar.addAction(self.clear_action)
        self.addToolBar(self.toolbar)
        self._build_menus()
        self.summary_label = QLabel()
        self.summary_label.setObjectName("summaryLabel")
        self.summary_label.setAccessibleName(text.tr("Summary"))
        self.speed_label = QLabel()
        self.speed_label.setObjectName("speedLabel")
        self.speed_label.setAccessibleName(text.tr("Speed of all downloads"))
        summary = QWidget()
        summary.setObjectName("summaryBar")
        row = QHBoxLayout(summary)
        row.setContentsMargins(14, 9, 14, 9)
        row.addWidget(self.summary_label, 1)
        row.addWidget(self.speed_label)
        self._build_table()
        self.empty = EmptyPage()
        self.empty.add_requested.connect(lambda: self.add_downloads())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.splitter)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(summary)
        column.addWidget(self.notices)
        column.addWidget(self._pages, 1)
        self.setCentralWidget(central)
        self.health_bar = HealthBar(self.monitor.services)
        self.statusBar().addWidget(self.health_bar, 1)
        self.statusBar().setSizeGripEnabled(False)

    def _build_table(self) -> None:
        self.table = JobView(self.model)
        self.table.customContextMenuRequested.connect(self._open_menu)
        selection = self.table.selectionModel()
        selection.selectionChanged.connect(lambda *_: self._refresh_actions())
        selection.selectionChanged.connect(lambda *_: self._choose_current())
        selection.currentRowChanged.connect(lambda *_: self._choose_current())
        self.details.error_panel.command_requested.connect(self._give_chosen)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("splitter")
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([450, 340])
        self.details.table.setMinimumHeight(1)  # in a small window the list goes before the files
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(5)

    def _build_menus(self) -> None:
        downloads = self.menuBar().addMenu(text.tr("&Downloads"))
        downloads.addActions([self.add_action, self.paste_action])
        downloads.addSeparator()
        downloads.addActions(list(self._actions.values()))
        downloads.addSeparator()
        downloads.addActions([self.clear_action, self.complete_self_action])
        downloads.addSeparator()
        quit_action = downloads.addAction(text.tr("Quit"))
        quit_action.setShortcut(QKeySequence.StandardKey.Quit)
        quit_action.triggered.connect(self.close)
        # A change of the system's own scheme comes here; a choice made in the window does so too, and changes nothing.
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)
        themes = ThemeMenu(self.settings.theme, self)
        themes.theme_chosen.connect(self._set_theme)
        self.menuBar().addMenu(text.tr("&View")).addMenu(themes)

    # Changes come in.

    def _take_change(self, service: str, change: Change) -> None:
        self.model.apply(service, change)
        if change.health is not None:
            self.health_bar.show_health(service, change.health)
        for notice in change.notices:
            self.notices.tell(notice)
        self._selected.take_change(change)
        if not self._summary_timer.isActive():
            self._summary_timer.start()
        if self._pages.currentIndex() == 0 and self.model.rowCount():
            self._pages.setCurrentIndex(1)

    def _tick(self) -> None:
        self.model.tick()
        self.details.error_panel.tick()
        self._refresh_summary()

    def _refresh_summary(self) -> None:
        jobs = [row.job for row in self.model.rows if not row.is_gone]
        left = [text.remaining_of(row.job, row.bytes_per_s) for row in self.model.rows if row.bytes_per_s]
        self.summary_label.setText(text.summary(jobs, max((one for one in left if one is not None), default=None)))
        total = sum(row.bytes_per_s or 0 for row in self.model.rows)
        self.speed_label.setText(text.speed(total) if total >= 1 else "")
        self._pages.setCurrentIndex(1 if self.model.rowCount() else 0)
        self.clear_action.setEnabled(self.model.has_finished())
        self._refresh_actions()

    # Choosing.

    def _choose_current(self) -> None:
        """The current row, if it is selected: the focus alone makes the first row current, and nobody has chosen it."""
        current = self.table.currentIndex()
        is_chosen = current.isValid() and self.table.selectionModel().isSelected(current)
        self._selected.choose(self.model.rows[current.row()].job.key if is_chosen else None)

    def _refresh_actions(self) -> None:
        jobs = one_of_each_kind(self.table.selected_jobs())
        for command, action in self._actions.items():
            is_enabled = self._giver.offers_any(command, jobs)
            action.setEnabled(is_enabled)
            action.setToolTip(text.command_purpose(command) if is_enabled else why_not(jobs, command))

    # Commands go out.

    def give(self, command: Command) -> None:
        """Gives the command to the selected jobs that can take it."""
        self._start(command, self.table.selected_jobs())

    def _give_chosen(self, command: Command) -> None:
        row = self.model.row(self._selected.key) if self._selected.key else None
        self._start(command, [row.job] if row is not None and not row.is_gone else [])

    def _start(self, command: Command, jobs: Sequence[Job]) -> None:
        if offered := self._giver.offered(command, jobs):
            self.tasks.start(self._giver.give(command, offered), what=text.command_name(command))

    def _tell_refusals(self, refusals: str) -> None:
        if refusals:
            self.notices.tell(refusals)
        else:
            self.notices.clear()

    async def _add(self, jobs: Sequence[NewJob]) -> Sequence[Outcome]:
        return await self.monitor.add(self.monitor.services[0], jobs)

    def _clear_finished(self) -> None:
        chosen = self._selected.key
        self.model.clear_finished()
        if chosen is None or not self.choose(chosen):
            self._selected.choose(None)
        self._refresh_summary()

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(list(self._actions.values()))
        menu.addSeparator()
        menu.addAction(self.clear_action)
        menu.popup(self.table.viewport().mapToGlobal(at))

    # Settings and looks.

    def _set(self, **values: object) -> None:
        self.settings = replace(self.settings, **values)  # type: ignore[arg-type]
        self.settings_changed.emit(self.settings)

    def _follow_system(self) -> None:
        if self.settings.theme == Theme.SYSTEM:
            theme.apply(self.settings.theme)

    def _set_theme(self, choice: Theme) -> None:
        theme.apply(choice.value)
        self._set(theme=choice.value)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        enabled = self.palette().buttonText().color()
        for action, icon in self._styled_actions:
            action.setIcon(theme.icon(icon, enabled, colors.muted))
        self.setWindowIcon(theme.icon("app", enabled))
        self.setStyleSheet(theme.window_style(self.palette()))
        for part in (self.notices, self.details, self.empty, self.health_bar):
            part.restyle()

    # What Qt tells.

    def showEvent(self, event: QShowEvent) -> None:
        """See QWidget."""
        super().showEvent(event)
        self.table.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "health_bar"):
            self.restyle()

    def closeEvent(self, event: QCloseEvent) -> None:
        """See QWidget. Nothing is asked: the services keep every job."""
        self._set(window=layout.as_text(self, self.table.horizontalHeader(), self.splitter))
        self.closed.set()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """See QWidget."""
        if event.mimeData().hasText() or event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """See QWidget."""
        data = event.mimeData()
        # Encoded: as a text, a QUrl turns %20 back into a space.
        urls = [url.toEncoded().toStdString() for url in data.urls()] if data.hasUrls() else [data.text()]
        event.acceptProposedAction()
        self.add_downloads("\n".join(urls))
