"""The Preferences dialog: all that can be chosen once and for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from domonitor.backends.thread import BackendThread
from domonitor.jobs.request import Existing
from domonitor.settings import LOG_LEVELS, Settings, Theme
from domonitor.ui import text, theme
from domonitor.ui.choices import Choices, lock, set_by_administrator
from domonitor.ui.folder_check import problem_by_name, problem_on_disk
from domonitor.ui.proxy_choice import ProxyChoice
from domonitor.ui.speed_choice import SpeedChoice
from domonitor.ui.tasks import TaskOwner
from domonitor.ui.theme_menu import theme_name

_WIDTH = 600


@dataclass(frozen=True, slots=True)
class _Entry:
    """A setting in the dialog: how it is shown, and read off again. note: below it, for what is to be said of it.

    field: what takes its keys.
    """

    show: Callable[[Settings], None]
    read: Callable[[], object]
    note: QLabel
    field: QWidget


class PreferencesDialog(QDialog):
    """Shows the choices, and changes them when OK is pressed and nothing is wrong.

    What the administrator has laid down is switched off, and says so. A folder is looked at on a thread.
    """

    def __init__(self, choices: Choices, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preferencesDialog")
        self.setWindowTitle(text.tr("Preferences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._choices = choices
        self._tasks = tasks
        self._is_looking = False
        self._tried: str | None = None
        """The folder that is being tried, or was: what a mere look says of it counts no more."""
        self._is_open = True
        self.finished.connect(self._end)
        self._entries: dict[str, _Entry] = {}
        self._problems: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._system_folder = str(Settings().folder())
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        self._ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(text.tr("OK"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(text.tr("Cancel"))
        defaults = self._buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        defaults.setText(text.tr("&Restore defaults"))
        defaults.setAutoDefault(False)
        defaults.clicked.connect(lambda: self.show_settings(Settings()))
        self._buttons.accepted.connect(lambda: self._tasks.start(self._save(), what="Preferences"))
        self._buttons.rejected.connect(self.reject)
        self._build()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.addLayout(self._grid)
        layout.addSpacing(10)
        layout.addStretch(1)
        layout.addWidget(self._buttons)
        self.show_settings(choices.settings, is_first=True)
        self._restyle()
        self.resize(max(_WIDTH, self.sizeHint().width()), 0)
        self._make_room()

    def show_settings(self, settings: Settings, *, is_first: bool = False) -> None:
        """Fills in these settings. is_first: also those that are laid down; later those stay."""
        for name, entry in self._entries.items():
            if is_first or name not in self._choices.locked:
                entry.show(settings)

    def problem(self, name: str) -> str:
        """What is wrong with what stands there for a setting, "" for nothing."""
        return self._problems.get(name, "")

    # Building.

    def _build(self) -> None:
        self._heading(text.tr("Downloads"))
        self._build_folder()
        existing = {
            text.existing(each): each.name.lower() for each in (Existing.RENAME, Existing.REFUSE, Existing.REPLACE)
        }
        self._add_choice("existing", text.tr("&If a file of that name is there"), existing)
        self._add_tick("auto_complete", text.tr("&Finish downloads by themselves"))
        self._heading(text.tr("Network"))
        speed = SpeedChoice()
        speed.setMinimumHeight(self._folder.sizeHint().height())
        self._add(
            "speed_limit", text.tr("&Speed limit"), speed, lambda now: speed.show_speed(now.speed_limit), speed.speed
        )
        proxy = ProxyChoice()
        proxy.changed.connect(lambda: self._say("proxy", proxy.problem()))
        self._add("proxy", text.tr("&Proxy"), proxy, lambda now: proxy.show_proxy(now.proxy), proxy.proxy)
        self._heading(text.tr("Computer"))
        self._add_tick("autostart", text.tr("S&tart with the computer"))
        self._add_tick("tray", text.tr("Icon in the &notification area"))
        self._add_tick("holds_off_sleep", text.tr("Keep the computer &awake for foreground downloads"))
        self._heading(text.tr("Window"))
        self._add_choice("theme", text.tr("T&heme"), {theme_name(each): each.value for each in Theme})
        levels = {_log_level(each): each for each in LOG_LEVELS}
        self._add_choice("log_level", text.tr("&Log"), levels, text.tr("From the next start."))

    def _build_folder(self) -> None:
        self._folder = QLineEdit()
        self._folder.setObjectName("folderEdit")
        browse = QPushButton(text.tr("&Browse…"))
        browse.setObjectName("browseButton")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._choose_folder)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._folder, 1)
        row.addWidget(browse)
        both.setFocusProxy(self._folder)
        self._folder.textChanged.connect(self._look_at_folder)
        self._add(
            "download_folder",
            text.tr("&Download folder"),
            both,
            lambda now: self._folder.setText(now.download_folder or self._system_folder),
            self._chosen_folder,
            parts=(self._folder, browse),
        )

    def _add(
        self,
        name: str,
        title: str,
        field: QWidget,
        show: Callable[[Settings], None],
        read: Callable[[], object],
        *,
        parts: tuple[QWidget, ...] = (),
        said: str = "",
    ) -> None:
        """One setting. parts: what of the field takes keys, where that is not the field itself. said: always below."""
        at = self._grid.rowCount()
        named = field.focusProxy() or field
        if isinstance(field, QCheckBox):
            field.setText(title)
        else:
            label = QLabel(title)
            label.setBuddy(named)
            self._grid.addWidget(label, at, 0)
        named.setAccessibleName(title.replace("&", ""))
        self._grid.addWidget(field, at, 1)
        note = QLabel()
        note.setObjectName(f"{name}Note")
        note.setWordWrap(True)
        note.setTextFormat(Qt.TextFormat.PlainText)
        self._grid.addWidget(note, at + 1, 1)
        self._said[name] = said
        self._entries[name] = _Entry(show, read, note, named)
        if name in self._choices.locked:
            lock(*(parts or field.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)), field)
            self._said[name] = set_by_administrator()
        self._say(name, "")

    def _add_tick(self, name: str, title: str) -> None:
        box = QCheckBox()
        box.setObjectName(f"{name}Box")
        self._add(name, title, box, lambda now: box.setChecked(getattr(now, name)), box.isChecked)

    def _add_choice(self, name: str, title: str, values: dict[str, str], said: str = "") -> None:
        box = QComboBox()
        box.setObjectName(f"{name}Box")
        for shown, value in values.items():
            box.addItem(shown, value)
        box.setSizePolicy(box.sizePolicy().Policy.Maximum, box.sizePolicy().verticalPolicy())
        self._add(
            name,
            title,
            box,
            lambda now: box.setCurrentIndex(box.findData(getattr(now, name))),
            box.currentData,
            said=said,
        )

    def _heading(self, title: str) -> None:
        at = self._grid.rowCount()
        heading = QLabel(title)
        heading.setStyleSheet("font-weight: 600;")
        if self._entries:
            self._grid.setRowMinimumHeight(at, 10)
        self._grid.addWidget(heading, at + 1, 0, 1, 2)

    # What is wrong.

    def _say(self, name: str, problem: str) -> None:
        """Shows what is wrong with a setting, "" for nothing."""
        self._problems[name] = problem
        note = self._entries[name].note
        note.setText(problem or self._said[name])
        note.setVisible(bool(note.text()))
        self._entries[name].field.setAccessibleDescription(note.text())
        self._restyle()
        self._make_room()
        self._ok.setEnabled(not any(self._problems.values()))

    def _make_room(self) -> None:
        """A dialog does not grow by itself when there is more to be said in it."""
        if (layout := self.layout()) is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _look_at_folder(self) -> None:
        self._tried = None
        folder = self._folder.text().strip()
        if self._is_as_it_was(folder):
            self._say("download_folder", "")
        elif problem := problem_by_name(folder):
            self._say("download_folder", problem)
        elif not self._is_looking:
            self._tasks.start(self._look_while_typed(), what="Look at the folder")

    def _is_as_it_was(self, folder: str) -> bool:
        """What was not changed here need not be right: something else may be what is to be chosen."""
        return "download_folder" in self._choices.locked or folder == str(self._choices.settings.folder())

    async def _look_while_typed(self) -> None:
        """One look after the other, until what was looked at is what stands there."""
        self._is_looking, seen = True, ""
        try:
            while self._is_open and (folder := self._folder.text().strip()) not in (seen, ""):
                await self._look(folder, is_tried=False)
                seen = folder
        finally:
            self._is_looking = False

    async def _look(self, folder: str, *, is_tried: bool) -> None:
        """Says what the disk says of the folder, if that is still the one that stands there."""
        thread = BackendThread("folder-check")
        try:
            look = thread.submit(lambda: problem_by_name(folder) or problem_on_disk(Path(folder), is_tried=is_tried))
            problem = await asyncio.wrap_future(look)
        finally:
            thread.close(lambda: None)
        if self._is_open and folder == self._folder.text().strip() and (is_tried or folder != self._tried):
            self._say("download_folder", problem)

    # What is chosen.

    def _chosen_folder(self) -> str:
        folder = self._folder.text().strip()
        return "" if folder == self._system_folder else folder

    async def _save(self) -> None:
        self._ok.setEnabled(False)  # a disk may take its time
        folder = self._folder.text().strip()
        if not self._is_as_it_was(folder):
            self._tried = folder
            await self._look(folder, is_tried=True)
        if not self._is_open:
            return
        wrong = next((name for name, problem in self._problems.items() if problem), None)
        self._ok.setEnabled(wrong is None)
        if wrong == "download_folder":
            self._folder.setFocus()
        elif wrong is None and folder == self._folder.text().strip():
            self._choices.set(**{name: entry.read() for name, entry in self._entries.items()})
            self.accept()

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, text.tr("Folder for the files"), self._folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._folder.setText)
        dialog.open()

    # What Qt tells.

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_entries"):
            self._restyle()

    def _restyle(self) -> None:
        colors = theme.colors(self.palette())
        for name, entry in self._entries.items():
            color = colors.danger if self._problems.get(name) else colors.muted
            entry.note.setStyleSheet(f"color: {color};")

    def _end(self) -> None:
        self._is_open = False


def _log_level(level: str) -> str:
    """How much is written into the logs, as a choice."""
    return {
        "debug": text.tr("Everything, to find a fault"),
        "info": text.tr("What happens"),
        "warning": text.tr("Only what is strange"),
        "error": text.tr("Only failures"),
    }[level]
