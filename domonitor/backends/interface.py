"""What every service promises: the Backend that the monitor drives, and the documented object model beneath it.

Both are protocols: a service fits by its methods, nothing is inherited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable
from uuid import UUID

from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.event import Event
from domonitor.jobs.job import FileProgress, FileRange, JobFile, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command, JobState


class Backend(Protocol):
    """One download service, as the monitor drives it.

    All methods but wake run one after the other on the thread of this backend (BackendThread), which they may block.
    A refusal is an Outcome. CallFailed means that the service could not be asked: the monitor shows it as health and
    tries again.
    """

    name: str
    """"engine", "bits", "do", "do-agent"."""

    commands: frozenset[Command]
    """What the service can do at all."""

    poll_interval_s: float | None
    """Seconds between two polls; None: the backend wakes the monitor itself."""

    def open(self, wake: Callable[[], None]) -> None:
        """Connects. The backend calls wake from any thread, as often as it likes, whenever poll has news."""

    def poll(self) -> Change:
        """What changed since the last poll, at most 500 jobs; where more is left, wake is called again.

        Never waits for changes. The first poll gives the jobs that are there.
        """

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """Gives the command to each job; one outcome a job, in the order of the ids."""

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """Creates the jobs and resumes them; one outcome a job, with its new id. A refused job leaves nothing."""

    def get_error(self, job_id: str) -> CopyError:
        """The job's error object. Raises CallFailed DO_E_ERROR_INFORMATION_UNAVAILABLE where there is none."""

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """The job's files in the order in which they were added."""

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """What happened to the job, oldest first."""

    def close(self) -> None:
        """Disconnects. Nothing is lost; what the service goes on doing is its own affair."""


class CopyManager(Protocol):
    """Creates, finds and lists jobs. Source: IBackgroundCopyManager."""

    def create_job(self, display_name: str) -> CopyJob:
        """A new job, SUSPENDED and empty. The name has 1 to 256 characters."""

    def get_job(self, job_id: UUID) -> CopyJob:
        """Raises CallFailed DO_E_JOB_NOT_FOUND."""

    def enum_jobs(self) -> Sequence[CopyJob]:
        """The jobs that are not final, oldest first, as they are at the moment of the call."""

    def close(self) -> None:
        """Lets go of the service. Jobs stay."""


class CopyJob(Protocol):
    """A job. Methods raise CallFailed where the service refuses. Source: IBackgroundCopyJob."""

    def get_id(self) -> UUID: ...
    def get_display_name(self) -> str: ...
    def get_description(self) -> str: ...
    def get_state(self) -> JobState: ...
    def get_progress(self) -> Progress: ...
    def get_times(self) -> Times: ...
    def get_error(self) -> CopyErrorObject:
        """What failed last; it lives until the job is TRANSFERRING again, is suspended, or the process ends.

        Raises CallFailed DO_E_ERROR_INFORMATION_UNAVAILABLE where there is none.
        """

    def get_error_count(self) -> int:
        """How often the job was interrupted by an error."""

    def get_owner(self) -> str: ...
    def add_file(
        self, remote_name: str, local_name: str, ranges: Sequence[FileRange] = (), size: int | None = None
    ) -> None:
        """Adds a file. local_name: absolute path; its folder must be there and be writable."""

    def enum_files(self) -> Sequence[CopyFile]: ...
    def resume(self) -> None:
        """Starts the job, or starts it again after suspend or an error. Raises DO_E_JOB_EMPTY without a file."""

    def suspend(self) -> None:
        """Stops the transfer; what has arrived is kept."""

    def cancel(self) -> bool:
        """Removes the job and its temporary files.

        Returns whether a temporary file is left that could not be removed yet. Source: BG_S_UNABLE_TO_DELETE_FILES.
        """

    def complete(self) -> bool:
        """Gives the transferred files their final names and ends the job; unfinished files are dropped.

        Returns whether files were dropped. Source: BG_S_PARTIAL_COMPLETE.
        """

    def set_priority(self, priority: Priority) -> None: ...
    def get_priority(self) -> Priority: ...
    def set_display_name(self, display_name: str) -> None: ...
    def set_description(self, description: str) -> None: ...
    def set_minimum_retry_delay(self, delay_s: float) -> None: ...
    def get_minimum_retry_delay(self) -> float: ...
    def set_no_progress_timeout(self, timeout_s: float) -> None: ...
    def get_no_progress_timeout(self) -> float: ...
    def set_notify_interface(self, callback: CopyCallback | None) -> None: ...
    def get_notify_interface(self) -> CopyCallback | None: ...
    def set_notify_flags(self, flags: NotifyFlags) -> None: ...
    def get_notify_flags(self) -> NotifyFlags: ...


class CopyFile(Protocol):
    """A file of a job. Source: IBackgroundCopyFile, IBackgroundCopyFile2."""

    def get_remote_name(self) -> str: ...
    def get_local_name(self) -> str: ...
    def get_progress(self) -> FileProgress: ...
    def get_ranges(self) -> Sequence[FileRange]: ...
    def set_remote_name(self, remote_name: str) -> None:
        """Fetches the file from another address from now on."""


class CopyErrorObject(Protocol):
    """The error object of a job. Source: IBackgroundCopyError."""

    def get_error(self) -> tuple[ErrorContext, int]:
        """Where it happened, and the HRESULT (unsigned)."""

    def get_file(self) -> CopyFile:
        """The file being transferred. Raises CallFailed DO_E_FILE_NOT_AVAILABLE where there is none."""

    def get_error_description(self) -> str: ...
    def get_error_context_description(self) -> str: ...
    def get_protocol(self) -> str: ...


class CopyCallback(Protocol):
    """What a program hands over to be called back. Source: IBackgroundCopyCallback, IBackgroundCopyCallback2."""

    def job_transferred(self, job: CopyJob) -> None: ...
    def job_error(self, job: CopyJob, error: CopyErrorObject) -> None: ...
    def job_modification(self, job: CopyJob) -> None: ...
    def file_transferred(self, job: CopyJob, file: CopyFile) -> None: ...


@runtime_checkable
class Hideable(Protocol):
    """A backend that asks its service less often while nobody looks, and at once when somebody does again.

    is_hidden may be set on any thread.
    """

    is_hidden: bool
