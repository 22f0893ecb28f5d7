"""What the engine knows of its jobs: mutable records, read and written on the engine's own thread alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from domonitor.backends.engine import spans
from domonitor.backends.engine.clock import Timer
from domonitor.jobs.error import CopyError
from domonitor.jobs.job import FileProgress, FileRange, Job, JobFile, JobKey, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.request import Digest, Existing
from domonitor.jobs.state import ERRONEOUS, FINAL, JobState

SERVICE = "engine"

Gaps = tuple[tuple[int, int], ...]

_RUNNING = frozenset({JobState.CONNECTING, JobState.TRANSFERRING, JobState.TRANSIENT_ERROR})


class FileStage(IntEnum):
    """How far a file has come; the values are stored."""

    ADDING = 0
    """Its row is there, its temporary file perhaps: recovery removes both."""
    PENDING = 1
    TRANSFERRED = 2
    """All bytes are on the disk, under the temporary name."""
    COMPLETED = 3
    """It has its final name."""


class FileNames(NamedTuple):
    """Where a file comes from and where it goes, as it is at the moment."""

    remote_name: str
    local_name: str


@dataclass(slots=True, eq=False)
class FileRecord:
    """One file of a job.

    part: path of the temporary file. size: bytes of the remote file, None until the server has said it.
    done_bytes: bytes in the temporary file. durable_bytes: those that a power cut leaves there.
    validator: the ETag or the date that tells whether the remote file is still the same, "" where there is none.
    last_modified: the date alone, which servers of the same file agree upon more often.
    expected_size, digest: what the remote file must have to be the right one. existing: what is done at the end where
    a file of that name is there. is_named_by_server: the server has still to say what it is called.
    gaps: of a file that comes in segments, the bytes of the temporary file that are still missing, from offset to
    offset, in order; () where it comes from front to end. durable_gaps: those that a power cut leaves missing.
    is_undivided: the server does not send it in parts.
    """

    index: int
    remote_name: str
    local_name: str
    part: str
    ranges: tuple[FileRange, ...] = ()
    size: int | None = None
    existing: Existing = Existing.REFUSE
    stage: FileStage = FileStage.ADDING
    done_bytes: int = 0
    durable_bytes: int = 0
    validator: str = ""
    last_modified: str = ""
    expected_size: int | None = None
    digest: Digest | None = None
    is_named_by_server: bool = False
    gaps: Gaps = ()
    durable_gaps: Gaps = ()

    is_undivided: bool = False

    def forget_content(self) -> None:
        """What is in the temporary file is not to be built upon: it has to be fetched from the first byte."""
        self.stage = FileStage.PENDING
        self.size = spans.local_size(self.ranges, self.expected_size)
        self.done_bytes = self.durable_bytes = 0
        self.validator = self.last_modified = ""
        self.gaps = self.durable_gaps = ()

    def snapshot(self) -> JobFile:
        """The file as the object model shows it."""
        is_completed = self.stage is FileStage.COMPLETED
        progress = FileProgress(self.size, self.done_bytes, is_completed)
        return JobFile(self.remote_name, self.local_name, progress, self.ranges, self.stage >= FileStage.TRANSFERRED)


@dataclass(slots=True, eq=False, weakref_slot=True)
class JobRecord:
    """One job.

    number: its place in the order of creation, and its key in the store. next_index: that of its next file.
    notify_flags: NotifyFlags; as a plain number, because flags of the enumeration are slow to compare.
    is_completing: the intention to give the files their names is stored; recovery goes on with it.
    interruptions: how often it was interrupted by an error, in all. attempts: since a byte last arrived.
    progress_at_s: when a byte last arrived, or the job last got its turn, on the engine's clock.
    queued_at_s: since when it waits for its turn, on the same clock; that is no time without progress.
    error_code: that of the error object, which it outlives. retry_at: when it tries again by itself (UTC).
    not_before_s: a server has asked for no new attempt before that, on the engine's clock.
    segments: over so many connections a large file comes. bytes_per_second: not faster than that, None for no limit.
    to_start: the files that come next, once the job has its turn. waiting: what was asked while the job was ending.
    is_unsaved: its rows could not be written of late. was_completing: some of its files may have their names already.
    """

    number: int
    id: UUID
    display_name: str
    created: datetime
    modified: datetime
    description: str = ""
    state: JobState = JobState.SUSPENDED
    priority: Priority = Priority.NORMAL
    notify_flags: int = int(NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR)
    auto_complete: bool = False
    is_completing: bool = False
    retry_delay_s: float | None = None
    no_progress_timeout_s: float | None = None
    interruptions: int = 0
    segments: int = 1
    bytes_per_second: int | None = None
    transferred: datetime | None = None
    next_index: int = 0
    files: list[FileRecord] = field(default_factory=list)

    error: CopyError | None = None
    error_code: int | None = None
    retry_at: datetime | None = None
    attempts: int = 0
    progress_at_s: float = 0.0
    not_before_s: float = 0.0
    queued_at_s: float = 0.0
    retry_timer: Timer | None = None
    to_start: deque[FileRecord] | None = None
    waiting: tuple[Callable[[], None], ...] = ()
    is_unsaved: bool = False
    was_completing: bool = False

    done_bytes: int = 0
    known_bytes: int = 0
    unknown_sizes: int = 0
    files_transferred: int = 0

    _key: JobKey | None = None
    """Made once: the text of an id takes as long as all the rest of a snapshot."""

    def add(self, file: FileRecord) -> None:
        """Takes the file into the job and into its sums."""
        self.files.append(file)
        self.next_index = max(self.next_index, file.index + 1)
        self._sum(file, 1)

    def remove(self, file: FileRecord) -> None:
        """The file was never the job's."""
        self.files.remove(file)
        self._sum(file, -1)

    def file(self, index: int) -> FileRecord:
        """The file that was added as number index. Numbers that were refused leave gaps."""
        return next(file for file in self.files if file.index == index)

    def forget_content(self, file: FileRecord) -> None:
        """The file has to be fetched from the first byte."""
        self._sum(file, -1)
        file.forget_content()
        self._sum(file, 1)

    def _sum(self, file: FileRecord, sign: int) -> None:
        self.done_bytes += sign * file.done_bytes
        self.known_bytes += sign * (file.size or 0)
        self.unknown_sizes += sign * (file.size is None)
        self.files_transferred += sign * (file.stage >= FileStage.TRANSFERRED)

    def set_size(self, file: FileRecord, size: int | None) -> None:
        """The server has said, or taken back, how long the file is."""
        self.known_bytes += (size or 0) - (file.size or 0)
        self.unknown_sizes += (size is None) - (file.size is None)
        file.size = size

    def set_done(self, file: FileRecord, done_bytes: int) -> None:
        """So many bytes of the file are there."""
        self.done_bytes += done_bytes - file.done_bytes
        file.done_bytes = done_bytes

    def set_stage(self, file: FileRecord, stage: FileStage) -> None:
        """The file has come so far."""
        self.files_transferred += (stage >= FileStage.TRANSFERRED) - (file.stage >= FileStage.TRANSFERRED)
        file.stage = stage

    def stop_timer(self) -> None:
        """The job is not retried by itself any more."""
        if self.retry_timer is not None:
            self.retry_timer.cancel()
            self.retry_timer = None

    def set_error(self, error: CopyError | None) -> None:
        """The job's error object from now on, None for none."""
        self.error = error
        self.error_code = error.code if error else None

    @property
    def is_idle(self) -> bool:
        """Whether the store knows all of it, but for its error object: nothing runs, waits or is timed."""
        return (
            self.state not in _RUNNING
            and not (self.state is JobState.QUEUED and self.attempts)
            and not (self.is_ending or self.is_unsaved or self.waiting)
        )

    @property
    def is_ending(self) -> bool:
        """Whether its files are getting their names, or its end is not yet durable; commands wait meanwhile."""
        return self.is_completing or self.state in FINAL

    @property
    def is_transferred(self) -> bool:
        """Whether every file has arrived."""
        return bool(self.files) and self.files_transferred == len(self.files)

    def snapshot(self) -> Job:
        """The job as everybody else sees it."""
        progress = Progress(
            self.known_bytes if self.files and not self.unknown_sizes else None,
            self.done_bytes,
            len(self.files),
            self.files_transferred,
        )
        is_erroneous = self.state in ERRONEOUS
        if self._key is None:
            self._key = JobKey(SERVICE, str(self.id))
        return Job(
            self._key,
            self.display_name,
            self.state,
            progress,
            Times(self.created, self.modified, self.transferred),
            self.priority,
            description=self.description,
            error_code=self.error_code if is_erroneous else None,
            retry_at=self.retry_at if self.state is JobState.TRANSIENT_ERROR else None,
            auto_complete=self.auto_complete,
        )
