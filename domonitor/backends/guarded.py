"""A service under what an administrator has laid down: what is forbidden is refused here, whoever asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from domonitor.backends.interface import Backend, Hideable
from domonitor.jobs import hresult
from domonitor.jobs.change import Change
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, Origin
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command

NOT_OURS = "Your administrator does not allow to change downloads of other programs."
ELSEWHERE = "Your administrator has laid down that downloads go to {folder}, and nowhere else."

_REFUSALS = MappingProxyType(dict.fromkeys(Command, NOT_OURS))


class GuardedBackend:
    """Passes on to the service what is allowed; see Backend.

    may_command_others: whether jobs of other programs and users take commands. folder: where the files of new jobs have
    to go, or below it; None for anywhere.
    """

    def __init__(self, service: Backend, *, may_command_others: bool = True, folder: Path | None = None) -> None:
        self.service = service
        self.name = service.name
        self.commands = service.commands
        self._may_command_others = may_command_others
        self._folder = folder
        self._ours: set[str] = set()
        """Also those that are over: what becomes of a command to them, the service says."""

    @property
    def poll_interval_s(self) -> float | None:
        """See Backend."""
        return self.service.poll_interval_s

    @poll_interval_s.setter
    def poll_interval_s(self, interval_s: float | None) -> None:
        self.service.poll_interval_s = interval_s

    @property
    def is_hidden(self) -> bool:
        """See Hideable."""
        return isinstance(self.service, Hideable) and self.service.is_hidden

    @is_hidden.setter
    def is_hidden(self, is_hidden: bool) -> None:
        if isinstance(self.service, Hideable):
            self.service.is_hidden = is_hidden

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend."""
        self.service.open(wake)

    def poll(self) -> Change:
        """See Backend. Jobs of others say for each command that it is refused."""
        change = self.service.poll()
        if self._may_command_others:
            return change
        for job in change.upserts:
            (self._ours.add if job.origin is Origin.OURS else self._ours.discard)(job.key.id)
        return replace(change, upserts=tuple(map(_guarded, change.upserts)))

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend. A job that is not known to be ours is taken for another program's."""
        if self._may_command_others:
            return self.service.execute(request)
        allowed = tuple(job_id for job_id in request.job_ids if job_id in self._ours)
        outcomes = iter(self.service.execute(replace(request, job_ids=allowed)) if allowed else ())
        return tuple(
            next(outcomes) if job_id in self._ours else _refused(job_id, NOT_OURS) for job_id in request.job_ids
        )

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        allowed = [self._is_allowed(job) for job in jobs]
        accepted = [job for job, is_allowed in zip(jobs, allowed, strict=True) if is_allowed]
        outcomes = iter(self.service.add(accepted) if accepted else ())
        refused = _refused(None, ELSEWHERE.format(folder=self._folder))
        answers = tuple(next(outcomes) if is_allowed else refused for is_allowed in allowed)
        self._ours.update(answer.job_id for answer in answers if answer.job_id is not None)
        return answers

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        return self.service.get_error(job_id)

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend."""
        return self.service.files(job_id)

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self.service.timeline(job_id)

    def close(self) -> None:
        """See Backend."""
        self.service.close()

    def _is_allowed(self, job: NewJob) -> bool:
        folder = self._folder
        return folder is None or all(is_below(folder, file.local_name) for file in job.files)


def is_below(folder: Path, path: str) -> bool:
    """Whether the path lies in the folder, also by way of .. or in other letters. Looks at no disk."""
    inside = os.path.normcase(os.path.normpath(folder))
    return Path(os.path.normcase(os.path.normpath(path))).is_relative_to(inside)


def _guarded(job: Job) -> Job:
    return job if job.origin is Origin.OURS else replace(job, refusals=_REFUSALS)


def _refused(job_id: str | None, message: str) -> Outcome:
    refused = refusal(hresult.E_ACCESSDENIED, message)
    return Outcome(job_id, refused.code, refused.name, message)
