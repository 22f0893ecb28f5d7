"""The engine's store: one SQLite file that is the list of jobs.

What is committed here survives a power cut. States that are not stored (CONNECTING, TRANSFERRING) and progress are
read back as QUEUED and from the temporary files.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.jobs.error import DomonitorError
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import FileRange, JobFile, NotifyFlags, Priority
from domonitor.jobs.state import ACTIVE, JobState

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    state INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    notify_flags INTEGER NOT NULL,
    auto_complete INTEGER NOT NULL,
    is_completing INTEGER NOT NULL,
    retry_delay_s REAL,
    no_progress_timeout_s REAL,
    interruptions INTEGER NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL,
    transferred REAL
);
CREATE INDEX live_jobs ON jobs (number) WHERE state < 7;
CREATE TABLE files (
    job INTEGER NOT NULL,
    position INTEGER NOT NULL,
    remote_name TEXT NOT NULL,
    local_name TEXT NOT NULL,
    part TEXT NOT NULL,
    ranges TEXT NOT NULL,
    size INTEGER,
    replace_target INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    durable_bytes INTEGER NOT NULL,
    validator TEXT NOT NULL,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    state INTEGER,
    code INTEGER,
    detail TEXT NOT NULL,
    origin TEXT NOT NULL
);
CREATE INDEX events_of_job ON events (job);
"""

_SAVE_JOB = """
INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (number) DO UPDATE SET display_name=excluded.display_name, description=excluded.description,
    state=excluded.state, priority=excluded.priority, notify_flags=excluded.notify_flags,
    auto_complete=excluded.auto_complete, is_completing=excluded.is_completing, retry_delay_s=excluded.retry_delay_s,
    no_progress_timeout_s=excluded.no_progress_timeout_s, interruptions=excluded.interruptions,
    modified=excluded.modified, transferred=excluded.transferred
"""
_SAVE_FILE = """
INSERT INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (job, position) DO UPDATE SET remote_name=excluded.remote_name, size=excluded.size, stage=excluded.stage,
    durable_bytes=excluded.durable_bytes, validator=excluded.validator
"""
_SAVE_EVENT = "INSERT INTO events (job, at, kind, state, code, detail, origin) VALUES (?,?,?,?,?,?,?)"


_ERRNO = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS, sqlite3.SQLITE_PERM: errno.EACCES}


class StoreUnusable(DomonitorError):
    """The store can't be opened; the message says why and what to do."""


@dataclass(slots=True)
class Rows:
    """What is to be written in one transaction. Forgotten files go first."""

    forgotten_files: list[tuple[int, int]] = field(default_factory=list)
    jobs: list[tuple[Any, ...]] = field(default_factory=list)
    files: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.forgotten_files or self.jobs or self.files or self.events)


class Store:
    """The SQLite file. Its connection may move between threads, but is used by one at a time.

    Every method but close raises OSError where the file can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file or makes it. Raises StoreUnusable."""
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise
        except sqlite3.Error as error:
            raise StoreUnusable(
                f"The list of downloads at {path} can't be opened ({error}). Close other programs that use it, check "
                "the disk, or move the file away to begin with an empty list."
            ) from error

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        version = run("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreUnusable(
                "The list of downloads was written by a newer domonitor. Install that version or a later one again."
            )
        if version == 0:
            self._database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Writes everything into the one file and closes it."""
        self._database.close()

    def write(self, rows: Rows) -> None:
        """Writes all rows in one durable transaction, or none."""
        with self._transaction() as database:
            if rows.forgotten_files:
                database.executemany("DELETE FROM files WHERE job=? AND position=?", rows.forgotten_files)
            if rows.jobs:
                database.executemany(_SAVE_JOB, rows.jobs)
            if rows.files:
                database.executemany(_SAVE_FILE, rows.files)
            if rows.events:
                database.executemany(_SAVE_EVENT, rows.events)

    def load_live(self) -> list[tuple[JobRecord, list[FileRecord]]]:
        """The jobs that are not final with their files, oldest first."""
        jobs: dict[int, tuple[JobRecord, list[FileRecord]]] = {
            row[0]: (_job(row), []) for row in self._read("SELECT * FROM jobs WHERE state < 7 ORDER BY number")
        }
        for row in self._read(
            "SELECT files.* FROM files JOIN jobs ON jobs.number = files.job WHERE jobs.state < 7 ORDER BY job, position"
        ):
            job, files = jobs[row[0]]
            file = _file(row)
            job.next_index = file.index + 1
            if file.stage is not FileStage.ADDING:
                files.append(file)
        return list(jobs.values())

    def load_leftovers(self) -> list[tuple[int, int, str]]:
        """Job, position and temporary name of each file that no job waits for any more, or never got to."""
        return self._read(
            "SELECT job, position, part FROM files WHERE stage = 0"
            " UNION SELECT job, position, part FROM files JOIN jobs ON jobs.number = files.job"
            " WHERE jobs.state >= 7 AND stage < 3"
        )

    def next_number(self) -> int:
        """The number of the next new job: one that nothing in the store belongs to, not even a leftover."""
        last = "SELECT max(number) AS last FROM jobs UNION SELECT max(job) FROM files UNION SELECT max(job) FROM events"
        return int(self._read(f"SELECT coalesce(max(last), 0) + 1 FROM ({last})")[0][0])

    def events(self, job_id: UUID) -> tuple[Event, ...]:
        """The job's timeline, oldest first; empty for a job that is not known."""
        rows = self._read(
            "SELECT at, kind, events.state, code, detail, origin FROM events JOIN jobs ON jobs.number = events.job"
            " WHERE jobs.id=? ORDER BY events.number",
            job_id.bytes,
        )
        return tuple(
            Event(_moment(at), EventKind(kind), None if state is None else JobState(state), code, detail, origin)
            for at, kind, state, code, detail, origin in rows
        )

    def files(self, job_id: UUID) -> tuple[JobFile, ...]:
        """What is stored of a job's files that have arrived, also after its end; empty for a job that is not known."""
        rows = self._read(
            "SELECT files.* FROM files JOIN jobs ON jobs.number = files.job"
            f" WHERE jobs.id=? AND stage >= {FileStage.TRANSFERRED:d} ORDER BY position",
            job_id.bytes,
        )
        files = [_file(row) for row in rows]
        for file in files:
            file.done_bytes = file.size or 0
        return tuple(file.snapshot() for file in files)

    def meta(self, name: str) -> str:
        """A remembered value, "" where there is none."""
        rows = self._read("SELECT value FROM meta WHERE name=?", name)
        return str(rows[0][0]) if rows else ""

    def set_meta(self, name: str, value: str) -> None:
        """Remembers a value."""
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, value))

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with _as_os_errors("read"):
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        with _as_os_errors("written"):
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                # Whatever it was: a transaction left open would fail every later one.
                with suppress(sqlite3.Error):
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                raise


@contextmanager
def _as_os_errors(done: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise OSError(_ERRNO.get(code, errno.EIO), f"the list of downloads can't be {done}: {error}") from error


def job_row(job: JobRecord) -> tuple[Any, ...]:
    """The job as a row of its table."""
    return (
        job.number,
        job.id.bytes,
        job.display_name,
        job.description,
        int(JobState.QUEUED if job.state in ACTIVE else job.state),
        int(job.priority),
        int(job.notify_flags),
        job.auto_complete,
        job.is_completing,
        job.retry_delay_s,
        job.no_progress_timeout_s,
        job.interruptions,
        job.created.timestamp(),
        job.modified.timestamp(),
        job.transferred.timestamp() if job.transferred else None,
    )


def file_row(job: JobRecord, file: FileRecord) -> tuple[Any, ...]:
    """The file as a row of its table."""
    return (
        job.number,
        file.index,
        file.remote_name,
        file.local_name,
        file.part,
        json.dumps([(part.offset, part.length) for part in file.ranges]) if file.ranges else "",
        file.size,
        file.replace,
        int(file.stage),
        file.durable_bytes,
        file.validator,
    )


def event_row(job: JobRecord, event: Event) -> tuple[Any, ...]:
    """The event as a row of its table."""
    state = None if event.state is None else int(event.state)
    return (job.number, event.at.timestamp(), str(event.kind), state, event.code, event.detail, event.origin)


def _job(row: tuple[Any, ...]) -> JobRecord:
    return JobRecord(
        number=row[0],
        id=UUID(bytes=row[1]),
        display_name=row[2],
        description=row[3],
        state=JobState(row[4]),
        priority=Priority(row[5]),
        notify_flags=NotifyFlags(row[6]),
        auto_complete=bool(row[7]),
        is_completing=bool(row[8]),
        retry_delay_s=row[9],
        no_progress_timeout_s=row[10],
        interruptions=row[11],
        created=_moment(row[12]),
        modified=_moment(row[13]),
        transferred=None if row[14] is None else _moment(row[14]),
    )


def _file(row: tuple[Any, ...]) -> FileRecord:
    return FileRecord(
        index=row[1],
        remote_name=row[2],
        local_name=row[3],
        part=row[4],
        ranges=tuple(FileRange(*part) for part in json.loads(row[5])) if row[5] else (),
        size=row[6],
        replace=bool(row[7]),
        stage=FileStage(row[8]),
        durable_bytes=row[9],
        validator=row[10],
    )


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
