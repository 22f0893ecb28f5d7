"""What becomes of a job: the ways from state to state. Every method runs on the engine's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domonitor.backends.engine import disk, failures
from domonitor.backends.engine.adding import Adding
from domonitor.backends.engine.aging import Aging
from domonitor.backends.engine.batch import Batch, SyncThread
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.ending import Ending
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.naming import Naming
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.retrying import Retrying
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.store import Store
from domonitor.backends.engine.targets import Targets
from domonitor.backends.engine.timeline import ENGINE, Timeline
from domonitor.backends.engine.transfers import Transfers
from domonitor.jobs import hresult
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.job import Job, NotifyFlags
from domonitor.jobs.state import ACTIVE, FINAL, TRANSITIONS, Command, JobState

_MODIFICATION = int(NotifyFlags.JOB_MODIFICATION)
_FILE_TRANSFERRED = int(NotifyFlags.FILE_TRANSFERRED)
_GOES_ON = ACTIVE | {JobState.TRANSIENT_ERROR}
_UNKNOWN = Failure(ErrorContext.GENERAL_TRANSPORT, 0, "")

Reply = Future[Any]
Notify = Callable[[NotifyFlags, JobRecord, FileRecord | None], None]


class Lifecycle:
    """All jobs of one engine that are not final, and what is done with them. It is the loop's policy.

    notify: told of what a callback object may want to hear, once it is visible. ended: told of a job's end.
    adding, ending, retrying, timeline, transfers: what belongs to those.
    """

    def __init__(
        self,
        loop: Loop,
        roster: Roster,
        store: Store,
        sync_thread: SyncThread,
        settings: EngineSettings,
        clock: Clock,
        notify: Notify,
        ended: Callable[[UUID], None],
    ) -> None:
        self._loop = loop
        self._roster = roster
        self.retrying = Retrying(settings)
        self._clock = clock
        self._notify = notify
        self._job_ended = ended
        self._store = store
        self.timeline = Timeline(loop, clock)
        self.transfers = Transfers(loop, sync_thread, settings, clock, self, roster.get)
        self._targets = Targets()
        self._naming = Naming(loop, self._targets, self.timeline)
        self.adding = Adding(loop, clock, roster, self._targets, self.timeline, self._naming, self)
        self.ending = Ending(loop, roster, self._targets, self._naming, self)
        self._aging = Aging(loop, roster, store, settings, clock, self._age_out)

    # What the loop asks of its policy.

    def is_busy(self) -> bool:
        """See Policy."""
        return self.transfers.is_busy

    def tick(self) -> None:
        """See Policy."""
        self.transfers.tick()

    def start_files(self) -> None:
        """See Policy."""
        self.transfers.start_files()

    def close(self) -> None:
        """See Policy."""
        self._aging.stop()
        for job in self._roster.in_memory():
            job.stop_timer()
        self.transfers.stop_all()

    def published(self, jobs: Sequence[tuple[JobRecord, Job]]) -> None:
        """See Policy."""
        for job, snapshot in jobs:
            if job.notify_flags & _MODIFICATION:
                self._notify(NotifyFlags.JOB_MODIFICATION, job, None)
            if snapshot.state in FINAL:
                self._loop.http.accesses.drop(job.number)
                self._job_ended(job.id)

    def commit_failed(self, batches: Sequence[Batch], error: Exception) -> None:
        """See Policy. Jobs that would go on by themselves stop in ERROR; all are written whole when next saved."""
        failure = failures.of_error(error)
        unsaved = {job.number: job for batch in batches for job in batch.saved_jobs}
        for job in unsaved.values():
            job.is_unsaved = True
            self.stop(job)
        for batch in batches:
            for undo in reversed(batch.undo):
                undo()
        for job in unsaved.values():
            completes_itself = job.state is JobState.TRANSFERRED and job.auto_complete
            if job in self._roster and (job.state in _GOES_ON or completes_itself):
                job.state = JobState.ERROR
                job.set_error(failures.error_object(failure, None, self._clock.utc_now(), job.attempts))
                self._loop.batch.after.append(partial(self._notify, NotifyFlags.JOB_ERROR, job, None))
        changed = {number: job for batch in batches for number, job in batch.changed.items()}
        self._loop.batch.changed |= {number: job for number, job in changed.items() if job in self._roster}

    def restore(self) -> None:
        """Goes on with what an earlier process left. Called before the loop runs."""
        self.adding.next_number = self._store.next_number()
        self._targets.take(self._store.targets())
        for unfinished in self._store.unfinished():
            if unfinished.is_waiting:
                self.transfers.queue(unfinished.number, unfinished.priority)
            elif (job := self._roster.get(unfinished.number)) is not None:
                self._go_on_with(job)
        self._aging.start()

    def _go_on_with(self, job: JobRecord) -> None:
        job.progress_at_s = self._clock.monotonic()
        if job.is_completing:
            self.ending.go_on(job)
        elif job.state is JobState.QUEUED:
            self._go_on(job)
        elif job.state is JobState.TRANSFERRED and job.auto_complete:
            self.ending.complete(job, None)
        elif job.state is JobState.TRANSIENT_ERROR:
            left_s = (job.retry_at - self._clock.utc_now()).total_seconds() if job.retry_at else 0.0
            self._retry_in(job, min(max(0.0, left_s), self.retrying.no_progress_timeout_s(job)))
            if failures.is_http_status(job.error_code):  # perhaps the server has asked for that time
                job.not_before_s = self._clock.monotonic() + left_s

    # What the adding of jobs and files asks for.

    def job_added(self, job: JobRecord) -> None:
        """See Taker: a new job is resumed at once."""
        self.start(job)

    def files_added(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """See Taker: an active job fetches the new files too, and a transferred one is queued again."""
        if job.state in ACTIVE:
            self.transfers.add(job, files)
        elif job.state is JobState.TRANSFERRED:
            self.queue(job)

    # What the transfers tell.

    def entered(self, job: JobRecord, state: JobState) -> None:
        """See Owner."""
        if state is JobState.TRANSFERRING:
            job.set_error(None)
        elif state is JobState.QUEUED:
            job.queued_at_s = self._clock.monotonic()
        elif job.attempts:
            job.progress_at_s += self._clock.monotonic() - job.queued_at_s
        else:
            job.progress_at_s = self._clock.monotonic()
        self._check_way(job, state)
        job.state = state
        job.modified = self._clock.utc_now()
        self.timeline.entered(job)
        self._loop.batch.changed[job.number] = job

    def moved(self, job: JobRecord) -> None:
        """See Owner."""
        job.attempts = 0
        job.progress_at_s = self._clock.monotonic()
        job.modified = self._clock.utc_now()
        self._loop.batch.changed[job.number] = job

    def answered(self, job: JobRecord, file: FileRecord, response: Response) -> Failure | None:
        """See Owner."""
        return self._naming.answered(job, file, response)

    def file_arrived(self, job: JobRecord, file: FileRecord) -> None:
        """See Owner."""
        job.set_stage(file, FileStage.TRANSFERRED)
        batch = self._loop.batch
        batch.undo.append(partial(job.set_stage, file, FileStage.PENDING))
        batch.save_file(job, file)
        batch.changed[job.number] = job
        if job.notify_flags & _FILE_TRANSFERRED:
            batch.after.append(partial(self._notify, NotifyFlags.FILE_TRANSFERRED, job, file))
        if job.is_transferred and job.state in ACTIVE:
            self._transferred(job)

    def file_failed(self, job: JobRecord, file: FileRecord, failure: Failure) -> None:
        """See Owner."""
        if job.state not in ACTIVE:
            return  # a file that had still to be synced when the job was stopped; its next start tells again
        job.interruptions += 1
        deadline_s = self.retrying.gives_up_at_s(job)
        if not failure.passes_by_itself:
            self._fail(job, file, failure)
        elif self._clock.monotonic() >= deadline_s:
            self._fail(job, file, failures.no_progress(failure))
        else:
            job.attempts += 1
            delay_s = max(self.retrying.delay_s(job), failure.retry_after_s)
            job.not_before_s = self._clock.monotonic() + failure.retry_after_s
            self.stop(job)
            self.enter(job, JobState.TRANSIENT_ERROR)
            job.set_error(failures.error_object(failure, file, self._clock.utc_now(), job.attempts))
            self.timeline.failed(job)
            self._retry_in(job, min(delay_s, deadline_s - self._clock.monotonic()))

    # The ways from state to state.

    def enter(self, job: JobRecord, state: JobState) -> None:
        """See Keeper."""
        if state is job.state:
            return
        self._check_way(job, state)
        self._loop.batch.undo.append(partial(_set_state, job, job.state, job.error, job.transferred))
        job.state = state
        job.modified = self._clock.utc_now()
        self._loop.batch.save_job(job)
        self.timeline.entered(job)

    def _check_way(self, job: JobRecord, state: JobState) -> None:
        if state not in TRANSITIONS[job.state]:
            raise AssertionError(f"no way leads from {job.state.name} to {state.name}")

    def stop(self, job: JobRecord) -> None:
        """See Keeper."""
        job.stop_timer()
        self.transfers.stop(job)

    def start(self, job: JobRecord) -> None:
        """Starts the job, or starts it again; without effect where it is on its way or has arrived."""
        if JobState.QUEUED in TRANSITIONS[job.state] and job.state not in ACTIVE | {JobState.TRANSFERRED}:
            job.stop_timer()
            job.attempts = 0
            job.progress_at_s = self._clock.monotonic()
            self.queue(job)

    def queue(self, job: JobRecord) -> None:
        """The job is fetched as soon as it is its turn."""
        self.enter(job, JobState.QUEUED)
        self._go_on(job)

    def _go_on(self, job: JobRecord) -> None:
        if job.is_transferred:
            self._transferred(job)
        else:
            job.queued_at_s = self._clock.monotonic()
            self.transfers.queue(job.number, job.priority, is_trying=job.attempts > 0)

    def _transferred(self, job: JobRecord) -> None:
        self.stop(job)
        self.enter(job, JobState.TRANSFERRED)
        job.transferred = job.modified
        job.set_error(None)
        self._loop.batch.after.append(partial(self._notify, NotifyFlags.JOB_TRANSFERRED, job, None))
        if job.auto_complete:
            self.ending.complete(job, None)

    def _fail(self, job: JobRecord, file: FileRecord | None, failure: Failure) -> None:
        """To ERROR, where the user decides."""
        self.stop(job)
        self.enter(job, JobState.ERROR)
        job.set_error(failures.error_object(failure, file, self._clock.utc_now(), job.attempts))
        job.attempts = 0
        self.timeline.failed(job)
        self._loop.batch.after.append(partial(self._notify, NotifyFlags.JOB_ERROR, job, None))

    def _retry_in(self, job: JobRecord, delay_s: float) -> None:
        job.retry_at = self._clock.utc_now() + timedelta(seconds=delay_s)
        if job.error is not None:
            job.error = replace(job.error, retry_at=job.retry_at)
        at_s = self._clock.monotonic() + delay_s
        job.retry_timer = self._clock.call_at(at_s, lambda: self._loop.post(partial(self._retry, job)))

    def _retry(self, job: JobRecord) -> None:
        if job.state is not JobState.TRANSIENT_ERROR or job.is_completing:
            return
        if self._clock.monotonic() < self.retrying.gives_up_at_s(job):
            self.timeline.retried(job)
            self.queue(job)
            return
        last = job.error
        failed = last.file.local_name if last and last.file else ""
        file = next((file for file in job.files if file.local_name == failed), None)
        last_failure = Failure(last.context, last.code, last.description) if last else _UNKNOWN
        self._fail(job, file, failures.no_progress(last_failure))

    def network_changed(self) -> None:
        """Jobs that wait for their retry try again at once, but none before the time that a server has asked for."""
        self._loop.http.network_changed()
        now_s = self._clock.monotonic()
        for job in self._roster.in_memory():
            if job.state is JobState.TRANSIENT_ERROR and not job.is_ending:
                job.stop_timer()
                if job.not_before_s > now_s:
                    deadline_s = self.retrying.gives_up_at_s(job)
                    self._retry_in(job, max(0.0, min(job.not_before_s, deadline_s) - now_s))
                else:
                    self._retry(job)

    def not_named(self, job: JobRecord, file: FileRecord | None, error: Exception, *, is_asked: bool) -> None:
        """See Keeper: complete can be called again."""
        if isinstance(error, disk.PartLost) and file is not None:
            job.forget_content(file)
            self._loop.batch.save_file(job, file)
        if job.state in ACTIVE:
            self.queue(job)
        elif job.state is JobState.TRANSIENT_ERROR:
            self._retry_in(job, self.retrying.first_delay_s(job))
        elif job.state is JobState.TRANSFERRED and not (is_asked and job.is_transferred):
            self._fail(job, file, failures.of_error(error))

    def _age_out(self, job: JobRecord) -> None:
        self.timeline.commanded(job, Command.CANCEL, ENGINE)
        self.ending.end(job, JobState.CANCELLED, None, hresult.S_OK)


def _set_state(job: JobRecord, state: JobState, error: CopyError | None, transferred: datetime | None) -> None:
    job.state = state
    job.set_error(error)
    job.transferred = transferred
