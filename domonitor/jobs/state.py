"""The states of a job, the ways between them, and the commands that each one allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType


class JobState(IntEnum):
    """State of a job with its documented value. Source: BG_JOB_STATE."""

    QUEUED = 0
    CONNECTING = 1
    TRANSFERRING = 2
    SUSPENDED = 3
    ERROR = 4
    TRANSIENT_ERROR = 5
    TRANSFERRED = 6
    ACKNOWLEDGED = 7
    CANCELLED = 8


class Command(StrEnum):
    """What a user can ask of a job that is already there."""

    RESUME = "resume"
    SUSPEND = "suspend"
    COMPLETE = "complete"
    CANCEL = "cancel"
    SET_PRIORITY = "set-priority"
    SET_ADDRESS = "set-address"
    SET_LIMITS = "set-limits"


SETTING = frozenset({Command.SET_PRIORITY, Command.SET_ADDRESS, Command.SET_LIMITS})
"""These change what a job is to do, and not its state; see CommandRequest for what they need."""


FINAL = frozenset({JobState.ACKNOWLEDGED, JobState.CANCELLED})
"""No way leads out of these; the service forgets the job."""

ACTIVE = frozenset({JobState.QUEUED, JobState.CONNECTING, JobState.TRANSFERRING})
"""The service works on the job, or will as soon as its turn comes."""

ERRONEOUS = frozenset({JobState.ERROR, JobState.TRANSIENT_ERROR})
"""The job has an error object."""

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset(
            {
                JobState.CONNECTING,
                JobState.SUSPENDED,
                JobState.ERROR,
                JobState.TRANSIENT_ERROR,
                JobState.TRANSFERRED,
            }
        )
        | FINAL,
        JobState.CONNECTING: frozenset(
            {
                JobState.QUEUED,
                JobState.TRANSFERRING,
                JobState.SUSPENDED,
                JobState.ERROR,
                JobState.TRANSIENT_ERROR,
            }
        )
        | FINAL,
        JobState.TRANSFERRING: frozenset(
            {
                JobState.QUEUED,
                JobState.SUSPENDED,
                JobState.ERROR,
                JobState.TRANSIENT_ERROR,
                JobState.TRANSFERRED,
            }
        )
        | FINAL,
        JobState.SUSPENDED: frozenset({JobState.QUEUED}) | FINAL,
        JobState.ERROR: frozenset({JobState.QUEUED}) | FINAL,
        JobState.TRANSIENT_ERROR: frozenset({JobState.QUEUED, JobState.SUSPENDED, JobState.ERROR}) | FINAL,
        # To ERROR where the files can't get their names by themselves (ours).
        JobState.TRANSFERRED: frozenset({JobState.QUEUED, JobState.ERROR}) | FINAL,
        JobState.ACKNOWLEDGED: frozenset(),
        JobState.CANCELLED: frozenset(),
    }
)
"""Where a job may go from each state. Our engine enforces it; what another service reports is a fact."""

ALLOWED: Mapping[JobState, frozenset[Command]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({Command.SUSPEND, Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.CONNECTING: frozenset({Command.SUSPEND, Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.TRANSFERRING: frozenset({Command.SUSPEND, Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.SUSPENDED: frozenset({Command.RESUME, Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.ERROR: frozenset({Command.RESUME, Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.TRANSIENT_ERROR: frozenset(Command),
        JobState.TRANSFERRED: frozenset({Command.COMPLETE, Command.CANCEL}) | SETTING,
        JobState.ACKNOWLEDGED: frozenset(),
        JobState.CANCELLED: frozenset(),
    }
)
"""The commands that change something in each state: what a window offers."""
