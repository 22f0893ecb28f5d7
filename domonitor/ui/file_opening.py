"""Files on the disk: whether they are still there, and the way to them. Asked for where it can't hold the window."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from domonitor.backends.thread import BackendThread
from domonitor.jobs.host import host_of
from domonitor.jobs.job import JobFile
from domonitor.ui import text
from domonitor.words.question import Question
from domonitor.words.text import UNKNOWN

MOST_LOOKED_AT = 500
"""Of more files than these in one job, the rest is not looked at."""

_PROGRAM = re.compile(
    r"appimage|application|bat|cmd|com|command|cpl|desktop|dll|exe|gadget|hta|inf|jar|jse?|lnk|ms[cip]|msix|pif"
    r"|ps1|pyw?|reg|run|scr|sh|url|vb[es]?|ws[fh]?",
    re.IGNORECASE,
)
"""Endings of files that do something when they are opened."""


def is_program(file: JobFile) -> bool:
    """Whether to open the file may be to run it."""
    return _PROGRAM.fullmatch(text.file_name(file).rstrip(". ").rpartition(".")[2]) is not None


def running(file: JobFile) -> Question:
    """What to ask before that."""
    return Question(
        text.tr('Run "{name}"?').replace("{name}", text.file_name(file)),
        text.tr("It is a program, and came from {host}. Run it only if you trust where it comes from.").replace(
            "{host}", host_of(file.remote_name) or UNKNOWN
        ),
        text.tr("Run"),
        text.tr("Don't run"),
    )


class FileOpener:
    """Looks for finished files, and opens them with whatever the system has for them.

    tell: takes a sentence for the user. only_watches: it looks at no disk and opens nothing: a file of another user
    may lie wherever that one wants it, and this process may be an administrator's.
    """

    def __init__(self, tell: Callable[[str], None], *, only_watches: bool = False) -> None:
        self._tell = tell
        self._only_watches = only_watches
        self._thread: BackendThread | None = None

    async def missing(self, files: Sequence[JobFile]) -> frozenset[str]:
        """The local names of those finished files that are not where they were put."""
        names = [file.local_name for file in files if file.progress.completed][:MOST_LOOKED_AT]
        if not names or self._only_watches:
            return frozenset()
        return await asyncio.wrap_future(self._ready().submit(lambda: frozenset(filter(_is_missing, names))))

    async def open(self, file: JobFile, *, in_folder: bool) -> bool:
        """Opens the file, or shows it in its folder; whether it is there. It says so where it is not."""
        if self._only_watches:
            return False
        if await self.missing([file]):
            self._tell(
                text.tr("{name} is not there any more: somebody has deleted, moved or renamed it.").replace(
                    "{name}", text.file_name(file)
                )
            )
            return False
        path = Path(file.local_name)
        if in_folder and sys.platform == "win32":
            QProcess.startDetached("explorer.exe", ["/select,", str(path)])
            return True
        target = path.parent if in_folder else path
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(target))):
            self._tell(text.tr("The system knows no program that opens {name}.").replace("{name}", target.name))
        return True

    def stop(self) -> None:
        """Looks no more; a disk that does not answer is left behind."""
        if self._thread is not None:
            self._thread.close(lambda: None)
            self._thread = None

    def _ready(self) -> BackendThread:
        if self._thread is None:
            self._thread = BackendThread("files")
        return self._thread


def _is_missing(name: str) -> bool:
    try:
        return not Path(name).exists()
    except (OSError, ValueError):
        return False  # nobody knows
