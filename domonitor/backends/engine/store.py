"""The engine's store: one SQLite file that is the list of jobs.

What is committed here survives a power cut. States that are not stored (CONNECTING, TRANSFERRING) and the progress of
what is running are read back as QUEUED and from the temporary files.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from domonitor.backends.engine import opening
from domonitor.backends.engine.opening import StoreUnusable as StoreUnusable
from domonitor.backends.engine.records import FileStage, JobRecord
from domonitor.backends.engine.rows import (
    EVENT_COLUMNS,
    FILE_COLUMNS,
    JOB_COLUMNS,
    Row,
    event_of,
    file_of,
    job_of,
    snapshot_of,
)
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, Priority

PAGE = 100
"""So many jobs are read at once: whoever reads waits for nobody longer than that takes."""


def _upsert(table: str, columns: str, key: str, fixed: frozenset[str]) -> str:
    """Writes a row of the columns. fixed: those that never change once they are written; they are written once."""
    names = columns.split(", ")
    changing = ", ".join(f"{name}=excluded.{name}" for name in names if name not in fixed)
    places = ",".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE SET {changing}"


_SAVE_JOB = _upsert("jobs", JOB_COLUMNS, "number", frozenset({"number", "id", "created"}))
_SAVE_FILE = _upsert(
    "files",
    FILE_COLUMNS,
    "job, position",
    frozenset({"job", "position", "part", "ranges", "existing", "expected_size", "digest"}),
)
_SAVE_EVENT = f"INSERT INTO events ({EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"


_ERRNO = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS, sqlite3.SQLITE_PERM: errno.EACCES}


@dataclass(slots=True)
class Rows:
    """What is to be written in one transaction. Forgotten files go first."""

    forgotten_files: list[tuple[int, int]] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.forgotten_files or self.jobs or self.files or self.events)


class Unfinished(NamedTuple):
    """A job that the engine goes on with by itself. is_waiting: it is only to be put back into the queue."""

    number: int
    priority: Priority
    is_waiting: bool


class Claim(NamedTuple):
    """What the store says of a file's temporary file."""

    job: int
    part: str
    stage: FileStage
    size: int | None
    done_bytes: int
    durable_bytes: int
    is_divided: bool
    """Whether the file comes in segments."""
    is_durable: bool
    """Of such a file: whether a power cut leaves all that is said to be there."""


class Store:
    """The SQLite file. One thread at a time writes; any thread may read what is committed.

    notice: a sentence for the user where the file had to be begun anew, else "". Every method but close raises OSError
    where the file can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file or makes it, and brings an older one up to date. Raises StoreUnusable."""
        self.notice = ""
        self._reading = threading.Lock()
        try:
            if opening.is_damaged(path):
                self.notice = opening.set_aside(path)
            self._database = opening.connect(path)
            try:
                opening.bring_up_to_date(self._database, path)
                self._reader = opening.connect(path)
                self._reader.execute("PRAGMA query_only=ON")
            except BaseException:
                self._database.close()
                raise
        except sqlite3.Error as error:
            raise opening.unusable(path, error) from error

    @classmethod
    def for_reading(cls, path: Path) -> Store:
        """The list as it lies there, also without the right to write, and beside an engine. Raises StoreUnusable.

        What an engine has not written down yet is not seen, and nothing can be written.
        """
        store = cls.__new__(cls)
        store.notice = ""
        store._reading = threading.Lock()
        try:
            store._reader = store._database = opening.connect_for_reading(path)
        except sqlite3.Error as error:
            raise opening.unusable(path, error) from error
        return store

    def close(self) -> None:
        """Writes everything into the one file and closes it."""
        with self._reading:
            self._reader.close()
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

    def prune(self, before: datetime) -> int:
        """Forgets the jobs that ended before then, with their events; how many. What lies on the disk stays known."""
        old = "SELECT number FROM jobs WHERE state >= 7 AND modified < ?"
        at = before.timestamp()
        with self._transaction() as database:
            database.execute(f"DELETE FROM events WHERE job IN ({old})", (at,))
            database.execute(f"DELETE FROM files WHERE stage = 3 AND job IN ({old})", (at,))
            return database.execute(
                "DELETE FROM jobs WHERE state >= 7 AND modified < ?"
                " AND NOT EXISTS (SELECT 1 FROM files WHERE job = jobs.number)",
                (at,),
            ).rowcount

    def load(self, number: int) -> JobRecord | None:
        """The job with its files, None where it is final or not known."""
        with self._reader_of() as database:
            row = database.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE number=? AND state < 7", (number,)).fetchone()
            if row is None:
                return None
            job = job_of(row)
            for file_row in database.execute(
                f"SELECT {FILE_COLUMNS} FROM files WHERE job=? ORDER BY position", (job.number,)
            ):
                file = file_of(file_row)
                job.next_index = file.index + 1
                if file.stage is not FileStage.ADDING:
                    job.add(file)
        return job

    def snapshot(self, job_id: UUID) -> Job | None:
        """The job as it is stored, also after its end; None where it is not known."""
        rows = self._read(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id=?", job_id.bytes)
        return snapshot_of(rows[0]) if rows else None

    def snapshots(self, numbers: Sequence[int]) -> dict[int, Job]:
        """As snapshot, of many jobs at once; those that are not known are left out."""
        found = {}
        for first in range(0, len(numbers), PAGE):
            page = numbers[first : first + PAGE]
            places = ",".join("?" * len(page))
            for row in self._read(f"SELECT {JOB_COLUMNS} FROM jobs WHERE number IN ({places})", *page):
                found[row[0]] = snapshot_of(row)
        return found

    def numbers(self) -> dict[UUID, int]:
        """The numbers of the jobs that are not final, oldest first."""
        rows = self._read("SELECT id, number FROM jobs WHERE state < 7 ORDER BY number")
        return {UUID(bytes=key): number for key, number in rows}

    def unfinished(self) -> list[Unfinished]:
        """The jobs that go on without being asked, oldest first."""
        rows = self._read(
            "SELECT number, priority, state = 0 AND NOT is_completing AND files_transferred < files_total FROM jobs"
            " WHERE state IN (0, 5) OR (state < 7 AND (is_completing OR state = 6 AND auto_complete)) ORDER BY number"
        )
        return [Unfinished(number, Priority(priority), bool(is_waiting)) for number, priority, is_waiting in rows]

    def has_work(self) -> bool:
        """Whether a job is there that is queued, transferring or waiting for its next attempt."""
        return bool(self._read("SELECT EXISTS (SELECT 1 FROM jobs WHERE state IN (0, 5))")[0][0])

    def targets(self) -> list[str]:
        """The local names of the files of all jobs that are not final."""
        query = "SELECT local_name FROM jobs JOIN files ON files.job = jobs.number WHERE state < 7"
        return [str(name) for (name,) in self._read(query)]

    def leftovers(self) -> list[tuple[int, int, str]]:
        """Job, position and temporary name of each file that no job waits for any more, or never got to."""
        return self._read(
            "SELECT job, position, part FROM files WHERE stage < 3 AND (stage = 0 OR NOT EXISTS"
            " (SELECT 1 FROM jobs WHERE number = files.job AND state < 7))"
        )

    def claims(self) -> list[Claim]:
        """What is stored of temporary files that are not empty. A job that is completing is left out."""
        rows = self._read(
            "SELECT job, part, stage, size, files.done_bytes, durable_bytes, durable_gaps <> '', gaps = durable_gaps"
            " FROM files JOIN jobs ON number = job"
            " WHERE stage < 3 AND stage > 0 AND state < 7 AND NOT is_completing"
            " AND (stage = 2 OR validator <> '' OR files.done_bytes > 0)"
        )
        return [Claim(row[0], row[1], FileStage(row[2]), *row[3:]) for row in rows]

    def correct_sums(self) -> None:
        """Makes what the jobs' rows say of their files agree with the files' rows.

        A job's row may have been written while a file of it was under way whose own row was not.
        """
        with self._transaction() as database:
            database.execute(
                "UPDATE jobs SET known_bytes = sums.known, unknown_sizes = sums.unknown, done_bytes = sums.done,"
                " files_transferred = sums.transferred, files_total = sums.total"
                " FROM (SELECT job, coalesce(sum(size), 0) AS known, count(*) - count(size) AS unknown,"
                " sum(done_bytes) AS done,"
                " sum(stage >= 2) AS transferred, count(*) AS total FROM files WHERE stage > 0 GROUP BY job) AS sums"
                " WHERE jobs.number = sums.job AND jobs.state < 7 AND (known_bytes, unknown_sizes, jobs.done_bytes,"
                " files_transferred) IS NOT (sums.known, sums.unknown, sums.done, sums.transferred)"
            )

    def next_number(self) -> int:
        """The number of the next new job: one that nothing in the store belongs to, not even a leftover."""
        last = "SELECT max(number) AS last FROM jobs UNION SELECT max(job) FROM files UNION SELECT max(job) FROM events"
        return int(self._read(f"SELECT coalesce(max(last), 0) + 1 FROM ({last})")[0][0])

    def last_event(self) -> int:
        """The number of the newest event, 0 where there is none."""
        return int(self._read("SELECT coalesce(max(number), 0) FROM events")[0][0])

    def has_ended(self, job_id: UUID, since_event: int) -> bool:
        """Whether the job became final after that event."""
        query = "SELECT (SELECT max(number) FROM events WHERE job = jobs.number) FROM jobs WHERE id=? AND state >= 7"
        return any((number or 0) > since_event for (number,) in self._read(query, job_id.bytes))

    def idle_since(self, before: datetime) -> list[int]:
        """The jobs that are not final and were stored last before then."""
        rows = self._read("SELECT number FROM jobs WHERE state < 7 AND modified < ?", before.timestamp())
        return [int(number) for (number,) in rows]

    def events(self, job_id: UUID) -> tuple[Event, ...]:
        """The job's timeline, oldest first; empty for a job that is not known."""
        rows = self._read(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE job = (SELECT number FROM jobs WHERE id=?) ORDER BY number",
            job_id.bytes,
        )
        return tuple(event_of(row) for row in rows)

    def files(self, job_id: UUID) -> tuple[JobFile, ...]:
        """What is stored of a job's files that have arrived, also after its end; empty for a job that is not known."""
        rows = self._read(
            f"SELECT {FILE_COLUMNS} FROM files WHERE job = (SELECT number FROM jobs WHERE id=?)"
            f" AND stage >= {FileStage.TRANSFERRED:d} ORDER BY position",
            job_id.bytes,
        )
        return tuple(file_of(row).snapshot() for row in rows)

    def meta(self, name: str) -> str:
        """A remembered value, "" where there is none."""
        rows = self._read("SELECT value FROM meta WHERE name=?", name)
        return str(rows[0][0]) if rows else ""

    def set_meta(self, name: str, value: str) -> None:
        """Remembers a value."""
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, value))

    def _read(self, query: str, *values: object) -> list[Row]:
        with self._reader_of() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _reader_of(self) -> Iterator[sqlite3.Connection]:
        with self._reading, _as_os_errors("read"):
            yield self._reader

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
