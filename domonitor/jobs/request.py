"""What is asked of a service, and what it answers: new jobs, commands, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from domonitor.jobs.job import FileRange, Priority
from domonitor.jobs.state import Command


class Digest(NamedTuple):
    """An expected checksum: a hashlib name and the value in hex."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be fetched.

    local_name: absolute path of the finished file. size: bytes where they are known before.
    replace: whether a file of that name may be overwritten at the end.
    """

    remote_name: str
    local_name: str
    ranges: tuple[FileRange, ...] = ()
    size: int | None = None
    replace: bool = False
    expected: Digest | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be created and resumed at once.

    auto_complete: its files get their names by themselves as soon as all have arrived.
    """

    display_name: str
    files: tuple[NewFile, ...]
    priority: Priority = Priority.NORMAL
    auto_complete: bool = True


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command for many jobs of one service.

    arguments: what the command needs beside the jobs. origin: who gave it ("window", "command line", …).
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
