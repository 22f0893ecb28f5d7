"""How often a job was tried, and from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.state import JobState
from domonitor.words import text

_NEW_START = frozenset({JobState.SUSPENDED, JobState.TRANSFERRED})
"""What comes after these has nothing to do with the failures before."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures in a row of which an error is the last one. first, last: UTC, None where they are not known."""

    count: int
    first: datetime | None
    last: datetime | None

    @property
    def sentence(self) -> str:
        """tried 4x, 14:02:10 to 14:31:05; the moment alone of a single failure."""
        last = text.moment(self.last)
        if self.count < 2:
            return last or text.tr("at an unknown time")
        times = text.tr("tried {n}x").format(n=self.count)
        if not last:
            return times
        first = text.moment(self.first)
        if not first or first == last:
            return text.tr("{times}, last {last}").format(times=times, last=last)
        return f"{times}, {first}\N{EN DASH}{last}"


def attempts(error: CopyError, timeline: Sequence[Event] = (), modified: datetime | None = None) -> Attempts:
    """Counts what the timeline knows of the same error without a break, and takes the service's count where larger.

    modified: when the job last changed, which is when it failed, for a service whose errors have no time of their own.
    """
    moments: list[datetime] = []
    for event in reversed(timeline):
        if event.kind is EventKind.ERROR and event.code != error.code:
            break
        if event.kind is EventKind.STATE and event.state in _NEW_START:
            break
        if event.kind is EventKind.ERROR:
            moments.append(event.at)
    last = error.occurred_at or (moments[0] if moments else modified)
    count = max(len(moments), error.attempts or 0, 1)
    # Where the service has counted more than is on record, the first one on record was not the first.
    first = moments[-1] if moments and len(moments) >= count else None
    return Attempts(count, first, last)
