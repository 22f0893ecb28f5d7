"""Keeps the details of the chosen job up to date while it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import QTimer

from domonitor.jobs import hresult
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed
from domonitor.jobs.event import Event, EventKind, merged
from domonitor.jobs.job import FileProgress, Job, JobFile, JobKey
from domonitor.jobs.names import name_in_address
from domonitor.jobs.speeds import Curve, Span, SpeedHistory
from domonitor.jobs.state import ERRONEOUS, FINAL, JobState
from domonitor.monitor import Monitor
from domonitor.ui import text
from domonitor.ui.actions import ask
from domonitor.ui.change_address import change_address
from domonitor.ui.details import DetailsPanel
from domonitor.ui.fellows import FellowJobs
from domonitor.ui.file_opening import FileOpener, is_program, running
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.past_jobs import Past
from domonitor.ui.tasks import TaskOwner
from domonitor.words import failure

_FILES_MS = 300
"""The files are asked for at most so often while they change."""


class SelectedJob:
    """Asks the service for error, files and timeline of the job that is chosen, and for those alone.

    key: which job is chosen, None for none. What the service no longer holds comes from its own timeline or from the
    past. tell: takes a sentence for the user.
    """

    def __init__(
        self,
        monitor: Monitor,
        model: JobTableModel,
        details: DetailsPanel,
        tasks: TaskOwner,
        past: Past | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.key: JobKey | None = None
        self._past = past
        self._monitor = monitor
        self._model = model
        self._details = details
        self._tasks = tasks
        self._shown_error: tuple[object, ...] = ()
        self._named: tuple[str, ...] = ()
        """The names of the job's files for which it is known how they came about."""
        self._files_timer = QTimer(details, singleShot=True, interval=_FILES_MS)
        self._files_timer.timeout.connect(self._ask_files)
        self.speeds = SpeedHistory()
        self._fellows = FellowJobs(monitor)
        self._opener = FileOpener(tell, only_watches=monitor.only_watches)
        self._tell = tell
        details.error_panel.address_requested.connect(self.change_address)
        details.speed.curve = self._curve
        details.looked_at.connect(self._look_again)
        details.files_tab.open_requested.connect(lambda file: self._open(file, in_folder=False))
        details.files_tab.folder_requested.connect(lambda file: self._open(file, in_folder=True))

    def stop(self) -> None:
        """Asks for nothing any more."""
        self._files_timer.stop()
        self._opener.stop()

    def change_address(self) -> None:
        """Asks for another address of the chosen job."""
        job = self._monitor.jobs.get(self.key) if self.key is not None else None
        if job is not None:
            self._tasks.start(self._change_address(job), what="changing an address")

    async def _change_address(self, job: Job) -> None:
        panel = self._details.error_panel
        if await change_address(self._details.window(), self._monitor, job, panel.error, self._tell):
            self._fellows.forget(job.key)

    def choose(self, key: JobKey | None) -> None:
        """Another job is chosen."""
        if key == self.key:
            return
        self.key = key
        self._shown_error = ()
        self._details.error_panel.clear()
        self._details.files.set_error(None)
        self._details.files.set_missing(())
        self._details.files.set_files(())
        self._details.timeline.show_events(())
        self._named = ()
        self._details.set_note("", None)
        self._refresh()
        if key is not None:
            self._files_timer.stop()
            self._ask_files()

    def take_change(self, change: Change) -> None:
        """Follows the chosen job, and the speeds of all."""
        self._note_speeds(change)
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
            self._details.files.set_error(None)
            return
        shown = (job.state, job.error_code, job.retry_at, job.progress.files_transferred)
        if shown != self._shown_error:
            self._shown_error = shown
            self._tasks.start(self._show_error(job), what="error of the chosen download")

    async def _show_error(self, job: Job) -> None:
        shown = self._shown_error
        recorded = ""
        try:
            error = await self._monitor.get_error(job.key)
        except CallFailed as refusal:
            event = await self._recorded_error(job)
            if event is not None and event.error is not None:
                error = replace(event.error, retry_at=job.retry_at)
                is_lost = refusal.code == hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE
                recorded = text.recorded(event.at, datetime.now(UTC), is_lost=is_lost)
            else:
                error = failure.without_object(job)
        row = self._model.row(job.key)
        # Whatever changed meanwhile has started a task of its own, which may have been quicker than this one.
        if self.key != job.key or self._shown_error != shown or row is None:
            return
        panel = self._details.error_panel
        panel.show_error(row.job, error, self._monitor.commands(job.key.service), recorded)
        panel.show_files(self._details.files.files)
        self._details.files.set_error(error)
        timeline = await self._timeline(job.key)
        fellows = await self._fellows.of(job, error)
        if self.key == job.key and self._shown_error == shown:
            panel.show_timeline(timeline)
            panel.show_fellows(fellows.sentence)

    async def _recorded_error(self, job: Job) -> Event | None:
        """The last error on record, unless the job says that it has another one by now."""
        event = failure.last_error(await self._timeline(job.key))
        if event is None and self._past is not None:
            event = await self._past.last_error(job.key)
        return event if failure.fits(job, event) else None

    async def _timeline(self, key: JobKey) -> tuple[Event, ...]:
        """What its service keeps, and what was recorded of it."""
        timeline: tuple[Event, ...] = ()
        with suppress(CallFailed):
            timeline = await self._monitor.timeline(key)
        return timeline if self._past is None else merged(timeline, await self._past.events(key))

    def _ask_files(self) -> None:
        row = self._model.row(self.key) if self.key is not None else None
        if row is None:
            return
        if not row.is_gone:
            self._tasks.start(self._show_files(row.job.key), what="files of the chosen download")
        if self._details.timeline.isVisible():
            self._tasks.start(self._show_timeline(row.job.key), what="timeline of the chosen download")

    def _look_again(self) -> None:
        if self.key is not None:
            self._ask_files()

    async def _show_timeline(self, key: JobKey) -> None:
        timeline = await self._timeline(key)
        if self.key == key:
            self._details.timeline.show_events(timeline)

    async def _show_files(self, key: JobKey) -> None:
        with suppress(CallFailed):  # the job has ended meanwhile: what was shown last stays
            files = await self._monitor.files(key)
            row = self._model.row(key)
            if self.key != key or row is None:
                return
            shown = self._details.files.files
            if row.job.state not in FINAL:
                self._details.files.set_files(files)
            elif len(files) == len(shown) or not shown:  # a service may know only some of an ended job's files
                self._details.files.set_files(ended(files, row.job))
            await self._show_missing(key)
            await self._show_names(key, files)

    async def _show_missing(self, key: JobKey) -> None:
        """Says which finished files have gone since."""
        missing = await self._opener.missing(self._details.files.files)
        if self.key == key:
            self._details.files.set_missing(missing)
            self._details.error_panel.show_files(self._details.files.files)

    def _open(self, file: JobFile, *, in_folder: bool) -> None:
        if self.key is not None:
            self._tasks.start(self._open_file(self.key, file, in_folder), what="opening a file")

    async def _open_file(self, key: JobKey, file: JobFile, in_folder: bool) -> None:
        if not in_folder and is_program(file) and not await ask(self._details.window(), running(file)):
            return
        if not await self._opener.open(file, in_folder=in_folder):
            await self._show_missing(key)

    def _note_speeds(self, change: Change) -> None:
        now_s = time.monotonic()
        for job in change.upserts:
            is_moving = job.state is JobState.TRANSFERRING
            self.speeds.add(job.key, now_s, job.progress.bytes_transferred, is_moving=is_moving)
        for key in change.removals:
            self._fellows.forget(key)

    def _curve(self, key: JobKey, span: Span) -> Curve:
        return self.speeds.curve(key, span, time.monotonic())

    async def _show_names(self, key: JobKey, files: tuple[JobFile, ...]) -> None:
        """Says how the files came to names that are not those in their addresses, where the service has noted that."""
        named = tuple(
            text.file_name(file) for file in files if text.file_name(file) != name_in_address(file.remote_name)
        )
        if named == self._named:
            return
        self._named = named
        timeline = await self._monitor.timeline(key) if named else ()
        note = next((event.detail for event in reversed(timeline) if event.kind is EventKind.NAMED), "")
        row = self._model.row(key)
        if self.key == key and row is not None:
            self._details.set_note(note, row.job)


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
