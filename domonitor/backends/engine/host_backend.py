"""The engine host as one of the services that the monitor watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from domonitor.backends.engine import failures
from domonitor.backends.engine.calls import in_pieces
from domonitor.backends.engine.feed import Feed
from domonitor.backends.engine.records import SERVICE
from domonitor.backends.engine.remote import RemoteManager
from domonitor.backends.engine.settings import EngineSettings
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import JobFile
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command

PAGE = 500


class HostBackend:
    """The engine on a folder, in its host, which goes on when this closes. It wakes the monitor itself; see Backend.

    While the host can't be reached every poll says so as health, and the way back is sought without being asked for.
    """

    name = SERVICE
    commands = frozenset(Command)
    poll_interval_s: float | None = None

    def __init__(self, folder: Path, *, start: bool = True, settings: EngineSettings | None = None) -> None:
        """start: whether a host is started where none is there. settings: also for one that runs already."""
        self._folder = folder
        self._start = start
        self._settings = settings
        self._manager: RemoteManager | None = None
        self._feed: Feed | None = None

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend. Raises HostUnavailable."""
        manager = RemoteManager(self._folder, start=self._start, settings=self._settings)
        try:
            self._feed = manager.add_reader(wake)
            if self._settings is not None:
                manager.set_settings(self._settings)
        except BaseException:
            manager.close()
            raise
        self._manager = manager

    def poll(self) -> Change:
        """See Backend."""
        if self._feed is None:
            return Change(health=Health())
        change, is_more_left = self._feed.take(PAGE)
        if is_more_left:
            self._feed.wake()
        return change

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._open_manager.service.execute(
            request.command, request.arguments, request.origin, job_ids=request.job_ids
        )

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._open_manager.service.add(in_pieces(jobs))

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        return self._open_manager.service.get_error(job_id)

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend. Of a job that has ended, the files that were kept."""
        return self._open_manager.service.files(job_id)

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self._open_manager.service.timeline(job_id)

    def choose(self, settings: EngineSettings) -> None:
        """See TakesSettings."""
        self._settings = settings
        self._open_manager.set_settings(settings)

    def close(self) -> None:
        """See Backend. The host goes on."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    @property
    def _open_manager(self) -> RemoteManager:
        if self._manager is None:
            raise failures.refusal(hresult.E_UNEXPECTED, "The connection to the download engine is not open.")
        return self._manager
