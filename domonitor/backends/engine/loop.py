"""The engine's thread: it alone reads and writes the records, decides, and moves the bytes."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar
from uuid import UUID

from domonitor.backends.engine import failures
from domonitor.backends.engine.batch import Batch, StoreThread, Work, settle
from domonitor.backends.engine.http import Http
from domonitor.backends.engine.readers import Reader
from domonitor.backends.engine.records import JobRecord
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.waiting import Waiting
from domonitor.jobs import hresult
from domonitor.jobs.job import Job

T = TypeVar("T")

PUBLISH_PAUSE_S = 0.05
"""Progress alone becomes visible at most so often; what was decided becomes visible as soon as it is durable."""

TICK_S = 0.2
"""How often running transfers are looked at."""

BUG_PAUSE_S = 0.05
"""What fails over and over must not keep a core busy."""

_log = logging.getLogger(__name__)


class Policy(Protocol):
    """What decides, called by the loop on its thread."""

    def tick(self) -> None:
        """Looks at what is running. Called every TICK_S while anything runs."""

    def is_busy(self) -> bool:
        """Whether tick is wanted."""

    def start_files(self) -> None:
        """Starts what may start. Called after everything that may have made room."""

    def published(self, jobs: Sequence[tuple[JobRecord, Job]]) -> None:
        """These jobs' snapshots have become visible."""

    def commit_failed(self, batches: Sequence[Batch], error: Exception) -> None:
        """The batches, the latest first, could not be written: what they decided is taken back.

        Their work and their callers get the error after this.
        """

    def close(self) -> None:
        """Ends all transfers: the engine closes."""


class Loop:
    """Runs calls, transfers and batches on one thread. roster: gets the snapshots that become visible."""

    def __init__(self, http: Http, store_thread: StoreThread, roster: Roster) -> None:
        self.http = http
        self.batch = Batch()
        self.policy: Policy
        self._store_thread = store_thread
        self._roster = roster
        self._calls: deque[Callable[[], None]] = deque()
        self._readers: list[Reader] = []
        self._is_committing = False
        self._is_closing = False
        self._has_ended = False
        self._published_s = 0.0
        self._tick_s = 0.0
        self.wake_at_s: float | None = None
        """When start_files wants to be called even if nothing happens, by time.monotonic."""
        self._thread = threading.Thread(target=self._run, name="domonitor-transfer", daemon=True)

    def start(self, policy: Policy) -> None:
        """Begins to run."""
        self.policy = policy
        self._thread.start()

    def close(self) -> None:
        """Ends all transfers, makes durable what was decided, and ends the thread."""
        self.post(self._close)
        self._thread.join()

    def post(self, call: Callable[[], None]) -> None:
        """Runs the call on the thread. Any thread; does not wait."""
        self._calls.append(call)
        self.http.wake()

    def ask(self, call: Callable[[Future[T]], None]) -> T:
        """Runs the call on the thread and waits until it, or what it began, answers. Raises its refusal."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("the engine's own thread can't wait for itself")
        reply: Future[T] = Future()
        self.post(lambda: self.attempt(call, reply))
        if self._has_ended:  # set before the last calls are run: what came too late is not waited for
            raise _closed()
        return reply.result()

    def attempt(self, call: Callable[[Future[T]], None], reply: Future[T]) -> None:
        """Runs a call with its reply; an exception is the answer."""
        if self._is_closing:
            settle(reply, _closed())
            return
        try:
            call(reply)
        except Exception as error:
            settle(reply, error)

    def add_reader(self, wake: Callable[[], None]) -> Reader:
        """A reader of changes; it begins with all jobs that are visible now. wake: any thread, cheap."""
        reader = Reader(wake, self._roster.snapshots)

        def begin(reply: Future[None]) -> None:
            reader.add(self._roster.listed)
            self._readers.append(reader)
            self.batch.answer(reply, None)

        self.ask(begin)
        return reader

    def remove_reader(self, reader: Reader) -> None:
        """No more changes go there."""

        def end() -> None:
            with suppress(ValueError):  # it was dropped before
                self._readers.remove(reader)

        self.post(end)

    def show_waiting(self, waiting: Waiting, numbers: Collection[int]) -> None:
        """These are the reasons of the jobs that wait; those of these numbers have another one than before."""
        self._roster.waiting = waiting
        if self._readers and numbers:
            self._tell_readers(self._roster.ids_of(numbers))

    def _run(self) -> None:
        while not (self._is_closing and self.batch.is_empty and not self._is_committing and not self._calls):
            _safely(self._step)
            while self._calls:
                _safely(self._calls.popleft())
            if not self._is_closing:
                _safely(self._move_files)
            _safely(self._hand_over)
        self.http.close()
        self._has_ended = True
        while self._calls:
            _safely(self._calls.popleft())

    def _step(self) -> None:
        self.http.step(self._timeout_s())

    def _move_files(self) -> None:
        if self.policy.is_busy() and time.monotonic() >= self._tick_s:
            self._tick_s = time.monotonic() + TICK_S
            self.policy.tick()
        self.policy.start_files()

    def _close(self) -> None:
        self._is_closing = True
        self.policy.close()

    def _timeout_s(self) -> float | None:
        """How long nothing needs to be done but for what happens on sockets."""
        if self._calls:
            return 0.0
        now_s = time.monotonic()
        timeouts = [] if self.wake_at_s is None else [self.wake_at_s - now_s]
        if self.policy.is_busy():
            timeouts.append(self._tick_s - now_s)
        if not self.batch.is_empty and not self._is_committing:
            timeouts.append(self._published_s + PUBLISH_PAUSE_S - now_s)
        return max(0.0, min(timeouts)) if timeouts else None

    def _hand_over(self) -> None:
        """Sends the open batch on its way, if there is anything in it and none is under way."""
        batch = self.batch
        if self._is_committing or batch.is_empty:
            return
        if not batch.needs_store and not batch.is_awaited and time.monotonic() < self._published_s + PUBLISH_PAUSE_S:
            return
        self.batch = Batch()
        try:
            snapshots = [job.snapshot() for job in batch.changed.values()]
            rows = batch.rows()
        except Exception as error:
            _log.exception("what was decided can't be written down")
            self._refuse(batch, error)
            return
        if not batch.needs_store:
            self._publish(batch, snapshots)
            return
        self._is_committing = True
        self._store_thread.submit(
            rows, batch.work, lambda error: self.post(lambda: self._committed(batch, snapshots, error))
        )

    def _committed(self, batch: Batch, snapshots: list[Job], error: Exception | None) -> None:
        self._is_committing = False
        if error is not None:
            self._refuse(batch, error)
            return
        self._publish(batch, snapshots)
        for item in batch.work:
            _go_on(item, item.result)

    def _refuse(self, batch: Batch, error: Exception) -> None:
        """Nothing of the batch is durable, nor of what was decided upon it meanwhile."""
        batches = [batch]
        if self.batch.needs_store:
            batches.insert(0, self.batch)
            self.batch = Batch()
        refusal = failures.refusal_of(error)
        _safely(partial(self.policy.commit_failed, batches, error))
        for failed in reversed(batches):
            for item in failed.work:
                item.drop()
                _go_on(item, error)
            for reply, _ in failed.answers:
                settle(reply, refusal)

    def _publish(self, batch: Batch, snapshots: list[Job]) -> None:
        self._published_s = time.monotonic()
        published = list(zip(batch.changed.values(), snapshots, strict=True))
        for job, snapshot in published:
            self._roster.publish(job, snapshot)
        if published:
            self._tell_readers({job.number: job.id for job, _ in published})
        for reply, value in batch.answers:
            settle(reply, value)
        _safely(partial(self.policy.published, published))
        for call in batch.after:
            _safely(call)

    def _tell_readers(self, jobs: Mapping[int, UUID]) -> None:
        for reader in tuple(self._readers):
            reader.add(jobs)
            try:
                reader.wake()
            except Exception:
                _log.exception("who reads the changes can't be woken and is dropped")
                self._readers.remove(reader)


def _safely(call: Callable[[], None]) -> None:
    """A bug in one thing is told in the log, and harms nothing else."""
    try:
        call()
    except Exception:
        _log.exception("the download engine met a bug and goes on")
        time.sleep(BUG_PAUSE_S)


def _go_on(item: Work, result: object) -> None:
    try:
        item.then(result)
    except Exception as error:
        _log.exception("the download engine met a bug and goes on")
        settle(item.reply, failures.refusal_of(error))


def _closed() -> Exception:
    return failures.refusal(hresult.E_UNEXPECTED, "The download engine is closed.")
