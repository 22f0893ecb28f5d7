"""What can be done with jobs: the commands as data, and the questions that come before some of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

from domonitor.jobs.job import Job, JobFile, JobKey, Origin
from domonitor.jobs.state import Command
from domonitor.ui import text


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


@dataclass(frozen=True, slots=True)
class Question:
    """What must be asked before a command: the consequence, and the words on the two buttons."""

    title: str
    consequence: str
    go: str
    keep: str


def is_offered(job: Job, command: Command, served: frozenset[Command]) -> bool:
    """Whether the command is offered on the job. served: what its service can do at all.

    Complete is never offered on a job of somebody else.
    """
    return (
        command in served
        and job.allows(command)
        and not (command is Command.COMPLETE and job.origin is not Origin.OURS)
    )


def one_of_each_kind(jobs: Iterable[Job]) -> list[Job]:
    """One job for each set of those that are offered the same commands, for the same reasons."""
    kinds = {
        (job.state, job.origin, job.key.service, job.progress.files_transferred > 0, id(job.refusals)): job
        for job in jobs
    }
    return list(kinds.values())


def why_not(jobs: Sequence[Job], command: Command) -> str:
    """Why the command is offered on none of the jobs."""
    if not jobs:
        return text.tr("Choose a download first.")
    for job in jobs:
        if command is Command.COMPLETE and job.origin is not Origin.OURS:
            return text.tr("Only the program that created this download can complete it.")
        if reason := text.refusal(job, command):
            return reason
    return text.tr("The service of this download can't do that.")


def question(
    command: Command, jobs: Iterable[Job], files: Mapping[JobKey, Sequence[JobFile]] | None = None
) -> Question | None:
    """What to ask before the command; None where it can be given at once. files: those of the jobs, where known."""
    jobs = tuple(jobs)
    owners = text.whose(jobs)
    owner = f"{owners} " if owners else ""
    if command is Command.CANCEL:
        return Question(
            _title(jobs, text.tr('Cancel "{name}"?'), text.tr("Cancel {n} downloads?")),
            owner + text.cancel_consequence(jobs, files or {}),
            text.plural(len(jobs), text.tr("Cancel download"), text.tr("Cancel {n} downloads")),
            text.tr("Keep downloading"),
        )
    if command is Command.COMPLETE and (consequence := text.complete_consequence(jobs)):
        return Question(
            text.tr("Complete without the missing files?"),
            consequence,
            text.tr("Complete"),
            text.tr("Keep downloading"),
        )
    if command is Command.SUSPEND and owners:
        return Question(
            _title(jobs, text.tr('Suspend "{name}"?'), text.tr("Suspend {n} downloads?")),
            owner + text.tr("Somebody may be waiting for it."),
            text.tr("Suspend"),
            text.tr("Change nothing"),
        )
    return None


def _title(jobs: Sequence[Job], one: str, many: str) -> str:
    return text.plural(len(jobs), one, many).replace("{name}", jobs[0].display_name)


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
