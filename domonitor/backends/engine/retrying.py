"""How long a job waits before it tries again, and how long it goes on trying."""

from __future__ import annotations

import random

from domonitor.backends.engine.records import JobRecord
from domonitor.backends.engine.settings import EngineSettings
from domonitor.jobs.job import Priority

SPREAD = 0.25
"""A retry's delay is longer by at most that part of itself."""

MOST_DOUBLINGS = 40


class Retrying:
    """The times, in seconds, from what the job says and, where it says nothing, the engine's settings."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings

    def first_delay_s(self, job: JobRecord) -> float:
        """The pause after a first failure: no retry comes sooner."""
        return self._settings.retry_delay_s if job.retry_delay_s is None else job.retry_delay_s

    def delay_s(self, job: JobRecord) -> float:
        """Doubles with each attempt, and is spread a little, so that not all jobs ask again at once."""
        first_s = self.first_delay_s(job)
        growing_s = first_s * 2.0 ** min(job.attempts - 1, MOST_DOUBLINGS)
        return min(growing_s, max(first_s, self._settings.retry_delay_max_s)) * random.uniform(1.0, 1.0 + SPREAD)

    def no_progress_timeout_s(self, job: JobRecord) -> float:
        """How long the job may go on without a byte."""
        if job.no_progress_timeout_s is not None:
            return job.no_progress_timeout_s
        if job.priority is Priority.FOREGROUND:
            return self._settings.no_progress_foreground_s
        return self._settings.no_progress_background_s

    def gives_up_at_s(self, job: JobRecord) -> float:
        """When the job has gone too long without a byte, on the engine's clock."""
        return job.progress_at_s + self.no_progress_timeout_s(job)
