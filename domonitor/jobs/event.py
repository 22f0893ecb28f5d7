"""One line of a job's timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domonitor.jobs.error import CopyError
from domonitor.jobs.state import FINAL, JobState


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


def merged(kept: Sequence[Event], recorded: Sequence[Event]) -> tuple[Event, ...]:
    """What a service keeps of a job and what was recorded of it while somebody watched, as one timeline, oldest first.

    What both tell stands there once: an end, and a failure, which is noticed after it has happened; of that the moment
    is the service's and the error object is the recorded one.
    """
    if not kept or not recorded:
        return tuple(kept or recorded)
    found = sorted(kept, key=_moment)
    ends = {event.state for event in found if event.kind is EventKind.STATE and event.state in FINAL}
    failures = [at for at, event in enumerate(found) if event.kind is EventKind.ERROR]
    more = []
    for event in recorded:
        if event in found or (event.kind is EventKind.STATE and event.state in ends):
            continue
        before = [at for at in failures if found[at].at <= event.at] if event.kind is EventKind.ERROR else []
        if before and found[before[-1]].code == event.code:
            found[before[-1]] = replace(found[before[-1]], error=event.error or found[before[-1]].error)
        else:
            more.append(event)
    return tuple(sorted((*found, *more), key=_moment))


def _moment(event: Event) -> datetime:
    return event.at
