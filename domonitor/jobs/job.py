"""Frozen snapshots of jobs and files, as a service reported them at one moment. Unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, IntFlag
from types import MappingProxyType
from typing import NamedTuple

from domonitor.jobs.state import ALLOWED, Command, JobState


class JobKey(NamedTuple):
    """Which job of which service: the service's name ("engine", "bits", …) and the service's own id."""

    service: str
    id: str


class Priority(IntEnum):
    """Source: BG_JOB_PRIORITY."""

    FOREGROUND = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class NotifyFlags(IntFlag):
    """Which callbacks a job calls. Source: BG_NOTIFY_*."""

    NONE = 0
    JOB_TRANSFERRED = 1
    JOB_ERROR = 2
    DISABLE = 4
    JOB_MODIFICATION = 8
    FILE_TRANSFERRED = 0x10


class Origin(Enum):
    """Whose job it is, seen from this program."""

    OURS = "ours"
    MY_ACCOUNT = "my account"
    OTHER_USER = "other user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class FileRange:
    """Bytes of the remote file: offset, and length or None to the end. Source: BG_FILE_RANGE."""

    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A job's progress in bytes and files. Source: BG_JOB_PROGRESS.

    bytes_total is None until the size of every file is known.
    """

    bytes_total: int | None = None
    bytes_transferred: int = 0
    files_total: int = 0
    files_transferred: int = 0

    @property
    def fraction(self) -> float | None:
        """0.0 to 1.0, None while total is unknown and files are missing. Never above 1, whatever a service reports."""
        if self.bytes_total is None:
            return 1.0 if self.files_total and not self.files_missing else None
        if self.bytes_total == 0:
            return 1.0 if self.files_total and self.files_transferred == self.files_total else 0.0
        return min(1.0, self.bytes_transferred / self.bytes_total)

    @property
    def files_missing(self) -> int:
        """How many files complete() would drop now."""
        return self.files_total - self.files_transferred


@dataclass(frozen=True, slots=True)
class FileProgress:
    """A file's progress in bytes; completed once it has its final name. Source: BG_FILE_PROGRESS."""

    bytes_total: int | None = None
    bytes_transferred: int = 0
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """Moments in UTC. Source: BG_JOB_TIMES."""

    created: datetime
    modified: datetime
    transferred: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobFile:
    """One file of a job.

    transferred: every byte has arrived; the final name comes with progress.completed.
    """

    remote_name: str
    local_name: str
    progress: FileProgress = FileProgress()
    ranges: tuple[FileRange, ...] = ()
    transferred: bool = False


_NO_REFUSALS: Mapping[Command, str] = MappingProxyType({})
_NOTHING_REPORTED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its service reported it.

    refusals: what can't or must not be done with it, and why, beyond what its state forbids.
    error_code: HRESULT (unsigned) of the last error in ERROR and TRANSIENT_ERROR, else None; it may outlive the error
    object.
    retry_at: when the service will try again by itself (UTC), None where it does not say.
    waiting_reason: why the job does not move, in the service's words.
    auto_complete: its files get their names by themselves once all have arrived.
    reported: what else the service says of it, by the documented name of each field;
    numbers in digits.
    """

    key: JobKey
    display_name: str
    state: JobState
    progress: Progress
    times: Times
    priority: Priority = Priority.NORMAL
    origin: Origin = Origin.OURS
    owner: str | None = None
    description: str | None = None
    error_code: int | None = None
    retry_at: datetime | None = None
    waiting_reason: str | None = None
    auto_complete: bool = False
    refusals: Mapping[Command, str] = field(default_factory=lambda: _NO_REFUSALS, repr=False, hash=False)
    reported: Mapping[str, str] = field(default_factory=lambda: _NOTHING_REPORTED, repr=False, hash=False)

    def allows(self, command: Command) -> bool:
        """Whether a window offers the command: the state allows it, nothing refuses it, it would keep something."""
        if command not in ALLOWED[self.state] or command in self.refusals:
            return False
        return command is not Command.COMPLETE or self.progress.files_transferred > 0
