"""Writes down what the monitor sees: jobs that go, errors, and states where a service keeps no timeline of its own."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from domonitor.backends.thread import BackendThread
from domonitor.history import GoneJob, History, HistoryUnusable, Records
from domonitor.jobs.change import Change
from domonitor.jobs.error import DomonitorError
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import ERRONEOUS
from domonitor.monitor import Monitor

T = TypeVar("T")

GROUP_S = 0.2
"""What happens within this time is written at once."""

BATCH = 500
"""So many jobs are written at once: in larger pieces the garbage collection held the loop for 50 ms."""

MOST_CHANGES = 2_000
MOST_ASKED = 300
"""Where more wait, to be written or for each service to be asked, the oldest is left out."""

READ_WITHIN_S = 1.0
CLOSE_WITHIN_S = 1.0

_log = logging.getLogger(__name__)


class Recorder:
    """Records what a monitor publishes in the history at the path, on a thread of its own.

    Lives in the monitor's loop, where it only notes what came. keeps_timeline: the services that keep the timelines
    of their own jobs.
    """

    def __init__(
        self,
        monitor: Monitor,
        path: Path,
        keeps_timeline: frozenset[str] = frozenset(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._monitor = monitor
        self._path = path
        self._digest = Digest(keeps_timeline)
        self._tell: Callable[[str], None] = lambda _message: None
        self._now = now
        self._sleep = sleep
        self._thread = BackendThread("history")
        self._history: History | None = None
        self._changes: deque[tuple[datetime, Change]] = deque(maxlen=MOST_CHANGES)
        self._errors: deque[tuple[JobKey, Event]] = deque(maxlen=MOST_CHANGES)
        self._news = asyncio.Event()
        self._to_ask: dict[str, asyncio.Queue[JobKey]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._problem = ""

    def start(self, tell: Callable[[str], None]) -> None:
        """Begins to record what the monitor publishes from now on. Call it once, in the running loop.

        tell: takes a sentence for the user where the history can't be used.
        """
        self._tell = tell
        self._unsubscribe = self._monitor.subscribe(self._take)
        opened = self._thread.submit(self._open, is_urgent=True)  # before whoever reads
        self._begin(self._run(opened), "history")
        for service in self._monitor.services:
            self._to_ask[service] = asyncio.Queue(MOST_ASKED)
            self._begin(self._ask_errors(self._to_ask[service]), f"errors of {service}")

    async def last_error(self, key: JobKey) -> Event | None:
        """The job's last recorded error, as an ERROR event with its error; None where there is none to be had."""
        return await self.read(lambda history: history.last_error(key))

    async def gone(self, limit: int, text: str = "") -> Sequence[GoneJob]:
        """The jobs that are gone and contain the text, the last one first; none where the history can't be read."""
        return await self.read(lambda history: history.gone(limit, text=text)) or ()

    async def read(self, query: Callable[[History], T]) -> T | None:
        """What the query finds in the history, asked on the recorder's thread; None where that fails."""
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                return await asyncio.wrap_future(self._thread.submit(lambda: self._query(query), is_urgent=True))
        except HistoryUnusable as problem:
            _log.warning("%s", problem)
        except TimeoutError:
            _log.warning("the history did not answer in time")
        return None

    async def events(self, key: JobKey) -> tuple[Event, ...]:
        """What was recorded of the job's timeline, oldest first; nothing where that can't be read.

        Of services that keep their jobs' timelines nothing was recorded, and nobody waits for that.
        """
        if key.service in self._digest.keeps_timeline:
            return ()
        return await self.read(lambda history: history.events(key)) or ()

    async def close(self) -> None:
        """Writes what is left and lets go of the file, within a second; what takes longer is left behind."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        closed = asyncio.wrap_future(self._thread.close(self._finish))
        await asyncio.wait([closed], timeout=CLOSE_WITHIN_S)
        if not closed.done():
            _log.warning("the history did not close in time and was left behind")
        elif error := closed.exception():
            _log.error("the history did not close cleanly", exc_info=error)

    # On the loop.

    def _take(self, _service: str, change: Change) -> None:
        if change.upserts or change.removals:
            self._changes.append((self._now(), change))
            self._news.set()

    async def _run(self, opened: Future[str]) -> None:
        self._show(await asyncio.wrap_future(opened))
        while True:
            await self._news.wait()
            await self._sleep(GROUP_S)
            self._news.clear()
            failing, problem = await asyncio.wrap_future(self._thread.submit(self._write))
            self._show(problem)
            for key in failing:
                waiting = self._to_ask[key.service]
                if waiting.full():
                    waiting.get_nowait()
                waiting.put_nowait(key)

    async def _ask_errors(self, keys: asyncio.Queue[JobKey]) -> None:
        """One after the other: the service has other things to do as well."""
        while True:
            key = await keys.get()
            job = self._monitor.jobs.get(key)
            if job is None or job.state not in ERRONEOUS:
                continue
            try:
                error = await self._monitor.get_error(key)
            except DomonitorError:
                continue  # its service can't tell, or does not know it any more: what was recorded before stays
            except Exception:
                _log.exception("%s could not be asked for an error", key.service)
                continue
            at = error.occurred_at or self._now()
            self._errors.append((key, Event(at, EventKind.ERROR, code=error.code, error=error)))
            self._news.set()

    def _show(self, problem: str) -> None:
        if problem and problem != self._problem:
            self._tell(problem)
        self._problem = problem

    def _begin(self, work: Coroutine[Any, Any, None], what: str) -> None:
        task = asyncio.get_running_loop().create_task(_logged(work, what), name=what)
        task.add_done_callback(lambda _: work.close())  # where the task was ended before its first step
        self._tasks.append(task)

    # On the thread. Each returns what the user must know, "" for nothing.

    def _open(self) -> str:
        try:
            self._history = History(self._path, self._now)
        except HistoryUnusable as problem:
            return str(problem)
        return self._notice(self._history)

    def _write(self) -> tuple[list[JobKey], str]:
        """Also returns the jobs whose errors are to be asked for."""
        changes, errors = _taken(self._changes), _taken(self._errors)
        asked: list[JobKey] = []
        problem = ""
        if self._history is None:
            return asked, problem
        for batch in _batches(changes):
            records, failing = self._digest.records(batch, errors)
            errors = []
            try:
                if (failing or not records.is_empty) and self._history.record(records):
                    asked += failing
            except HistoryUnusable as error:
                problem = str(error)
        return asked, problem or self._notice(self._history)

    def _finish(self) -> None:
        self._write()
        if self._history is not None:
            self._history.close()

    def _query(self, query: Callable[[History], T]) -> T | None:
        return None if self._history is None else query(self._history)

    @staticmethod
    def _notice(history: History) -> str:
        notice, history.notice = history.notice, ""
        return notice


class Digest:
    """Knows the jobs as they were last seen, and finds in changes what is worth recording."""

    def __init__(self, keeps_timeline: frozenset[str]) -> None:
        self.keeps_timeline = keeps_timeline
        self._known: dict[JobKey, Job] = {}

    def records(
        self, changes: Iterable[tuple[datetime, Change]], errors: Sequence[tuple[JobKey, Event]]
    ) -> tuple[Records, tuple[JobKey, ...]]:
        """What is to be recorded of the changes and of the errors that came, and the jobs that have failed anew."""
        gone: dict[JobKey, GoneJob] = {}
        listed: dict[JobKey, None] = {}
        failing: dict[JobKey, None] = {}
        events = [(key, event) for key, event in errors if key.service not in self.keeps_timeline]
        for at, change in changes:
            for job in change.upserts:
                before = self._known.get(job.key)
                self._known[job.key] = job
                if before is None:
                    listed[job.key] = None
                    gone.pop(job.key, None)
                if job.state in ERRONEOUS and (before is None or _failure(before) != _failure(job)):
                    failing[job.key] = None
                self._note_state(events, at, before, job)
            for key, final_job in change.removals.items():
                before = self._known.pop(key, None)
                last = final_job or before
                failing.pop(key, None)
                if last is not None:
                    gone[key] = GoneJob(last, at, has_vanished=final_job is None)
                if final_job is not None:
                    self._note_state(events, at, before, final_job)
        events.sort(key=lambda one: one[1].at)
        return Records(tuple(gone.values()), tuple(listed), tuple(errors), tuple(events)), tuple(failing)

    def _note_state(self, events: list[tuple[JobKey, Event]], at: datetime, before: Job | None, job: Job) -> None:
        if job.key.service not in self.keeps_timeline and (before is None or before.state is not job.state):
            events.append((job.key, Event(at, EventKind.STATE, job.state)))


async def _logged(work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except Exception:
        _log.exception("%s: nothing more is recorded until the next start", what)


def _batches(changes: Iterable[tuple[datetime, Change]]) -> Iterator[list[tuple[datetime, Change]]]:
    """The changes in groups of about so many jobs as are written at once; at least one group."""
    batch: list[tuple[datetime, Change]] = []
    count = 0
    for at, change in changes:
        jobs, removals = change.upserts, list(change.removals.items())
        for start in range(0, max(len(jobs), len(removals)), BATCH):
            end = start + BATCH
            batch.append((at, Change(jobs[start:end], dict(removals[start:end]))))
            count += len(jobs[start:end]) + len(removals[start:end])
            if count >= BATCH:
                yield batch
                batch, count = [], 0
    yield batch


def _failure(job: Job) -> tuple[object, ...]:
    """What tells one failure of a job from the next."""
    return job.state, job.error_code, job.retry_at


def _taken(waiting: deque[T]) -> list[T]:
    """All that waits. The loop may append meanwhile."""
    return [waiting.popleft() for _ in range(len(waiting))]
