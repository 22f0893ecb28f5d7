"""What outlives a job and its service's memory: jobs that are gone, last errors, and what happened to each job.

One SQLite file. Several processes may read it; the one that holds the lock file beside it records, and where that one
ends another takes its place.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from domonitor import written
from domonitor.jobs.error import DomonitorError
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey

SCHEMA_VERSION = 1

KEPT_FOR = timedelta(days=90)
"""What is older is forgotten."""

MOST_ROWS = {"gone": 20_000, "errors": 20_000, "events": 200_000}
"""So much is kept of each at most; the oldest goes first."""

_PRUNE_EVERY = timedelta(days=1)
_BUSY_S = 0.25
_NO_NUMBER = 2**63 - 1

_SCHEMA = """
CREATE TABLE gone (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    has_vanished INTEGER NOT NULL,
    searched TEXT NOT NULL,
    job TEXT NOT NULL,
    UNIQUE (service, id)
);
CREATE TABLE errors (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    UNIQUE (service, id)
);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL
);
CREATE INDEX events_of_job ON events (service, id);
CREATE INDEX events_by_age ON events (at);
"""

_SAVE_GONE = "INSERT OR REPLACE INTO gone (service, id, at, has_vanished, searched, job) VALUES (?,?,?,?,?,?)"
_SAVE_ERROR = "INSERT OR REPLACE INTO errors (service, id, at, event) VALUES (?,?,?,?)"
_SAVE_EVENT = "INSERT INTO events (service, id, at, kind, event) VALUES (:service, :id, :at, :kind, :event)"
# A program that starts sees each job for the first time, and most of them are as they were when the last one ended.
_SAVE_STATE = """
INSERT INTO events (service, id, at, kind, event) SELECT :service, :id, :at, :kind, :event
WHERE :event IS NOT (
    SELECT event FROM events WHERE service=:service AND id=:id AND kind=:kind ORDER BY number DESC LIMIT 1)
"""
_SAVE_FAILURE = """
INSERT INTO events (service, id, at, kind, event) SELECT :service, :id, :at, :kind, :event
WHERE :event IS NOT (SELECT event FROM events WHERE service=:service AND id=:id ORDER BY number DESC LIMIT 1)
"""
_SAVE = {EventKind.STATE: _SAVE_STATE, EventKind.ERROR: _SAVE_FAILURE}

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # flock, not lockf: lockf lets a second writer of the same process in.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class HistoryUnusable(DomonitorError):
    """The history can't be opened, read or written; the message says why and what to do. Downloads don't need it."""


@dataclass(frozen=True, slots=True)
class GoneJob:
    """A job that its service no longer lists, as it was last seen.

    at: when it went (UTC). has_vanished: it just was not there any more, so how it ended is not known.
    number: its place in the history, what gone() takes as before; None until it is recorded.
    """

    job: Job
    at: datetime
    has_vanished: bool = False
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """What is recorded at once.

    gone: jobs that have ended or vanished. listed: jobs that are (again) in their service's list.
    errors: of each job the last one, as an ERROR event with its error. events: lines of timelines, oldest first.
    """

    gone: tuple[GoneJob, ...] = ()
    listed: tuple[JobKey, ...] = ()
    errors: tuple[tuple[JobKey, Event], ...] = ()
    events: tuple[tuple[JobKey, Event], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to record."""
        return not (self.gone or self.listed or self.errors or self.events)


class History:
    """The history in one file. One thread records; any thread may ask.

    notice: a sentence for the user where the file was damaged and a new one was begun, else "".
    Every method but close raises HistoryUnusable where the file can't be read or written.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Opens the file or makes it."""
        self.notice = ""
        self._path = path.absolute()
        self._now = now
        self._lock: int | None = None
        self._database: sqlite3.Connection | None = None
        self._pruned_at = now()
        with self._told("opened"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            is_writer = self._becomes_writer()
        if not is_writer:
            self._read("SELECT 1")

    def close(self) -> None:
        """Lets go of the file; another process may record from now on."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # Recording.

    def record(self, records: Records) -> bool:
        """Writes all of it at once, or nothing; whether this process is the one that records.

        Where another one does, nothing is written: it sees the same jobs.
        """
        with self._told("written"):
            if not self._becomes_writer():
                return False
            self._on_a_sound_file(partial(self._write, records))
            if abs(self._now() - self._pruned_at) >= _PRUNE_EVERY:
                self._on_a_sound_file(self._prune)
        return True

    def prune(self, older_than: datetime) -> None:
        """Forgets what is older, and what is too much. Does nothing where another process records."""
        with self._told("written"):
            if self._becomes_writer():
                self._on_a_sound_file(partial(self._prune, older_than))

    # Asking.

    def gone(self, limit: int = 100, before: int | None = None, text: str = "") -> tuple[GoneJob, ...]:
        """The jobs that are gone, the last one first: a page.

        before: the number of the last page's last job, None for the first page. text: what name, description or id
        must contain, in letters of any case.
        """
        rows = self._read(
            "SELECT service, id, job, at, has_vanished, number FROM gone"
            " WHERE number < ? AND instr(searched, ?) ORDER BY number DESC LIMIT ?",
            _NO_NUMBER if before is None else before,
            _searched(text),
            limit,
        )
        with self._told("read"):
            return tuple(
                GoneJob(written.job_of(JobKey(service, job_id), job), _moment(at), bool(has_vanished), number)
                for service, job_id, job, at, has_vanished, number in rows
            )

    def last_error(self, key: JobKey) -> Event | None:
        """The job's last error as an ERROR event with its error; None where none was recorded."""
        events = self._events("SELECT at, event FROM errors WHERE service=? AND id=?", key)
        return events[0] if events else None

    def events(self, key: JobKey) -> tuple[Event, ...]:
        """What was recorded of the job's timeline, oldest first."""
        return self._events("SELECT at, event FROM events WHERE service=? AND id=? ORDER BY number", key)

    def _events(self, query: str, key: JobKey) -> tuple[Event, ...]:
        rows = self._read(query, *key)
        with self._told("read"):
            return tuple(written.event_of(_moment(at), event) for at, event in rows)

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """A connection for each question: nobody waits for a writer, and a file that was put aside is let go."""
        with self._told("read"):
            if not self._path.exists():
                return []
            uri = f"{self._path.as_uri()}?mode=rw"  # ro can't read what lies in the log beside the file
            with closing(sqlite3.connect(uri, timeout=_BUSY_S, isolation_level=None, uri=True)) as database:
                database.execute("PRAGMA query_only=ON")
                return database.execute(query, values).fetchall() if _version(database) else []

    # The one who records.

    def _becomes_writer(self) -> bool:
        """Whether this process records: it does from the moment when no other one does."""
        if self._database is not None:
            return True
        if self._lock is None:
            self._lock = _locked(self._path.with_name(f"{self._path.name}.lock"))
        if self._lock is None:
            return False
        try:
            self._on_a_sound_file(self._prune)
        except BaseException:
            self.close()
            raise
        return True

    def _on_a_sound_file(self, step: Callable[[], None]) -> None:
        """Takes the step; on a new file where this one turns out to be damaged."""
        try:
            if self._database is None:
                self._database = self._opened()
            step()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._begin_anew()
            step()

    def _opened(self) -> sqlite3.Connection:
        # Made here, because it names what was downloaded: for this user's eyes alone.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            version = _version(database)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")  # a power cut may take the last moments, nothing more
            if version == 0:
                database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        except BaseException:
            database.close()
            raise
        return database

    def _begin_anew(self) -> None:
        """Keeps the damaged file under a name that is free, and makes a new one."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        names = (f"{self._path.name}.damaged{number or ''}" for number in range(sys.maxsize))
        aside = next(free for name in names if not (free := self._path.with_name(name)).exists())
        # The logs first: one that is left behind would be read into the new file.
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + end).replace(aside.with_name(aside.name + end))
        self._database = self._opened()
        self.notice = (
            f"The history of downloads was damaged, and a new one was begun. The old one is kept as {aside}. "
            "The downloads themselves are not affected."
        )

    def _write(self, records: Records) -> None:
        with self._transaction() as database:
            database.executemany("DELETE FROM gone WHERE service=? AND id=? AND has_vanished", records.listed)
            database.executemany(_SAVE_GONE, map(_gone_row, records.gone))
            errors = ((*key, event.at.timestamp(), written.event_text(event)) for key, event in records.errors)
            database.executemany(_SAVE_ERROR, errors)
            for key, event in records.events:
                database.execute(_SAVE.get(event.kind, _SAVE_EVENT), _event_row(key, event))

    def _prune(self, older_than: datetime | None = None) -> None:
        before = self._now() - KEPT_FOR if older_than is None else older_than
        with self._transaction() as database:
            for table, most in MOST_ROWS.items():
                database.execute(f"DELETE FROM {table} WHERE at < ?", (before.timestamp(),))
                last = f"SELECT number FROM {table} ORDER BY number DESC LIMIT 1 OFFSET ?"
                database.execute(f"DELETE FROM {table} WHERE number <= ({last})", (most,))
        self._pruned_at = self._now()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        assert database is not None
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
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            raise HistoryUnusable(
                f"The history of downloads at {self._path} can't be {done} ({error}). Check the disk, or move the file "
                "away to begin with an empty history. The downloads themselves are not affected."
            ) from error


def _version(database: sqlite3.Connection) -> int:
    """The schema of the file, 0 where there is none yet. Raises HistoryUnusable for one that is not known."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise HistoryUnusable(
            "The history of downloads was written by a newer domonitor. Install that version or a later one again to "
            "see it. The downloads themselves are not affected."
        )
    return version


def _locked(path: Path) -> int | None:
    """The descriptor that holds the lock until it is closed, None where another one does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError):  # as POSIX and as Windows say that it is held
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _gone_row(gone: GoneJob) -> tuple[Any, ...]:
    job = gone.job
    searched = _searched(written.plain("\n".join((job.display_name, job.description or "", job.key.id))))
    return (*job.key, gone.at.timestamp(), gone.has_vanished, searched, written.job_text(job))


def _event_row(key: JobKey, event: Event) -> dict[str, Any]:
    return {
        "service": key.service,
        "id": key.id,
        "at": event.at.timestamp(),
        "kind": event.kind.value,
        "event": written.event_text(event),
    }


def _searched(text: str) -> str:
    # A name that is no valid text has broken halves of characters in it, which SQLite does not take.
    return text.casefold().encode(errors="replace").decode()


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
