"""Jobs for tests that need one and don't care which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domonitor.jobs.job import Job, JobKey, Progress, Times
from domonitor.jobs.state import JobState

SOME_DAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

_JOB = Job(JobKey("scripted", "1"), "A download", JobState.QUEUED, Progress(), Times(SOME_DAY, SOME_DAY))


def a_job(job_id: str = "1", state: JobState = JobState.QUEUED, service: str = "scripted", **fields: Any) -> Job:
    """A job in the state; fields: what else it should say of itself."""
    return replace(_JOB, key=JobKey(service, job_id), state=state, **fields)


def transferring(job_id: str, done_bytes: int, total_bytes: int = 1_000_000, service: str = "scripted") -> Job:
    """A job of one file that has come so far."""
    return a_job(job_id, JobState.TRANSFERRING, service, progress=Progress(total_bytes, done_bytes, 1, 0))
