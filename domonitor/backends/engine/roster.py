"""All jobs of one engine that are not final: every id in memory, most idle ones in the store alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from uuid import UUID
from weakref import WeakValueDictionary

from domonitor.backends.engine.records import JobRecord
from domonitor.backends.engine.store import Store
from domonitor.backends.engine.waiting import Waiting
from domonitor.jobs.error import CopyError
from domonitor.jobs.job import Job
from domonitor.jobs.state import FINAL, JobState

KEPT = 10_000
"""So many idle jobs stay in memory, those that were last needed."""


class Roster:
    """Finds jobs. A record that anybody holds is the only one of its job; one that nobody holds is read anew.

    Within the engine a job is known by its number: that of a UUID is slow to look up.
    Lives on the engine's thread, but for what any thread may call: ids, listed, is_listed, snapshot, snapshots.

    waiting: why queued jobs wait; it is looked up when a job is looked at, so that those that wait cost nothing more.
    """

    def __init__(self, store: Store) -> None:
        self.waiting = Waiting()
        self._store = store
        self._numbers: dict[UUID, int] = store.numbers()
        self._records: WeakValueDictionary[int, JobRecord] = WeakValueDictionary()
        self._working: dict[int, JobRecord] = {}
        """Jobs of which the store does not know all."""
        self._idle: OrderedDict[int, JobRecord] = OrderedDict()
        self._errors: dict[int, CopyError] = {}
        """The error objects of jobs that lie in the store alone: they live as long as the process."""
        self._visible: dict[int, Job] = {}

    def find(self, job_id: UUID) -> JobRecord | None:
        """The job of that id, None where it is final or not known. Raises OSError."""
        number = self._numbers.get(job_id)
        return None if number is None else self.get(number)

    def get(self, number: int) -> JobRecord | None:
        """The job of that number, None where it is final or not known. Raises OSError."""
        job = self._records.get(number)
        if job is None:
            job = self._store.load(number)
            if job is None:
                return None
            job.error = self._errors.get(number)
            self._records[number] = job
        self._keep(job)
        return job

    def add(self, job: JobRecord) -> None:
        """A new job. Others see it once it is published."""
        self._records[job.number] = job
        self._working[job.number] = job

    def remove(self, job: JobRecord) -> None:
        """The job has ended, or never was."""
        self._numbers.pop(job.id, None)
        self._records.pop(job.number, None)
        self._working.pop(job.number, None)
        self._idle.pop(job.number, None)
        self._errors.pop(job.number, None)
        self._visible.pop(job.number, None)

    def __contains__(self, job: JobRecord) -> bool:
        return job.number in self._records

    def in_memory(self) -> Iterator[JobRecord]:
        """The jobs that are not in the store alone."""
        return iter([*self._working.values(), *self._idle.values()])

    def publish(self, job: JobRecord, snapshot: Job) -> None:
        """This is what others see of the job from now on; one that is final is found in the store alone."""
        if snapshot.state in FINAL:
            self._numbers.pop(job.id, None)
            self._visible.pop(job.number, None)
            return
        if job.number not in self._visible:
            self._numbers[job.id] = job.number
        self._visible[job.number] = snapshot
        self._keep(job)

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The published jobs that are not final, oldest first."""
        return tuple(self._numbers)

    @property
    def listed(self) -> dict[int, UUID]:
        """The same jobs, with their numbers."""
        return {number: job_id for job_id, number in self._numbers.copy().items()}

    def ids_of(self, numbers: Collection[int]) -> dict[int, UUID]:
        """Those of these numbers that are published and not final, with their ids."""
        return {number: job_id for job_id, number in self._numbers.items() if number in numbers}

    def is_listed(self, job_id: UUID) -> bool:
        """Whether the job is published and not final."""
        return job_id in self._numbers

    def snapshot(self, job_id: UUID) -> Job | None:
        """The job as it is visible now, or as it was at its end; None where it is not known. Raises OSError."""
        number = self._numbers.get(job_id)
        visible = None if number is None else self._visible.get(number)
        job = visible or self._store.snapshot(job_id)
        return job if job is None or number is None else self._with_reason(number, job)

    def snapshots(self, numbers: Sequence[int]) -> dict[int, Job]:
        """As snapshot, of many jobs at once; those that are not known are left out."""
        found = {number: job for number in numbers if (job := self._visible.get(number)) is not None}
        missing = [number for number in numbers if number not in found]
        if missing:
            found |= self._store.snapshots(missing)
        return {number: self._with_reason(number, job) for number, job in found.items()}

    def _with_reason(self, number: int, job: Job) -> Job:
        """The job with what it waits for."""
        if job.state is not JobState.QUEUED or not (reason := self.waiting.reason(number, job.priority)):
            return job
        return replace(job, waiting_reason=reason)

    def _keep(self, job: JobRecord) -> None:
        number = job.number
        if not job.is_idle:
            self._idle.pop(number, None)
            self._working[number] = job
            return
        self._working.pop(number, None)
        self._idle[number] = job
        self._idle.move_to_end(number)
        if len(self._idle) > KEPT:
            number, job = self._idle.popitem(last=False)
            self._visible.pop(number, None)
        if job.error is not None:
            self._errors[number] = job.error
        elif self._errors:
            self._errors.pop(number, None)
