"""Jobs that are gone, from the record, as rows of the list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobKey
from domonitor.ui.groups import day_began, group_of
from domonitor.ui.rows import GONE, Row

MOST_SHOWN = 1_000
"""So many of them are shown; a search finds older ones."""


class GoneJob(Protocol):
    """A job that its service no longer lists."""

    @property
    def job(self) -> Job:
        """As it was last seen."""

    @property
    def at(self) -> datetime:
        """When it went, in UTC."""

    @property
    def has_vanished(self) -> bool:
        """Whether it just was not there any more, so that nobody knows how it ended."""


class Past(Protocol):
    """What is on record of jobs, whatever their service still knows."""

    async def last_error(self, key: JobKey) -> Event | None:
        """The job's last recorded error, as an ERROR event with its error; None where there is none to be had."""

    async def events(self, key: JobKey) -> tuple[Event, ...]:
        """The job's timeline as far as it was recorded, oldest first; none where it can't be read."""

    async def close(self) -> None:
        """Lets go of the record, within a bounded time."""


class PastJobs(Past, Protocol):
    """What is on record, with the jobs that are gone."""

    async def gone(self, limit: int, text: str = "") -> Sequence[GoneJob]:
        """The jobs that are gone and contain the text, the last one first."""


def past_rows(gone: Sequence[GoneJob]) -> list[Row]:
    """The jobs as rows, in the order of their creation."""
    today = day_began(datetime.now(UTC))
    rows = []
    for one in gone:
        ended_at = one.at if one.has_vanished else None
        row = Row(one.job, is_fresh=False, ended_at=ended_at)
        state = GONE if one.has_vanished else one.job.state
        row.kind = (group_of(one.job, ended_at, today), state, one.job.key.service)
        row.group = row.kind[0]
        row.searched = row.search_text()
        rows.append(row)
    return sorted(rows, key=lambda row: row.job.times.created)
