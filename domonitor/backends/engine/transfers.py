"""The transfers that are under way: which ones start, how they move, and what their ends mean."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from domonitor.backends.engine import disk, failures, portal, spans
from domonitor.backends.engine.answers import Anew
from domonitor.backends.engine.awake import Awake
from domonitor.backends.engine.batch import SyncThread
from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.fetching import Fetching, Mark
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.portal import Page
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.scheduler import GivenUp
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.space import Space
from domonitor.backends.engine.spans import Kind, Span
from domonitor.backends.engine.transfer import Transfer
from domonitor.backends.engine.turns import Turns
from domonitor.backends.engine.verifying import Verifying
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.job import Priority
from domonitor.jobs.state import ACTIVE, JobState

SYNC_EVERY_S = 2.0
"""A running file is made durable so often, one in a single piece less often where many run, and at each
disk.SYNC_STEP_BYTES. Of one in segments only what is stored survives, of any other all that was written."""

MOST_SETTLING = 200
"""So many files may wait for the disk, each of them open, before another one is fetched."""

MANY_TRANSFERS = 60
"""Beyond so many files not each of them is looked at in each tick: that would cost more than the bytes themselves."""

MOST_TICKS = 4
"""After so many ticks every file has been looked at."""

_LARGE_BUFFER = 256 * 1024
_SMALL_BUFFER = 64 * 1024
_FEW_TRANSFERS = 16

_CHANGED = hresult.BG_E_REMOTE_FILE_CHANGED
_TOO_MUCH = hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH
"""After these, the second one of a body, what is there can't be built upon."""

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """Who is told what the transfers mean for their jobs."""

    def entered(self, job: JobRecord, state: JobState) -> None:
        """The job connects or transfers now."""

    def moved(self, job: JobRecord) -> None:
        """Bytes of the job have arrived."""

    def answered(self, job: JobRecord, file: FileRecord, response: Response) -> Failure | None:
        """The first answer for a file that its server names is here; why it can't be saved under that name."""

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
        self.turns = Turns(loop, settings, clock, find, self._missing, self._give_up)
        self._scheduler = self.turns.scheduler
        self._running: dict[FileRecord, Fetching] = {}
        self._going_on: set[FileRecord] = set()
        """Files whose next part is asked for at once: it belongs to what is there even without a validator."""
        self._settling: set[FileRecord] = set()
        """Files that have ended and wait for the disk or the store before they go on."""
        self._ticks = 0
        self._space = Space(self._running)
        self._verifying = Verifying(loop, owner, self._settling, self._settled)
        self.awake = Awake(is_on=settings.holds_off_sleep)

    @property
    def is_busy(self) -> bool:
        """Whether any file is being fetched."""
        return bool(self._running)

    def queue(self, number: int, priority: Priority, *, is_trying: bool = False) -> None:
        """The job's unfinished files are fetched from now on, as soon as it is its turn. is_trying: see Scheduler."""
        self._scheduler.add(number, priority, is_trying=is_trying)

    def add(self, job: JobRecord, files: Sequence[FileRecord]) -> None:
        """These files are fetched too, beside those that are under way."""
        self._scheduler.more(job, files)

    def stop(self, job: JobRecord) -> None:
        """Nothing of the job is fetched any more; what has arrived stays."""
        for file in job.files if self._running else ():
            if (fetching := self._running.get(file)) is not None:
                self._stop(fetching)
                if not job.is_unsaved:
                    self._loop.batch.save_file(job, file)
        if self._going_on:
            self._going_on.difference_update(job.files)
        self._verifying.stopped(job)
        self._scheduler.remove(job)

    def stop_all(self) -> None:
        """Ends every transfer."""
        self.turns.stop()
        for fetching in list(self._running.values()):
            self.stop(fetching.job)

    def close(self) -> None:
        """Ends what goes on on other threads. Called by another one, when the engine's own has ended."""
        self._verifying.close()
        self.awake.close()

    def start_files(self) -> None:
        """Starts what may start."""
        self.turns.before_start()
        while len(self._settling) < MOST_SETTLING and (chosen := self._scheduler.next()) is not None:
            job, file = chosen
            if file.size and file.done_bytes == file.size:
                self._scheduler.ended(job, file)
                self._sync(job, file, None, portal.unseen(job))  # it was whole already when the engine last stopped
                continue
            if job.state is JobState.QUEUED:
                self._owner.entered(job, JobState.CONNECTING)
            self._begin(job, file)
        self.turns.after_start(is_busy=self.is_busy)

    def _give_up(self, given_up: GivenUp) -> None:
        """The job waits for its next turn; what has arrived stays."""
        job = given_up.job
        self.stop(job)
        if job.state is not JobState.QUEUED:
            self._owner.entered(job, JobState.QUEUED)
        self._scheduler.add(job.number, job.priority, given_up.place, is_trying=job.attempts > 0)

    def _begin(self, job: JobRecord, file: FileRecord) -> None:
        if file.done_bytes and not file.validator and file not in self._going_on:
            job.forget_content(file)  # nobody can tell whether it would still be the same content
        self._going_on.discard(file)
        fetching = self._running[file] = Fetching.of(job, file, self._clock.monotonic())
        self._fetch(fetching, fetching.first_span())
        self._divide(fetching)

    def _fetch(self, fetching: Fetching, span: Span) -> None:
        """One more connection for the file."""
        job, file = fetching.job, fetching.file
        is_one_of_few = len(self._running) < _FEW_TRANSFERS
        is_large = (file.size or _LARGE_BUFFER) >= _LARGE_BUFFER
        buffer_bytes = _LARGE_BUFFER if is_one_of_few and is_large else _SMALL_BUFFER
        sync_behind = partial(self._sync_behind, fetching)
        try:
            transfer = Transfer(job, file, span, buffer_bytes, self._started, self._ended, sync_behind)
            self._loop.http.start(transfer)
        except ValueError as error:
            fetching.refused(span)
            self._stop(fetching)
            self._owner.file_failed(job, file, failures.unusable_address(error))
        else:
            fetching.transfers.append(transfer)
            self.turns.limiter.add(transfer, job)

    def _divide(self, fetching: Fetching) -> None:
        """Starts as many connections for a file in segments as it may have."""
        pieces = fetching.pieces
        while (
            pieces is not None
            and not pieces.is_empty
            and len(fetching.transfers) < pieces.most
            and self._running.get(fetching.file) is fetching
            and (not fetching.transfers or self._scheduler.one_more(fetching.file))
        ):
            self._fetch(fetching, spans.segment(*pieces.take()))

    def tick(self) -> None:
        """Counts what has arrived, and ends what can't be written."""
        self.turns.tell()
        now_s = self._clock.monotonic()
        self.awake.keep(is_wanted=any(each.job.priority is Priority.FOREGROUND for each in self._running.values()))
        crowd = max(1.0, len(self._running) / _FEW_TRANSFERS)
        self._ticks += 1
        look_in_ticks = min(len(self._running) // MANY_TRANSFERS + 1, MOST_TICKS)
        due = [fetching for fetching in self._running.values() if fetching.due_at_tick <= self._ticks]
        for fetching in due:
            if self._running.get(fetching.file) is not fetching:
                continue
            fetching.due_at_tick = self._ticks + look_in_ticks
            sync_every_s = SYNC_EVERY_S * (crowd if fetching.pieces is None else 1.0)
            for transfer in fetching.transfers:
                if transfer.part.is_open:
                    transfer.part.flush()
            if fetching.count():
                self._owner.moved(fetching.job)
                if now_s >= fetching.synced_at_s + sync_every_s:
                    self._sync_behind(fetching)
            for transfer in list(fetching.transfers):
                if transfer.part.error is not None and transfer in fetching.transfers:
                    self._loop.http.stop(transfer)
                    transfer.end(None)

    def _missing(self, job: JobRecord) -> list[FileRecord]:
        return [file for file in job.files if file.stage is FileStage.PENDING and file not in self._settling]

    def _started(self, transfer: Transfer, response: Response) -> Failure | None:
        job, file, head = transfer.job, transfer.file, transfer.head
        if head is None:
            return None
        if file.is_named_by_server and not portal.names_no_file(transfer.page, file):
            failure = self._owner.answered(job, file, response)
            if failure is not None:
                return failure
        size = spans.local_size(file.ranges, file.expected_size if head.size is None else head.size)
        if (file.size, file.validator, file.last_modified) != (size, head.validator, head.last_modified):
            job.set_size(file, size)
            # What was synced of an earlier answer is not what the new validator stands for.
            file.durable_bytes = min(file.durable_bytes, transfer.span.at)
            file.validator, file.last_modified = head.validator, head.last_modified
            self._loop.batch.changed[job.number] = job
            # A small file is whole before anybody could need these.
            if size is None or size >= _LARGE_BUFFER:
                self._loop.batch.save_file(job, file)
        if (failure := self._space.lacking_at_start(file)) is not None:
            return failure
        if job.state is JobState.CONNECTING:
            self._owner.entered(job, JobState.TRANSFERRING)
        return None

    def _ended(self, transfer: Transfer, result: Failure | Anew | None) -> None:
        job, file = transfer.job, transfer.file
        fetching = self._running[file]
        has_moved = fetching.count()
        is_whole = result is None and (transfer.until is None or file.done_bytes == file.size)
        descriptor = transfer.part.release() if is_whole else None
        self._close(transfer)
        fetching.ended(transfer)
        if has_moved:
            self._owner.moved(job)
        if fetching.transfers:
            self._scheduler.one_less(file)
        if isinstance(result, Failure) and fetching.transfers and result.context is not ErrorContext.LOCAL_FILE:
            fetching.has_enough()
        elif result is None and fetching.pieces is not None and not is_whole:
            self._divide(fetching)
        else:
            self._stop(fetching)
            self._go_on(transfer, result, is_whole, descriptor)

    def _go_on(self, transfer: Transfer, result: Failure | Anew | None, is_whole: bool, descriptor: int | None) -> None:
        """What comes after the last request for a file."""
        job, file = transfer.job, transfer.file
        if isinstance(result, Anew):
            file.is_undivided = result is Anew.UNDIVIDED
            self._start_again(job, file)
        elif result is not None:
            if result.code == _CHANGED or (result.code == _TOO_MUCH and transfer.head is not None):
                job.forget_content(file)
            self._failed(job, file, result)
        elif is_whole:
            job.set_size(file, file.done_bytes)
            self._sync(job, file, descriptor, transfer.page)
            self._scheduler.rest(job)
        elif transfer.span.kind is Kind.FIRST and file.size is not None:
            self._start_segments(job, file, file.size)
        else:
            self._fetch_next(job, file)

    def _start_segments(self, job: JobRecord, file: FileRecord, size: int) -> None:
        """The gaps are stored before the file is stretched: else one of that length would be taken for whole."""
        file.gaps, file.durable_gaps = ((file.done_bytes, size),), ((0, size),)
        self._settling.add(file)
        self._loop.batch.save_file(job, file)
        self._loop.batch.do(partial(disk.stretch, file.part, size), partial(self._stretched, job, file))

    def _stretched(self, job: JobRecord, file: FileRecord, result: object) -> None:
        self._settling.discard(file)
        if job.is_ending:
            return
        if isinstance(result, FileNotFoundError):
            self._start_again(job, file)  # somebody deleted it
        elif isinstance(result, Exception):
            self._failed(job, file, failures.of_error(result))
        elif job.state in ACTIVE:
            self._fetch_next(job, file)

    def _fetch_next(self, job: JobRecord, file: FileRecord) -> None:
        """The file goes on with what it still lacks."""
        self._going_on.add(file)
        self._scheduler.again(job, file)

    def _failed(self, job: JobRecord, file: FileRecord, failure: Failure) -> None:
        self._loop.batch.save_file(job, file)
        self._owner.file_failed(job, file, self._space.explained(failure, file))

    def _stop(self, fetching: Fetching) -> None:
        """Ends all connections of the file; what has arrived counts."""
        file = fetching.file
        for transfer in fetching.transfers:
            self._loop.http.stop(transfer)
            self._close(transfer)
        for _ in fetching.transfers[1:]:
            self._scheduler.one_less(file)
        fetching.count()
        del self._running[file]
        self._scheduler.ended(fetching.job, file)

    def _close(self, transfer: Transfer) -> None:
        self.turns.limiter.ended(transfer)
        with suppress(OSError):  # what could not be written is known from part.error
            transfer.part.close()

    def _start_again(self, job: JobRecord, file: FileRecord) -> None:
        """Forgets durably what was known of the old content before the first byte of the new one is written."""
        job.forget_content(file)
        self._settling.add(file)
        self._loop.batch.save_file(job, file)
        self._loop.batch.do(lambda: None, partial(self._settled, job, file))

    def _sync(self, job: JobRecord, file: FileRecord, descriptor: int | None, page: Page | None) -> None:
        """Makes a whole file durable, and closes it."""
        self._settling.add(file)
        self._loop.batch.sync(file.part, descriptor, partial(self._settled, job, file, page=page))

    def _settled(self, job: JobRecord, file: FileRecord, result: object, page: Page | None = None) -> None:
        self._settling.discard(file)
        if job.is_ending:
            return  # it is being dropped; should the job stay after all, it starts where it is
        if isinstance(result, FileNotFoundError):
            self._start_again(job, file)  # somebody deleted it
        elif isinstance(result, Exception):
            self._owner.file_failed(job, file, self._space.explained(failures.of_error(result), file))
        elif file.size is not None and file.done_bytes == file.size:
            file.durable_bytes = file.size
            file.durable_gaps = ()
            self._verifying.whole(job, file, page)
        elif job.state in ACTIVE:
            self._scheduler.again(job, file)

    def _sync_behind(self, fetching: Fetching) -> None:
        """Makes durable what is written so far, beside the transfer."""
        if fetching.is_syncing:
            return
        fetching.is_syncing = True
        fetching.synced_at_s = self._clock.monotonic()
        written = fetching.written()

        def sync() -> None:
            try:
                disk.sync(fetching.file.part)
            except OSError as error:
                _log.info("a running file could not be synced: %s", error)
                self._loop.post(partial(self._synced_behind, fetching, None))
            else:
                self._space.look(fetching.file.part)
                self._loop.post(partial(self._synced_behind, fetching, written))

        self._sync_thread.submit(sync)

    def _synced_behind(self, fetching: Fetching, written: Mark | None) -> None:
        fetching.is_syncing = False
        file = fetching.file
        if self._running.get(file) is fetching and written is not None and fetching.is_durable(written):
            self._loop.batch.save_file(fetching.job, file)
        if self._running.get(file) is fetching and (failure := self._space.lacking(file)) is not None:
            self._stop(fetching)
            self._failed(fetching.job, file, failure)
