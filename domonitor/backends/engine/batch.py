"""What the engine's thread has decided, made durable on a thread of its own, many decisions in one transaction.

    decided on the engine's thread          on the store thread              on the engine's thread again
    ─────────────────────────────────       ──────────────────────────       ─────────────────────────────────────
    rows, work and answers are gathered  →  rows are committed, then the  →  snapshots become visible, answers go
    in the open batch                       work (sync, rename) is done      out, the work's results are handled

Nothing becomes visible, and no call returns, before the rows that it rests on are durable. While one batch is on its
way the next one gathers: that is the group commit.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from domonitor.backends.engine import disk
from domonitor.backends.engine.disk import Unsynced
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.rows import event_row, file_row, job_row, state_row
from domonitor.backends.engine.store import Rows, Store
from domonitor.jobs.event import Event

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Work:
    """Something to be done with files after the commit; then gets the result on the engine's thread.

    call: None where the file part, open as descriptor or not, is to be made durable; the result is None then. What call
    answers as Unsynced holds only once its folders are synced. reply: who waits for it, and hears of it where then
    itself fails.
    """

    call: Callable[[], Any] | None
    then: Callable[[Any], None]
    reply: Future[Any] | None = None
    part: str = ""
    descriptor: int | None = None
    result: Any = None

    def run(self) -> None:
        """Runs the call; an exception becomes the result."""
        if self.call is None:
            return
        try:
            self.result = self.call()
        except Exception as error:
            self.result = error

    def drop(self) -> None:
        """It is not done: what it holds is let go."""
        if self.descriptor is not None:
            disk.close(self.descriptor)


@dataclass(slots=True)
class Batch:
    """Decisions that become durable and visible together.

    changed: the jobs whose snapshots are to be published. after: called once all is visible. answers: what the
    callers get then. undo: takes the decisions back, the last one first, where they can't be made durable.
    """

    changed: dict[int, JobRecord] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    answers: list[tuple[Future[Any], Any]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)
    _jobs: dict[int, JobRecord] = field(default_factory=dict)
    _files: dict[tuple[int, int], tuple[JobRecord, FileRecord]] = field(default_factory=dict)
    _forgotten: dict[tuple[int, int], None] = field(default_factory=dict)
    _events: list[tuple[Any, ...]] = field(default_factory=list)

    def save_job(self, job: JobRecord) -> None:
        """The job's row is to be written, and its snapshot published."""
        self._jobs[job.number] = job
        self.changed[job.number] = job
        if job.is_unsaved:
            job.is_unsaved = False
            for file in job.files:
                self.save_file(job, file)

    def save_file(self, job: JobRecord, file: FileRecord) -> None:
        """The file's row is to be written, and with it the sums in the job's row and its snapshot."""
        self.reserve_file(job, file)
        self._jobs[job.number] = job
        self.changed[job.number] = job

    def reserve_file(self, job: JobRecord, file: FileRecord) -> None:
        """The file's row is to be written, but it is not, or not yet, the job's."""
        self._forgotten.pop((job.number, file.index), None)
        self._files[job.number, file.index] = (job, file)

    def forget_file(self, job: JobRecord, file: FileRecord) -> None:
        """The file's row is to be removed."""
        self._files.pop((job.number, file.index), None)
        self._forgotten[job.number, file.index] = None

    def record(self, job: JobRecord, event: Event) -> None:
        """The event goes into the job's timeline."""
        self._events.append(event_row(job, event))

    def record_state(self, job: JobRecord, origin: str) -> None:
        """The job's new state goes into its timeline."""
        self._events.append(state_row(job, origin))

    def do(self, call: Callable[[], Any], then: Callable[[Any], None], reply: Future[Any] | None = None) -> None:
        """Work for the store thread, done after the commit; then gets the result or the exception.

        then is called in any case, also where the commit failed and the call was never made.
        """
        self.work.append(Work(call, then, reply))

    def sync(self, part: str, descriptor: int | None, then: Callable[[Any], None]) -> None:
        """The temporary file is to be made durable after the commit; then gets None or the exception.

        descriptor: the file itself where it is open; it will be closed.
        """
        self.work.append(Work(None, then, part=part, descriptor=descriptor))

    def answer(self, reply: Future[Any] | None, value: object) -> None:
        """The caller, if there is one, gets the value (or is refused with it, if it is an exception)."""
        if reply is not None:
            self.answers.append((reply, value))

    @property
    def saved_jobs(self) -> tuple[JobRecord, ...]:
        """The jobs of which something is to be written."""
        return tuple({**self._jobs, **{number: job for (number, _), (job, _) in self._files.items()}}.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided."""
        return not (self.changed or self.is_awaited or self.needs_store)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self.after or self.answers)

    @property
    def needs_store(self) -> bool:
        """Whether there is something for the store thread."""
        return bool(self._jobs or self._files or self._forgotten or self._events or self.work)

    def rows(self) -> Rows:
        """The rows as they are now."""
        return Rows(
            list(self._forgotten),
            [job_row(job) for job in self._jobs.values()],
            [file_row(job, file) for job, file in self._files.values()],
            self._events,
        )


def settle(reply: Future[Any] | None, value: object) -> None:
    """Answers a call, with an exception where the value is one. What has its answer already keeps it."""
    if reply is None or reply.done():
        return
    if isinstance(value, Exception):
        reply.set_exception(value)
    else:
        reply.set_result(value)


class StoreThread:
    """Makes one batch after the other durable."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches: queue.SimpleQueue[tuple[Rows, list[Work], Callable[[Exception | None], None]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="domonitor-store", daemon=True)
        self._thread.start()

    def submit(self, rows: Rows, work: list[Work], done: Callable[[Exception | None], None]) -> None:
        """Commits the rows, then does the work. done gets the exception of a failed commit; no work is done then."""
        self._batches.put((rows, work, done))

    def close(self) -> None:
        """Finishes what was submitted and ends."""
        self._batches.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            rows, work, done = batch
            try:
                if rows:
                    self._store.write(rows)
            except Exception as error:
                _log.exception("the list of downloads could not be written")
                done(error)
                continue
            try:
                _do(work)
            except Exception as error:
                _log.exception("the work on files met a bug and goes on")
                for item in work:
                    item.result = item.result or error
            done(None)


def _do(work: Sequence[Work]) -> None:
    """All that can be made durable together is: many small files cost little more than one."""
    syncs = [item for item in work if item.call is None]
    for item, error in zip(syncs, disk.sync_all([(item.part, item.descriptor) for item in syncs]), strict=True):
        item.result = error
    for item in work:
        item.run()
    unsynced = [item for item in work if isinstance(item.result, Unsynced)]
    for item, result in zip(unsynced, disk.last([item.result for item in unsynced]), strict=True):
        item.result = result


class SyncThread:
    """Syncs long files behind their transfers, so that their ends have little left to wait for."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="domonitor-sync", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], None]) -> None:
        """Runs the call."""
        self._calls.put(call)

    def close(self) -> None:
        """Drops nothing, takes no more and ends."""
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception:
                _log.exception("a file could not be synced")
