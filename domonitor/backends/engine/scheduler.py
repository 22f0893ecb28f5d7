"""Which file is fetched next, which job must give up its turn, and why the others wait."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, TypeVar

from domonitor.backends.engine import addresses, waiting
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.waiting import Waiting
from domonitor.jobs.job import Priority
from domonitor.jobs.state import JobState

K = TypeVar("K", bound=Hashable)
Server = tuple[str, int]

LOOK_AHEAD = 256
"""So many foreground jobs at most are kept ready while they wait for a connection; those behind wait in the queue."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A job that may transfer. place: its place in the order of turns. began_s: when its slice began."""

    job: JobRecord
    priority: Priority
    place: int
    began_s: float
    takes_slot: bool


class GivenUp(NamedTuple):
    """A job that must stop. place: where it is to be queued again, None for behind all others."""

    job: JobRecord
    place: int | None


class Scheduler:
    """Hands out files: foreground jobs all at once, background jobs by priority, as many as there are slots.

    A background job waits until no job of a higher priority runs or waits. Jobs of equal priority share the slots in
    slices of time: where one waits, those whose slice is over go behind all others. A job that comes again, after an
    error for instance, stands behind all others too. Nobody stops for a job that only tries again: not before it moves,
    for until then it may fail each time, and what it interrupts would never come to an end. And no slice ends for a job
    that could not go on where it was.
    A job that waits is known by its number alone; while it has its turn, its to_start says which files come next.
    Lives on the engine's thread and decides only; starting and stopping is the caller's.

    slice_ends_s: when a job must give up its turn for another one, None where none waits for that.
    """

    def __init__(
        self,
        settings: EngineSettings,
        find: Callable[[int], JobRecord | None],
        missing: Callable[[JobRecord], Iterable[FileRecord]],
        may_start: Callable[[JobRecord], bool],
        now: Callable[[], float],
    ) -> None:
        """find: the job of a number, which need not lie in memory. missing: the files that it still has to fetch.

        may_start: whether its limits leave room for another file. now: seconds on the clock of slices.
        """
        self._slots = settings.slots
        self._pause = ""
        self._settings = settings
        self._find = find
        self._missing = missing
        self._may_start = may_start
        self._now = now
        self._waiting: list[tuple[int, int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._next_place = itertools.count()
        self._running: dict[int, _Turn] = {}
        self._startable: dict[int, JobRecord] = {}
        """Background jobs that have files to start."""
        self._startable_first: dict[int, JobRecord] = {}
        """The same of foreground jobs: a connection that becomes free is theirs."""
        self._slots_taken: Counter[Priority] = Counter()
        self._trying: set[int] = set()
        """The numbers of those that wait and have failed since they last moved."""
        self._unproven: dict[int, _Turn] = {}
        """The same of those that take a slot."""
        self._active_by_job: Counter[int] = Counter()
        self._active_by_server: Counter[Server] = Counter()
        self._servers: dict[FileRecord, Server] = {}
        self._more_connections = 0
        """Beyond the first one of each file."""
        self._is_stuck = False
        """Nothing may start before something is added or ends: there is no need to look again."""
        self._is_contended = False
        """Whether a job waits for a slot that one of its own priority has."""
        self._may_be_given_up = False

    def add(self, number: int, priority: Priority, place: int | None = None, *, is_trying: bool = False) -> None:
        """The job may run. place: that of GivenUp, where it has been given up. is_trying: it has failed just before."""
        self._is_stuck = False
        if is_trying:
            self._trying.add(number)
        else:
            self._may_be_given_up |= priority is not Priority.FOREGROUND
        found = self._places[number] = (priority, next(self._next_place) if place is None else place)
        bisect.insort(self._waiting, (*found, number))

    def remove(self, job: JobRecord) -> None:
        """The job must not run any more; a slot that it had is free. Its files must have ended."""
        self._is_stuck = False
        self._forget_startable(job)
        if (turn := self._running.pop(job.number, None)) is not None:
            self._slots_taken[turn.priority] -= turn.takes_slot
        self._trying.discard(job.number)
        self._unproven.pop(job.number, None)
        job.to_start = None
        if (place := self._places.pop(job.number, None)) is not None:
            del self._waiting[bisect.bisect_left(self._waiting, place)]

    def choose(self, slots: int, pause: str) -> None:
        """So many background jobs may run at once. pause: why nothing may run at all, "" where all may."""
        self._slots, self._pause = slots, pause
        self._is_stuck = False
        self._may_be_given_up = True

    def look_again(self) -> None:
        """A limit that left no room for another file may leave some now."""
        self._is_stuck = False

    def next(self) -> tuple[JobRecord, FileRecord] | None:
        """The next file to be started, None while nothing may start. It counts as started from now on."""
        if self._is_stuck:
            return None
        if self._is_full:
            self._has_next_turn()
            self._is_stuck = True
            return None
        while True:
            behind = () if self._is_foreground_next else self._startable.values()
            for job in itertools.chain(self._startable_first.values(), behind):
                if (file := self._startable_file(job)) is not None:
                    return job, file
            if not self._has_next_turn():
                self._is_stuck = True
                return None
            priority, place, number = self._waiting[0]
            found = self._find(number)
            del self._waiting[0]
            del self._places[number]
            if found is not None:
                takes_slot = priority != Priority.FOREGROUND
                self._run(_Turn(found, Priority(priority), place, self._now(), takes_slot))

    def given_up(self) -> list[GivenUp]:
        """The jobs that must stop now and be queued again. Nearly always none, and then it costs nothing."""
        ends_s = self.slice_ends_s
        is_over = ends_s is not None and self._now() >= ends_s
        proven = [number for number, turn in self._unproven.items() if not turn.job.attempts]
        for number in proven:
            del self._unproven[number]
        if not self._may_be_given_up and not is_over and not proven:
            return []
        self._may_be_given_up = False
        turns = sorted(self._running.values(), key=attrgetter("place"))
        if self._pause:
            return [GivenUp(turn.job, turn.place) for turn in turns]
        turns = [turn for turn in turns if turn.takes_slot]
        highest = self._highest(is_proven=True)
        kept: list[_Turn] = []
        given_up: list[_Turn] = []
        taken: Counter[Priority] = Counter()
        for turn in turns:
            taken[turn.priority] += 1
            is_lower = highest is not None and turn.priority > highest
            (given_up if is_lower or taken[turn.priority] > self._slots else kept).append(turn)
        stopped = [GivenUp(turn.job, turn.place) for turn in given_up]
        if is_over:
            stopped += [GivenUp(turn.job, None) for turn in self._over(kept)]
        return stopped

    def ended(self, job: JobRecord, file: FileRecord) -> None:
        """The file is no longer being fetched."""
        self._is_stuck = False
        _take_one(self._active_by_job, job.number)
        _take_one(self._active_by_server, self._servers.pop(file))

    def one_more(self, file: FileRecord) -> bool:
        """Whether a file that is being fetched gets one more connection; it counts as taken from now on."""
        server = self._servers[file]
        if self._is_full or self._active_by_server[server] >= self._settings.connections_per_host:
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

    @property
    def slice_ends_s(self) -> float | None:
        """See the class."""
        if not self._is_contended:
            return None
        ends = [turn.began_s + self._settings.slice_s for turn in self._running.values() if turn.takes_slot]
        return min(ends, default=None)

    def waiting(self) -> Waiting:
        """Why those wait that wait."""
        if self._pause:
            return Waiting(dict.fromkeys(Priority, self._pause))
        full = waiting.all_is_busy(self._settings.connections) if self._is_full else ""
        by_priority = dict.fromkeys(Priority, full) if full else {}
        highest = self._highest()
        for priority in (Priority.HIGH, Priority.NORMAL, Priority.LOW):
            if highest is not None and priority > highest:
                by_priority[priority] = waiting.HIGHER_PRIORITY
            elif self._slots_taken[priority] >= self._slots:
                by_priority[priority] = waiting.turn(self._slots)
        jobs = [turn.job for turn in self._running.values() if turn.job.state is JobState.QUEUED]
        return Waiting(by_priority, {job.number: full or self._reason(job) for job in jobs})

    def waiting_with(self, priorities: Iterable[Priority]) -> list[int]:
        """The numbers of the jobs of these priorities that wait for their turn."""
        numbers: list[int] = []
        for priority in priorities:
            first = bisect.bisect_left(self._waiting, (priority,))
            last = bisect.bisect_left(self._waiting, (priority + 1,))
            numbers += [number for _, _, number in self._waiting[first:last]]
        return numbers

    @property
    def _is_foreground_next(self) -> bool:
        """Whether a foreground job gets its turn before further files of background jobs are started."""
        is_waiting = bool(self._waiting) and self._waiting[0][0] == Priority.FOREGROUND
        return is_waiting and not self._pause and len(self._startable_first) < LOOK_AHEAD

    @property
    def _is_full(self) -> bool:
        return len(self._servers) + self._more_connections >= self._settings.connections

    def _has_next_turn(self) -> bool:
        """Whether the first of those that wait may run."""
        was_contended, self._is_contended = self._is_contended, False
        if self._pause or not self._waiting:
            return False
        priority = self._waiting[0][0]
        if priority == Priority.FOREGROUND:
            return self._is_foreground_next
        if priority != self._highest():
            return False
        if self._slots_taken[Priority(priority)] < self._slots:
            return True
        self._is_contended = True
        if not was_contended:  # until now nobody waited for them
            self._over(list(self._running.values()))
        return False

    def _highest(self, *, is_proven: bool = False) -> Priority | None:
        """The highest background priority that runs or waits. is_proven: of those that do not only try again."""
        first = bisect.bisect_left(self._waiting, (Priority.HIGH,))
        waiting = itertools.islice(self._waiting, first, None)
        turns = [turn for turn in self._running.values() if turn.takes_slot]
        priorities = [turn.priority for turn in turns if not is_proven or turn.job.number not in self._unproven]
        for priority, _, number in waiting:
            if not is_proven or number not in self._trying:
                priorities.append(Priority(priority))
                break
        return min(priorities, default=None)

    def _over(self, turns: list[_Turn]) -> list[_Turn]:
        """Those that make room for as many as wait; the slices of the others begin anew."""
        now_s = self._now()
        over = [turn for turn in turns if now_s >= turn.began_s + self._settings.slice_s]
        for turn in over:
            turn.began_s = now_s
        highest = self._highest()
        waiting = 0 if highest is None else len(self.waiting_with([highest]))
        return [turn for turn in over if turn.priority == highest and self._can_go_on(turn.job)][:waiting]

    def _can_go_on(self, job: JobRecord) -> bool:
        """Whether the job's files would go on where they are. Without a validator they begin anew."""
        return all(file.validator or not file.done_bytes for file in job.files if file in self._servers)

    def _has_more(self, job: JobRecord) -> None:
        self._is_stuck = False
        if job.to_start is not None:
            self._has_files(job)
        elif job.number not in self._places:
            self.add(job.number, job.priority)

    def _run(self, turn: _Turn) -> None:
        job = turn.job
        self._running[job.number] = turn
        if job.number in self._trying:
            self._trying.discard(job.number)
            if turn.takes_slot:
                self._unproven[job.number] = turn
        self._slots_taken[turn.priority] += turn.takes_slot
        job.to_start = deque(self._missing(job))
        if job.to_start:
            self._has_files(job)

    def _has_files(self, job: JobRecord) -> None:
        takes_slot = self._running[job.number].takes_slot
        (self._startable if takes_slot else self._startable_first)[job.number] = job

    def _forget_startable(self, job: JobRecord) -> None:
        self._startable.pop(job.number, None)
        self._startable_first.pop(job.number, None)

    def _startable_file(self, job: JobRecord) -> FileRecord | None:
        if self._active_by_job[job.number] >= self._settings.files_at_once:
            return None
        files = job.to_start
        if not files:
            return None
        file = files[0]
        server = addresses.server_of(file.remote_name)
        if self._active_by_server[server] >= self._settings.connections_per_host or not self._may_start(job):
            return None
        files.popleft()
        if not files:
            self._forget_startable(job)
        self._servers[file] = server
        self._active_by_job[job.number] += 1
        self._active_by_server[server] += 1
        return file

    def _reason(self, job: JobRecord) -> str:
        """Why a job that has its turn can't start a file, "" where it can."""
        if not job.to_start:
            return ""
        server = addresses.server_of(job.to_start[0].remote_name)
        busy = self._active_by_server[server]
        if busy >= self._settings.connections_per_host:
            return waiting.host_is_busy(server[0], busy)
        return "" if self._may_start(job) else waiting.SPEED_LIMIT


def _take_one(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
