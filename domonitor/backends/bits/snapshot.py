"""What a job of BITS is like now, as one snapshot. Every getter may fail; then the rest of the job is still told."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.own_jobs import OwnJobs
from domonitor.backends.com import accounts, objects
from domonitor.backends.com.structures import JobPropertyValue
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile
from domonitor.jobs.job import Job, JobFile, JobKey, Origin, Priority, Times
from domonitor.jobs.state import ERRONEOUS, Command

T = TypeVar("T")

SERVICE = "bits"

_DOWNLOAD = 0
_TYPES = ("Download", "Upload", "UploadReply")
_PROXY_USAGES = ("SystemDefault", "NoProxy", "Override", "AutoDetect")
_COST_FLAGS = 1
"""Source: BG_JOB_TYPE, BG_JOB_PROXY_USAGE as Get-BitsTransfer writes them; BITS_JOB_PROPERTY_ID_COST_FLAGS."""

_PROGRAMS = {
    "CCMDTS Job": "Configuration Manager",
    "CCMSETUP DOWNLOAD": "Configuration Manager",
    "Microsoft Outlook Offline Address Book": "Outlook",
    "Font Download": "Windows",
    "Edge Component Updater": "Microsoft Edge",
}
"""Who gives jobs such a name; others may, too."""

_GUESS = "{program} (a guess from the job's name)"

_UPLOAD = "An upload is only watched here."
_WINDOWS_OWN = "Windows made this job, and lets no program change it."
_NEEDS_ADMIN = "It belongs to {owner}. Only an administrator can change it."


def snapshot(job: BitsJob, own_jobs: OwnJobs, before: Job | None) -> Job:
    """All that the service says of the job, on COM's thread. before: what was known of it last.

    Raises CallFailed where not even its state can be had.
    """
    state = job.get_state()
    kind = _or(job.get_type, _DOWNLOAD)
    owner_sid = _or(job.get_owner, "")
    origin = _origin(job, own_jobs, owner_sid)
    owner = accounts.account_name(owner_sid) if owner_sid else None
    error = _or(partial[CopyError | None](copy_error, job), None) if state in ERRONEOUS else None
    return Job(
        JobKey(SERVICE, str(job.get_id())),
        _or(job.get_display_name, "") or str(job.get_id()),
        state,
        job.get_progress(),
        times(job, before),
        _or(job.get_priority, Priority.NORMAL),
        origin,
        owner,
        _or(job.get_description, "") or None,
        None if error is None else error.code,
        auto_complete=own_jobs.completes_itself(job.get_id()),
        refusals=_refusals(kind, origin, owner),
        reported=MappingProxyType(_reported(job, kind, error)),
    )


def times(job: BitsJob, before: Job | None) -> Times:
    """The job's times; where the service gives none, when it was first and last seen to be different."""
    now = datetime.now(UTC)
    return _or(job.get_times, Times(now if before is None else before.times.created, now))


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
    for file in job.enum_files():
        progress = file.get_progress()
        found.append(
            JobFile(
                file.get_remote_name(),
                file.get_local_name(),
                progress,
                tuple(_or(file.get_ranges, ())),
                transferred=progress.bytes_total == progress.bytes_transferred,
            )
        )
    return tuple(found)


def _or(getter: Callable[[], T], otherwise: T) -> T:
    try:
        return getter()
    except (CallFailed, ValueError):  # a number that no documented name stands for
        return otherwise


def _origin(job: BitsJob, own_jobs: OwnJobs, owner_sid: str) -> Origin:
    if job.get_id() in own_jobs:
        return Origin.OURS
    if owner_sid in accounts.SYSTEM_SIDS:
        return Origin.SYSTEM
    return Origin.MY_ACCOUNT if owner_sid in ("", accounts.own_sid()) else Origin.OTHER_USER


def _refusals(kind: int, origin: Origin, owner: str | None) -> Mapping[Command, str]:
    why = ""
    if kind != _DOWNLOAD:
        why = _UPLOAD
    elif origin is Origin.SYSTEM:
        why = _WINDOWS_OWN
    elif origin is Origin.OTHER_USER and not accounts.is_elevated():
        why = _NEEDS_ADMIN.format(owner=owner)
    return MappingProxyType(dict.fromkeys(Command, why) if why else {})


def _reported(job: BitsJob, kind: int, error: CopyError | None) -> dict[str, str]:
    """What else the service says, by the names of Get-BitsTransfer and bitsadmin; what it does not say is left out."""
    said: dict[str, Callable[[], str]] = {
        "TransferType": lambda: _TYPES[kind],
        "RetryInterval": lambda: str(round(job.get_minimum_retry_delay())),
        "RetryTimeout": lambda: str(round(job.get_no_progress_timeout())),
        "TransientErrorCount": lambda: str(job.get_error_count()),
        "NotifyFlags": lambda: str(int(job.get_notify_flags())),
        "NotifyCommandLine": lambda: _command_line(job),
        "CustomHeaders": lambda: _words(job, "IBackgroundCopyJobHttpOptions", "GetCustomHeaders"),
        "AclFlags": lambda: _count(job, "IBackgroundCopyJob3", "GetFileACLFlags"),
        "PeerCachingFlags": lambda: _count(job, "IBackgroundCopyJob4", "GetPeerCachingFlags"),
        "OwnerIntegrityLevel": lambda: _count(job, "IBackgroundCopyJob4", "GetOwnerIntegrityLevel"),
        "OwnerElevation": lambda: _count(job, "IBackgroundCopyJob4", "GetOwnerElevationState"),
        "CostPolicy": lambda: _cost(job),
    }
    found = {name: value for name, getter in said.items() if (value := _or(getter, ""))}
    with suppress(CallFailed):
        found |= _proxy(job)
    if error is not None:
        found |= {
            "ErrorContext": error.context.name,
            "ErrorDescription": error.description,
            "ErrorContextDescription": error.context_description,
        }
    if program := _PROGRAMS.get(_or(job.get_display_name, "")):
        found["Program"] = _GUESS.format(program=program)
    return found


def _command_line(job: BitsJob) -> str:
    program, parameters = ctypes.c_void_p(), ctypes.c_void_p()
    method = job.behind("IBackgroundCopyJob2").GetNotifyCmdLine
    objects.ask(method, ctypes.byref(program), ctypes.byref(parameters))
    return " ".join(filter(None, (objects.taken(program), objects.taken(parameters))))


def _proxy(job: BitsJob) -> dict[str, str]:
    usage, listed, bypassed = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
    method = job.pointer.GetProxySettings
    objects.ask(method, ctypes.byref(usage), ctypes.byref(listed), ctypes.byref(bypassed))
    found = {"ProxyList": objects.taken(listed), "ProxyBypassList": objects.taken(bypassed)}
    if 0 <= usage.value < len(_PROXY_USAGES):
        found["ProxyUsage"] = _PROXY_USAGES[usage.value]
    return {name: value for name, value in found.items() if value}


def _cost(job: BitsJob) -> str:
    value: Any = objects.read(job.behind("IBackgroundCopyJob5").GetProperty, JobPropertyValue, _COST_FLAGS)
    return f"0x{value.number & 0xFFFFFFFF:08X}"


def _words(job: BitsJob, interface: str, method: str) -> str:
    return objects.words(getattr(job.behind(interface), method))


def _count(job: BitsJob, interface: str, method: str) -> str:
    return str(objects.number(getattr(job.behind(interface), method)))
