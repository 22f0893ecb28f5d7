"""Who follows the engine's jobs. A reader costs a set of ids, however slowly it reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from uuid import UUID

from domonitor.backends.engine.records import SERVICE
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import FINAL


class Reader:
    """The jobs that one reader has not seen yet. Any thread may add; one reader takes.

    wake: told of news; any thread, cheap. look: the jobs of these numbers as they are now; those that are not known
    are left out.
    """

    def __init__(self, wake: Callable[[], None], look: Callable[[Sequence[int]], Mapping[int, Job]]) -> None:
        self.wake = wake
        self._look = look
        self._lock = threading.Lock()
        self._changed: dict[int, UUID] = {}

    def add(self, jobs: Mapping[int, UUID]) -> None:
        """These jobs, numbers and ids, have changed."""
        with self._lock:
            self._changed.update(jobs)

    def take(self, limit: int) -> tuple[Change, bool]:
        """At most that many jobs in the order of their first change, and whether more are left. Raises OSError."""
        with self._lock:
            taken = {number: self._changed.pop(number) for number in list(islice(self._changed, limit))}
            is_more_left = bool(self._changed)
        try:
            jobs = self._look(list(taken))
        except BaseException:
            self.add(taken)  # nothing is lost: they are asked for again
            raise
        upserts = []
        removals: dict[JobKey, Job | None] = {}
        for number, job_id in taken.items():
            job = jobs.get(number)
            if job is not None and job.state not in FINAL:
                upserts.append(job)
            else:
                removals[JobKey(SERVICE, str(job_id))] = job
        return Change(tuple(upserts), MappingProxyType(removals)), is_more_left
