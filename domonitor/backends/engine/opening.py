"""How the store's file is opened: made, mended, brought up to date, or only read. See store.py."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from domonitor.backends.engine import schema
from domonitor.jobs.error import DomonitorError

_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


class StoreUnusable(DomonitorError):
    """The store can't be opened; the message says why and what to do."""


def unusable(path: Path, error: sqlite3.Error) -> StoreUnusable:
    """What to say of a file that SQLite can't open."""
    return StoreUnusable(
        f"The list of downloads at {path} can't be opened ({error}). Close other programs that use it, check "
        "the disk, or move the file away to begin with an empty list."
    )


def connect(path: Path) -> sqlite3.Connection:
    """A connection that makes durable what it commits. Raises sqlite3.Error."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
    except BaseException:
        database.close()
        raise
    return database


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even beside the file. Raises StoreUnusable, sqlite3.Error."""
    log = path.with_name(f"{path.name}-wal")
    # Where there is no log nobody writes to the file, and SQLite need not make one: the folder may not be ours.
    is_still = not (log.exists() and log.stat().st_size)
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_still else ''}",
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    try:
        version = _version(database)
        if version == schema.VERSION:
            return database
        # One that an earlier version wrote is brought up to date in memory alone.
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(database):
            database.backup(copy)
        copy.executescript("".join(schema.STEPS[version:]))
        return copy
    except BaseException:
        database.close()
        raise


def is_damaged(path: Path) -> bool:
    """Whether the file is there and SQLite finds that it is none of its own, or not sound."""
    if not path.exists():
        return False
    try:
        with closing(connect(path)) as database:
            return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return True
        raise


def set_aside(path: Path) -> str:
    """Keeps a damaged file under another name; what to tell the user."""
    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return (
        "The list of downloads was damaged and could not be read, so a new one was begun. Files that had arrived are "
        f"where they were; add what is missing again. The damaged list was kept as {kept}."
    )


def bring_up_to_date(database: sqlite3.Connection, path: Path) -> None:
    """Runs the steps that this store has not seen yet, all or none; an older store is copied before."""
    version = _version(database)
    if version == schema.VERSION:
        return
    if version:
        with closing(sqlite3.connect(path.with_name(f"{path.name}.version-{version}"))) as backup:
            database.backup(backup)
    steps = "".join(schema.STEPS[version:])
    try:
        database.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={schema.VERSION}; COMMIT;")
    except sqlite3.Error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection) -> int:
    """How many steps the file has seen. Raises StoreUnusable for more than there are."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise StoreUnusable(
            "The list of downloads was written by a newer domonitor. Install that version or a later one again."
        )
    return version
