"""Looking after BITS' jobs from poll to poll: what is new, what is different, what has gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from domonitor.backends.bits import snapshot
from domonitor.backends.bits.event_log import EventLog
from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.bits.own_jobs import OwnJobs
from domonitor.backends.bits.vanished import Vanished
from domonitor.backends.com import objects
from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, PendingChange
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job, JobKey, NotifyFlags
from domonitor.jobs.state import ACTIVE, FINAL, JobState

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LIST_ANEW = 10
"""After so many polls in which their number was the same, the jobs are enumerated anew."""

_READ_ANEW = 15
"""After so many polls a job that seems to be the same is read as a whole: each poll reads a part of them."""

ANSWERS_WITHIN_S = 30.0
"""A poll that has no answer by then is not waited for any longer. What it brings in the end is shown all the same."""

_SILENT = (
    "BITS has not answered for some time, so its jobs are shown as they were. It is asked again and again; if that "
    'goes on, restart Windows, or the service "Background Intelligent Transfer Service".'
)

_NEW_JOBS_S = 0.5
"""For so long a poll reads jobs that it has not seen before, then it shows them; a next poll comes at once."""

_NOT_COMPLETED = '"{name}" has arrived, but its files could not get their names. {reason}'
_PARTIAL = 'Not all files of "{name}" could be saved. Look into its folder.'

_MOVES = ACTIVE | {JobState.TRANSIENT_ERROR}


@dataclass(slots=True)
class _Known:
    """A job that is watched. read_at: the poll in which it was read as a whole, or counts as having been."""

    job: BitsJob
    last: Job
    read_at: int


class Watch:
    """The jobs that BITS lists, as they were last seen. wake: is called whenever one of our own has news.

    news: takes what is different since the last time. event_log: tells how jobs ended that have just vanished.
    sees_all: whether those of all users are among the listed. watches_only: nothing is done with any of them: our own
    are not completed, and none is forgotten. is_called_back: their callbacks come here.
    """

    def __init__(
        self,
        manager: BitsManager,
        own_jobs: OwnJobs,
        wake: Callable[[], None],
        news: PendingChange,
        event_log: EventLog,
        *,
        watches_only: bool,
        is_called_back: bool,
    ) -> None:
        self.sees_all = True
        self._is_called_back = is_called_back
        self._watches_only = watches_only
        self._manager = manager
        self._own_jobs = own_jobs
        self._waker = _Waker(wake)
        self._known: dict[UUID, _Known] = {}
        self._polls = self._listed_at = 0
        self._must_list = True
        self._count = 0
        self._wake = wake
        self._news = news
        self._is_silent = False
        self._vanished = Vanished(event_log)
        self._ended: set[UUID] = set()
        """Jobs that are listed although they are final."""
        self._not_completed: set[UUID] = set()
        self._notices: list[str] = []
        self._epoch = manager.epoch

    @property
    def is_any_moving(self) -> bool:
        """Whether a job may be different soon, or its end may become known."""
        return self._vanished.is_any_waiting or any(known.last.state in _MOVES for known in self._known.values())

    def job(self, job_id: UUID) -> BitsJob:
        """The job with that id. Raises CallFailed BG_E_NOT_FOUND."""
        known = self._known.get(job_id)
        return self._manager.get_job(job_id) if known is None else known.job

    def follow(self, job: BitsJob) -> None:
        """A poll comes at once where the service calls back. Only for a job of our own."""
        if not self._is_called_back:
            return
        try:
            job.set_notify_interface(self._waker)
            job.set_notify_flags(NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR | NotifyFlags.JOB_MODIFICATION)
        except CallFailed:
            return  # polling is always there

    def known(self, job_id: UUID) -> Job | None:
        """The job as it was last seen, None where no poll has seen it."""
        known = self._known.get(job_id)
        return None if known is None else known.last

    def read_again(self, job_id: UUID) -> None:
        """Somebody has given it a command: the next poll reads all of it, and completes it if that is still due."""
        self._not_completed.discard(job_id)
        if (known := self._known.get(job_id)) is not None:
            known.read_at = -_READ_ANEW

    def look(self) -> None:
        """Takes in what is different. Raises CallFailed where the service has ended or does not answer."""
        try:
            self._manager.run(self._look, may_start=False, within_s=ANSWERS_WITHIN_S)
        except TimeoutError:
            self._is_silent = True
        else:
            self._is_silent = False
        self.check_answers()

    def check_answers(self) -> None:
        """Raises CallFailed RPC_E_TIMEOUT where the last poll had no answer: nothing else would have one now."""
        if self._is_silent:
            raise refusal(hresult.RPC_E_TIMEOUT, _SILENT)

    def settled(self) -> Mapping[JobKey, Job | None]:
        """Of the jobs that had vanished those whose end is known now, or never will be. The service is not asked."""
        return self._vanished.told()

    # On COM's thread.

    def _look(self) -> None:
        self._polls += 1
        upserts: dict[JobKey, Job] = {}
        removals: dict[JobKey, Job | None] = {}
        listed = self._list(upserts) if self._is_list_due() else None
        for job_id, known in tuple(self._known.items()):
            key = known.last.key
            try:
                is_news = self._read(known)
            except CallFailed as failure:
                if failure.code in objects.CONNECTION_LOST:
                    raise
                if failure.code != hresult.BG_E_NOT_FOUND and (listed is None or job_id in listed):
                    self._must_list = True  # whether it is there at all, the list says
                    continue
                upserts.pop(key, None)
                self._vanished.add(known.last)
            else:
                if is_news:
                    upserts[key] = known.last
                if known.last.state not in FINAL:
                    continue
                removals[key] = upserts.pop(key, known.last)
            del self._known[job_id]
            self._ended.add(job_id)
            self._must_list = True  # another one may have come for it
            self._not_completed.discard(job_id)
            if not self._watches_only:
                self._own_jobs.forget(job_id)
        removals |= self.settled()
        notices, self._notices = tuple(self._notices), []
        self._news.add(Change(tuple(upserts.values()), MappingProxyType(removals), notices=notices))

    def _is_list_due(self) -> bool:
        count = self._of_all(lambda all_users: self._manager.count(all_users=all_users))
        is_new_connection, self._epoch = self._epoch != self._manager.epoch, self._manager.epoch
        must_list, self._must_list = self._must_list, False
        is_other, self._count = count != self._count, count
        is_old = self._polls - self._listed_at >= _LIST_ANEW
        return must_list or is_new_connection or is_other or is_old

    def _list(self, upserts: dict[JobKey, Job]) -> Set[UUID]:
        """Takes in those that are new; the ids of all that are listed."""
        self._listed_at = self._polls
        jobs = {
            job.get_id(): job for job in self._of_all(lambda all_users: list(self._manager.listed(all_users=all_users)))
        }
        self._ended &= jobs.keys()
        until_s = time.monotonic() + _NEW_JOBS_S
        for job_id in jobs.keys() - self._known.keys() - self._ended:
            if time.monotonic() > until_s:
                self._must_list = True
                self._wake()
                break
            job = jobs[job_id]
            try:
                if job.is_final():
                    self._ended.add(job_id)
                    continue
                now = snapshot.snapshot(job, self._own_jobs, None)
            except CallFailed as failure:
                if failure.code in objects.CONNECTION_LOST:
                    raise
                _log.info("a job of BITS tells nothing of itself: %s", failure.name or hresult.text(failure.code))
                continue
            self._known[job_id] = _Known(job, now, self._polls - len(self._known) % _READ_ANEW)
            upserts[now.key] = now
            if job_id in self._own_jobs:
                self.follow(job)
        return jobs.keys()

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
        state = job.get_state()
        # What rests has no new progress: one call for each such job is what a poll costs.
        progress = snapshot.progress(job) if state is not last.state or state in _MOVES else last.progress
        if state is last.state and progress == last.progress and self._polls - known.read_at < _READ_ANEW:
            now = last
        elif state is last.state and progress != last.progress:
            now = replace(last, progress=progress, times=snapshot.times(job, last))
        else:
            now = snapshot.snapshot(job, self._own_jobs, last)
            known.read_at = self._polls
        is_due = now.state is JobState.TRANSFERRED and now.auto_complete and not self._watches_only
        if is_due and job.get_id() not in self._not_completed:
            now = self._completed(job, now)
        known.last = now
        return now != replace(last, times=now.times) or now.times.created != last.times.created

    def _completed(self, job: BitsJob, now: Job) -> Job:
        """The job after its files got their names. Where they don't, that is said once, and the job stays as it is."""
        try:
            is_partial = job.complete()
        except CallFailed as failure:
            if failure.code in objects.CONNECTION_LOST:
                raise
            self._not_completed.add(job.get_id())
            said = _NOT_COMPLETED.format(name=now.display_name, reason=failure)
            self._notices.append(said)
            return now
        if is_partial:
            self._notices.append(_PARTIAL.format(name=now.display_name))
        return replace(now, state=job.get_state())


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
