"""How much room is left where downloads go, asked for where it can't hold the window."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel

from domonitor.backends.thread import BackendThread
from domonitor.ui import text, theme
from domonitor.ui.tasks import TaskOwner

_EVERY_MS = 20_000
SCARCE_BYTES = 1_000_000_000


class FreeSpace(QLabel):
    """The room in a folder's volume, every twenty seconds. A volume that does not answer leaves it empty."""

    def __init__(self, folder: Path, tasks: TaskOwner) -> None:
        super().__init__()
        self.setObjectName("freeSpace")
        self.setContentsMargins(12, 0, 14, 0)
        self._folder = folder
        self._tasks = tasks
        self._thread: BackendThread | None = None
        self._is_asking = False
        self._free: int | None = None
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self._ask)

    def start(self) -> None:
        """Asks from now on."""
        self._thread = BackendThread("free-space")
        self._timer.start()
        self._ask()

    def look_at(self, folder: Path) -> None:
        """Asks for another folder from now on."""
        if folder != self._folder:
            self._folder = folder
            self._ask()

    def stop(self) -> None:
        """Asks no more; whatever does not answer is left behind."""
        self._timer.stop()
        if self._thread is not None:
            self._thread.close(lambda: None)
            self._thread = None

    def restyle(self) -> None:
        """Follows the theme."""
        if self._free is None:
            self.setText("")
            return
        colors = theme.colors(self.palette())
        is_scarce = self._free < SCARCE_BYTES
        self.setText(text.tr("Free {size}").format(size=text.size(self._free)))
        self.setAccessibleName(self.text())
        self.setToolTip(text.tr("Free on the disk of {folder}").replace("{folder}", str(self._folder)))
        self.setStyleSheet(f"color: {colors.warning if is_scarce else colors.muted};")

    def _ask(self) -> None:
        if not self._is_asking and self._thread is not None:
            self._is_asking = True
            self._tasks.start(self._show(self._thread), what="free space")

    async def _show(self, thread: BackendThread) -> None:
        try:
            self._free = await asyncio.wrap_future(thread.submit(lambda: _free(self._folder)))
        finally:
            self._is_asking = False
        self.restyle()


def _free(folder: Path) -> int | None:
    """Of the nearest folder that there is."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
