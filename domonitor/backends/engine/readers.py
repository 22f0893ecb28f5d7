"""Who follows the engine's jobs. A reader costs a set of ids, however slowly it reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from types import MappingProxyType
from uuid import UUID

from domonitor.backends.engine.records import SERVICE
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import FINAL


class Reader:
    """The jobs that one reader has not seen yet. Any thread may add; one reader takes.

    wake: told of news; any thread, cheap. look: the jobs as they are now, those that are not known left out.
    """

    def __init__(self, wake: Callable[[], None], look: Callable[[Sequence[UUID]], list[Job]]) -> None:
        self.wake = wake
        self._look = look
        self._lock = threading.Lock()
        self._changed: dict[UUID, None] = {}

    def add(self, job_ids: Iterable[UUID]) -> None:
        """These jobs have changed."""
        with self._lock:
            self._changed.update(dict.fromkeys(job_ids))

    def take(self, limit: int) -> tuple[Change, bool]:
        """At most that many jobs in the order of their first change, and whether more are left. Raises OSError."""
        with self._lock:
            job_ids = list(islice(self._changed, limit))
            for job_id in job_ids:
                del self._changed[job_id]
            is_more_left = bool(self._changed)
        try:
            jobs = self._look(job_ids)
        except BaseException:
            self.add(job_ids)  # nothing is lost: they are asked for again
            raise
        removals: dict[JobKey, Job | None] = {job.key: job for job in jobs if job.state in FINAL}
        if len(jobs) < len(job_ids):
            known = {job.key.id for job in jobs}
            keys = (JobKey(SERVICE, str(job_id)) for job_id in job_ids)
            removals.update({key: None for key in keys if key.id not in known})
        upserts = tuple(job for job in jobs if job.state not in FINAL)
        return Change(upserts, MappingProxyType(removals)), is_more_left
