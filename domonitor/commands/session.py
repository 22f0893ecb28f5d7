"""The services as one command speaks to them: opened, asked for their jobs, followed, closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TypeVar

from domonitor import services
from domonitor.backends.interface import Backend
from domonitor.commands import terminal
from domonitor.commands.ending import Exit, Stop
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.error import CallFailed, CopyError, DomonitorError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, JobKey
from domonitor.jobs.rate import RateMeter
from domonitor.jobs.request import CommandRequest, Outcome
from domonitor.jobs.state import Command, JobState
from domonitor.words import text

T = TypeVar("T")

COMMAND_LINE = "command line"
"""The origin of what is asked for here."""

SILENT_FOR_S = 10.0
"""A service that is connecting and says nothing for so long is taken as it is."""

_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Which services a command line means; what its first options say.

    folder: the engine's, None for the user's own. in_process: the engine runs in this process.
    """

    folder: Path | None = None
    in_process: bool = False

    def backends(self, service: str | None, *, start: bool) -> list[Backend]:
        """The services, or the one that is named. start: whether an engine may be started. Raises Stop."""
        in_process = self.in_process and start
        found = services.open_backends(in_process=in_process, folder=self.folder, start_host=start, stays=False)
        if service is None:
            return found
        names = ", ".join(backend.name for backend in found)
        found = [backend for backend in found if backend.name == service]
        if not found:
            raise Stop(Exit.WRONG_USE, f'No service is called "{service}" here. There are: {names}.')
        return found


class Session:
    """Knows the jobs of its services. One thread uses it.

    jobs: as they were last reported, in the order of the services. health: how each service was last reached.
    """

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = {backend.name: backend for backend in backends}
        self._woken = threading.Event()
        self._news = {name: threading.Event() for name in self._backends}
        self._open: set[str] = set()
        self._due_s: dict[str, float] = {}
        self._meters: dict[JobKey, RateMeter] = {}
        self.jobs: dict[JobKey, Job] = {}
        self.health = dict.fromkeys(self._backends, Health(HealthState.CONNECTING))

    def open(self) -> None:
        """Opens the services and learns their jobs. Raises Stop where none can be reached."""
        for name, backend in self._backends.items():
            with self._reaching(name):
                backend.open(partial(self._wake, name))
                self._open.add(name)
                self.health[name] = Health()
        self._take(self._open)
        deadline_s = time.monotonic() + SILENT_FOR_S
        # A list that comes in parts is not complete before its service says so.
        while self._unsettled and time.monotonic() < deadline_s:
            self._woken.wait(0.1)
            self._woken.clear()
            if self._take(self._open):
                deadline_s = time.monotonic() + SILENT_FOR_S
        if not self._open:
            raise Stop(Exit.NOT_REACHABLE, "\n".join(health.reason for health in self.health.values()))
        for name in self.health.keys() - self._open:
            terminal.say(f"{text.service(name)}: {self.health[name].reason}")

    def close(self) -> None:
        """Lets go of the services."""
        for name in self._open:
            with suppress(DomonitorError):
                self._backends[name].close()
        self._open.clear()

    @property
    def services(self) -> tuple[str, ...]:
        """The services' names."""
        return tuple(self._backends)

    def served(self, service: str) -> frozenset[Command]:
        """What the service can do at all."""
        return self._backends[service].commands

    def bytes_per_s(self, key: JobKey) -> float | None:
        """The job's speed, None while it is not known."""
        meter = self._meters.get(key)
        return None if meter is None else meter.bytes_per_s(time.monotonic())

    def ask(self, service: str, call: Callable[[Backend], T]) -> T:
        """Asks a service. Raises CallFailed, and Stop where it is not open."""
        if service not in self._open:
            raise Stop(Exit.NOT_REACHABLE, self.health[service].reason)
        return call(self._backends[service])

    def files(self, key: JobKey) -> tuple[JobFile, ...]:
        """The job's files. Raises CallFailed, Stop."""
        return self.ask(key.service, lambda backend: backend.files(key.id))

    def timeline(self, key: JobKey) -> tuple[Event, ...]:
        """What happened to the job, oldest first. Raises CallFailed, Stop."""
        return self.ask(key.service, lambda backend: backend.timeline(key.id))

    def error(self, key: JobKey) -> CopyError:
        """The job's error object. Raises CallFailed, Stop."""
        return self.ask(key.service, lambda backend: backend.get_error(key.id))

    def execute(self, command: Command, keys: Sequence[JobKey], **arguments: object) -> dict[JobKey, Outcome]:
        """Gives the command to the jobs. Raises Stop where a service can't be asked."""
        outcomes: dict[JobKey, Outcome] = {}
        for service in dict.fromkeys(key.service for key in keys):
            mine = [key for key in keys if key.service == service]
            request = CommandRequest(command, tuple(key.id for key in mine), arguments, COMMAND_LINE)
            try:
                answers = self.ask(service, methodcaller("execute", request))
            except CallFailed as failure:
                raise Stop(Exit.NOT_REACHABLE, str(failure)) from failure
            outcomes.update(zip(mine, answers, strict=True))
        return outcomes

    def past(self, service: str | None, job_id: str) -> tuple[JobKey, tuple[Event, ...]] | None:
        """A job that is not listed any more, with what happened to it; None where no service knows its whole id."""
        for name in self._open if service is None else self._open & {service}:
            with suppress(CallFailed):
                if events := self._backends[name].timeline(job_id):
                    return JobKey(name, job_id), events
        return None

    def changes(self, timeout_s: float | None = None) -> Iterator[Change]:
        """What changes from now on, as it comes; for so long, None for ever. After each second without news comes an
        empty change."""
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while end_s is None or time.monotonic() < end_s:
            now_s = time.monotonic()
            due_s = min([now_s + _TICK_S, *self._due_s.values(), *([] if end_s is None else [end_s])])
            self._woken.wait(max(0.0, due_s - now_s))
            self._woken.clear()
            now_s = time.monotonic()
            due = [
                name for name in self._open if self._news[name].is_set() or self._due_s.get(name, now_s + 1) <= now_s
            ]
            yield from self._take(due) or (Change(),)

    def wake(self) -> None:
        """Lets changes look up, as if there was news. Any thread, also a signal's handler."""
        self._woken.set()

    @property
    def _unsettled(self) -> bool:
        return any(self.health[name].state is HealthState.CONNECTING for name in self._open)

    def _wake(self, name: str) -> None:
        """Any thread."""
        self._news[name].set()
        self._woken.set()

    def _take(self, names: Iterable[str]) -> list[Change]:
        """All that is new at the services now."""
        found: list[Change] = []
        for name in list(names):
            is_more_left = True
            while is_more_left:
                self._news[name].clear()
                is_more_left = False
                with self._reaching(name):
                    change = self._backends[name].poll()
                    self._learn(name, change)
                    if not change.is_empty:
                        found.append(change)
                        is_more_left = self._news[name].is_set()
            interval_s = self._backends[name].poll_interval_s
            self._due_s.pop(name, None)
            if interval_s is not None:
                self._due_s[name] = time.monotonic() + interval_s
        return found

    def _learn(self, name: str, change: Change) -> None:
        if change.health is not None:
            self.health[name] = change.health
        for notice in change.notices:
            terminal.say(notice)
        for job in change.upserts:
            self.jobs[job.key] = job
            if job.state is JobState.TRANSFERRING:
                meter = self._meters.setdefault(job.key, RateMeter())
                meter.add(time.monotonic(), job.progress.bytes_transferred)
            else:
                self._meters.pop(job.key, None)
        for key in change.removals:
            self.jobs.pop(key, None)
            self._meters.pop(key, None)

    @contextmanager
    def _reaching(self, name: str) -> Iterator[None]:
        """Whatever fails is how the service is reached; one that is open stays so, and is asked again."""
        try:
            yield
        except DomonitorError as failure:
            self.health[name] = Health(HealthState.UNAVAILABLE, str(failure))


@contextmanager
def opened(reach: Reach, service: str | None = None, *, start: bool = False) -> Iterator[Session]:
    """A session with the services, or with the one that is named. Raises Stop."""
    session = Session(reach.backends(service, start=start))
    try:
        session.open()
        yield session
    finally:
        session.close()
