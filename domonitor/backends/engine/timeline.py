"""What happens to a job, written down beside the decisions themselves."""

from __future__ import annotations

from dataclasses import replace

from domonitor.backends.engine.clock import Clock
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import JobRecord
from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import ErrorFile
from domonitor.jobs.event import Event, EventKind

ENGINE = "engine"
"""The origin of what the engine does by itself."""

PROGRAM = "program"
"""The origin of a command whose giver did not say who it is."""


class Timeline:
    """Records events with the open batch. Lives on the engine's thread."""

    def __init__(self, loop: Loop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock

    def entered(self, job: JobRecord) -> None:
        """The job has just changed its state."""
        self._loop.batch.record_state(job, ENGINE)

    def failed(self, job: JobRecord) -> None:
        """The job has an error object now."""
        error = job.error
        if error is None:
            return
        local_name = ""
        if error.file is not None:
            # A timeline is handed on: passwords and tokens stay out of it.
            local_name = error.file.local_name
            error = replace(error, file=ErrorFile(without_secrets(error.file.remote_name), local_name))
        at = error.occurred_at or self._clock.utc_now()
        self._loop.batch.record(job, Event(at, EventKind.ERROR, job.state, error.code, local_name, ENGINE, error))

    def retried(self, job: JobRecord) -> None:
        """The job is tried again by itself."""
        detail = f"attempt {job.attempts + 1}"
        self._loop.batch.record(job, Event(self._clock.utc_now(), EventKind.RETRY, detail=detail, origin=ENGINE))

    def named(self, job: JobRecord, said: str) -> None:
        """A file of the job has got another name. said: which and why, a sentence."""
        self._loop.batch.record(job, Event(self._clock.utc_now(), EventKind.NAMED, detail=said, origin=ENGINE))

    def commanded(self, job: JobRecord, command: str, origin: str) -> None:
        """Somebody has asked for something that is being done."""
        event = Event(self._clock.utc_now(), EventKind.COMMAND, detail=command, origin=origin or PROGRAM)
        self._loop.batch.record(job, event)
