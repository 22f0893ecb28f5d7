"""The engine as one of the services that the monitor watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from domonitor.backends.engine import checks, failures, setting
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.readers import Reader
from domonitor.backends.engine.records import SERVICE
from domonitor.backends.engine.settings import EngineSettings
from domonitor.jobs import codes, hresult
from domonitor.jobs.change import Change, Health
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import JobFile
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import SETTING, Command

PAGE = 500


class EngineBackend:
    """Serves an engine on one folder. It wakes the monitor itself; see Backend."""

    name = SERVICE
    commands = frozenset(Command)
    poll_interval_s: float | None = None

    def __init__(self, folder: Path, settings: EngineSettings | None = None) -> None:
        self._folder = folder
        self._settings = settings
        self._manager: EngineManager | None = None
        self._reader: Reader | None = None
        self._notices: tuple[str, ...] = ()
        self._wake: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, manager: EngineManager) -> EngineBackend:
        """Serves calls for an engine that somebody else has opened, follows and closes."""
        backend = cls(Path())
        backend._manager = manager
        return backend

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend. Raises FolderInUse, StoreUnusable."""
        self._wake = wake
        self._manager = EngineManager(self._folder, self._settings)
        self._reader = self._manager.add_reader(wake)
        self._notices = (self._manager.notice,) if self._manager.notice else ()

    def poll(self) -> Change:
        """See Backend."""
        if self._reader is None:
            return Change(health=Health())
        with failures.refusing():
            change, is_more_left = self._reader.take(PAGE)
        if is_more_left:
            self._wake()
        notices, self._notices = self._notices, ()
        return replace(change, notices=notices) if notices else change

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend."""
        return tuple(self._execute(request, job_id) for job_id in request.job_ids)

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        return tuple(
            Outcome(str(answer.get_id())) if isinstance(answer, EngineJob) else _refused(None, answer)
            for answer in self._open_manager.add_many(jobs)
        )

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        return self._job(job_id).copy_error()

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend. Of a job that has ended, the files that were kept."""
        job = self._job(job_id)
        try:
            return job.files()
        except CallFailed as refusal:
            if refusal.code != hresult.DO_E_INVALID_STATE:
                raise
            return self._open_manager.stored_files(job.get_id())

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self._open_manager.timeline(_uuid(job_id))

    def choose(self, settings: EngineSettings) -> None:
        """See TakesSettings."""
        self._settings = settings
        self._open_manager.set_settings(settings)

    def close(self) -> None:
        """See Backend."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    @property
    def _open_manager(self) -> EngineManager:
        if self._manager is None:
            raise failures.refusal(hresult.E_UNEXPECTED, "The download engine is not running.")
        return self._manager

    def _job(self, job_id: str) -> EngineJob:
        return EngineJob(self._open_manager, _uuid(job_id))

    def _execute(self, request: CommandRequest, job_id: str) -> Outcome:
        command, origin = request.command, request.origin
        try:
            job = self._job(job_id)
            if command in SETTING:
                checks.checked_origin(origin)
                manager = self._open_manager
                manager.ask_job(job.get_id(), setting.action(manager.commands, request))
            elif command is Command.RESUME:
                job.resume(origin)
            elif command is Command.SUSPEND:
                job.suspend(origin)
            elif command is Command.CANCEL:
                if job.cancel(origin):
                    return _warned(job_id, hresult.BG_S_UNABLE_TO_DELETE_FILES)
            elif job.complete(origin):
                return replace(_warned(job_id, hresult.BG_S_PARTIAL_COMPLETE), is_partial=True)
        except CallFailed as refusal:
            return _refused(job_id, refusal)
        return Outcome(job_id)


def _uuid(job_id: str) -> UUID:
    try:
        return UUID(job_id)
    except ValueError:
        raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND) from None


def _warned(job_id: str, code: int) -> Outcome:
    explanation = codes.explain(code)
    return Outcome(job_id, code, explanation.name, explanation.details)


def _refused(job_id: str | None, refusal: Exception) -> Outcome:
    if isinstance(refusal, CallFailed):
        return Outcome(job_id, refusal.code, refusal.name, str(refusal))
    raise refusal
