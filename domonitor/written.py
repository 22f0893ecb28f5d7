"""Snapshots as text that history keeps, without secrets, and back again.

What a text lacks has its default, so that what an earlier domonitor wrote can be read. Raises ValueError, KeyError or
TypeError for a text that holds no snapshot.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey, Origin, Priority, Progress, Times
from domonitor.jobs.state import JobState

_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://[^\s"<>]+')


def job_text(job: Job) -> str:
    """The job but for its key, and for what was true of that moment alone: refusals and the reason why it waits."""
    progress, times = job.progress, job.times
    return json.dumps(
        {
            "name": plain(job.display_name),
            "state": int(job.state),
            "progress": [
                progress.bytes_total,
                progress.bytes_transferred,
                progress.files_total,
                progress.files_transferred,
            ],
            "times": [times.created.timestamp(), times.modified.timestamp(), _timestamp(times.transferred)],
            "priority": int(job.priority),
            "origin": job.origin.value,
            "owner": job.owner,
            "description": None if job.description is None else plain(job.description),
            "error_code": job.error_code,
            "auto_complete": job.auto_complete,
        }
    )


def job_of(key: JobKey, text: str) -> Job:
    """The job that job_text wrote."""
    values = json.loads(text)
    created, modified, transferred = values["times"]
    return Job(
        key,
        values["name"],
        JobState(values["state"]),
        Progress(*values["progress"]),
        Times(_moment(created), _moment(modified), None if transferred is None else _moment(transferred)),
        Priority(values.get("priority", Priority.NORMAL)),
        Origin(values.get("origin", Origin.OURS.value)),
        owner=values.get("owner"),
        description=values.get("description"),
        error_code=values.get("error_code"),
        auto_complete=values.get("auto_complete", False),
    )


def event_text(event: Event) -> str:
    """The event but for its moment."""
    return json.dumps(
        {
            "kind": event.kind.value,
            "state": None if event.state is None else int(event.state),
            "code": event.code,
            "detail": plain(event.detail),
            "origin": event.origin,
            "error": None if event.error is None else _error_values(event.error),
        }
    )


def event_of(at: datetime, text: str) -> Event:
    """The event that event_text wrote."""
    values = json.loads(text)
    state, error = values.get("state"), values.get("error")
    return Event(
        at,
        EventKind(values["kind"]),
        None if state is None else JobState(state),
        values.get("code"),
        values.get("detail", ""),
        values.get("origin", ""),
        None if error is None else _error(error),
    )


def plain(text: str) -> str:
    """The text with every address in it as it may be kept: without user name, password, query and fragment."""
    return _ADDRESS.sub(lambda found: without_secrets(found[0].partition("#")[0]), text)


def _error_values(error: CopyError) -> dict[str, Any]:
    return {
        "context": int(error.context),
        "code": error.code,
        "description": plain(error.description),
        "context_description": plain(error.context_description),
        "file": None if error.file is None else [plain(error.file.remote_name), error.file.local_name],
        "protocol": error.protocol,
        "occurred_at": _timestamp(error.occurred_at),
        "retry_at": _timestamp(error.retry_at),
        "attempts": error.attempts,
    }


def _error(values: dict[str, Any]) -> CopyError:
    file, occurred_at, retry_at = values.get("file"), values.get("occurred_at"), values.get("retry_at")
    return CopyError(
        ErrorContext(values["context"]),
        values["code"],
        values.get("description", ""),
        values.get("context_description", ""),
        None if file is None else ErrorFile(*file),
        values.get("protocol"),
        None if occurred_at is None else _moment(occurred_at),
        None if retry_at is None else _moment(retry_at),
        values.get("attempts"),
    )


def _timestamp(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
