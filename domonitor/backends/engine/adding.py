"""How jobs and files come in.

A temporary file is made only after its row is stored, and counts only after it was made: a crash in between leaves
nothing on the disk that nobody knows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol
from uuid import UUID, uuid4

from domonitor.backends.engine import disk, failures, spans
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.disk import Unsynced
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.naming import Naming
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.targets import Targets
from domonitor.backends.engine.timeline import Timeline
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import Existing, NewFile, NewJob


class Taker(Protocol):
    """Who goes on with what was added."""

    def job_added(self, job: JobRecord) -> None:
        """The job is there with all its files."""

    def files_added(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """The job has more files."""


class Adding:
    """Makes jobs and files. Lives on the engine's thread.

    next_number: the place in the order of creation that the next job gets.
    """

    def __init__(
        self, loop: Loop, clock: Clock, jobs: Roster, targets: Targets, timeline: Timeline, naming: Naming, taker: Taker
    ) -> None:
        self.next_number = 1
        self._loop = loop
        self._clock = clock
        self._jobs = jobs
        self._targets = targets
        self._timeline = timeline
        self._naming = naming
        self._taker = taker

    def create(self, display_name: str, reply: Future[Any]) -> None:
        """A new empty job; answers its id."""
        job = self._new_job(display_name)
        self._take_in(job, [], [])
        self._loop.batch.answer(reply, job.id)

    def add_many(self, new_jobs: Sequence[NewJob], reply: Future[Any]) -> None:
        """New jobs with their files; answers a list with the id, or the refusal, of each."""
        answers: list[UUID | CallFailed] = []
        adding: list[tuple[int, JobRecord, list[FileRecord]]] = []
        for at, new_job in enumerate(new_jobs):
            job = self._new_job(new_job.display_name)
            job.priority = new_job.priority
            job.auto_complete = new_job.auto_complete
            job.segments = new_job.segments
            job.bytes_per_second = new_job.bytes_per_second
            answers.append(job.id)
            try:
                adding.append((at, job, self._reserve(job, new_job.files)))
            except CallFailed as refusal:
                answers[at] = refusal

        def made(results: object) -> None:
            refused = []
            for (at, job, files), refusal in zip(adding, _refusals(results, len(adding)), strict=True):
                if refusal is None:
                    self._take_in(job, files, new_jobs[at].files)
                    if not new_jobs[at].is_suspended:
                        self._taker.job_added(job)
                else:
                    answers[at] = refusal
                    refused += [(job, file) for file in files]
            self._give_up(refused, reply, answers)

        self._loop.batch.do(partial(_create_parts, [files for _, _, files in adding]), made, reply)

    def add_files(self, job: JobRecord, new_files: Sequence[NewFile], reply: Future[Any]) -> None:
        """More files for a job, all or none of them."""
        files = self._reserve(job, new_files)

        def made(results: object) -> None:
            if job in self._jobs and job.is_ending:
                job.waiting += (partial(made, results),)
                return
            (refusal,) = _refusals(results, 1)
            if refusal is None and job not in self._jobs:
                refusal = failures.refusal(hresult.DO_E_INVALID_STATE)
            if refusal is None:
                self._take_in(job, files, new_files)
                self._taker.files_added(job, files)
                self._loop.batch.answer(reply, None)
            else:
                self._give_up([(job, file) for file in files], reply, refusal)

        self._loop.batch.do(partial(_create_parts, [files]), made, reply)

    def _new_job(self, display_name: str) -> JobRecord:
        now = self._clock.utc_now()
        job = JobRecord(self.next_number, uuid4(), display_name, now, now)
        self.next_number += 1
        return job

    def _reserve(self, job: JobRecord, new_files: Sequence[NewFile]) -> list[FileRecord]:
        """Records for the files, with their rows on the way. Raises CallFailed where a target is taken."""
        try:
            targets = self._targets.claim([(new.local_name, new.existing) for new in new_files])
        except OSError as error:
            raise failures.refusal_of_os_error(error, error.filename or "") from error
        first = job.next_index
        job.next_index += len(new_files)
        files = [
            FileRecord(
                first + at,
                self._loop.http.accesses.take_login(job.number, new.remote_name),
                target,
                disk.part_name(target),
                tuple(new.ranges),
                spans.local_size(new.ranges, new.size),
                new.existing,
                expected_size=new.size,
                digest=new.expected,
                is_named_by_server=new.is_named_by_server,
            )
            for at, (new, target) in enumerate(zip(new_files, targets, strict=True))
        ]
        for file in files:
            self._loop.batch.reserve_file(job, file)
        return files

    def _take_in(self, job: JobRecord, files: Sequence[FileRecord], new_files: Sequence[NewFile]) -> None:
        """The job, perhaps a new one, has the files from now on, if that can be stored.

        new_files: the files as they were wanted.
        """
        is_new = job not in self._jobs
        display_name = job.display_name
        batch = self._loop.batch
        if is_new:
            self._jobs.add(job)
            self._timeline.entered(job)
        for file in files:
            file.stage = FileStage.PENDING
            job.add(file)
            batch.save_file(job, file)
        for file, new in zip(files, new_files, strict=True):
            if file.local_name != new.local_name:
                self._naming.numbered(job, file, new.local_name)
        job.modified = self._clock.utc_now()
        batch.save_job(job)

        def undo() -> None:
            if is_new:
                self._jobs.remove(job)
            job.display_name = display_name
            for file in files:
                job.remove(file)
            self._give_up([(job, file) for file in files], None, None)

        batch.undo.append(undo)

    def _give_up(self, files: Sequence[tuple[JobRecord, FileRecord]], reply: Future[Any] | None, answer: Any) -> None:
        """The files were never added: nothing of them stays. Then comes the answer."""

        def deleted(left: object) -> None:
            for job, file in files:
                if isinstance(left, set) and file.part not in left:
                    self._loop.batch.forget_file(job, file)
            # What is left is deleted when the engine next starts.
            self._loop.batch.answer(reply, answer)

        self._targets.release(file.local_name for _, file in files)
        for job, _ in files:
            if job not in self._jobs:
                self._loop.http.accesses.drop(job.number)
        if files:
            self._loop.batch.do(partial(disk.delete_all, [file.part for _, file in files]), deleted, reply)
        else:
            self._loop.batch.answer(reply, answer)


def _refusals(results: object, count: int) -> list[CallFailed | None]:
    """What _create_parts answered; if it failed as a whole, that for all."""
    return results if isinstance(results, list) else [failures.refusal_of(results)] * count


def _create_parts(adding: Sequence[Sequence[FileRecord]]) -> Unsynced:
    """Makes the temporary files of several jobs; the value: each job's refusal, None where all its files are there."""
    refusals: list[CallFailed | None] = []
    folders: set[str] = set()
    for files in adding:
        refusal = None
        for file in files:
            try:
                if file.existing is not Existing.RENAME:
                    disk.check_target(file.local_name, replace=file.existing is Existing.REPLACE)
                disk.create_part(file.part)
            except OSError as error:
                refusal = failures.refusal_of_os_error(error, file.local_name)
                break
            folders.add(os.path.dirname(file.part))  # noqa: PTH120
        refusals.append(refusal)
    return Unsynced(refusals, folders)
