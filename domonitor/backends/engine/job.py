"""The objects that an EngineManager hands out: jobs, their files, their errors."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from operator import eq
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from domonitor.backends.engine import checks, failures
from domonitor.backends.engine.access import Access, AuthScheme, AuthTarget, Certificate, Login
from domonitor.backends.engine.records import FileNames, JobRecord
from domonitor.backends.interface import CopyCallback
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext
from domonitor.jobs.job import FileProgress, FileRange, JobFile, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.limit import JobLimits
from domonitor.jobs.request import Digest, Existing, NewFile
from domonitor.jobs.state import JobState

if TYPE_CHECKING:
    from domonitor.backends.engine.manager import EngineManager


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
        expected: Digest | None = None,
    ) -> None:
        """See CopyJob. replace: whether a file of that name may be overwritten at the end. expected: its checksum."""
        existing = Existing.REPLACE if replace else Existing.REFUSE
        new_file = NewFile(remote_name, local_name, tuple(ranges), size, existing, expected)
        checks.check_new_file(new_file)
        self._ask(lambda job, reply: self._manager.lifecycle.adding.add_files(job, [new_file], reply))

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
        self._ask(partial(self._manager.commands.resume, origin=checks.checked_origin(origin)))

    def suspend(self, origin: str = "") -> None:
        """See CopyJob."""
        self._ask(partial(self._manager.commands.suspend, origin=checks.checked_origin(origin)))

    def cancel(self, origin: str = "") -> bool:
        """See CopyJob."""
        code = self._ask(partial(self._manager.commands.cancel, origin=checks.checked_origin(origin)))
        return bool(code == hresult.BG_S_UNABLE_TO_DELETE_FILES)

    def complete(self, origin: str = "") -> bool:
        """See CopyJob."""
        code = self._ask(partial(self._manager.commands.complete, origin=checks.checked_origin(origin)))
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
        return float(self._manager.read_job(self._id, self._manager.lifecycle.retrying.first_delay_s))

    def set_no_progress_timeout(self, timeout_s: float) -> None:
        """See CopyJob."""
        self._set(no_progress_timeout_s=checks.seconds(timeout_s))

    def get_no_progress_timeout(self) -> float:
        """See CopyJob."""
        return float(self._manager.read_job(self._id, self._manager.lifecycle.retrying.no_progress_timeout_s))

    def set_auto_complete(self, is_on: bool) -> None:
        """Whether the files get their names by themselves as soon as all have arrived."""
        self._set(auto_complete=is_on)

    def set_limits(self, bytes_per_second: int | None = None, segments: int | None = None) -> None:
        """Not faster than that, None for no limit of its own; large files over so many connections, None for as before.

        A speed holds from now on, a number of connections from a file's next start on.
        """
        checks.check_limits(bytes_per_second, 1 if segments is None else segments)
        if segments is None:
            self._set(bytes_per_second=bytes_per_second)
        else:
            self._set(bytes_per_second=bytes_per_second, segments=segments)

    def get_limits(self) -> JobLimits:
        """What set_limits was last given."""
        limits: JobLimits = self._manager.read_job(self._id, lambda job: JobLimits(job.bytes_per_second, job.segments))
        return limits

    def get_waiting_reason(self) -> str | None:
        """Why the job is QUEUED and does not move, in one sentence; None where it is about to, or is not QUEUED."""
        return self._manager.snapshot(self._id).waiting_reason

    def set_credentials(self, target: AuthTarget, scheme: AuthScheme, user_name: str, password: str) -> None:
        """Who the job's servers, or the proxy, are told we are, from the next request on.

        user_name: "" with Negotiate for the user who is logged in to this computer.

        Of several logins for one target the one that was set last counts. They are told to the scheme, host and port of
        a file's address alone, never to where it passes us on to. They live in memory alone: after a restart they have
        to be set again. A "user:password@" in an address is kept likewise, and told by the Basic scheme.
        Source: IBackgroundCopyJob2::SetCredentials.
        """
        checks.check_login(user_name, password, scheme)
        key = checks.known(AuthTarget, target), checks.known(AuthScheme, scheme)
        self._set_access(lambda access: access.with_login(*key, Login(user_name, password)), "credentials")

    def remove_credentials(self, target: AuthTarget, scheme: AuthScheme) -> None:
        """Forgets a login; one that was never set is fine. Source: IBackgroundCopyJob2::RemoveCredentials."""
        key = checks.known(AuthTarget, target), checks.known(AuthScheme, scheme)
        self._set_access(lambda access: access.with_login(*key, None), "credentials")

    def set_custom_headers(self, headers: Sequence[str]) -> None:
        """Lines "Name: value" that the job's requests carry from the next one on, in place of those set before.

        They are told to the scheme, host and port of a file's address alone, and live in memory alone: after a restart
        they have to be set again. Source: IBackgroundCopyJobHttpOptions::SetCustomHeaders.
        """
        lines = checks.custom_headers(headers)
        self._set_access(lambda access: replace(access, headers=lines), "headers")

    def set_client_certificate(self, certificate_path: str, key_path: str = "", password: str = "") -> None:
        """The certificate that the job's servers may see: a file in PEM, or in PKCS 12 with .p12 or .pfx for its end.

        key_path: its key, where that is a file of its own; password: that of the key. All of it in memory alone, as
        with set_credentials.
        """
        certificate = Certificate(certificate_path, key_path, password)
        checks.check_certificate(certificate_path, key_path, password)
        self._set_access(lambda access: replace(access, certificate=certificate), "certificate")

    def remove_client_certificate(self) -> None:
        """The job's servers see no certificate any more."""
        self._set_access(lambda access: replace(access, certificate=None), "certificate")

    def set_notify_interface(self, callback: CopyCallback | None) -> None:
        """See CopyJob."""
        self._set()  # refuses a job that is final
        self._manager.callbacks.register(self._id, callback)

    def get_notify_interface(self) -> CopyCallback | None:
        """See CopyJob."""
        return self._manager.callbacks.registered(self._id)

    def set_notify_flags(self, flags: NotifyFlags) -> None:
        """See CopyJob."""
        self._set(notify_flags=int(checks.known_flags(flags)))

    def get_notify_flags(self) -> NotifyFlags:
        """See CopyJob."""
        return NotifyFlags(self._manager.read_job(self._id, lambda job: job.notify_flags))

    def set_remote_name(self, index: int, remote_name: str) -> None:
        """Another address for the file at that place. See CopyFile."""
        checks.check_remote_name(remote_name)
        self._ask(lambda job, reply: self._manager.commands.set_remote_name(job, reply, index, remote_name))

    def names(self, index: int) -> FileNames:
        """The address and the local name of the file at that place."""

        def read(job: JobRecord) -> FileNames:
            file = checks.known_file(job, index)
            return FileNames(file.remote_name, file.local_name)

        names: FileNames = self._manager.read_job(self._id, read)
        return names

    def file_progress(self, index: int) -> FileProgress:
        """The progress of the file at that place."""
        progress: FileProgress = self._manager.read_job(
            self._id, lambda job: checks.known_file(job, index).snapshot().progress
        )
        return progress

    def _ask(self, action: Callable[[JobRecord, Future[Any]], None]) -> Any:
        return self._manager.ask_job(self._id, action)

    def _set_access(self, change: Callable[[Access], Access], what: str) -> None:
        self._ask(lambda job, reply: self._manager.commands.set_access(job, reply, change, what))

    def _set(self, **values: Any) -> None:
        self._ask(lambda job, reply: self._manager.commands.change(job, reply, **values))


class EngineJobs(Sequence[EngineJob]):
    """Jobs as they were listed; each object is made when it is asked for."""

    __slots__ = ("_ids", "_manager")

    def __init__(self, manager: EngineManager, ids: tuple[UUID, ...]) -> None:
        self._manager = manager
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, at: int) -> EngineJob: ...
    @overload
    def __getitem__(self, at: slice) -> EngineJobs: ...
    def __getitem__(self, at: int | slice) -> EngineJob | EngineJobs:
        if isinstance(at, slice):
            return EngineJobs(self._manager, self._ids[at])
        return EngineJob(self._manager, self._ids[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == len(self) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]


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

    @property
    def index(self) -> int:
        """Its place among the job's files; the places of files that were refused stay empty."""
        return self._index

    def get_remote_name(self) -> str:
        """See CopyFile."""
        self._look()
        return self._remote_name

    def get_local_name(self) -> str:
        """See CopyFile. A file that its server names changes its name with the first answer."""
        self._look()
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

    def _look(self) -> None:
        with suppress(CallFailed):  # of a job that has ended, what was last known
            self._remote_name, self._local_name = self._job.names(self._index)


class EngineError:
    """A job's error object. See CopyErrorObject for what the methods promise."""

    __slots__ = ("_error", "_job")

    def __init__(self, job: EngineJob, error: CopyError) -> None:
        self._job = job
        self._error = error

    @property
    def snapshot(self) -> CopyError:
        """All that it says."""
        return self._error

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
