"""What a client may ask of the host: each call with its arguments and its answer.

To pass one more method on, add a line to JobCalls (for a method of EngineJob) or to ServiceCalls (for one of the
host's sessions); the names of the arguments are those of the method.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar, get_origin, overload
from uuid import UUID

from domonitor.backends.engine.proxies import Proxy
from domonitor.backends.engine.records import FileNames
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.wire import Json, WireError, codec
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import FileProgress, FileRange, Job, JobFile, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.limit import JobLimits, Limits
from domonitor.jobs.request import Digest, NewFile, NewJob, Outcome
from domonitor.jobs.state import Command, JobState

R = TypeVar("R")


class Request(NamedTuple):
    """A call with its arguments, ready to be sent. items: those of the one argument that may be long."""

    name: str
    given: dict[str, Json]
    items: list[Json] | None


class Refusal(NamedTuple):
    """A CallFailed on its way to the client; see there."""

    code: int
    name: str
    message: str


class Caller(ABC):
    """Passes calls on."""

    @abstractmethod
    def ask(self, call: Call[Any], *arguments: Any, **named: Any) -> Any:
        """Makes the call and returns its answer. Raises CallFailed."""


class Call(Generic[R]):
    """A method that is passed on. result, parameters: the types, as codec knows them.

    An answer that is a tuple may have any length, and so may the argument that is called paged.
    """

    def __init__(self, result: Any, paged: str = "", **parameters: Any) -> None:
        self.name = ""
        self.parameters: Mapping[str, Any] = parameters
        self.is_paged = get_origin(result) is tuple
        self._result_kind = result
        self._paged = paged

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, caller: None, owner: type) -> Call[R]: ...
    @overload
    def __get__(self, caller: Caller, owner: type) -> Callable[..., R]: ...
    def __get__(self, caller: Caller | None, owner: type) -> Call[R] | Callable[..., R]:
        return self if caller is None else partial(caller.ask, self)

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing, so that it may be asked twice."""
        return not self.name.startswith(_CHANGING)

    def request(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Request:
        """The call with these arguments; those that are left out have the method's defaults. Raises TypeError."""
        if len(arguments) > len(self.parameters):
            raise TypeError(f"{self.name} takes {len(self.parameters)} arguments")
        given = {}
        for name, value in (*zip(self.parameters, arguments, strict=False), *named.items()):
            if name not in self.parameters or name in given:
                raise TypeError(f"{self.name} takes no {name}, or takes it once")
            given[name] = codec(self.parameters[name]).encode(value)
        return Request(self.name, given, given.pop(self._paged) if self._paged else None)

    def run(self, target: Any, given: Json, items: Json) -> Json:
        """Makes the call, as it was received, at the target; its answer. Raises WireError, and what the call raises."""
        if type(given) is not dict or (items is not None) != bool(self._paged):
            raise WireError("no arguments")
        if self._paged:
            given = given | {self._paged: items}
        if not given.keys() <= self.parameters.keys():
            raise WireError("unknown arguments")
        if not _required(target.__class__, self.name) <= given.keys():
            raise WireError("missing arguments")
        decoded = {name: codec(self.parameters[name]).decode(each) for name, each in given.items()}
        return codec(self._result_kind).encode(getattr(target, self.name)(**decoded))

    def read(self, answer: Json) -> R:
        """The answer, as it was received. Raises WireError."""
        value: R = codec(self._result_kind).decode(answer)
        return value


@cache
def _required(kind: type[Any], method: str) -> frozenset[str]:
    """The arguments without which the method can't be called."""
    parameters = list(inspect.signature(getattr(kind, method)).parameters.values())[1:]
    return frozenset(each.name for each in parameters if each.default is each.empty)


_CHANGING = ("add", "set_", "remove_", "create", "execute", "resume", "suspend", "cancel", "complete", "prune", "stop")


def calls_of(kind: type) -> dict[str, Call[Any]]:
    """All calls of a class, by their names."""
    return {name: each for name, each in vars(kind).items() if isinstance(each, Call)}


class JobCalls(Caller):
    """What is asked of one job; see CopyJob and EngineJob."""

    get_display_name: Call[str] = Call(str)
    get_description: Call[str] = Call(str)
    get_state: Call[JobState] = Call(JobState)
    get_progress: Call[Progress] = Call(Progress)
    get_times: Call[Times] = Call(Times)
    get_error_count: Call[int] = Call(int)
    get_owner: Call[str] = Call(str)
    get_priority: Call[Priority] = Call(Priority)
    get_minimum_retry_delay: Call[float] = Call(float)
    get_no_progress_timeout: Call[float] = Call(float)
    get_notify_flags: Call[NotifyFlags] = Call(NotifyFlags)
    copy_error: Call[CopyError] = Call(CopyError)
    files: Call[tuple[JobFile, ...]] = Call(tuple[JobFile, ...])
    names: Call[FileNames] = Call(FileNames, index=int)
    file_progress: Call[FileProgress] = Call(FileProgress, index=int)

    add_file: Call[None] = Call(
        None,
        remote_name=str,
        local_name=str,
        ranges=tuple[FileRange, ...],
        size=int | None,
        replace=bool,
        expected=Digest | None,
    )
    resume: Call[None] = Call(None, origin=str)
    suspend: Call[None] = Call(None, origin=str)
    cancel: Call[bool] = Call(bool, origin=str)
    complete: Call[bool] = Call(bool, origin=str)
    set_priority: Call[None] = Call(None, priority=int)
    set_display_name: Call[None] = Call(None, display_name=str)
    set_description: Call[None] = Call(None, description=str)
    set_minimum_retry_delay: Call[None] = Call(None, delay_s=float)
    set_no_progress_timeout: Call[None] = Call(None, timeout_s=float)
    set_auto_complete: Call[None] = Call(None, is_on=bool)
    set_notify_flags: Call[None] = Call(None, flags=int)
    set_remote_name: Call[None] = Call(None, index=int, remote_name=str)
    set_limits: Call[None] = Call(None, bytes_per_second=int | None, segments=int | None)
    get_limits: Call[JobLimits] = Call(JobLimits)
    get_waiting_reason: Call[str | None] = Call(str | None)
    set_credentials: Call[None] = Call(None, target=int, scheme=int, user_name=str, password=str)
    remove_credentials: Call[None] = Call(None, target=int, scheme=int)
    set_custom_headers: Call[None] = Call(None, headers=tuple[str, ...])
    set_client_certificate: Call[None] = Call(None, certificate_path=str, key_path=str, password=str)
    remove_client_certificate: Call[None] = Call(None)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a job by its place, with what does not change about it, and its address at the moment."""

    index: int
    remote_name: str
    local_name: str
    ranges: tuple[FileRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a list of new jobs: a job without its files, or one more file of the job before."""

    job: NewJob | None = None
    file: NewFile | None = None


def in_pieces(jobs: Iterable[NewJob]) -> Iterator[Piece]:
    """The jobs taken apart: one with many files would be too long to be sent as a whole."""
    for job in jobs:
        yield Piece(job=replace(job, files=()))
        for file in job.files:
            yield Piece(file=file)


def in_one(pieces: Iterable[Piece]) -> list[NewJob]:
    """The jobs that were taken apart. Raises WireError where something is missing."""
    jobs: list[tuple[NewJob, list[NewFile]]] = []
    for piece in pieces:
        if piece.job is not None:
            jobs.append((piece.job, []))
        elif piece.file is not None and jobs:
            jobs[-1][1].append(piece.file)
        else:
            raise WireError("a file of no job")
    return [replace(job, files=tuple(files)) for job, files in jobs]


class ServiceCalls(Caller):
    """What is asked of the engine as a whole; see Backend, EngineManager, and the host's Session."""

    execute: Call[tuple[Outcome, ...]] = Call(
        tuple[Outcome, ...],
        paged="job_ids",
        command=Command,
        arguments=Mapping[str, object],
        origin=str,
        job_ids=tuple[str, ...],
    )
    add: Call[tuple[Outcome, ...]] = Call(tuple[Outcome, ...], paged="pieces", pieces=tuple[Piece, ...])
    get_error: Call[CopyError] = Call(CopyError, job_id=str)
    files: Call[tuple[JobFile, ...]] = Call(tuple[JobFile, ...], job_id=str)
    timeline: Call[tuple[Event, ...]] = Call(tuple[Event, ...], job_id=str)
    create_job: Call[UUID] = Call(UUID, display_name=str)
    find_job: Call[None] = Call(None, job_id=UUID)
    list_jobs: Call[tuple[UUID, ...]] = Call(tuple[UUID, ...])
    list_files: Call[tuple[FileEntry, ...]] = Call(tuple[FileEntry, ...], job_id=UUID)
    snapshot: Call[Job] = Call(Job, job_id=UUID)
    prune: Call[int] = Call(int, before=datetime)
    set_limits: Call[None] = Call(None, limits=Limits)
    get_limits: Call[Limits] = Call(Limits)
    set_proxy: Call[None] = Call(None, proxy=Proxy)
    set_settings: Call[None] = Call(None, settings=EngineSettings)
    network_changed: Call[None] = Call(None)
    stop: Call[None] = Call(None)
    follow: Call[None] = Call(None, paged="known", number=int, known=tuple[str, ...])
    set_callback: Call[None] = Call(None, job_id=UUID, number=int | None)
