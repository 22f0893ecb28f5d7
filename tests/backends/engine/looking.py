"""Everything that can be seen of a job at one moment, by the object model and in its folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import FileProgress, JobFile, Priority, Progress, Times
from domonitor.jobs.limit import JobLimits
from domonitor.jobs.state import FINAL, JobState

MOST_LOOKS = 50


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a job. names: what lies in its folder. listed: its files as enum_files gives them.

    is_steady: nothing moved while it was looked at, so that all fits together. error_code: None without error object.
    """

    state: JobState
    progress: Progress
    times: Times
    is_steady: bool
    names: frozenset[str]
    files: tuple[JobFile, ...]
    listed: tuple[tuple[str, str, FileProgress], ...]
    display_name: str
    description: str
    priority: Priority
    retry_delay_s: float
    no_progress_timeout_s: float
    limits: JobLimits
    error_code: int | None


def look(job: EngineJob, folder: Path) -> Look | None:
    """Looks at the job until nothing moves meanwhile, at most so many times; None where it has ended."""
    try:
        for _ in range(MOST_LOOKS):
            found = _look_once(job, folder)
            if found.is_steady:
                break
    except CallFailed as refusal:
        if refusal.code != hresult.DO_E_INVALID_STATE:
            raise
        return None
    return None if found.state in FINAL else found


def _look_once(job: EngineJob, folder: Path) -> Look:
    before = (job.get_state(), job.get_progress(), job.get_times())
    files = job.files()
    listed = tuple((file.get_remote_name(), file.get_local_name(), file.get_progress()) for file in job.enum_files())
    names = frozenset(path.name for path in folder.iterdir())
    error_code = None
    try:
        error_code = job.get_error().get_error()[1]
    except CallFailed as refusal:
        if refusal.code != hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE:
            raise
    chosen = (
        job.get_display_name(),
        job.get_description(),
        job.get_priority(),
        job.get_minimum_retry_delay(),
        job.get_no_progress_timeout(),
        job.get_limits(),
    )
    after = (job.get_state(), job.get_progress(), job.get_times())
    return Look(*after, before == after, names, files, listed, *chosen, error_code)


def stored_states(engine_folder: Path) -> dict[UUID, JobState]:
    """What the store holds of each job, read behind the engine's back."""
    address = f"{(engine_folder / 'engine.sqlite').as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        rows = database.execute("SELECT id, state FROM jobs").fetchall()
    return {UUID(bytes=job_id): JobState(state) for job_id, state in rows}
