"""A look at the store from outside, while an engine may work with it: nothing is written, and locked for no longer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from domonitor.backends.engine import schema


@dataclass(frozen=True, slots=True)
class StoreLook:
    """What is seen. problem: what SQLite says against it, "" for nothing. is_newer: it is none of this version's."""

    size_bytes: int
    version: int
    jobs: int
    problem: str

    @property
    def is_newer(self) -> bool:
        """Whether a newer domonitor has written it."""
        return self.version > schema.VERSION


def look(folder: Path) -> StoreLook | None:
    """Looks at the folder's store, None where there is none. A large one takes a while. Raises OSError."""
    path = folder / "engine.sqlite"
    log = path.with_name(f"{path.name}-wal")
    if not path.exists():
        return None
    size_bytes = path.stat().st_size
    # Without a log nobody writes. With one, what an engine shares with its readers is read too, and never made.
    how = "mode=ro&readonly_shm=1" if log.exists() else "immutable=1"
    version = jobs = 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=1)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            said = "; ".join(str(row[0]) for row in database.execute("PRAGMA quick_check(3)"))
            if 0 < version <= schema.VERSION:
                jobs = database.execute("SELECT count(*) FROM jobs WHERE state < 7").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return StoreLook(size_bytes, version, jobs, str(error))
    return StoreLook(size_bytes, version, jobs, "" if said == "ok" else said)
