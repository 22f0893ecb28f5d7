"""What is asked of a service, and what it answers: new jobs, commands, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from domonitor.jobs.job import FileRange, Priority
from domonitor.jobs.state import Command


class Digest(NamedTuple):
    """An expected checksum: a hashlib name and the value in hex."""

    algorithm: str
    value: str


class Existing(IntEnum):
    """What is done where a file of the wanted name is there already; the values are stored."""

    REFUSE = 0
    """It stays as it is, and so does the download: that is refused, or stops in ERROR."""
    REPLACE = 1
    """It is overwritten at the end."""
    RENAME = 2
    """It stays, and the new one is called "name (2).ext", or whatever number is free."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be fetched.

    local_name: absolute path of the finished file. size, expected: what the remote file must have, where that is known
    before: bytes, and a checksum. existing: what is done where a file of that name is there.
    is_named_by_server: the name is a guess: the server, or the address that it passes us on to, may give another one.
    """

    remote_name: str
    local_name: str
    ranges: tuple[FileRange, ...] = ()
    size: int | None = None
    existing: Existing = Existing.REFUSE
    expected: Digest | None = None
    is_named_by_server: bool = False


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be created and resumed at once.

    auto_complete: its files get their names by themselves as soon as all have arrived.
    segments: over so many connections at once each large file is fetched, 1 to 8.
    bytes_per_second: not faster than that, None for no limit of its own. is_suspended: it waits to be resumed.
    """

    display_name: str
    files: tuple[NewFile, ...]
    priority: Priority = Priority.NORMAL
    auto_complete: bool = True
    segments: int = 1
    bytes_per_second: int | None = None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command for many jobs of one service.

    arguments: what the command needs beside the jobs. SET_PRIORITY: "priority", one of Priority as a number.
    SET_ADDRESS: "address", and "file", the place of the file among the job's files, 0 for the first one.
    SET_LIMITS: "bytes_per_second", None for no limit, and "segments", 1 to 8; what is left out stays as it is.
    origin: who gave it ("window", "command line", …).
    """

    command: Command
    job_ids: tuple[str, ...]
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    origin: str = "window"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job in a request.

    job_id: None where a job could not even be created. code: HRESULT, unsigned; a refusal has its top bit set.
    message: a sentence for the user, "" where all went well. is_partial: only some files were saved.
    """

    job_id: str | None
    code: int = 0
    name: str = "S_OK"
    message: str = ""
    is_partial: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether nothing was done."""
        return bool(self.code & 0x80000000)
