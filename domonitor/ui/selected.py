"""Keeps the details of the chosen job up to date while it changes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import QTimer

from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext
from domonitor.jobs.job import FileProgress, Job, JobFile, JobKey
from domonitor.jobs.state import ERRONEOUS, FINAL, JobState
from domonitor.monitor import Monitor
from domonitor.ui import text
from domonitor.ui.details import DetailsPanel
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.tasks import TaskOwner

_FILES_MS = 300
"""The files are asked for at most so often while they change."""


class SelectedJob:
    """Asks the service for error and files of the job that is chosen, and for those alone.

    key: which job is chosen, None for none.
    """

    def __init__(self, monitor: Monitor, model: JobTableModel, details: DetailsPanel, tasks: TaskOwner) -> None:
        self.key: JobKey | None = None
        self._monitor = monitor
        self._model = model
        self._details = details
        self._tasks = tasks
        self._shown_error: tuple[object, ...] = ()
        self._files_timer = QTimer(details, singleShot=True, interval=_FILES_MS)
        self._files_timer.timeout.connect(self._ask_files)

    def stop(self) -> None:
        """Asks for nothing any more."""
        self._files_timer.stop()

    def choose(self, key: JobKey | None) -> None:
        """Another job is chosen."""
        if key == self.key:
            return
        self.key = key
        self._shown_error = ()
        self._details.error_panel.clear()
        self._details.files.set_files(())
        self._refresh()
        if key is not None:
            self._files_timer.stop()
            self._ask_files()

    def take_change(self, change: Change) -> None:
        """Follows the chosen job."""
        if self.key is None:
            return
        if self.key in change.removals or any(job.key == self.key for job in change.upserts):
            self._refresh()
            if not self._files_timer.isActive():
                self._files_timer.start()

    def _refresh(self) -> None:
        row = self._model.row(self.key) if self.key is not None else None
        job = row.job if row is not None else None
        self._details.set_job(job)
        if job is not None and row is not None and job.state in FINAL:
            self._details.files.set_files(ended(self._details.files.files, job))
        if job is None or row is None or row.is_gone or job.state not in ERRONEOUS:
            self._shown_error = ()
            self._details.error_panel.clear()
            return
        shown = (job.state, job.error_code, job.retry_at, job.progress.files_transferred)
        if shown != self._shown_error:
            self._shown_error = shown
            self._tasks.start(self._show_error(job), what="error of the chosen download")

    async def _show_error(self, job: Job) -> None:
        try:
            error = await self._monitor.get_error(job.key)
        except CallFailed:
            said = text.tr("The service gives no more information on this error.")
            error = CopyError(ErrorContext.UNKNOWN, job.error_code or 0, said, retry_at=job.retry_at)
        row = self._model.row(job.key)
        if self.key == job.key and row is not None and not row.is_gone and row.job.state in ERRONEOUS:
            self._details.error_panel.show_error(row.job, error, self._monitor.commands(job.key.service))

    def _ask_files(self) -> None:
        row = self._model.row(self.key) if self.key is not None else None
        if row is not None and not row.is_gone and (row.job.state not in FINAL or not self._details.files.files):
            self._tasks.start(self._show_files(row.job.key), what="files of the chosen download")

    async def _show_files(self, key: JobKey) -> None:
        with suppress(CallFailed):  # the job has ended meanwhile: what was shown last stays
            files = await self._monitor.files(key)
            row = self._model.row(key)
            if self.key == key and row is not None:
                self._details.files.set_files(ended(files, row.job) if row.job.state in FINAL else files)


def ended(files: tuple[JobFile, ...], job: Job) -> tuple[JobFile, ...]:
    """The files as they are once their job has ended: its service does not list them any more.

    A completed job keeps what had arrived whole by then, all of it where none was missing; a cancelled one nothing.
    """
    is_whole = job.state is JobState.ACKNOWLEDGED and not job.progress.files_missing
    kept = []
    for file in files:
        progress = file.progress
        if is_whole or (job.state is JobState.ACKNOWLEDGED and file.transferred):
            done = progress.bytes_transferred if progress.bytes_total is None else progress.bytes_total
            kept.append(
                replace(file, transferred=True, progress=FileProgress(progress.bytes_total, done, completed=True))
            )
        else:
            dropped = FileProgress(progress.bytes_total, 0)
            kept.append(replace(file, transferred=False, progress=dropped))
    return tuple(kept)
