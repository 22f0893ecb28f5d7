"""The groups of the list: what asks for the user comes first, what is over comes last."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from domonitor.jobs.job import Job, Origin
from domonitor.jobs.state import FINAL, JobState
from domonitor.ui import text


class Group(IntEnum):
    """The groups in their order."""

    NEEDS_YOU = 0
    RUNNING = 1
    WAITING = 2
    SUSPENDED = 3
    FINISHED_TODAY = 4
    FINISHED_EARLIER = 5
    OTHER_PROGRAMS = 6

    @property
    def key(self) -> str:
        """Its name in the settings."""
        return self.name.lower()


FINISHED = frozenset({Group.FINISHED_TODAY, Group.FINISHED_EARLIER})

FOLDED_AT_FIRST = FINISHED | {Group.OTHER_PROGRAMS}
"""Nobody has to look at these."""

_OF_STATE = {
    JobState.QUEUED: Group.WAITING,
    JobState.CONNECTING: Group.RUNNING,
    JobState.TRANSFERRING: Group.RUNNING,
    JobState.SUSPENDED: Group.SUSPENDED,
    JobState.ERROR: Group.NEEDS_YOU,
    JobState.TRANSIENT_ERROR: Group.WAITING,
}


def group_of(job: Job, ended_at: datetime | None, today: datetime) -> Group:
    """Where a job belongs.

    ended_at: when it went without a last word, None where it did not. today: the moment when the user's day began.
    One that has arrived and waits for its completion needs the user, unless that comes by itself.
    """
    if job.origin is not Origin.OURS:
        return Group.OTHER_PROGRAMS
    if ended_at is None and job.state in FINAL:
        ended_at = job.times.modified
    if ended_at is not None:
        return Group.FINISHED_TODAY if ended_at >= today else Group.FINISHED_EARLIER
    if job.state is JobState.TRANSFERRED:
        return Group.RUNNING if job.auto_complete else Group.NEEDS_YOU
    return _OF_STATE[job.state]


def title(group: Group) -> str:
    """What its heading says, without its count."""
    return {
        Group.NEEDS_YOU: text.tr("Needs you"),
        Group.RUNNING: text.tr("Running"),
        Group.WAITING: text.tr("Waiting"),
        Group.SUSPENDED: text.tr("Suspended"),
        Group.FINISHED_TODAY: text.tr("Finished today"),
        Group.FINISHED_EARLIER: text.tr("Finished earlier"),
        Group.OTHER_PROGRAMS: text.tr("Other programs"),
    }[group]


def folded_text(folded: frozenset[Group]) -> str:
    """The folded groups as the settings keep them."""
    return " ".join(group.key for group in sorted(folded)) or "none"


def folded_from(kept: str) -> frozenset[Group]:
    """The groups that were folded; at first, those that nobody has to look at."""
    if not kept:
        return FOLDED_AT_FIRST
    names = set(kept.split())
    return frozenset(group for group in Group if group.key in names)


def day_began(now: datetime) -> datetime:
    """When the day of that moment began where the user is."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
