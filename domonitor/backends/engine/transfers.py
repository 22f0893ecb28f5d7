"""The transfers that are under way: which ones start, how they move, and what their ends mean."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from domonitor.backends.engine import disk, failures
from domonitor.backends.engine.batch import SyncThread
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.scheduler import Scheduler
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.transfer import Result, Transfer
from domonitor.jobs.job import Priority
from domonitor.jobs.state import ACTIVE, JobState

SYNC_EVERY_S = 2.0
"""A running file is made durable so often, and at each disk.SYNC_STEP_BYTES."""

MOST_SETTLING = 200
"""So many files may wait for the disk, each of them open, before another one is fetched."""

_LARGE_BUFFER = 256 * 1024
_SMALL_BUFFER = 32 * 1024
_FEW_TRANSFERS = 16

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """Who is told what the transfers mean for their jobs."""

    def entered(self, job: JobRecord, state: JobState) -> None:
        """The job connects or transfers now."""

    def moved(self, job: JobRecord) -> None:
        """Bytes of the job have arrived."""

    def file_arrived(self, job: JobRecord, file: FileRecord) -> None:
        """The file is whole, and durable under its temporary name."""

    def file_failed(self, job: JobRecord, file: FileRecord, failure: Failure) -> None:
        """The file can't be fetched now."""


class Transfers:
    """Starts what the scheduler hands out. Lives on the engine's thread."""

    def __init__(
        self,
        loop: Loop,
        sync_thread: SyncThread,
        settings: EngineSettings,
        clock: Clock,
        owner: Owner,
        find: Callable[[int], JobRecord | None],
    ) -> None:
        """find: the job of a number."""
        self._loop = loop
        self._sync_thread = sync_thread
        self._clock = clock
        self._owner = owner
        self._scheduler = Scheduler(settings, find, self._missing)
        self._running: dict[FileRecord, Transfer] = {}
        self._settling: set[FileRecord] = set()
        """Files that have ended and wait for the disk or the store before they go on."""

    @property
    def is_busy(self) -> bool:
        """Whether any file is being fetched."""
        return bool(self._running)

    def queue(self, number: int, priority: Priority) -> None:
        """The job's unfinished files are fetched from now on, as soon as it is its turn."""
        self._scheduler.add(number, priority)

    def add(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """These files are fetched too, beside those that are under way."""
        self._scheduler.more(job, files)

    def stop(self, job: JobRecord) -> None:
        """Nothing of the job is fetched any more; what has arrived stays."""
        for file in job.files if self._running else ():
            if (transfer := self._running.pop(file, None)) is not None:
                self._loop.http.stop(transfer)
                self._close(transfer)
                if not job.is_unsaved:
                    self._loop.batch.save_file(job, file)
        self._scheduler.remove(job)

    def stop_all(self) -> None:
        """Ends every transfer."""
        for transfer in list(self._running.values()):
            self.stop(transfer.job)

    def start_files(self) -> None:
        """Starts what may start."""
        while len(self._settling) < MOST_SETTLING and (chosen := self._scheduler.next()) is not None:
            job, file = chosen
            if file.size and file.done_bytes == file.size:
                self._scheduler.ended(job, file)
                self._sync(job, file, None)  # it was whole already when the engine last stopped
                continue
            if job.state is JobState.QUEUED:
                self._owner.entered(job, JobState.CONNECTING)
            self._start(job, file)

    def _start(self, job: JobRecord, file: FileRecord) -> None:
        is_one_of_few = len(self._running) < _FEW_TRANSFERS
        is_large = (file.size or _LARGE_BUFFER) >= _LARGE_BUFFER
        buffer_bytes = _LARGE_BUFFER if is_one_of_few and is_large else _SMALL_BUFFER
        try:
            transfer = Transfer(job, file, buffer_bytes, self._started, self._ended, self._sync_behind)
            self._loop.http.start(transfer)
        except ValueError as error:
            self._scheduler.ended(job, file)
            self._owner.file_failed(job, file, failures.unusable_address(error))
        else:
            self._running[file] = transfer

    def tick(self) -> None:
        """Counts what has arrived, and ends what can't be written."""
        now_s = self._clock.monotonic()
        for transfer in list(self._running.values()):
            if not transfer.part.is_open or transfer.file not in self._running:
                continue
            transfer.part.flush()
            if self._count(transfer):
                self._owner.moved(transfer.job)
                if now_s >= transfer.synced_at_s + SYNC_EVERY_S:
                    self._sync_behind(transfer)
            if transfer.part.error is not None:
                self._loop.http.stop(transfer)
                transfer.end(None)

    def _missing(self, job: JobRecord) -> list[FileRecord]:
        return [file for file in job.files if file.stage is FileStage.PENDING and file not in self._settling]

    def _started(self, transfer: Transfer) -> None:
        job, file = transfer.job, transfer.file
        transfer.synced_at_s = self._clock.monotonic()
        if file.size != transfer.size or file.validator != transfer.validator:
            job.set_size(file, transfer.size)
            # What was synced of an earlier answer is not what the new validator stands for.
            file.durable_bytes = min(file.durable_bytes, transfer.offset)
            file.validator = transfer.validator
            self._loop.batch.changed[job.number] = job
            # A small file is whole before anybody could need these.
            if transfer.size is None or transfer.size >= _LARGE_BUFFER:
                self._loop.batch.save_file(job, file)
        if job.state is JobState.CONNECTING:
            self._owner.entered(job, JobState.TRANSFERRING)

    def _ended(self, transfer: Transfer, result: Result, failure: Failure | None) -> None:
        job, file = transfer.job, transfer.file
        del self._running[file]
        descriptor = transfer.part.release() if result is Result.ARRIVED else None
        if self._close(transfer):
            self._owner.moved(job)
        if result is Result.CHANGED:
            self._start_again(job, file)
        elif failure is not None:
            self._loop.batch.save_file(job, file)
            self._owner.file_failed(job, file, failure)
        else:
            job.set_size(file, file.done_bytes)
            self._sync(job, file, descriptor)
            self._scheduler.rest(job)

    def _close(self, transfer: Transfer) -> bool:
        """Closes the file, and counts it a last time."""
        with suppress(OSError):  # what could not be written is known from part.error
            transfer.part.close()
        self._scheduler.ended(transfer.job, transfer.file)
        return self._count(transfer)

    def _count(self, transfer: Transfer) -> bool:
        """Takes over how much of the file is there; whether it is more than before."""
        before = transfer.file.done_bytes
        transfer.job.set_done(transfer.file, transfer.done_bytes)
        return transfer.done_bytes > before

    def _start_again(self, job: JobRecord, file: FileRecord) -> None:
        """Forgets durably what was known of the old content before the first byte of the new one is written."""
        job.forget_content(file)
        self._settling.add(file)
        self._loop.batch.save_file(job, file)
        self._loop.batch.do(lambda: None, partial(self._settled, job, file))

    def _sync(self, job: JobRecord, file: FileRecord, descriptor: int | None) -> None:
        """Makes a whole file durable, and closes it."""
        self._settling.add(file)
        self._loop.batch.sync(file.part, descriptor, partial(self._settled, job, file))

    def _settled(self, job: JobRecord, file: FileRecord, result: object) -> None:
        self._settling.discard(file)
        if job.is_ending:
            return  # it is being dropped; should the job stay after all, it starts where it is
        if isinstance(result, FileNotFoundError):
            self._start_again(job, file)  # somebody deleted it
        elif isinstance(result, Exception):
            self._owner.file_failed(job, file, failures.of_error(result))
        elif file.size is not None and file.done_bytes == file.size:
            file.durable_bytes = file.size
            self._owner.file_arrived(job, file)
        elif job.state in ACTIVE:
            self._scheduler.again(job, file)

    def _sync_behind(self, transfer: Transfer) -> None:
        """Makes durable what is written so far, beside the transfer."""
        if transfer.is_syncing:
            return
        transfer.is_syncing = True
        transfer.synced_at_s = self._clock.monotonic()
        written_bytes = transfer.part.written_bytes

        def sync() -> None:
            try:
                disk.sync(transfer.file.part)
            except OSError as error:
                _log.info("a running file could not be synced: %s", error)
                self._loop.post(partial(self._synced_behind, transfer, 0))
            else:
                self._loop.post(partial(self._synced_behind, transfer, written_bytes))

        self._sync_thread.submit(sync)

    def _synced_behind(self, transfer: Transfer, durable_bytes: int) -> None:
        transfer.is_syncing = False
        file = transfer.file
        if self._running.get(file) is transfer and durable_bytes > file.durable_bytes:
            file.durable_bytes = durable_bytes
            self._loop.batch.save_file(transfer.job, file)
