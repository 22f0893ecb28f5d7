"""The store's tables, as the steps that led to them.

Each step is run once on every store, the last ones on stores that an earlier version wrote. A step that has gone out
is never changed: another one is added.
"""

from __future__ import annotations

_FIRST = """
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

# A job's row says all that a list shows of it, so that idle jobs need not lie in memory; an error outlives its object.
_LISTED_FROM_ROWS = """
ALTER TABLE jobs ADD COLUMN error_code INTEGER;
ALTER TABLE jobs ADD COLUMN retry_at REAL;
ALTER TABLE jobs ADD COLUMN files_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN files_transferred INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN known_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN unknown_sizes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN done_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN done_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN error TEXT NOT NULL DEFAULT '';
UPDATE files SET done_bytes = CASE WHEN stage >= 2 THEN coalesce(size, 0) ELSE durable_bytes END;
UPDATE jobs SET
    files_total = (SELECT count(*) FROM files WHERE job = jobs.number AND stage > 0),
    files_transferred = (SELECT count(*) FROM files WHERE job = jobs.number AND stage >= 2),
    known_bytes = (SELECT coalesce(sum(size), 0) FROM files WHERE job = jobs.number AND stage > 0),
    unknown_sizes = (SELECT count(*) FROM files WHERE job = jobs.number AND stage > 0 AND size IS NULL),
    done_bytes = (SELECT coalesce(sum(done_bytes), 0) FROM files WHERE job = jobs.number AND stage > 0);
CREATE INDEX unfinished_files ON files (job) WHERE stage < 3;
CREATE INDEX ended_jobs ON jobs (modified) WHERE state >= 7;
"""

# What the real net asks for: limits, segments, names that servers give, what a file must be to be taken for whole.
_FOR_THE_NET = """
ALTER TABLE jobs ADD COLUMN segments INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN bytes_per_second INTEGER;
ALTER TABLE files RENAME COLUMN replace_target TO existing;
ALTER TABLE files ADD COLUMN last_modified TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN expected_size INTEGER;
ALTER TABLE files ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN is_named_by_server INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN gaps TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN durable_gaps TEXT NOT NULL DEFAULT '';
"""

STEPS = (_FIRST, _LISTED_FROM_ROWS, _FOR_THE_NET)

VERSION = len(STEPS)
"""What a store of this program says of itself. Source: PRAGMA user_version."""
