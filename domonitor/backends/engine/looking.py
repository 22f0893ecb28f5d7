"""The engine for those who only look: its host where one runs, else its list as it was last written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from domonitor.backends.engine.host_backend import HostBackend
from domonitor.backends.engine.records import SERVICE
from domonitor.backends.engine.stored import StoredBackend
from domonitor.jobs.change import Change, Health
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import JobFile
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command


class LookingBackend:
    """Starts nothing; see Backend. As long as no host runs each poll looks whether one has come."""

    name = SERVICE
    commands = frozenset(Command)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wake: Callable[[], None] = lambda: None
        self._host: HostBackend | None = None
        self._stored: StoredBackend | None = None
        self.poll_interval_s: float | None = None

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend. Raises StoreUnusable."""
        self._wake = wake
        self._host = self._host_that_runs()
        if self._host is None:
            self._stored = StoredBackend(self._folder)
            self._stored.open(wake)
            self.poll_interval_s = self._stored.poll_interval_s

    def poll(self) -> Change:
        """See Backend. Raises CallFailed, StoreUnusable."""
        if self._stored is None:
            return self._asked.poll()
        if self._host is None:
            self._host = self._host_that_runs()
        # One more look, after the host's own list has begun: what ended before that is in no list of the host's.
        change = self._stored.poll()
        if self._host is not None and not self._stored.is_more_left:
            self._stored = self.poll_interval_s = None
            self._wake()
            return replace(change, health=Health())
        return change

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._asked.execute(request)

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._asked.add(jobs)

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        return self._asked.get_error(job_id)

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend."""
        return self._asked.files(job_id)

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self._asked.timeline(job_id)

    def close(self) -> None:
        """See Backend."""
        if self._host is not None:
            self._host.close()
            self._host = None

    @property
    def _asked(self) -> HostBackend | StoredBackend:
        return self._host or self._stored or StoredBackend(self._folder)

    def _host_that_runs(self) -> HostBackend | None:
        host = HostBackend(self._folder, start=False)
        try:
            host.open(self._wake)
        except CallFailed:
            return None
        return host
