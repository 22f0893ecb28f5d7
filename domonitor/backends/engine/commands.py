"""What programs ask of jobs.

Every method runs on the engine's thread, gets a reply, a Future, and answers it through the open batch, so that nobody
hears of what is not durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any
from uuid import UUID

from domonitor.backends.engine import checks, failures
from domonitor.backends.engine.access import Access
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.lifecycle import Lifecycle
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.store import Store
from domonitor.jobs import hresult
from domonitor.jobs.state import ACTIVE, TRANSITIONS, Command, JobState

Reply = Future[Any]


class Commands:
    """The calls of the object model on jobs that are there. Each is called through on_job."""

    def __init__(self, loop: Loop, roster: Roster, store: Store, clock: Clock, lifecycle: Lifecycle) -> None:
        self._loop = loop
        self._roster = roster
        self._store = store
        self._clock = clock
        self._lifecycle = lifecycle
        self._transfers = lifecycle.transfers
        self._timeline = lifecycle.timeline
        self._events_before = store.last_event()

    def on_job(self, job_id: UUID, action: Callable[[JobRecord, Reply], None], reply: Reply) -> None:
        """Runs the action on a job that is not final; on one that is ending, once it is known whether it has ended."""
        job = self._roster.find(job_id)
        if job is None:
            is_final = self._store.has_ended(job_id, self._events_before)
            raise failures.refusal(hresult.DO_E_INVALID_STATE if is_final else hresult.DO_E_JOB_NOT_FOUND)
        if job.is_ending:
            again = partial(self.on_job, job_id, action)
            job.waiting += (lambda: self._loop.attempt(again, reply),)
            return
        action(job, reply)

    def resume(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Starts the job, or starts it again; without effect where it is on its way or has arrived."""
        if not job.files:
            raise failures.refusal(hresult.DO_E_JOB_EMPTY)
        self._timeline.commanded(job, Command.RESUME, origin)
        self._lifecycle.start(job)
        self._loop.batch.answer(reply, None)

    def suspend(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Stops an active job, and one that waits for its retry."""
        if JobState.SUSPENDED in TRANSITIONS[job.state]:
            self._timeline.commanded(job, Command.SUSPEND, origin)
            self._lifecycle.stop(job)
            self._lifecycle.enter(job, JobState.SUSPENDED)
            job.set_error(None)
        self._loop.batch.answer(reply, None)

    def cancel(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Removes the job and its temporary files; answers S_OK or the documented warning."""
        self._timeline.commanded(job, Command.CANCEL, origin)
        self._lifecycle.ending.end(job, JobState.CANCELLED, reply, hresult.S_OK)

    def complete(self, job: JobRecord, reply: Reply, origin: str = "") -> None:
        """Gives the transferred files their names; answers S_OK, or BG_S_PARTIAL_COMPLETE where files are dropped."""
        self._timeline.commanded(job, Command.COMPLETE, origin)
        self._lifecycle.ending.complete(job, reply)

    def change(self, job: JobRecord, reply: Reply, origin: str = "", **values: Any) -> None:
        """Sets fields of the job's record; without any, something was set that is not kept there."""
        before = {name: getattr(job, name) for name in values}
        changes_turn = job.state in ACTIVE and values.get("priority", job.priority) != job.priority
        if changes_turn:
            self._transfers.stop(job)
        self._set(job, values)
        self._loop.batch.undo.append(partial(self._set, job, before))
        for name in values:
            self._timeline.commanded(job, f"set {name}".replace("_", " ").removesuffix(" s"), origin)
        if changes_turn:
            self._lifecycle.queue(job)
        self._loop.batch.save_job(job)
        self._loop.batch.answer(reply, None)
        if job.auto_complete and job.state is JobState.TRANSFERRED:
            self._lifecycle.ending.complete(job, None)

    def set_access(self, job: JobRecord, reply: Reply, change: Callable[[Access], Access], what: str) -> None:
        """Sets what the job's servers are asked with from the next request on. what: its name in the timeline."""
        accesses = self._loop.http.accesses
        before = accesses.get(job.number)
        accesses.set(job.number, change(before or Access()))
        self._loop.batch.undo.append(partial(accesses.set, job.number, before))
        self._timeline.commanded(job, f"set {what}", "")
        self._loop.batch.answer(reply, None)

    def set_remote_name(self, job: JobRecord, reply: Reply, index: int, remote_name: str, origin: str = "") -> None:
        """The file comes from another address; what is there is kept where size and validator agree.

        Two servers of one file often give it different tags: the date, where there is one, is what they agree upon.
        """
        file = checks.known_file(job, index)
        accesses = self._loop.http.accesses
        before = accesses.get(job.number)
        self._loop.batch.undo.append(partial(accesses.set, job.number, before))
        remote_name = accesses.take_login(job.number, remote_name)
        is_fetched = job.state in ACTIVE and file.stage is FileStage.PENDING
        if is_fetched:
            self._transfers.stop(job)
        self._loop.batch.undo.append(partial(_set_source, file, file.remote_name, file.validator))
        _set_source(file, remote_name, file.last_modified or file.validator)
        job.modified = self._clock.utc_now()
        self._timeline.commanded(job, "set address", origin)
        self._loop.batch.save_file(job, file)
        self._loop.batch.save_job(job)
        if is_fetched:
            self._lifecycle.queue(job)
        self._loop.batch.answer(reply, None)

    def _set(self, job: JobRecord, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            setattr(job, name, value)
        if "bytes_per_second" in values:
            self._transfers.turns.job_changed(job)
        job.modified = self._clock.utc_now()


def _set_source(file: FileRecord, remote_name: str, validator: str) -> None:
    file.remote_name = remote_name
    file.validator = validator
