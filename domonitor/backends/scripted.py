"""A service that plays what it is told: for tests, pictures and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health, PendingChange
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command

PAGE = 500


class ScriptedBackend:
    """Plays any number of jobs.

    publish: the next changes. errors, files, events: what get_error, files and timeline answer, by job id.
    answer: what becomes of a command; by default all succeed and nothing changes. requests, added: what was asked.
    """

    commands = frozenset(Command)
    poll_interval_s: float | None = None

    def __init__(self, jobs: Iterable[Job] = (), name: str = "scripted") -> None:
        self.name = name
        self.errors: dict[str, CopyError] = {}
        self.files_by_job: dict[str, tuple[JobFile, ...]] = {}
        self.events: Mapping[str, tuple[Event, ...]] = {}
        self.requests: list[CommandRequest] = []
        self.added: list[NewJob] = []
        self.answer: Callable[[CommandRequest], tuple[Outcome, ...]] = _accept
        self._pending = PendingChange()
        self._pending.add(Change(tuple(jobs), health=Health()))
        self._wake: Callable[[], None] = lambda: None

    def publish(self, change: Change) -> None:
        """Makes the change the next news. Any thread."""
        self._pending.add(change)
        self._wake()

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend."""
        self._wake = wake

    def poll(self) -> Change:
        """See Backend."""
        change, is_more_left = self._pending.take(PAGE)
        if is_more_left:
            self._wake()
        return change

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend."""
        self.requests.append(request)
        return self.answer(request)

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        self.added.extend(jobs)
        return tuple(Outcome(f"added-{len(self.added) - len(jobs) + index}") for index in range(len(jobs)))

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        if job_id not in self.errors:
            raise CallFailed(
                hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE,
                "DO_E_ERROR_INFORMATION_UNAVAILABLE",
                "The service holds no error for this job.",
            )
        return self.errors[job_id]

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend."""
        return self.files_by_job.get(job_id, ())

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self.events.get(job_id, ())

    def close(self) -> None:
        """See Backend."""


def _accept(request: CommandRequest) -> tuple[Outcome, ...]:
    return tuple(Outcome(job_id) for job_id in request.job_ids)
