"""Jobs that BITS does not list any more, though nobody here saw them end: how they did, if Windows' event log knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from domonitor.backends.bits.event_log import EventLog, LoggedEvent
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import JobState

WAIT_S = 3.0
"""The log is written a little later than the job goes; for so long its end is waited for."""


class Vanished:
    """Waits for the ends of jobs that have vanished. The log is looked at only while there is one."""

    def __init__(self, event_log: EventLog, now_s: Callable[[], float] = time.monotonic) -> None:
        self._event_log = event_log
        self._now_s = now_s
        self._waiting: dict[JobKey, tuple[Job, float]] = {}

    @property
    def is_any_waiting(self) -> bool:
        """Whether an end may become known soon."""
        return bool(self._waiting)

    def add(self, last: Job) -> None:
        """A job has gone. last: as it was last seen."""
        self._waiting.setdefault(last.key, (last, self._now_s()))

    def told(self) -> Mapping[JobKey, Job | None]:
        """Those that are settled by now, each with its final snapshot, or None where nobody knows how it ended."""
        if not self._waiting:
            return {}
        ids = {key: UUID(key.id) for key in self._waiting}
        ends = self._event_log.ends(ids.values())
        settled: dict[JobKey, Job | None] = {}
        for key, (last, since_s) in self._waiting.items():
            if ends is not None and (end := ends.get(ids[key])) is not None:
                settled[key] = ended(last, end)
            elif ends is None or self._now_s() - since_s >= WAIT_S:
                settled[key] = None
        for key in settled:
            del self._waiting[key]
        return settled


def ended(last: Job, end: LoggedEvent) -> Job:
    """The job at its end, from how it was last seen and what the log says. Raises nothing."""
    state = end.end or last.state
    progress = last.progress
    if state is JobState.ACKNOWLEDGED and end.bytes_transferred is not None:
        done = max(progress.bytes_transferred, end.bytes_transferred)
        is_whole = progress.bytes_total is not None and done >= progress.bytes_total
        files = progress.files_total if is_whole else progress.files_transferred
        progress = replace(progress, bytes_transferred=done, files_transferred=files)
    times = replace(last.times, modified=end.event.at)
    return replace(last, state=state, progress=progress, times=times, error_code=None)
