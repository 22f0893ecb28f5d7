"""What changed at a service since it was last asked, and how well the service itself is."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from types import MappingProxyType

from domonitor.jobs.job import Job, JobKey


class HealthState(Enum):
    """How a service is reached."""

    OK = "ok"
    IDLE = "idle"
    CONNECTING = "connecting"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Health:
    """A service's health.

    reason: a sentence where it is not OK or does not show all, else "". is_partial: it shows some of its jobs to
    administrators alone.
    """

    state: HealthState = HealthState.OK
    reason: str = ""
    is_partial: bool = False


_NO_REMOVALS: Mapping[JobKey, Job | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """What changed at one service.

    upserts: the jobs that are new or different. removals: the jobs that are no longer enumerated, each with its
    final snapshot, or None where it just vanished. health: None while unchanged. notices: sentences that the user
    should read once.
    """

    upserts: tuple[Job, ...] = ()
    removals: Mapping[JobKey, Job | None] = field(default_factory=lambda: _NO_REMOVALS, hash=False)
    health: Health | None = None
    notices: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish."""
        return not self.upserts and not self.removals and self.health is None and not self.notices


def diff(known: Mapping[JobKey, Job], listed: Iterable[Job]) -> Change:
    """The change that leads from the known jobs to a complete list; a known job that is not listed vanished."""
    upserts = []
    missing = dict.fromkeys(known)
    for job in listed:
        missing.pop(job.key, None)
        if known.get(job.key) != job:
            upserts.append(job)
    return Change(tuple(upserts), MappingProxyType(dict.fromkeys(missing)))


class PendingChange:
    """What one reader has not seen yet: the latest snapshot of each changed job, however slowly it reads.

    Any thread may add; one reader takes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[JobKey, Job] = {}
        self._removals: dict[JobKey, Job | None] = {}
        self._health: Health | None = None
        self._notices: tuple[str, ...] = ()

    def add(self, change: Change) -> None:
        """Merges a change; the newest word on a job stands."""
        with self._lock:
            for job in change.upserts:
                self._removals.pop(job.key, None)
                self._jobs[job.key] = job
            for key, final_job in change.removals.items():
                self._jobs.pop(key, None)
                self._removals[key] = final_job
            if change.health is not None:
                self._health = change.health
            self._notices += change.notices

    def take(self, limit: int) -> tuple[Change, bool]:
        """At most that many jobs in the order of their first change, and whether more are left."""
        with self._lock:
            upserts = [self._jobs.pop(key) for key in list(islice(self._jobs, limit))]
            removed = list(islice(self._removals, limit - len(upserts)))
            removals = {key: self._removals.pop(key) for key in removed}
            health, self._health = self._health, None
            notices, self._notices = self._notices, ()
            left = bool(self._jobs or self._removals)
        return Change(tuple(upserts), MappingProxyType(removals), health, notices), left
