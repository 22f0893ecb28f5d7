"""One line of a job's timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domonitor.jobs.error import CopyError
from domonitor.jobs.state import JobState


class EventKind(StrEnum):
    """What a line of the timeline is about."""

    STATE = "state"
    ERROR = "error"
    RETRY = "retry"
    COMMAND = "command"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job, at a moment in UTC.

    state: the state entered. code: HRESULT of an error or a refused command. detail: a command, a sentence on the new
    name of a file that was NAMED otherwise than it was wanted, or what more there is to say. origin: who caused it
    ("window", "command line", "engine", …). error: what the error object said, for an ERROR; it outlives the error
    object itself.
    """

    at: datetime
    kind: EventKind
    state: JobState | None = None
    code: int | None = None
    detail: str = ""
    origin: str = ""
    error: CopyError | None = None
