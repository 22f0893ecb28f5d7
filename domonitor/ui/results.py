"""What became of a command that was given to many jobs: what was refused, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from domonitor.jobs.job import Job
from domonitor.jobs.state import Command
from domonitor.ui import text

_SHOWN_REASONS = 4
_SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class Result:
    """A command's result in words.

    short: for the message in the window, "" where all went well. full: every job by name, "" where short says it all.
    """

    short: str
    full: str


def result(command: Command, count: int, refused: Iterable[tuple[Job, str]]) -> Result:
    """The result of a command for so many jobs. refused: those that did not take it, each with the reason."""
    by_reason: dict[str, list[str]] = {}
    for job, reason in refused:
        by_reason.setdefault(reason, []).append(job.display_name)
    if not by_reason:
        return Result("", "")
    refused_count = sum(map(len, by_reason.values()))
    lines = [f"{_names(names)}: {reason}" for reason, names in by_reason.items()]
    if len(lines) > _SHOWN_REASONS:
        rest = sum(len(names) for names in list(by_reason.values())[_SHOWN_REASONS:])
        lines = [*lines[:_SHOWN_REASONS], text.tr("… and {n} more.").format(n=rest)]
    if count > 1:
        done = text.tr("{command}: done for {n} of {all} downloads, not for these:")
        lines.insert(0, done.format(command=text.command_name(command), n=count - refused_count, all=count))
    is_all = len(by_reason) <= _SHOWN_REASONS and all(len(names) <= _SHOWN_NAMES for names in by_reason.values())
    full = [f"{reason}\n" + "\n".join(f"    {name}" for name in names) for reason, names in by_reason.items()]
    return Result("\n".join(lines), "" if is_all else "\n\n".join(full))


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return shown if more <= 0 else text.tr("{names} and {n} more").replace("{n}", f"{more}").replace("{names}", shown)


class ResultDialog(QDialog):
    """The whole list, to be read and copied."""

    def __init__(self, full: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("resultDialog")
        self.setWindowTitle(text.tr("What was not done"))
        self.resize(560, 380)
        title = QLabel(text.tr("These downloads did not take the command:"))
        listed = QPlainTextEdit(full)
        listed.setObjectName("resultList")
        listed.setReadOnly(True)
        listed.setAccessibleName(text.tr("What was not done, by reason"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(listed, 1)
        layout.addWidget(buttons)
        self.finished.connect(self.deleteLater)
