"""What a job of BITS is like now, as one snapshot. Every getter may fail; then the rest of the job is still told."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.own_jobs import OwnJobs
from domonitor.backends.bits.properties import JobProperty
from domonitor.backends.bits.whose import origin_of, program_of, refusals_of
from domonitor.backends.com import accounts, objects
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile
from domonitor.jobs.job import Job, JobFile, JobKey, Priority, Progress, Times
from domonitor.jobs.state import ERRONEOUS, JobState

T = TypeVar("T")

SERVICE = "bits"

_DOWNLOAD = 0
_TYPES = ("Download", "Upload", "UploadReply")
"""Source: BG_JOB_TYPE as Get-BitsTransfer writes it."""

NOTIFY_WARNING = (
    "Windows runs the notify command line by itself when this job ends or fails. Malware uses that to come back again "
    "and again. If you don't know the command, cancel the job and have the computer checked."
)


def snapshot(job: BitsJob, own_jobs: OwnJobs, before: Job | None) -> Job:
    """All that the service says of the job, on COM's thread. before: what was known of it last.

    Raises CallFailed where not even its state can be had.
    """
    state = job.get_state()
    kind = _or(job.get_type, _DOWNLOAD)
    owner_sid = _or(job.get_owner, "")
    origin = origin_of(owner_sid, is_own=job.get_id() in own_jobs)
    owner = accounts.account_name(owner_sid) if owner_sid else None
    error = _or(partial[CopyError | None](copy_error, job), None) if state in ERRONEOUS else None
    return Job(
        JobKey(SERVICE, str(job.get_id())),
        _or(job.get_display_name, "") or str(job.get_id()),
        state,
        progress(job),
        times(job, before),
        _or(job.get_priority, Priority.NORMAL),
        origin,
        owner,
        _or(job.get_description, "") or None,
        None if error is None else error.code,
        auto_complete=own_jobs.completes_itself(job.get_id()),
        refusals=refusals_of(origin, owner, is_upload=kind != _DOWNLOAD, is_elevated=accounts.is_elevated()),
        reported=MappingProxyType(_reported(job, kind, error)),
    )


def times(job: BitsJob, before: Job | None) -> Times:
    """The job's times; where the service gives none, when it was first and last seen to be different."""
    now = datetime.now(UTC)
    return _or(job.get_times, Times(now if before is None else before.times.created, now))


def progress(job: BitsJob) -> Progress:
    """How far the job is; nothing known of it where the service does not say."""
    return _or(job.get_progress, Progress())


def copy_error(job: BitsJob) -> CopyError:
    """The job's error object. Raises CallFailed where the service gives none."""
    error = job.get_error()
    context, code = error.get_error()
    file = _or(error.get_file, None)
    names = None if file is None else ErrorFile(_or(file.get_remote_name, ""), _or(file.get_local_name, ""))
    return CopyError(
        context,
        code,
        error.get_error_description(),
        error.get_error_context_description() if context is not ErrorContext.NONE else "",
        names,
        _or(error.get_protocol, None),
        attempts=_or(job.get_error_count, None),
    )


def files(job: BitsJob) -> tuple[JobFile, ...]:
    """The job's files in their order. Raises CallFailed."""
    found = []
    # A file of no bytes, and one of which nothing is known, look alike until the job has arrived.
    has_arrived = job.get_state() in (JobState.TRANSFERRED, JobState.ACKNOWLEDGED)
    for file in job.enum_files():
        done = file.get_progress()
        found.append(
            JobFile(
                file.get_remote_name(),
                file.get_local_name(),
                done,
                tuple(_or(file.get_ranges, ())),
                transferred=has_arrived or (bool(done.bytes_total) and done.bytes_total == done.bytes_transferred),
            )
        )
    return tuple(found)


def _or(getter: Callable[[], T], otherwise: T) -> T:
    try:
        return getter()
    except CallFailed as failure:
        if failure.code in objects.CONNECTION_LOST:
            raise  # nothing is known of the job then, which is not the same as a job that keeps something back
    except ValueError:
        pass  # a number that no documented name stands for
    return otherwise


def _reported(job: BitsJob, kind: int, error: CopyError | None) -> dict[str, str]:
    """What else the service says, by the names of Get-BitsTransfer and bitsadmin; what it does not say is left out."""
    said: dict[str, Callable[[], str]] = {
        "TransferType": lambda: _TYPES[kind],
        "RetryInterval": lambda: str(round(job.get_minimum_retry_delay())),
        "RetryTimeout": lambda: str(round(job.get_no_progress_timeout())),
        "TransientErrorCount": lambda: str(job.get_error_count()),
        "NotifyFlags": lambda: str(int(job.get_notify_flags())),
        "NotifyCommandLine": lambda: _command_line(job),
        "CustomHeaders": lambda: _names_of_headers(_words(job, "IBackgroundCopyJobHttpOptions", "GetCustomHeaders")),
        "AclFlags": lambda: _count(job, "IBackgroundCopyJob3", "GetFileACLFlags"),
        "PeerCachingFlags": lambda: _count(job, "IBackgroundCopyJob4", "GetPeerCachingFlags"),
        "OwnerIntegrityLevel": lambda: _count(job, "IBackgroundCopyJob4", "GetOwnerIntegrityLevel"),
        "OwnerElevation": lambda: _count(job, "IBackgroundCopyJob4", "GetOwnerElevationState"),
        "CostPolicy": lambda: hresult.text(job.get_property(JobProperty.COST_FLAGS)),
    }
    found = {name: value for name, getter in said.items() if (value := _or(getter, ""))}
    nothing: dict[str, str] = {}
    found |= _or(lambda: _proxy(job), nothing)
    if error is not None:
        found |= {
            "ErrorContext": error.context.name,
            "ErrorDescription": error.description,
            "ErrorContextDescription": error.context_description,
        }
    if "NotifyCommandLine" in found:
        found["Warning"] = NOTIFY_WARNING
    if program := program_of(_or(job.get_display_name, "")):
        found["Program"] = program
    return found


def _names_of_headers(headers: str) -> str:
    """What stands behind the names may be secret."""
    return "\n".join(f"{line.partition(':')[0]}:" for line in headers.splitlines() if line)


def _command_line(job: BitsJob) -> str:
    program, parameters = ctypes.c_void_p(), ctypes.c_void_p()
    method = job.behind("IBackgroundCopyJob2").GetNotifyCmdLine
    objects.ask(method, ctypes.byref(program), ctypes.byref(parameters))
    return " ".join(filter(None, (objects.taken(program), objects.taken(parameters))))


def _proxy(job: BitsJob) -> dict[str, str]:
    usage, proxies, bypassed = job.get_proxy_settings()
    found = {"ProxyUsage": usage.title, "ProxyList": proxies, "ProxyBypassList": bypassed}
    return {name: value for name, value in found.items() if value}


def _words(job: BitsJob, interface: str, method: str) -> str:
    return objects.words(getattr(job.behind(interface), method))


def _count(job: BitsJob, interface: str, method: str) -> str:
    return str(objects.number(getattr(job.behind(interface), method)))
