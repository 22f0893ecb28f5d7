"""Which file is fetched next."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

from domonitor.backends.engine import addresses
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.settings import EngineSettings
from domonitor.jobs.job import Priority

K = TypeVar("K", bound=Hashable)
Server = tuple[str, int]


class Scheduler:
    """Hands out files: foreground jobs all at once, background jobs by priority, as many as there are slots.

    Jobs of equal priority take turns: one that comes again, after an error for instance, stands behind all others.
    Lives on the engine's thread and decides only; starting and stopping is the caller's.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._waiting: list[tuple[int, int, JobRecord]] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._next_turn = itertools.count()
        self._running: dict[int, bool] = {}
        """The number of each running job, and whether it takes a slot."""
        self._startable: dict[int, JobRecord] = {}
        self._slots_taken = 0
        self._active_by_job: Counter[int] = Counter()
        self._active_by_server: Counter[Server] = Counter()
        self._servers: dict[FileRecord, Server] = {}
        self._is_stuck = False
        """Nothing may start before something is added or ends: there is no need to look again."""

    def add(self, job: JobRecord) -> None:
        """The job may run; its to_start says which files."""
        self._is_stuck = False
        if job.priority is Priority.FOREGROUND:
            self._run(job, takes_slot=False)
        else:
            place = self._places[job.number] = (job.priority, next(self._next_turn))
            bisect.insort(self._waiting, (*place, job))

    def remove(self, job: JobRecord) -> None:
        """The job must not run any more; a slot that it had is free. Its files must have ended."""
        self._is_stuck = False
        self._startable.pop(job.number, None)
        self._slots_taken -= self._running.pop(job.number, False)
        if (place := self._places.pop(job.number, None)) is not None:
            del self._waiting[bisect.bisect_left(self._waiting, place)]

    def next(self) -> tuple[JobRecord, FileRecord] | None:
        """The next file to be started, None while nothing may start. It counts as started from now on."""
        if self._is_stuck or len(self._servers) >= self._settings.connections:
            return None
        while True:
            for job in self._startable.values():
                if (file := self._startable_file(job)) is not None:
                    return job, file
            if not self._waiting or self._slots_taken >= self._settings.slots:
                self._is_stuck = True
                return None
            job = self._waiting.pop(0)[2]
            del self._places[job.number]
            self._run(job, takes_slot=True)

    def ended(self, job: JobRecord, file: FileRecord) -> None:
        """The file is no longer being fetched."""
        self._is_stuck = False
        _take_one(self._active_by_job, job.number)
        _take_one(self._active_by_server, self._servers.pop(file))

    def again(self, job: JobRecord, file: FileRecord) -> None:
        """The file has ended and is to be started once more."""
        job.to_start.appendleft(file)
        self.more(job)

    def more(self, job: JobRecord) -> None:
        """The job has more files to start."""
        self._is_stuck = False
        if job.number in self._running:
            self._startable[job.number] = job

    def _run(self, job: JobRecord, *, takes_slot: bool) -> None:
        self._running[job.number] = takes_slot
        self._slots_taken += takes_slot
        if job.to_start:
            self._startable[job.number] = job

    def _startable_file(self, job: JobRecord) -> FileRecord | None:
        if self._active_by_job[job.number] >= self._settings.files_at_once:
            return None
        file = job.to_start[0]
        server = addresses.server_of(file.remote_name)
        if self._active_by_server[server] >= self._settings.connections_per_host:
            return None
        job.to_start.popleft()
        if not job.to_start:
            del self._startable[job.number]
        self._servers[file] = server
        self._active_by_job[job.number] += 1
        self._active_by_server[server] += 1
        return file


def _take_one(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
