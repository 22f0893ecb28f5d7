"""What a window that only watches leaves out: adding, commands, files and folders. Its monitor refuses them as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from domonitor.jobs.state import FINAL, JobState
from domonitor.monitor import ONLY_WATCHES
from domonitor.ui import text
from domonitor.ui.job_rows import JobRows

if TYPE_CHECKING:
    from domonitor.ui.main_window import MainWindow

_ADDING = ("addAction", "pasteAction", "autoCompleteAction", "preferencesAction")


def only_watch(window: MainWindow) -> None:
    """Makes it such a window. Its monitor only watches."""
    title = text.tr("domonitor: all jobs (view only)")
    window.setWindowTitle(title)
    window.setAccessibleName(title)
    window.setAcceptDrops(False)
    why = text.tr(ONLY_WATCHES)
    for name in _ADDING:
        action = window.findChild(QAction, name)
        assert action is not None
        action.setEnabled(False)
        action.setToolTip(why)
        action.setStatusTip(why)
    window.summary.words = watched
    window.summary.show_jobs(window.model.jobs)
    window.details.files_tab.leave_alone(text.tr("This window only watches: it opens no file and no folder."))
    if window.monitor.services:
        window.empty.say(text.tr("No job in sight"), text.tr("This window only watches. What comes is shown here."))
    else:
        window.empty.say(
            text.tr("Nothing to watch here"),
            text.tr(
                "This window shows the download services of the system itself, and this system has none that "
                "domonitor knows. Your own downloads are in domonitor's other window."
            ),
        )


def watched(jobs: JobRows, _longest_s: float | None) -> str:
    """One sentence on the jobs of everybody: View only · 5 jobs · 2 running · 1 in error."""
    live = sum(jobs.count(state) for state in JobState if state not in FINAL)
    running = jobs.count(JobState.TRANSFERRING) + jobs.count(JobState.CONNECTING)
    failed = jobs.count(JobState.ERROR)
    parts = [text.tr("View only"), text.plural(live, text.tr("{n} job"), text.tr("{n} jobs"))]
    if running:
        parts.append(text.plural(running, text.tr("{n} running"), text.tr("{n} running")))
    if failed:
        parts.append(text.plural(failed, text.tr("{n} in error"), text.tr("{n} in error")))
    return " · ".join(parts)
