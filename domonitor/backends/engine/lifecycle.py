"""What becomes of a job: the commands, and the way from state to state.

Every method runs on the engine's thread. One that is called for somebody gets a reply, a Future, and answers it
through the open batch, so that nobody hears of what is not durable.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domonitor.backends.engine import disk, failures
from domonitor.backends.engine.adding import Adding
from domonitor.backends.engine.batch import Batch, SyncThread
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.targets import Targets
from domonitor.backends.engine.transfers import Transfers
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import NotifyFlags, Priority
from domonitor.jobs.state import ACTIVE, TRANSITIONS, Command, JobState

Reply = Future[Any]
Notify = Callable[[NotifyFlags, JobRecord, FileRecord | None], None]


class Lifecycle:
    """All jobs of one engine that are not final, and what is done with them. It is the loop's policy.

    notify: told of what a callback object may want to hear, once it is visible.
    """

    def __init__(
        self, loop: Loop, sync_thread: SyncThread, settings: EngineSettings, clock: Clock, notify: Notify
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._clock = clock
        self._notify = notify
        self._transfers = Transfers(loop, sync_thread, settings, clock, self)
        self._jobs: dict[UUID, JobRecord] = {}
        self._targets = Targets()
        self.adding = Adding(loop, clock, self._jobs, self._targets, self)

    # What the loop asks of its policy.

    def is_busy(self) -> bool:
        """See Policy."""
        return self._transfers.is_busy

    def tick(self) -> None:
        """See Policy."""
        self._transfers.tick()

    def start_files(self) -> None:
        """See Policy."""
        self._transfers.start_files()

    def stop(self) -> None:
        """See Policy."""
        for job in self._jobs.values():
            job.stop_timer()
        self._transfers.stop_all()

    def published(self, jobs: Iterable[JobRecord]) -> None:
        """See Policy."""
        for job in jobs:
            if job.notify_flags & NotifyFlags.JOB_MODIFICATION:
                self._notify(NotifyFlags.JOB_MODIFICATION, job, None)

    def commit_failed(self, batch: Batch, error: Exception) -> None:
        """See Policy. The jobs stop where they are, and are written whole when they are next saved."""
        refusal = failures.refusal_of_os_error(error, "the list of downloads") if isinstance(error, OSError) else error
        for reply, _ in batch.answers:
            reply.set_exception(refusal)
        failure = failures.of_os_error(error if isinstance(error, OSError) else OSError(str(error)))
        for job in batch.saved_jobs:
            job.is_unsaved = True
            if self._jobs.get(job.id) is job:
                self._transfers.stop(job)
                job.state = JobState.ERROR
                job.error = failures.error_object(failure, None, self._clock.utc_now(), job.attempts)
                self._loop.batch.changed[job.number] = job

    def restore(self, jobs: Iterable[JobRecord], next_number: int) -> None:
        """Takes over what an earlier process left, and goes on with it. Called before the loop runs."""
        self.adding.next_number = next_number
        for job in jobs:
            self._jobs[job.id] = job
            self._targets.take(file.local_name for file in job.files)
            job.progress_at_s = self._clock.monotonic()
            self._loop.visible[job.id] = job.snapshot()
            if job.is_completing:
                self._give_names(job, None)
            elif job.state is JobState.QUEUED:
                self._go_on(job)
            elif job.state is JobState.TRANSFERRED and job.auto_complete:
                self._complete_by_itself(job)
            elif job.state is JobState.TRANSIENT_ERROR:
                self._retry_in(job, self.first_delay_s(job))

    # What the adding of jobs and files asks for.

    def job_added(self, job: JobRecord) -> None:
        """See Taker: a new job is resumed at once."""
        self._resume(job)

    def files_added(self, job: JobRecord) -> None:
        """See Taker: an active job fetches the new files too, and a transferred one is queued again."""
        if job.state in ACTIVE or job.state is JobState.TRANSFERRED:
            self._transfers.stop(job)
            self._queue(job)

    def files_refused(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """See Taker: the job ended while the files were being made."""
        self._delete_parts(job, files, None, hresult.S_OK)

    # Commands. Each is called through on_job.

    def on_job(self, job_id: UUID, action: Callable[[JobRecord, Reply], None], reply: Reply) -> None:
        """Runs the action on a job that is not final; once its files have their names, if they are getting them."""
        job = self._jobs.get(job_id)
        if job is None:
            is_final = job_id in self._loop.finals
            raise failures.refusal(hresult.DO_E_INVALID_STATE if is_final else hresult.DO_E_JOB_NOT_FOUND)
        if job.is_completing:
            again = partial(self.on_job, job_id, action)
            job.waiting.append(lambda: self._loop.attempt(again, reply))
            return
        action(job, reply)

    def resume(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Starts the job, or starts it again; without effect where it is on its way or has arrived."""
        if not job.files:
            raise failures.refusal(hresult.DO_E_JOB_EMPTY)
        self._record_command(job, Command.RESUME, origin)
        self._resume(job)
        self._loop.batch.answer(reply, None)

    def suspend(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Stops an active job, and one that waits for its retry."""
        if JobState.SUSPENDED in TRANSITIONS[job.state]:
            self._record_command(job, Command.SUSPEND, origin)
            job.stop_timer()
            self._transfers.stop(job)
            job.error = None
            self._enter(job, JobState.SUSPENDED)
        self._loop.batch.answer(reply, None)

    def cancel(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Removes the job and its temporary files; answers S_OK or the documented warning."""
        self._record_command(job, Command.CANCEL, origin)
        self._end(job, JobState.CANCELLED, reply, hresult.S_OK)

    def complete(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Gives the transferred files their names; answers S_OK, or BG_S_PARTIAL_COMPLETE where files are dropped."""
        self._record_command(job, Command.COMPLETE, origin)
        job.stop_timer()
        self._transfers.stop(job)
        job.is_completing = True
        self._loop.batch.save_job(job)
        self._give_names(job, reply)

    def change(self, job: JobRecord, reply: Reply, **values: object) -> None:
        """Sets fields of the job's record."""
        is_active = job.state in ACTIVE
        if is_active and "priority" in values:
            self._transfers.stop(job)
        for name, value in values.items():
            setattr(job, name, value)
        if is_active and "priority" in values:
            self._queue(job)
        job.modified = self._clock.utc_now()
        self._loop.batch.save_job(job)
        self._loop.batch.answer(reply, None)

    def set_remote_name(self, job: JobRecord, reply: Reply, index: int, remote_name: str) -> None:
        """The file comes from another address; what is there is kept if the validator says that it is the same."""
        file = job.files[index]
        is_active = job.state in ACTIVE
        if is_active:
            self._transfers.stop(job)
        file.remote_name = remote_name
        job.modified = self._clock.utc_now()
        self._loop.batch.save_file(job, file)
        self._loop.batch.save_job(job)
        if is_active:
            self._queue(job)
        self._loop.batch.answer(reply, None)

    # What the transfers tell.

    def entered(self, job: JobRecord, state: JobState) -> None:
        """See Owner."""
        if state is JobState.TRANSFERRING:
            job.error = None
        self._enter(job, state, is_stored=False)

    def moved(self, job: JobRecord) -> None:
        """See Owner."""
        job.attempts = 0
        job.progress_at_s = self._clock.monotonic()
        job.modified = self._clock.utc_now()
        self._loop.batch.changed[job.number] = job

    def file_arrived(self, job: JobRecord, file: FileRecord) -> None:
        """See Owner."""
        job.set_transferred(file)
        batch = self._loop.batch
        batch.save_file(job, file)
        batch.changed[job.number] = job
        batch.after.append(partial(self._notify, NotifyFlags.FILE_TRANSFERRED, job, file))
        if job.is_transferred and job.state in ACTIVE:
            self._transferred(job)

    def file_failed(self, job: JobRecord, file: FileRecord, failure: Failure) -> None:
        """See Owner."""
        if job.state not in ACTIVE:
            return  # a file that had still to be synced when the job was stopped; its next start tells again
        job.interruptions += 1
        deadline_s = job.progress_at_s + self.no_progress_timeout_s(job)
        if not failure.passes_by_itself:
            self._fail(job, file, failure)
        elif self._clock.monotonic() >= deadline_s:
            self._fail(job, file, failures.no_progress(failure))
        else:
            job.attempts += 1
            growing_s = min(self._settings.retry_delay_max_s, self.first_delay_s(job) * 2 ** (job.attempts - 1))
            delay_s = max(growing_s * random.uniform(0.75, 1.0), failure.retry_after_s)
            delay_s = min(delay_s, deadline_s - self._clock.monotonic())
            self._transfers.stop(job)
            now = self._clock.utc_now()
            job.error = failures.error_object(failure, file, now, job.attempts, now + timedelta(seconds=delay_s))
            self._record_error(job)
            self._enter(job, JobState.TRANSIENT_ERROR)
            self._retry_in(job, delay_s)

    # The ways from state to state.

    def _enter(self, job: JobRecord, state: JobState, *, is_stored: bool = True) -> None:
        if state is job.state:
            return
        if state not in TRANSITIONS[job.state]:
            raise AssertionError(f"no way leads from {job.state.name} to {state.name}")
        job.state = state
        job.modified = self._clock.utc_now()
        if is_stored:
            self._loop.batch.save_job(job)
            self._loop.batch.record(job, Event(job.modified, EventKind.STATE, state, origin="engine"))
        else:
            self._loop.batch.changed[job.number] = job

    def _resume(self, job: JobRecord) -> None:
        if JobState.QUEUED in TRANSITIONS[job.state] and job.state not in ACTIVE | {JobState.TRANSFERRED}:
            job.stop_timer()
            job.attempts = 0
            job.progress_at_s = self._clock.monotonic()
            self._queue(job)

    def _queue(self, job: JobRecord) -> None:
        self._enter(job, JobState.QUEUED)
        self._go_on(job)

    def _go_on(self, job: JobRecord) -> None:
        if job.is_transferred:
            self._transferred(job)
        else:
            self._transfers.queue(job)

    def _transferred(self, job: JobRecord) -> None:
        self._transfers.stop(job)
        job.transferred = self._clock.utc_now()
        job.error = None
        self._enter(job, JobState.TRANSFERRED)
        self._loop.batch.after.append(partial(self._notify, NotifyFlags.JOB_TRANSFERRED, job, None))
        if job.auto_complete:
            self._complete_by_itself(job)

    def _complete_by_itself(self, job: JobRecord) -> None:
        job.is_completing = True
        self._loop.batch.save_job(job)
        self._give_names(job, None)

    def _fail(self, job: JobRecord, file: FileRecord | None, failure: Failure) -> None:
        """To ERROR, where the user decides."""
        job.stop_timer()
        self._transfers.stop(job)
        job.error = failures.error_object(failure, file, self._clock.utc_now(), job.attempts)
        self._record_error(job)
        self._enter(job, JobState.ERROR)
        self._loop.batch.after.append(partial(self._notify, NotifyFlags.JOB_ERROR, job, None))

    def _retry_in(self, job: JobRecord, delay_s: float) -> None:
        at_s = self._clock.monotonic() + delay_s
        job.retry_timer = self._clock.call_at(at_s, lambda: self._loop.post(partial(self._retry, job)))

    def _retry(self, job: JobRecord) -> None:
        if job.state is not JobState.TRANSIENT_ERROR or job.is_completing:
            return
        if self._clock.monotonic() < job.progress_at_s + self.no_progress_timeout_s(job):
            self._queue(job)
        else:
            last = job.error
            said = last.description if last is not None else ""
            self._fail(job, None, failures.no_progress(Failure(ErrorContext.GENERAL_TRANSPORT, 0, said)))

    # The end of a job.

    def _give_names(self, job: JobRecord, reply: Reply | None) -> None:
        files = [file for file in job.files if file.stage is FileStage.TRANSFERRED]
        names = [(file.part, file.local_name, file.size or 0, file.replace) for file in files]
        self._loop.batch.do(partial(disk.finish_all, names), partial(self._named, job, files, reply))

    def _named(self, job: JobRecord, files: list[FileRecord], reply: Reply | None, result: object) -> None:
        named, error = result if isinstance(result, tuple) else (0, result)
        for file in files[:named]:
            file.stage = FileStage.COMPLETED
            self._loop.batch.save_file(job, file)
        job.is_completing = False
        if error is None:
            is_partial = job.files_transferred < len(job.files)
            code = hresult.BG_S_PARTIAL_COMPLETE if is_partial else hresult.S_OK
            self._end(job, JobState.ACKNOWLEDGED, reply, code)
        else:
            self._loop.batch.save_job(job)
            self._not_named(job, files[named] if named < len(files) else None, reply, error)
        for call in job.waiting:
            call()
        job.waiting.clear()

    def _not_named(self, job: JobRecord, file: FileRecord | None, reply: Reply | None, error: OSError) -> None:
        """The job stays, and complete can be called again."""
        name = file.local_name if file else job.display_name
        self._loop.batch.answer(reply, failures.refusal_of_os_error(error, name))
        if job.state in ACTIVE:
            self._queue(job)
        elif job.state is JobState.TRANSIENT_ERROR:
            self._retry_in(job, self.first_delay_s(job))
        elif job.state is JobState.TRANSFERRED and reply is None:
            self._fail(job, file, failures.of_os_error(error))

    def _end(self, job: JobRecord, state: JobState, reply: Reply | None, code: int) -> None:
        """The job is final and known no more; its temporary files go."""
        job.stop_timer()
        self._transfers.stop(job)
        job.error = None
        self._enter(job, state)
        del self._jobs[job.id]
        self._targets.release(file.local_name for file in job.files)
        self._delete_parts(job, [file for file in job.files if file.stage < FileStage.COMPLETED], reply, code)

    def _delete_parts(self, job: JobRecord, files: Sequence[FileRecord], reply: Reply | None, code: int) -> None:
        def deleted(result: object) -> None:
            left = result if isinstance(result, set) else {file.part for file in files}
            for file in files:
                if file.part not in left:
                    self._loop.batch.forget_file(job, file)
            # What is left is deleted when the engine next starts.
            self._loop.batch.answer(reply, hresult.BG_S_UNABLE_TO_DELETE_FILES if left else code)

        if files:
            self._loop.batch.do(partial(disk.delete_all, [file.part for file in files]), deleted)
        else:
            self._loop.batch.answer(reply, code)

    # Small parts of the above.

    def _record_command(self, job: JobRecord, command: Command, origin: str) -> None:
        event = Event(self._clock.utc_now(), EventKind.COMMAND, detail=command.value, origin=origin or "program")
        self._loop.batch.record(job, event)

    def _record_error(self, job: JobRecord) -> None:
        error = job.error
        if error is not None:
            file = error.file.local_name if error.file else ""
            event = Event(self._clock.utc_now(), EventKind.ERROR, code=error.code, detail=file, origin="engine")
            self._loop.batch.record(job, event)

    def first_delay_s(self, job: JobRecord) -> float:
        return self._settings.retry_delay_s if job.retry_delay_s is None else job.retry_delay_s

    def no_progress_timeout_s(self, job: JobRecord) -> float:
        if job.no_progress_timeout_s is not None:
            return job.no_progress_timeout_s
        if job.priority is Priority.FOREGROUND:
            return self._settings.no_progress_foreground_s
        return self._settings.no_progress_background_s
