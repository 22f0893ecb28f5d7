"""All jobs of one engine that are not final: every id in memory, most idle ones in the store alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from uuid import UUID
from weakref import WeakValueDictionary

from domonitor.backends.engine.records import JobRecord
from domonitor.backends.engine.store import Store
from domonitor.jobs.error import CopyError
from domonitor.jobs.job import Job
from domonitor.jobs.state import FINAL

KEPT = 2_000
"""So many idle jobs stay in memory, those that were last needed."""


class Roster:
    """Finds jobs. A record that anybody holds is the only one of its job; one that nobody holds is read anew.

    Lives on the engine's thread, but for what any thread may call: ids, snapshots.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[UUID, None] = dict.fromkeys(store.ids())
        self._records: WeakValueDictionary[UUID, JobRecord] = WeakValueDictionary()
        self._working: dict[UUID, JobRecord] = {}
        """Jobs of which the store does not know all."""
        self._idle: OrderedDict[UUID, JobRecord] = OrderedDict()
        self._errors: dict[UUID, CopyError] = {}
        """The error objects of jobs that lie in the store alone: they live as long as the process."""
        self._visible: dict[UUID, Job] = {}

    def get(self, job_id: UUID) -> JobRecord | None:
        """The job, None where it is final or not known. Raises OSError."""
        job = self._records.get(job_id)
        if job is None and job_id in self._ids:
            job = self._store.load(job_id)
            if job is not None:
                job.error = self._errors.pop(job_id, None)
                self._records[job_id] = job
        if job is not None:
            self._keep(job)
        return job

    def add(self, job: JobRecord) -> None:
        """A new job. Others see it once it is published."""
        self._records[job.id] = job
        self._working[job.id] = job

    def remove(self, job: JobRecord) -> None:
        """The job has ended, or never was."""
        self._records.pop(job.id, None)
        self._working.pop(job.id, None)
        self._idle.pop(job.id, None)
        self._errors.pop(job.id, None)
        self._ids.pop(job.id, None)
        self._visible.pop(job.id, None)

    def __contains__(self, job: JobRecord) -> bool:
        return job.id in self._records

    def in_memory(self) -> Iterator[JobRecord]:
        """The jobs that are not in the store alone."""
        return iter([*self._working.values(), *self._idle.values()])

    def publish(self, job: JobRecord, snapshot: Job) -> None:
        """This is what others see of the job from now on; one that is final is found in the store alone."""
        if snapshot.state in FINAL:
            self._ids.pop(job.id, None)
            self._visible.pop(job.id, None)
            return
        self._visible[job.id] = snapshot
        self._ids[job.id] = None
        self._keep(job)

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The published jobs that are not final, oldest first. Any thread."""
        return tuple(self._ids)

    def is_listed(self, job_id: UUID) -> bool:
        """Whether the job is published and not final. Any thread."""
        return job_id in self._ids

    def snapshots(self, job_ids: Sequence[UUID]) -> list[Job]:
        """The jobs as they are visible now, or as they were at their ends. Any thread. Raises OSError.

        Those that are not known are left out.
        """
        visible = [self._visible.get(job_id) for job_id in job_ids]
        stored = self._store.snapshots([job_id for job_id, job in zip(job_ids, visible, strict=True) if job is None])
        found = (job or stored.get(job_id) for job_id, job in zip(job_ids, visible, strict=True))
        return [job for job in found if job is not None]

    def _keep(self, job: JobRecord) -> None:
        self._errors.pop(job.id, None)
        if not job.is_idle:
            self._idle.pop(job.id, None)
            self._working[job.id] = job
            return
        self._working.pop(job.id, None)
        self._idle[job.id] = job
        self._idle.move_to_end(job.id)
        if len(self._idle) > KEPT:
            job_id, least_needed = self._idle.popitem(last=False)
            self._visible.pop(job_id, None)
            if least_needed.error is not None:
                self._errors[job_id] = least_needed.error
