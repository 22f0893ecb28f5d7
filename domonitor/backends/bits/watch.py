"""Looking after BITS' jobs from poll to poll: what is new, what is different, what has gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from domonitor.backends.bits import snapshot
from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.bits.own_jobs import OwnJobs
from domonitor.backends.com import objects
from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job, JobKey, NotifyFlags
from domonitor.jobs.state import ACTIVE, FINAL, JobState

T = TypeVar("T")

_LIST_ANEW = 5
"""After so many polls in which their number was the same, the jobs are enumerated anew."""

_READ_ANEW = 15
"""After so many polls a job that seems to be the same is read as a whole."""

_MOVES = ACTIVE | {JobState.TRANSIENT_ERROR}


@dataclass(slots=True)
class _Known:
    """A job that is watched. read_at: the poll in which it was read as a whole."""

    job: BitsJob
    last: Job
    read_at: int


class Watch:
    """The jobs that BITS lists, as they were last seen. wake: is called whenever one of our own has news.

    sees_all: whether those of all users are among them.
    """

    def __init__(self, manager: BitsManager, own_jobs: OwnJobs, wake: Callable[[], None]) -> None:
        self.sees_all = True
        self._manager = manager
        self._own_jobs = own_jobs
        self._waker = _Waker(wake)
        self._known: dict[UUID, _Known] = {}
        self._polls = self._listed_at = 0
        self._epoch = manager.epoch

    @property
    def is_any_moving(self) -> bool:
        """Whether a job may be different soon."""
        return any(known.last.state in _MOVES for known in self._known.values())

    def job(self, job_id: UUID) -> BitsJob:
        """The job with that id. Raises CallFailed BG_E_NOT_FOUND."""
        known = self._known.get(job_id)
        return self._manager.get_job(job_id) if known is None else known.job

    def follow(self, job: BitsJob) -> None:
        """A poll comes at once where the service calls back. Only for a job of our own."""
        try:
            job.set_notify_interface(self._waker)
            job.set_notify_flags(NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR | NotifyFlags.JOB_MODIFICATION)
        except CallFailed:
            return  # polling is always there

    def look(self) -> Change:
        """What is different since the last time. Raises CallFailed where the service has ended."""
        return self._manager.run(self._look, may_start=False)

    # On COM's thread.

    def _look(self) -> Change:
        self._polls += 1
        upserts: dict[JobKey, Job] = {}
        removals: dict[JobKey, Job | None] = {}
        if self._is_list_due():
            self._list(upserts)
        for job_id, known in tuple(self._known.items()):
            key = known.last.key
            try:
                is_news = self._read(known)
            except CallFailed as failure:
                if failure.code in objects.CONNECTION_LOST:
                    raise
                upserts.pop(key, None)
                removals[key] = None
            else:
                if is_news:
                    upserts[key] = known.last
                if known.last.state not in FINAL:
                    continue
                removals[key] = upserts.pop(key, known.last)
            del self._known[job_id]
            self._own_jobs.forget(job_id)
        return Change(tuple(upserts.values()), MappingProxyType(removals))

    def _is_list_due(self) -> bool:
        count = self._of_all(lambda all_users: self._manager.count(all_users=all_users))
        is_new_connection, self._epoch = self._epoch != self._manager.epoch, self._manager.epoch
        return is_new_connection or count != len(self._known) or self._polls - self._listed_at >= _LIST_ANEW

    def _list(self, upserts: dict[JobKey, Job]) -> None:
        self._listed_at = self._polls
        for job in self._of_all(lambda all_users: list(self._manager.listed(all_users=all_users))):
            job_id = job.get_id()
            if job_id in self._known or job.is_final():
                continue
            now = snapshot.snapshot(job, self._own_jobs, None)
            self._known[job_id] = _Known(job, now, self._polls)
            upserts[now.key] = now
            if job_id in self._own_jobs:
                self.follow(job)

    def _of_all(self, ask: Callable[[bool], T]) -> T:
        """Asks for the jobs of all users, or where that is not allowed for those of this account."""
        if self.sees_all:
            try:
                return ask(True)
            except CallFailed as failure:
                if failure.code != hresult.E_ACCESSDENIED:
                    raise
                self.sees_all = False
        return ask(False)

    def _read(self, known: _Known) -> bool:
        """Reads the job as far as it may be different; whether it is."""
        job, last = known.job, known.last
        state, progress = job.get_state(), job.get_progress()
        if state is last.state and progress == last.progress and self._polls - known.read_at < _READ_ANEW:
            return False
        if state is last.state and progress != last.progress:
            now = replace(last, progress=progress, times=snapshot.times(job, last))
        else:
            now = snapshot.snapshot(job, self._own_jobs, last)
            known.read_at = self._polls
        if now.state is JobState.TRANSFERRED and now.auto_complete:
            job.complete()
            now = replace(now, state=job.get_state())
        known.last = now
        return now != replace(last, times=now.times) or now.times.created != last.times.created


class _Waker:
    """Wakes the monitor, whatever has happened; see CopyCallback."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def job_transferred(self, _job: CopyJob) -> None:
        self._wake()

    def job_error(self, _job: CopyJob, _error: CopyErrorObject) -> None:
        self._wake()

    def job_modification(self, _job: CopyJob) -> None:
        self._wake()

    def file_transferred(self, _job: CopyJob, _file: CopyFile) -> None:
        self._wake()
