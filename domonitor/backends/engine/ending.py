"""How a job ends: its files get their names or are dropped, and then it is known no more.

    intention stored  →  files named  →  end stored  →  temporary files deleted, the caller answered, targets free

Each arrow is one batch. Where a name was taken meanwhile, and the file may have another one, that is stored before the
file is named again. A crash anywhere in between is mended by the next start. Until the last step is done the job
is still known: what is asked of it meanwhile waits, and goes to the job itself should its end not be storable.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from domonitor.backends.engine import disk, failures, zone
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.naming import Naming
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.targets import Targets
from domonitor.jobs import hresult
from domonitor.jobs.request import Existing
from domonitor.jobs.state import FINAL, JobState

INTENTIONS_S = 10.0
"""So long the engine's opening waits for files to get the names that they were promised; longer ones go on beside."""


class Keeper(Protocol):
    """Who keeps the job as long as it has not ended."""

    def stop(self, job: JobRecord) -> None:
        """Nothing of the job is fetched or retried any more."""

    def enter(self, job: JobRecord, state: JobState) -> None:
        """The job's next state, if it can be stored."""

    def not_named(self, job: JobRecord, file: FileRecord | None, error: Exception, *, is_asked: bool) -> None:
        """A file could not get its name: the job stays. is_asked: whether somebody hears of it by an answer."""


class Ending:
    """Ends jobs. Lives on the engine's thread."""

    def __init__(self, loop: Loop, jobs: Roster, targets: Targets, naming: Naming, keeper: Keeper) -> None:
        self._loop = loop
        self._jobs = jobs
        self._targets = targets
        self._naming = naming
        self._keeper = keeper
        self._intentions: list[threading.Event] = []

    def complete(self, job: JobRecord, reply: Future[Any] | None) -> None:
        """Gives the transferred files their names; answers S_OK, or BG_S_PARTIAL_COMPLETE where files are dropped."""
        self._keeper.stop(job)
        job.is_completing = True
        self._loop.batch.save_job(job)
        self._give_names(job, reply)

    def go_on(self, job: JobRecord) -> None:
        """Goes on with an intention that an earlier process has stored."""
        job.was_completing = True
        self._intentions.append(settled := threading.Event())
        job.waiting += (settled.set,)
        self._give_names(job, None)

    def wait_for_intentions(self) -> None:
        """Returns once these jobs have ended, or have been refused their names. Any thread.

        Who opens an engine must not meet a job that is about to end by itself.
        """
        for settled in self._intentions:
            settled.wait(INTENTIONS_S)
        self._intentions.clear()

    def _give_names(self, job: JobRecord, reply: Future[Any] | None) -> None:
        files = [file for file in job.files if file.stage is FileStage.TRANSFERRED]
        names = [(file.part, file.local_name, file.size or 0, file.existing is Existing.REPLACE) for file in files]
        finish_all = zone.before(partial(disk.finish_all, names, is_repeated=job.was_completing), files)
        job.was_completing = True
        self._loop.batch.do(finish_all, partial(self._named, job, files, reply), reply)

    def end(self, job: JobRecord, state: JobState, reply: Future[Any] | None, code: int) -> None:
        """The job becomes final and its temporary files go; answers the code, or that one of them is left."""
        self._keeper.stop(job)
        self._keeper.enter(job, state)
        dropped = [file for file in job.files if file.stage < FileStage.COMPLETED]
        delete = partial(disk.delete_all, [file.part for file in dropped])
        self._loop.batch.do(delete, partial(self._ended, job, dropped, reply, code), reply)

    def _named(self, job: JobRecord, files: Sequence[FileRecord], reply: Future[Any] | None, result: object) -> None:
        named, error = result if isinstance(result, tuple) else (0, result)
        for file in files[:named]:
            job.set_stage(file, FileStage.COMPLETED)
            self._loop.batch.save_file(job, file)
        if error is None:
            is_partial = job.files_transferred < len(job.files)
            self.end(job, JobState.ACKNOWLEDGED, reply, hresult.BG_S_PARTIAL_COMPLETE if is_partial else hresult.S_OK)
            return
        failed = files[named] if named < len(files) else None
        if failed is not None and isinstance(error, FileExistsError) and self._naming.give_way(job, failed):
            self._give_names(job, reply)
            return
        job.is_completing = False
        if not job.is_unsaved:
            self._loop.batch.save_job(job)
        self._loop.batch.answer(reply, failures.refusal_of(error, failed.local_name if failed else ""))
        self._keeper.not_named(job, failed, error, is_asked=reply is not None)
        self._go_on_waiting(job)

    def _ended(
        self, job: JobRecord, dropped: Sequence[FileRecord], reply: Future[Any] | None, code: int, left: object
    ) -> None:
        if job.state not in FINAL and isinstance(left, Exception):
            job.is_completing = False
            self._loop.batch.answer(reply, failures.refusal_of(left))
        else:
            parts_left = left if isinstance(left, set) else {file.part for file in dropped}
            for file in dropped:
                if file.part not in parts_left:
                    self._loop.batch.forget_file(job, file)
            self._jobs.remove(job)
            self._targets.release(file.local_name for file in job.files)
            # What is left is deleted when the engine next starts.
            self._loop.batch.answer(reply, hresult.BG_S_UNABLE_TO_DELETE_FILES if parts_left else code)
        self._go_on_waiting(job)

    def _go_on_waiting(self, job: JobRecord) -> None:
        """Each call on its own, after this one: the first of them may make the others wait anew."""
        waiting, job.waiting = job.waiting, ()
        for call in waiting:
            self._loop.post(call)
