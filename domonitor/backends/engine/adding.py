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

from domonitor.backends.engine import disk, failures
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.targets import Targets
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import FINAL


class Taker(Protocol):
    """Who goes on with what was added."""

    def job_added(self, job: JobRecord) -> None:
        """The job is there with all its files."""

    def files_added(self, job: JobRecord) -> None:
        """The job has more files."""

    def files_refused(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """The job can't take the files any more; their temporary files are there."""


class Adding:
    """Makes jobs and files. Lives on the engine's thread.

    next_number: the place in the order of creation that the next job gets.
    """

    def __init__(self, loop: Loop, clock: Clock, jobs: dict[UUID, JobRecord], targets: Targets, taker: Taker) -> None:
        self.next_number = 1
        self._loop = loop
        self._clock = clock
        self._jobs = jobs
        self._targets = targets
        self._taker = taker

    def create(self, display_name: str, reply: Future[Any]) -> None:
        """A new empty job; answers its id."""
        job = self._new_job(display_name)
        self._jobs[job.id] = job
        self._loop.batch.save_job(job)
        self._loop.batch.answer(reply, job.id)

    def add_many(self, new_jobs: Sequence[NewJob], reply: Future[Any]) -> None:
        """New jobs with their files; answers a list with the id, or the refusal, of each."""
        answers: dict[int, UUID | CallFailed] = {}
        adding: dict[int, tuple[JobRecord, list[FileRecord]]] = {}
        for at, new_job in enumerate(new_jobs):
            job = self._new_job(new_job.display_name)
            job.priority = new_job.priority
            job.auto_complete = new_job.auto_complete
            try:
                adding[at] = job, self._reserve(job, new_job.files)
            except CallFailed as refusal:
                answers[at] = refusal

        def made(results: object) -> None:
            for (at, (job, files)), refusal in zip(adding.items(), _refusals(results, len(adding)), strict=True):
                if refusal is None:
                    self._jobs[job.id] = job
                    self._take_in(job, files)
                    self._taker.job_added(job)
                else:
                    self._give_up(job, files)
                answers[at] = refusal or job.id
            self._loop.batch.answer(reply, [answers[at] for at in range(len(new_jobs))])

        self._loop.batch.do(partial(_create_parts, [files for _, files in adding.values()]), made)

    def add_files(self, job: JobRecord, new_files: Sequence[NewFile], reply: Future[Any]) -> None:
        """More files for a job, all or none of them."""
        files = self._reserve(job, new_files)

        def made(results: object) -> None:
            (refusal,) = _refusals(results, 1)
            if refusal is not None:
                self._give_up(job, files)
            elif job.state in FINAL or job.is_completing:
                refusal = failures.refusal(hresult.DO_E_INVALID_STATE)
                self._targets.release(file.local_name for file in files)
                self._taker.files_refused(job, files)
            else:
                self._take_in(job, files)
                self._taker.files_added(job)
            self._loop.batch.answer(reply, refusal)

        self._loop.batch.do(partial(_create_parts, [files]), made)

    def _new_job(self, display_name: str) -> JobRecord:
        now = self._clock.utc_now()
        job = JobRecord(self.next_number, uuid4(), display_name, now, now)
        self.next_number += 1
        return job

    def _reserve(self, job: JobRecord, new_files: Sequence[NewFile]) -> list[FileRecord]:
        """Records for the files, with their rows on the way. Raises CallFailed where a target is taken."""
        self._targets.claim([new.local_name for new in new_files])
        first = job.next_index
        job.next_index += len(new_files)
        files = [
            FileRecord(
                first + at,
                new.remote_name,
                new.local_name,
                disk.part_name(new.local_name),
                tuple(new.ranges),
                new.size,
                new.replace,
            )
            for at, new in enumerate(new_files)
        ]
        for file in files:
            self._loop.batch.save_file(job, file)
        return files

    def _take_in(self, job: JobRecord, files: list[FileRecord]) -> None:
        for file in files:
            file.stage = FileStage.PENDING
            job.add(file)
            self._loop.batch.save_file(job, file)
        job.modified = self._clock.utc_now()
        self._loop.batch.save_job(job)

    def _give_up(self, job: JobRecord, files: list[FileRecord]) -> None:
        self._targets.release(file.local_name for file in files)
        for file in files:
            self._loop.batch.forget_file(job, file)


def _refusals(results: object, count: int) -> list[CallFailed | None]:
    """What _create_parts answered; if it failed as a whole, that for all."""
    return results if isinstance(results, list) else [failures.refusal_of(results)] * count


def _create_parts(adding: Sequence[Sequence[FileRecord]]) -> list[CallFailed | None]:
    """Makes the temporary files of several jobs, durably; each job's refusal, None where all its files are there."""
    refusals: list[CallFailed | None] = []
    folders: set[str] = set()
    for files in adding:
        made: list[str] = []
        refusal = None
        for file in files:
            try:
                disk.check_target(file.local_name, replace=file.replace)
                disk.create_part(file.part)
            except OSError as error:
                refusal = failures.refusal_of_os_error(error, file.local_name)
                disk.delete_all(made)
                made.clear()
                break
            made.append(file.part)
        folders.update(os.path.dirname(part) for part in made)  # noqa: PTH120
        refusals.append(refusal)
    disk.sync_folders(folders)
    return refusals
