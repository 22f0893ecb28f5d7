"""What a client has heard of the host's jobs and its reader has not taken yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType

from domonitor.backends.engine.records import SERVICE
from domonitor.jobs.change import Change, Health, HealthState, PendingChange
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import FINAL


class Feed:
    """The changes for one reader, also across hosts: after a new list, what was known and is not in it has vanished.

    Until a list is complete the changes say that the host is still connecting.

    One thread at a time adds, any may. wake: told of news; any thread, cheap.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self._pending = PendingChange()
        self._lock = threading.Lock()
        self._known: set[JobKey] = set()
        self._unseen: set[JobKey] = set()
        self._number = 0
        self._health = Health()

    def begin(self, number: int) -> set[str]:
        """A list of all jobs is on its way, under that number; the ids of those that are known from before."""
        with self._lock:
            self._number = number
            self._unseen = set(self._known)
            self._health = Health(HealthState.CONNECTING)
            return {key.id for key in self._known}

    def add(self, number: int, jobs: Iterable[Job], gone: Iterable[str], *, is_listed: bool) -> None:
        """These jobs are new, different or final, and those ids are gone. is_listed: the list is complete now."""
        upserts = []
        removals: dict[JobKey, Job | None] = {JobKey(SERVICE, job_id): None for job_id in gone}
        for job in jobs:
            if job.state in FINAL:
                removals[job.key] = job
            else:
                upserts.append(job)
        with self._lock:
            listed = {job.key for job in upserts}
            self._known |= listed
            self._unseen -= listed | removals.keys()
            is_complete = is_listed and number == self._number
            if is_complete:
                removals |= dict.fromkeys(self._unseen)
                self._unseen = set()
            self._known -= removals.keys()
        self._pending.add(Change(tuple(upserts), MappingProxyType(removals)))
        if is_complete:
            self.tell(Health())
        self.wake()

    def tell(self, health: Health, notices: tuple[str, ...] = ()) -> None:
        """How the host is reached from now on, and what the user should read once."""
        self._health = health
        self._pending.add(Change(health=health, notices=notices))
        self.wake()

    def take(self, limit: int) -> tuple[Change, bool]:
        """At most that many jobs in the order of their first change, and whether more are left.

        As long as the host can't be reached every change says so: what is asked without a failure counts as well.
        """
        change, is_more_left = self._pending.take(limit)
        if change.health is None and self._health != Health():
            change = replace(change, health=self._health)
        return change, is_more_left
