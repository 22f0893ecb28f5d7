"""A real job in each of the nine states, by a real server that does as it is told, and all that can be read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domonitor.backends.interface import CopyFile, CopyJob
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Times
from domonitor.jobs.state import JobState
from tests.backends.contract_service import LARGE, Service
from tests.server import Answer, Fault, Hold, Stall

HELD_AT_BYTES = 40_000

LATER = {"Retry-After": "600"}

_FAULTS: Mapping[JobState, Callable[[], tuple[Fault, ...]]] = {
    JobState.TRANSFERRING: lambda: (Stall(HELD_AT_BYTES),),
    JobState.ERROR: lambda: (Answer(404, times=1), Hold()),
    JobState.TRANSIENT_ERROR: lambda: (Answer(503, LATER, times=1), Hold()),
    JobState.TRANSFERRED: tuple,
    JobState.ACKNOWLEDGED: tuple,
}
"""What the server does; elsewhere it does not answer, so that a job that goes on goes no further than CONNECTING."""


@dataclass(frozen=True)
class Subject:
    """A job in a state, and its one file. The objects are held on to from before it came there."""

    service: Service
    job: CopyJob
    file: CopyFile

    def held_url(self, path: str) -> str:
        """An address that does not answer."""
        return self.service.serve(path, LARGE, Hold())


def bring(service: Service, state: JobState, *, is_still: bool = True) -> Subject:
    """A job that is in the state and stays there.

    is_still: also its bytes have come to a halt, so that nothing about it moves any more by itself.
    """
    url = service.serve("/subject", LARGE, *_FAULTS.get(state, lambda: (Hold(),))())
    if state is JobState.QUEUED:
        service.fill_slots()
    job = service.job(url, resumed=False)
    subject = Subject(service, job, job.enum_files()[0])
    if state is JobState.CANCELLED:
        job.cancel()
    elif state is not JobState.SUSPENDED:
        job.resume()
        service.until_state(job, JobState.TRANSFERRED if state is JobState.ACKNOWLEDGED else state)
    if state is JobState.ACKNOWLEDGED:
        job.complete()
    if state is JobState.CONNECTING:
        service.origin.wait_requests("/subject")
    if state is JobState.TRANSFERRING and is_still:
        service.until(lambda: job.get_progress().bytes_transferred == HELD_AT_BYTES)
    assert job.get_state() is state
    return subject


def readings(subject: Subject) -> dict[str, object]:
    """Everything that can be read of the job, a refusal where it can't be, and all that lies on the disk."""
    job, file = subject.job, subject.file
    getters: dict[str, Callable[[], Any]] = {
        **{name: getattr(job, name) for name in vars(CopyJob) if name.startswith("get_") and name != "get_error"},
        **{f"file.{name}": getattr(file, name) for name in vars(CopyFile) if name.startswith("get_")},
        "files": lambda: [_read_file(each) for each in job.enum_files()],
        "error": lambda: _read_error(job),
        "is known": lambda: subject.service.manager.get_job(job.get_id()).get_id(),
        "is enumerated": lambda: job.get_id() in [each.get_id() for each in subject.service.manager.enum_jobs()],
    }
    return {name: _value(getter) for name, getter in getters.items()} | {"on disk": subject.service.on_disk}


def but_modified(read: dict[str, object]) -> dict[str, object]:
    """The same without the time of modification."""
    times = read["get_times"]
    assert isinstance(times, Times)
    return read | {"get_times": replace(times, modified=times.created)}


def _value(getter: Callable[[], Any]) -> object:
    try:
        return getter()
    except CallFailed as refusal:
        return f"refused with {refusal.code:#x}"


def _read_file(file: CopyFile) -> tuple[object, ...]:
    return file.get_remote_name(), file.get_local_name(), file.get_progress(), tuple(file.get_ranges())


def _read_error(job: CopyJob) -> tuple[object, ...]:
    error = job.get_error()
    texts = (error.get_error_description, error.get_error_context_description, error.get_protocol)
    return error.get_error(), _read_file(error.get_file()), *map(_value, texts)
