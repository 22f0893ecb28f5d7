"""Records and snapshots as rows of the store, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domonitor.backends.engine.records import SERVICE, FileRecord, FileStage, Gaps, JobRecord
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import FileRange, Job, JobKey, Priority, Progress, Times
from domonitor.jobs.request import Digest, Existing
from domonitor.jobs.state import ACTIVE, ERRONEOUS, JobState

Row = tuple[Any, ...]

JOB_COLUMNS = (
    "number, id, display_name, description, state, priority, notify_flags, auto_complete, is_completing,"
    " retry_delay_s, no_progress_timeout_s, interruptions, created, modified, transferred, error_code, retry_at,"
    " files_total, files_transferred, known_bytes, unknown_sizes, done_bytes,"
    " segments, bytes_per_second"
)
FILE_COLUMNS = (
    "job, position, remote_name, local_name, part, ranges, size, existing, stage, durable_bytes, validator,"
    " done_bytes, last_modified, expected_size, digest, is_named_by_server, gaps, durable_gaps"
)
EVENT_COLUMNS = "job, at, kind, state, code, detail, origin, error"


def job_row(job: JobRecord) -> Row:
    """The job as JOB_COLUMNS."""
    return (
        job.number,
        job.id.bytes,
        job.display_name,
        job.description,
        int(JobState.QUEUED if job.state in ACTIVE else job.state),
        int(job.priority),
        job.notify_flags,
        job.auto_complete,
        job.is_completing,
        job.retry_delay_s,
        job.no_progress_timeout_s,
        job.interruptions,
        job.created.timestamp(),
        job.modified.timestamp(),
        job.transferred.timestamp() if job.transferred else None,
        job.error_code,
        job.retry_at.timestamp() if job.retry_at else None,
        len(job.files),
        job.files_transferred,
        job.known_bytes,
        job.unknown_sizes,
        job.done_bytes,
        job.segments,
        job.bytes_per_second,
    )


def job_of(row: Row) -> JobRecord:
    """The job of a row of JOB_COLUMNS, without its files."""
    return JobRecord(
        number=row[0],
        id=UUID(bytes=row[1]),
        display_name=row[2],
        description=row[3],
        state=JobState(row[4]),
        priority=Priority(row[5]),
        notify_flags=row[6],
        auto_complete=bool(row[7]),
        is_completing=bool(row[8]),
        retry_delay_s=row[9],
        no_progress_timeout_s=row[10],
        interruptions=row[11],
        created=_moment(row[12]),
        modified=_moment(row[13]),
        transferred=None if row[14] is None else _moment(row[14]),
        error_code=row[15],
        retry_at=None if row[16] is None else _moment(row[16]),
        segments=row[22],
        bytes_per_second=row[23],
    )


def snapshot_of(row: Row) -> Job:
    """The job of a row of JOB_COLUMNS as everybody sees it; the same as its record's snapshot."""
    state = JobState(row[4])
    return Job(
        JobKey(SERVICE, str(UUID(bytes=row[1]))),
        row[2],
        state,
        Progress(row[19] if row[17] and not row[20] else None, row[21], row[17], row[18]),
        Times(_moment(row[12]), _moment(row[13]), None if row[14] is None else _moment(row[14])),
        Priority(row[5]),
        description=row[3],
        error_code=row[15] if state in ERRONEOUS else None,
        retry_at=_moment(row[16]) if state is JobState.TRANSIENT_ERROR and row[16] is not None else None,
        auto_complete=bool(row[7]),
    )


def file_row(job: JobRecord, file: FileRecord) -> Row:
    """The file as FILE_COLUMNS."""
    return (
        job.number,
        file.index,
        file.remote_name,
        file.local_name,
        file.part,
        json.dumps([(part.offset, part.length) for part in file.ranges]) if file.ranges else "",
        file.size,
        int(file.existing),
        int(file.stage),
        file.durable_bytes,
        file.validator,
        file.done_bytes,
        file.last_modified,
        file.expected_size,
        ":".join(file.digest) if file.digest else "",
        file.is_named_by_server,
        json.dumps(file.gaps) if file.gaps else "",
        json.dumps(file.durable_gaps) if file.durable_gaps else "",
    )


def file_of(row: Row) -> FileRecord:
    """The file of a row of FILE_COLUMNS."""
    return FileRecord(
        index=row[1],
        remote_name=row[2],
        local_name=row[3],
        part=row[4],
        ranges=tuple(FileRange(*part) for part in json.loads(row[5])) if row[5] else (),
        size=row[6],
        existing=Existing(row[7]),
        stage=FileStage(row[8]),
        durable_bytes=row[9],
        validator=row[10],
        done_bytes=row[11],
        last_modified=row[12],
        expected_size=row[13],
        digest=Digest(*row[14].split(":", 1)) if row[14] else None,
        is_named_by_server=bool(row[15]),
        gaps=_gaps_of(row[16]),
        durable_gaps=_gaps_of(row[17]),
    )


def _gaps_of(text: str) -> Gaps:
    return tuple((first, last) for first, last in json.loads(text)) if text else ()


def event_row(job: JobRecord, event: Event) -> Row:
    """The event as EVENT_COLUMNS."""
    return (
        job.number,
        event.at.timestamp(),
        str(event.kind),
        None if event.state is None else int(event.state),
        event.code,
        event.detail,
        event.origin,
        _error_text(event.error) if event.error else "",
    )


def state_row(job: JobRecord, origin: str) -> Row:
    """As event_row, of the state that the job has just entered; there are so many of these that they go a short way."""
    return (job.number, job.modified.timestamp(), "state", int(job.state), None, "", origin, "")


def event_of(row: Row) -> Event:
    """The event of a row of EVENT_COLUMNS."""
    _, at, kind, state, code, detail, origin, error = row
    occurred_at = _moment(at)
    return Event(
        occurred_at,
        EventKind(kind),
        None if state is None else JobState(state),
        code,
        detail,
        origin,
        _error_of(error, occurred_at) if error else None,
    )


def _error_text(error: CopyError) -> str:
    file = (error.file.remote_name, error.file.local_name) if error.file else None
    said = (error.description, error.context_description)
    return json.dumps([int(error.context), error.code, *said, file, error.protocol, error.attempts])


def _error_of(text: str, occurred_at: datetime) -> CopyError:
    context, code, description, context_description, file, protocol, attempts = json.loads(text)
    return CopyError(
        ErrorContext(context),
        code,
        description,
        context_description,
        ErrorFile(*file) if file else None,
        protocol,
        occurred_at,
        attempts=attempts,
    )


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
