"""The icon in the notification area: how it stands, the few commands that need no window, and what has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from domonitor.jobs.job import JobKey, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.settings import Settings
from domonitor.ui import text, theme
from domonitor.ui.main_window import MainWindow
from domonitor.ui.rows import Row
from domonitor.words.masking import without_secrets_in

PAUSE_S = 10.0
"""Between two messages."""

_GATHERS_S = 0.5
"""What ends within this time is told together."""

_ENDED = (JobState.ERROR, JobState.TRANSFERRED, JobState.ACKNOWLEDGED)
"""What is told, in the order in which it matters."""

_SIZES = (16, 20, 22, 24, 32, 48, 64)
"""In pixels: whatever a panel may want."""


class Standing(Enum):
    """How it stands, with the icon's sign for it; each has a shape of its own."""

    NEEDS_YOU = "cancel"
    RUNNING = "state-transferring"
    CALM = ""


class Tray(QObject):
    """The window's icon, where the settings want one and the system has a place for it.

    While it is there, closing the window hides it, and Quit ends it.
    say: takes title and text of a message; by default the system shows it.
    """

    def __init__(
        self,
        window: MainWindow,
        is_available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(window)
        self.say: Callable[[str, str], None] = self._show_message
        self._window = window
        self._is_available = is_available
        self._has_told = False
        self._standing = Standing.CALM
        self.icon = QSystemTrayIcon(self)
        self.icon.setObjectName("trayIcon")
        self.icon.activated.connect(self._activate)
        self.icon.messageClicked.connect(self._show_window)
        self.menu = self._menu()
        self.icon.setContextMenu(self.menu)
        self._news = _News(self, clock)
        window.installEventFilter(self)
        window.summary.told.connect(self._refresh)
        window.model.regrouped.connect(self._take)

    @staticmethod
    def is_available() -> bool:
        """Whether the system has a place for it now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def follow(self, settings: Settings) -> None:
        """Shows the icon, or takes it away; a window that only it could bring back is shown."""
        has_ended = self._window.closed.is_set()
        is_wanted = settings.tray and not has_ended and self._is_available()
        if is_wanted is not self.icon.isVisible():
            self._refresh()
            self.icon.setVisible(is_wanted)
        if not is_wanted and not has_ended and not self._window.isVisible():
            self._window.show()

    @property
    def standing(self) -> Standing:
        """What the icon says."""
        return self._standing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See QObject. Closed, the window goes out of sight, unless it is to end."""
        if watched is self._window and event.type() is QEvent.Type.Close:
            if self._window.closed.is_set():
                self.icon.hide()
                self._news.stop()
            elif self.icon.isVisible() and self._is_available():
                event.ignore()
                self._hide_window()
                return True
        return super().eventFilter(watched, event)

    def _hide_window(self) -> None:
        self._window.keep_layout()
        self._window.hide()
        if not self._has_told:
            self._has_told = True
            self.say(
                text.tr("domonitor goes on in the notification area"),
                text.tr("Its icon there brings the window back, and its menu ends it."),
            )

    def _menu(self) -> QMenu:
        menu = QMenu(self._window)
        menu.setObjectName("trayMenu")
        entries: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("trayShow", text.tr("Show window"), self._show_window),
            ("trayAdd", text.tr("Add downloads…"), self._add),
            ("traySuspendAll", text.tr("Suspend all"), lambda: self._give(Command.SUSPEND)),
            ("trayResumeAll", text.tr("Resume all"), lambda: self._give(Command.RESUME)),
            ("trayQuit", text.tr("Quit"), self._window.quit),
        )
        for name, title, do in entries:
            action = QAction(title, menu)
            action.setObjectName(name)
            action.triggered.connect(lambda _=False, do=do: do())
            if name in ("traySuspendAll", "trayQuit"):
                menu.addSeparator()
            menu.addAction(action)
        menu.setDefaultAction(menu.actions()[0])
        return menu

    def _give(self, command: Command) -> None:
        """Only our own: what other programs do is theirs."""
        rows = [row for row in self._window.model.jobs.all if not row.is_over]
        self._window.give_to(command, [row.job for row in rows if row.job.origin is Origin.OURS])

    def _add(self) -> None:
        self._show_window()
        self._window.add_downloads()

    def _show_window(self) -> None:
        self._window.come_to_the_front()

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self._show_window()

    def _refresh(self) -> None:
        states = self._window.model.jobs.own_states()
        standing = Standing.CALM
        if states[JobState.TRANSFERRING] or states[JobState.CONNECTING]:
            standing = Standing.RUNNING
        if states[JobState.ERROR] or states[JobState.TRANSFERRED]:
            standing = Standing.NEEDS_YOU
        if standing is not self._standing or self.icon.icon().isNull():
            self._standing = standing
            self.icon.setIcon(picture(standing))
        words = f"domonitor: {self._window.summary.sentence.text()}"
        if words != self.icon.toolTip():
            self.icon.setToolTip(words)

    def _take(self, rows: Iterable[Row]) -> None:
        is_away = not self._window.isVisible() or self._window.isMinimized()
        if is_away and self.icon.isVisible():
            self._news.take(row for row in rows if row.job.origin is Origin.OURS and row.job.state in _ENDED)

    def _show_message(self, title: str, words: str) -> None:
        if QSystemTrayIcon.supportsMessages():
            self.icon.showMessage(title, words, picture(self._standing))


def follow(window: MainWindow, settings: Settings) -> None:
    """Gives the window its icon as soon as the settings want one, and has it follow them.

    Till then nothing is made: to ask for a place in the notification area may take its time.
    """
    made: list[Tray] = []

    def take(settings: Settings) -> None:
        if settings.tray and not made:
            made.append(Tray(window))
        for tray in made:
            tray.follow(settings)

    take(settings)
    window.settings_changed.connect(take)


class _News(QObject):
    """Gathers what has ended and tells it together, at most once in ten seconds."""

    def __init__(self, tray: Tray, clock: Callable[[], float]) -> None:
        super().__init__(tray)
        self._tray = tray
        self._clock = clock
        self._rows: dict[JobKey, Row] = {}
        self._last_s = float("-inf")
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tell)

    def take(self, rows: Iterable[Row]) -> None:
        self._rows.update({row.job.key: row for row in rows})
        if self._rows and not self._timer.isActive():
            wait_s = max(_GATHERS_S, self._last_s + PAUSE_S - self._clock())
            self._timer.start(int(wait_s * 1000) + 1)

    def stop(self) -> None:
        self._timer.stop()

    def _tell(self) -> None:
        rows, self._rows = list(self._rows.values()), {}
        title, words = message(rows)
        if title:
            self._last_s = self._clock()
            self._tray.say(title, words)


def message(rows: Iterable[Row]) -> tuple[str, str]:
    """Title and text of a message on what has ended, "" for nothing; nothing secret is in it."""
    by_state: dict[JobState, list[Row]] = {}
    for row in rows:
        by_state.setdefault(row.job.state, []).append(row)
    titles, lines = [], []
    for state in _ENDED:
        found = by_state.get(state, [])
        if found:
            titles.append(_counted(state, len(found)))
            name = without_secrets_in(found[0].job.display_name)
            more = text.plural(len(found) - 1, text.tr("and one more"), text.tr("and {n} more"))
            rest = f" {more}" if len(found) > 1 else f": {found[0].words()}"
            lines.append(name + rest)
    return ", ".join(titles), "\n".join(lines)


def _counted(state: JobState, count: int) -> str:
    if state is JobState.ERROR:
        return text.plural(count, text.tr("A download needs you"), text.tr("{n} downloads need you"))
    if state is JobState.TRANSFERRED:
        one, many = text.tr("A download has arrived, to be completed"), text.tr("{n} downloads have arrived")
        return text.plural(count, one, many)
    return text.plural(count, text.tr("A download is finished"), text.tr("{n} downloads are finished"))


@cache
def picture(standing: Standing) -> QIcon:
    """The program's icon, with the sign of how it stands in a corner."""
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(_pixmap(standing, size))
    return made


def _pixmap(standing: Standing, size: int) -> QPixmap:
    drawn = QPixmap(theme.pixmap("app", "#ffffff", size, 1.0))
    if not standing.value:
        return drawn
    part = round(size * 0.6)
    edge, inset = part * 0.08, part * 0.2
    place = QRectF(size - part, size - part, part, part)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#ffffff"))  # an edge that shows on every panel and on the icon itself
    painter.drawEllipse(place)
    painter.setBrush(QColor(theme.LIGHT.danger if standing is Standing.NEEDS_YOU else theme.LIGHT.good))
    painter.drawEllipse(place.adjusted(edge, edge, -edge, -edge))
    sign = place.adjusted(inset, inset, -inset, -inset).toRect()
    painter.drawPixmap(sign, theme.pixmap(standing.value, "#ffffff", max(1, sign.width()), 1.0))
    painter.end()
    return drawn
