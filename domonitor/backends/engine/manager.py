"""The engine's object model: the documented interfaces, usable from a plain script and from any thread.

manager = EngineManager(folder)
job = manager.create_job("The installer")
job.add_file("https://example.com/setup.iso", "/home/me/setup.iso")
job.resume()
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.backends.engine import checks, failures
from domonitor.backends.engine.batch import StoreThread, SyncThread
from domonitor.backends.engine.callbacks import Callbacks
from domonitor.backends.engine.clock import Clock, SystemClock
from domonitor.backends.engine.http import Http
from domonitor.backends.engine.lifecycle import Lifecycle
from domonitor.backends.engine.lock import FolderLock
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.recovery import recover
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.store import Store, StoreUnusable
from domonitor.backends.interface import CopyCallback
from domonitor.jobs import hresult
from domonitor.jobs.change import PendingChange
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.event import Event
from domonitor.jobs.job import FileProgress, FileRange, Job, JobFile, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState


class EngineManager:
    """The embedded download engine on one folder: its jobs go on where an earlier process left them."""

    def __init__(self, folder: Path | str, settings: EngineSettings | None = None, clock: Clock | None = None) -> None:
        """Opens the folder, made if it is not there. Raises FolderInUse, StoreUnusable."""
        settings = settings or EngineSettings()
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(folder)
        except OSError as error:
            raise StoreUnusable(f"The engine's folder {folder} can't be used: {error.strerror}.") from error
        try:
            self._store = Store(folder / "engine.sqlite")
            jobs = recover(self._store)
        except BaseException:
            self._lock.close()
            raise
        self._clock = clock or SystemClock()
        self._callbacks = Callbacks(settings.modification_interval_s)
        self._store_thread = StoreThread(self._store)
        self._sync_thread = SyncThread()
        self._loop = Loop(Http(settings), self._store_thread)
        self._lifecycle = Lifecycle(self._loop, self._sync_thread, settings, self._clock, self._notify)
        self._lifecycle.restore(jobs, self._store.next_number())
        self._loop.start(self._lifecycle)

    def create_job(self, display_name: str) -> EngineJob:
        """See CopyManager."""
        checks.check_display_name(display_name)
        return EngineJob(self, self.ask(partial(self._lifecycle.create, display_name)))

    def add_many(self, new_jobs: Sequence[NewJob]) -> list[EngineJob | Exception]:
        """Creates and resumes many jobs in one transaction; for each the job, or the CallFailed that refused it."""
        refused: dict[int, Exception] = {}
        for at, new_job in enumerate(new_jobs):
            try:
                checks.check_new_job(new_job)
            except Exception as refusal:
                refused[at] = refusal
        accepted = [new_job for at, new_job in enumerate(new_jobs) if at not in refused]
        answers = iter(self.ask(partial(self._lifecycle.add_many, accepted)) if accepted else ())
        return [refused[at] if at in refused else self._job_or_refusal(next(answers)) for at in range(len(new_jobs))]

    def get_job(self, job_id: UUID) -> EngineJob:
        """See CopyManager."""
        if job_id not in self._loop.visible:
            raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND)
        return EngineJob(self, job_id)

    def enum_jobs(self) -> tuple[EngineJob, ...]:
        """See CopyManager."""
        return tuple(EngineJob(self, job_id) for job_id in tuple(self._loop.visible))

    def close(self) -> None:
        """Stops all transfers and lets go of the folder. Nothing is lost; a later manager goes on."""
        self._loop.close()
        self._callbacks.close()
        self._clock.close()
        self._sync_thread.close()
        self._store_thread.close()
        self._store.close()
        self._lock.close()

    def add_reader(self, wake: Callable[[], None]) -> PendingChange:
        """A feed of changes that begins with all jobs. wake: any thread, whenever there is news."""
        return self._loop.add_reader(wake)

    def remove_reader(self, pending: PendingChange) -> None:
        """Ends a feed."""
        self._loop.remove_reader(pending)

    def timeline(self, job_id: UUID) -> tuple[Event, ...]:
        """What happened to the job, oldest first, also after its end."""

        def read(reply: Future[tuple[Event, ...]]) -> None:
            self._loop.batch.do(
                partial(self._store.events, job_id), lambda result: self._loop.batch.answer(reply, result)
            )

        events: tuple[Event, ...] = self.ask(read)
        return events

    # For the objects of the model.

    def ask(self, call: Callable[[Future[Any]], None]) -> Any:
        """Runs the call on the engine's thread and waits for its answer."""
        return self._loop.ask(call)

    def ask_job(self, job_id: UUID, action: Callable[[JobRecord, Future[Any]], None]) -> Any:
        """Runs the action on the job. Raises CallFailed where it is final or not known."""
        return self._loop.ask(lambda reply: self._lifecycle.on_job(job_id, action, reply))

    def read_job(self, job_id: UUID, read: Callable[[JobRecord], Any]) -> Any:
        """Reads the job's record, once all that was asked before is durable."""
        return self.ask_job(job_id, lambda job, reply: self._loop.batch.answer(reply, read(job)))

    def snapshot(self, job_id: UUID) -> Job:
        """The job as it is visible now, or as it was at its end."""
        job = self._loop.visible.get(job_id) or self._loop.finals.get(job_id)
        if job is None:
            raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND)
        return job

    @property
    def lifecycle(self) -> Lifecycle:
        """What is done with jobs; its methods run on the engine's thread."""
        return self._lifecycle

    @property
    def callbacks(self) -> Callbacks:
        """Who is called back."""
        return self._callbacks

    def _job_or_refusal(self, answer: UUID | Exception) -> EngineJob | Exception:
        return answer if isinstance(answer, Exception) else EngineJob(self, answer)

    def _notify(self, flag: NotifyFlags, record: JobRecord, file: FileRecord | None) -> None:
        """Hands over to the callbacks' thread what the job's flags ask for."""
        if not record.notify_flags & flag or record.notify_flags & NotifyFlags.DISABLE:
            return
        job = EngineJob(self, record.id)
        if flag is NotifyFlags.JOB_TRANSFERRED:
            self._callbacks.post(record.id, "job_transferred", lambda callback: callback.job_transferred(job))
        elif flag is NotifyFlags.JOB_ERROR and record.error is not None:
            error = EngineError(job, record.error)
            self._callbacks.post(record.id, "job_error", lambda callback: callback.job_error(job, error))
        elif flag is NotifyFlags.JOB_MODIFICATION:
            self._callbacks.post_modification(record.id, lambda callback: callback.job_modification(job))
        elif flag is NotifyFlags.FILE_TRANSFERRED and file is not None:
            copy_file = EngineFile(job, file.index, file.remote_name, file.local_name, file.ranges)
            self._callbacks.post(
                record.id, "file_transferred", lambda callback: callback.file_transferred(job, copy_file)
            )


class EngineJob:
    """A job of the engine: an id and its manager. See CopyJob for what the methods promise."""

    __slots__ = ("_id", "_manager")

    def __init__(self, manager: EngineManager, job_id: UUID) -> None:
        self._manager = manager
        self._id = job_id

    def __repr__(self) -> str:
        return f"EngineJob({self._id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EngineJob) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    def get_id(self) -> UUID:
        """See CopyJob."""
        return self._id

    def get_display_name(self) -> str:
        """See CopyJob."""
        return self._manager.snapshot(self._id).display_name

    def get_description(self) -> str:
        """See CopyJob."""
        return self._manager.snapshot(self._id).description or ""

    def get_state(self) -> JobState:
        """See CopyJob."""
        return self._manager.snapshot(self._id).state

    def get_progress(self) -> Progress:
        """See CopyJob."""
        return self._manager.snapshot(self._id).progress

    def get_times(self) -> Times:
        """See CopyJob."""
        return self._manager.snapshot(self._id).times

    def get_error(self) -> EngineError:
        """See CopyJob."""
        return EngineError(self, self.copy_error())

    def copy_error(self) -> CopyError:
        """The error object as a snapshot. Raises as get_error."""
        error: CopyError | None = self._manager.read_job(self._id, lambda job: job.error)
        if error is None:
            raise failures.refusal(hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE)
        return error

    def get_error_count(self) -> int:
        """See CopyJob."""
        return int(self._manager.read_job(self._id, lambda job: job.interruptions))

    def get_owner(self) -> str:
        """See CopyJob."""
        return getpass.getuser()

    def add_file(
        self,
        remote_name: str,
        local_name: str,
        ranges: Sequence[FileRange] = (),
        size: int | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """See CopyJob. replace: whether a file of that name may be overwritten at the end."""
        new_file = NewFile(remote_name, local_name, tuple(ranges), size, replace)
        checks.check_new_file(new_file)
        self._ask(lambda job, reply: self._manager.lifecycle.add_files(job, [new_file], reply))

    def enum_files(self) -> tuple[EngineFile, ...]:
        """See CopyJob."""
        files = self._manager.read_job(
            self._id, lambda job: [(file.index, file.remote_name, file.local_name, file.ranges) for file in job.files]
        )
        return tuple(EngineFile(self, *file) for file in files)

    def files(self) -> tuple[JobFile, ...]:
        """Snapshots of all files."""
        files: tuple[JobFile, ...] = self._manager.read_job(
            self._id, lambda job: tuple(file.snapshot() for file in job.files)
        )
        return files

    def resume(self, origin: str = "") -> None:
        """See CopyJob."""
        self._ask(partial(self._manager.lifecycle.resume, origin=origin))

    def suspend(self, origin: str = "") -> None:
        """See CopyJob."""
        self._ask(partial(self._manager.lifecycle.suspend, origin=origin))

    def cancel(self, origin: str = "") -> bool:
        """See CopyJob."""
        code = self._ask(partial(self._manager.lifecycle.cancel, origin=origin))
        return bool(code == hresult.BG_S_UNABLE_TO_DELETE_FILES)

    def complete(self, origin: str = "") -> bool:
        """See CopyJob."""
        code = self._ask(partial(self._manager.lifecycle.complete, origin=origin))
        return bool(code == hresult.BG_S_PARTIAL_COMPLETE)

    def set_priority(self, priority: Priority) -> None:
        """See CopyJob."""
        self._set(priority=checks.known(Priority, priority))

    def get_priority(self) -> Priority:
        """See CopyJob."""
        return self._manager.snapshot(self._id).priority

    def set_display_name(self, display_name: str) -> None:
        """See CopyJob."""
        checks.check_display_name(display_name)
        self._set(display_name=display_name)

    def set_description(self, description: str) -> None:
        """See CopyJob."""
        checks.check_description(description)
        self._set(description=description)

    def set_minimum_retry_delay(self, delay_s: float) -> None:
        """See CopyJob."""
        self._set(retry_delay_s=checks.seconds(delay_s))

    def get_minimum_retry_delay(self) -> float:
        """See CopyJob."""
        return float(self._manager.read_job(self._id, self._manager.lifecycle.first_delay_s))

    def set_no_progress_timeout(self, timeout_s: float) -> None:
        """See CopyJob."""
        self._set(no_progress_timeout_s=checks.seconds(timeout_s))

    def get_no_progress_timeout(self) -> float:
        """See CopyJob."""
        return float(self._manager.read_job(self._id, self._manager.lifecycle.no_progress_timeout_s))

    def set_auto_complete(self, is_on: bool) -> None:
        """Whether the files get their names by themselves as soon as all have arrived."""
        self._set(auto_complete=is_on)

    def set_notify_interface(self, callback: CopyCallback | None) -> None:
        """See CopyJob."""
        self._manager.read_job(self._id, lambda _: None)  # refuses a job that is final
        self._manager.callbacks.register(self._id, callback)

    def get_notify_interface(self) -> CopyCallback | None:
        """See CopyJob."""
        return self._manager.callbacks.registered(self._id)

    def set_notify_flags(self, flags: NotifyFlags) -> None:
        """See CopyJob."""
        self._set(notify_flags=checks.known_flags(flags))

    def get_notify_flags(self) -> NotifyFlags:
        """See CopyJob."""
        return NotifyFlags(self._manager.read_job(self._id, lambda job: job.notify_flags))

    def set_remote_name(self, index: int, remote_name: str) -> None:
        """Another address for the file at that place. See CopyFile."""
        checks.check_remote_name(remote_name)
        self._ask(lambda job, reply: self._manager.lifecycle.set_remote_name(job, reply, index, remote_name))

    def file_progress(self, index: int) -> FileProgress:
        """The progress of the file at that place."""
        progress: FileProgress = self._manager.read_job(
            self._id, lambda job: next(file.snapshot().progress for file in job.files if file.index == index)
        )
        return progress

    def _ask(self, action: Callable[[JobRecord, Future[Any]], None]) -> Any:
        return self._manager.ask_job(self._id, action)

    def _set(self, **values: object) -> None:
        self._ask(lambda job, reply: self._manager.lifecycle.change(job, reply, **values))


class EngineFile:
    """A file of a job. See CopyFile for what the methods promise."""

    __slots__ = ("_index", "_job", "_local_name", "_ranges", "_remote_name")

    def __init__(
        self, job: EngineJob, index: int, remote_name: str, local_name: str, ranges: tuple[FileRange, ...]
    ) -> None:
        self._job = job
        self._index = index
        self._remote_name = remote_name
        self._local_name = local_name
        self._ranges = ranges

    def get_remote_name(self) -> str:
        """See CopyFile."""
        return self._remote_name

    def get_local_name(self) -> str:
        """See CopyFile."""
        return self._local_name

    def get_progress(self) -> FileProgress:
        """See CopyFile."""
        return self._job.file_progress(self._index)

    def get_ranges(self) -> tuple[FileRange, ...]:
        """See CopyFile."""
        return self._ranges

    def set_remote_name(self, remote_name: str) -> None:
        """See CopyFile."""
        self._job.set_remote_name(self._index, remote_name)
        self._remote_name = remote_name


class EngineError:
    """A job's error object. See CopyErrorObject for what the methods promise."""

    __slots__ = ("_error", "_job")

    def __init__(self, job: EngineJob, error: CopyError) -> None:
        self._job = job
        self._error = error

    def get_error(self) -> tuple[ErrorContext, int]:
        """See CopyErrorObject."""
        return self._error.context, self._error.code

    def get_file(self) -> EngineFile:
        """See CopyErrorObject."""
        if self._error.file is not None:
            for file in self._job.enum_files():
                if file.get_local_name() == self._error.file.local_name:
                    return file
        raise failures.refusal(hresult.DO_E_FILE_NOT_AVAILABLE)

    def get_error_description(self) -> str:
        """See CopyErrorObject."""
        return self._error.description

    def get_error_context_description(self) -> str:
        """See CopyErrorObject."""
        return self._error.context_description

    def get_protocol(self) -> str:
        """See CopyErrorObject."""
        return self._error.protocol or ""
