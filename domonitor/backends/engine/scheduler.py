"""Which file is fetched next."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
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
    A job that waits is known by its number alone; while it has its turn, its to_start says which files come next.
    Lives on the engine's thread and decides only; starting and stopping is the caller's.
    """

    def __init__(
        self,
        settings: EngineSettings,
        find: Callable[[int], JobRecord | None],
        missing: Callable[[JobRecord], Iterable[FileRecord]],
    ) -> None:
        """find: the job of a number, which need not lie in memory. missing: the files that it still has to fetch."""
        self._settings = settings
        self._find = find
        self._missing = missing
        self._waiting: list[tuple[int, int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._next_turn = itertools.count()
        self._running: dict[int, bool] = {}
        """The number of each running job, and whether it takes a slot."""
        self._startable: dict[int, JobRecord] = {}
        self._slots_taken = 0
        self._active_by_job: Counter[int] = Counter()
        self._active_by_server: Counter[Server] = Counter()
        self._servers: dict[FileRecord, Server] = {}
        self._more_connections = 0
        """Beyond the first one of each file."""
        self._is_stuck = False
        """Nothing may start before something is added or ends: there is no need to look again."""

    def add(self, number: int, priority: Priority) -> None:
        """The job may run."""
        self._is_stuck = False
        place = self._places[number] = (priority, next(self._next_turn))
        bisect.insort(self._waiting, (*place, number))

    def remove(self, job: JobRecord) -> None:
        """The job must not run any more; a slot that it had is free. Its files must have ended."""
        self._is_stuck = False
        self._startable.pop(job.number, None)
        self._slots_taken -= self._running.pop(job.number, False)
        job.to_start = None
        if (place := self._places.pop(job.number, None)) is not None:
            del self._waiting[bisect.bisect_left(self._waiting, place)]

    def next(self) -> tuple[JobRecord, FileRecord] | None:
        """The next file to be started, None while nothing may start. It counts as started from now on."""
        if self._is_stuck or len(self._servers) + self._more_connections >= self._settings.connections:
            return None
        while True:
            for job in self._startable.values():
                if (file := self._startable_file(job)) is not None:
                    return job, file
            if not self._waiting:
                self._is_stuck = True
                return None
            priority, _, number = self._waiting[0]
            takes_slot = priority != Priority.FOREGROUND
            if takes_slot and self._slots_taken >= self._settings.slots:
                self._is_stuck = True
                return None
            found = self._find(number)
            del self._waiting[0]
            del self._places[number]
            if found is not None:
                self._run(found, takes_slot=takes_slot)

    def ended(self, job: JobRecord, file: FileRecord) -> None:
        """The file is no longer being fetched."""
        self._is_stuck = False
        _take_one(self._active_by_job, job.number)
        _take_one(self._active_by_server, self._servers.pop(file))

    def one_more(self, file: FileRecord) -> bool:
        """Whether a file that is being fetched gets one more connection; it counts as taken from now on."""
        server = self._servers[file]
        is_full = self._more_connections + len(self._servers) >= self._settings.connections
        if is_full or self._active_by_server[server] >= self._settings.connections_per_host:
            return False
        self._more_connections += 1
        self._active_by_server[server] += 1
        return True

    def one_less(self, file: FileRecord) -> None:
        """One of several connections of the file has ended."""
        self._is_stuck = False
        self._more_connections -= 1
        _take_one(self._active_by_server, self._servers[file])

    def again(self, job: JobRecord, file: FileRecord) -> None:
        """The file has ended and is to be started once more."""
        if job.to_start is not None:
            job.to_start.appendleft(file)
        self._has_more(job)

    def more(self, job: JobRecord, files: Iterable[FileRecord]) -> None:
        """The job has more files to start."""
        if job.to_start is not None:
            job.to_start.extend(files)
        self._has_more(job)

    def rest(self, job: JobRecord) -> None:
        """The job gives up its turn if it has nothing to start and nothing running: what has arrived needs no slot."""
        if not job.to_start and not self._active_by_job[job.number]:
            self.remove(job)

    def _has_more(self, job: JobRecord) -> None:
        self._is_stuck = False
        if job.to_start is not None:
            self._startable[job.number] = job
        elif job.number not in self._places:
            self.add(job.number, job.priority)

    def _run(self, job: JobRecord, *, takes_slot: bool) -> None:
        self._running[job.number] = takes_slot
        self._slots_taken += takes_slot
        job.to_start = deque(self._missing(job))
        if job.to_start:
            self._startable[job.number] = job

    def _startable_file(self, job: JobRecord) -> FileRecord | None:
        if self._active_by_job[job.number] >= self._settings.files_at_once:
            return None
        files = job.to_start
        if not files:
            return None
        file = files[0]
        server = addresses.server_of(file.remote_name)
        if self._active_by_server[server] >= self._settings.connections_per_host:
            return None
        files.popleft()
        if not files:
            del self._startable[job.number]
        self._servers[file] = server
        self._active_by_job[job.number] += 1
        self._active_by_server[server] += 1
        return file


def _take_one(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
