"""Looks whether other downloads fail at the same server: asked for in spare time, and of a bounded number of jobs."""

from __future__ import annotations

from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.host import host_of
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import ERRONEOUS, FINAL
from domonitor.monitor import Monitor
from domonitor.words.hosts import Fellows

MOST_ASKED = 200
"""Of more downloads than these only the ones that fail are looked at, and at most so many of them."""

_MOST_KEPT = 2_000


class FellowJobs:
    """Knows from which servers the jobs come, each asked for once."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._hosts: dict[JobKey, frozenset[str]] = {}

    def forget(self, key: JobKey) -> None:
        """The job's address has changed, or it is gone."""
        self._hosts.pop(key, None)

    async def of(self, job: Job, error: CopyError) -> Fellows:
        """The downloads from the server at which the job failed."""
        host = host_of(error.file.remote_name) if error.file is not None else ""
        if not host:
            own = await self._hosts_of(job.key)
            host = next(iter(own)) if len(own) == 1 else ""
        if not host:
            return Fellows("", 0)
        open_jobs = [each for each in self._monitor.jobs.values() if each.state not in FINAL]
        failing = [each for each in open_jobs if each.state in ERRONEOUS]
        is_whole = len(open_jobs) <= MOST_ASKED
        asked = open_jobs if is_whole else failing[:MOST_ASKED]
        from_host = {each.key for each in asked if each.key == job.key or host in await self._hosts_of(each.key)}
        from_host.add(job.key)
        still_failing = sum(each.key in from_host for each in failing)
        return Fellows(host, still_failing, len(from_host) if is_whole else None)

    async def _hosts_of(self, key: JobKey) -> frozenset[str]:
        if key not in self._hosts:
            try:
                files = await self._monitor.files(key)
            except CallFailed:
                return frozenset()
            if len(self._hosts) >= _MOST_KEPT:
                self._hosts.clear()
            self._hosts[key] = frozenset(filter(None, (host_of(file.remote_name) for file in files)))
        return self._hosts[key]
