"""What can be done with jobs: the commands as data, and the questions that come before some of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

from domonitor.jobs.job import Job
from domonitor.jobs.state import Command
from domonitor.words.question import Question


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command as toolbar, menus and panel show it. To add one, add an entry to COMMANDS."""

    command: Command
    object_name: str
    icon: str
    shortcut: QKeySequence.StandardKey | str


COMMANDS = (
    CommandEntry(Command.RESUME, "resumeAction", "resume", "Ctrl+R"),
    CommandEntry(Command.SUSPEND, "suspendAction", "suspend", "Ctrl+P"),
    CommandEntry(Command.COMPLETE, "completeAction", "complete", "Ctrl+Return"),
    CommandEntry(Command.CANCEL, "cancelAction", "cancel", QKeySequence.StandardKey.Delete),
)


def one_of_each_kind(jobs: Iterable[Job]) -> list[Job]:
    """One job for each set of those that are offered the same commands, for the same reasons."""
    kinds = {
        (job.state, job.origin, job.key.service, job.progress.files_transferred > 0, id(job.refusals)): job
        for job in jobs
    }
    return list(kinds.values())


async def ask(parent: QWidget, asked: Question) -> bool:
    """Asks; keeping everything as it is is the default. Never with exec(): it would stop the loop's other tasks."""
    box = QMessageBox(parent)
    box.setObjectName("questionBox")
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setText(f"<b>{_escaped(asked.title)}</b>")
    box.setInformativeText(asked.consequence)
    box.setStyleSheet("QLabel#qt_msgbox_informativelabel { min-width: 340px; padding: 4px 0 10px 0; }")
    go = box.addButton(asked.go, QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(asked.keep, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def answer(_: int) -> None:
        if not answered.done():
            answered.set_result(box.clickedButton() is go)

    box.finished.connect(answer)
    try:
        box.open()
        return await answered
    finally:
        box.close()
        box.deleteLater()


def _escaped(plain: str) -> str:
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
