"""From jobs, files, errors and events to what the commands answer with --json; see answers.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from domonitor.commands.answers import (
    EventAnswer,
    FailureAnswer,
    FileAnswer,
    JobAnswer,
    OutcomeAnswer,
    ServiceAnswer,
)
from domonitor.jobs import codes, hresult
from domonitor.jobs.address import without_secrets
from domonitor.jobs.change import Health
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.request import Outcome
from domonitor.jobs.state import Command
from domonitor.words import happening, text
from domonitor.words.failure import Failure
from domonitor.words.question import is_offered


def job_answer(job: Job, served: frozenset[Command], now: datetime, bytes_per_second: float | None = None) -> JobAnswer:
    """A download. served: what its service can do at all."""
    progress, times = job.progress, job.times
    return JobAnswer(
        job.key.service,
        job.key.id,
        job.display_name,
        job.state.name.lower(),
        text.state(job, now),
        progress.bytes_total,
        progress.bytes_transferred,
        bytes_per_second,
        progress.files_total,
        progress.files_transferred,
        job.priority.name.lower(),
        job.origin.value,
        job.owner,
        job.description,
        moment(times.created),
        moment(times.modified),
        None if times.transferred is None else moment(times.transferred),
        None if job.error_code is None else hresult.text(job.error_code),
        None if job.error_code is None else codes.explain(job.error_code).name,
        None if job.retry_at is None else moment(job.retry_at),
        job.waiting_reason,
        job.auto_complete,
        [command.value for command in Command if is_offered(job, command, served)],
    )


def file_answers(files: Sequence[JobFile]) -> list[FileAnswer]:
    """The files of one download."""
    return [
        FileAnswer(
            number,
            without_secrets(file.remote_name),
            file.local_name,
            text.file_state(file),
            file.progress.bytes_total,
            file.progress.bytes_transferred,
            file.transferred,
            file.progress.completed,
            [[each.offset, each.length] for each in file.ranges],
        )
        for number, file in enumerate(files, 1)
    ]


def service_answer(name: str, health: Health, commands: frozenset[Command]) -> ServiceAnswer:
    """A service."""
    served = [command.value for command in Command if command in commands]
    return ServiceAnswer(name, text.service(name), health.state.value, health.reason, served)


def outcome_answer(service: str, name: str, outcome: Outcome) -> OutcomeAnswer:
    """What became of one download."""
    code = hresult.text(outcome.code)
    done = not outcome.is_refused
    return OutcomeAnswer(service, outcome.job_id, name, done, code, outcome.name, outcome.message, outcome.is_partial)


def event_answer(event: Event) -> EventAnswer:
    """A line of a timeline."""
    return EventAnswer(
        moment(event.at),
        event.kind.value,
        None if event.state is None else event.state.name.lower(),
        None if event.code is None else hresult.text(event.code),
        event.detail,
        event.origin,
        happening.sentence(event),
    )


def failure_answer(told: Failure, error: CopyError) -> FailureAnswer:
    """What the error panel says."""
    explanation = codes.explain(error.code)
    return FailureAnswer(
        hresult.text(error.code),
        explanation.name,
        told.headline,
        told.meaning,
        list(told.steps),
        int(error.context),
        told.context,
        None if error.file is None else without_secrets(error.file.remote_name),
        None if error.file is None else error.file.local_name,
        told.description,
        None if error.occurred_at is None else moment(error.occurred_at),
        error.attempts,
        None if error.retry_at is None else moment(error.retry_at),
        told.retry,
        error.retry_at is not None,
        told.recorded,
    )


def moment(at: datetime) -> str:
    """2026-03-01T12:00:00.000Z."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
