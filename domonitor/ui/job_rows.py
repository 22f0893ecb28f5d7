"""All jobs as rows, and how many there are of each kind. It takes changes over; the model tells the view of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from domonitor.jobs.change import Change, HealthState
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import ALLOWED, FINAL, Command, JobState
from domonitor.ui import text
from domonitor.ui.groups import Group, day_began, group_of
from domonitor.ui.ordering import by_creation
from domonitor.ui.rows import GONE, STILL_AFTER_S, Kind, Row, can_act

_MOST_AT_ONCE = 10_000
"""So many rows are looked at in one second; where more move, each one's turn comes a little later."""


@dataclass(slots=True)
class Effect:
    """What a change has done: rows that look different, rows that belong elsewhere now, and rows that are new."""

    changed: list[Row] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)


class JobRows:
    """The rows in the order of their creation, kept after their end until they are cleared.

    speed_of: a job's bytes per second, None while it does not transfer. tally: how many jobs there are of each kind.
    """

    def __init__(
        self, speed_of: Callable[[JobKey], float | None], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.tally: Counter[Kind] = Counter()
        self._speed_of = speed_of
        self._now = now
        self._today = day_began(now())
        self._rows: list[Row] = []
        self._by_key: dict[JobKey, Row] = {}
        self._lively: dict[Row, None] = {}
        self._unreachable: set[str] = set()

    @property
    def all(self) -> list[Row]:
        """All rows in the order of their creation; not to be changed."""
        return self._rows

    def get(self, key: JobKey) -> Row | None:
        """The job's row."""
        return self._by_key.get(key)

    def count(self, state: JobState | str) -> int:
        """How many jobs are in the state, or GONE."""
        return sum(count for kind, count in self.tally.items() if kind[1] == state)

    def own_states(self) -> Counter[JobState]:
        """How many of our own jobs are in each state."""
        counts: Counter[JobState] = Counter()
        for (group, state, _), count in self.tally.items():
            if group is not Group.OTHER_PROGRAMS and isinstance(state, JobState):
                counts[state] += count
        return counts

    def totals(self) -> tuple[float, float | None]:
        """Bytes per second of all jobs, and in how many seconds the last one that runs is done, if that is known."""
        moving = [row for row in self._lively if row.bytes_per_s]
        left = [text.remaining_of(row.job, row.bytes_per_s) for row in moving]
        known = [seconds for seconds in left if seconds is not None]
        return sum(row.bytes_per_s or 0 for row in moving), max(known, default=None)

    def has_finished(self) -> bool:
        """Whether there is anything to clear."""
        return any(count and (kind[1] == GONE or kind[1] in FINAL) for kind, count in self.tally.items())

    # What changes.

    def apply(self, service: str, change: Change) -> Effect:
        """Takes over a change of a service."""
        effect = Effect()
        if change.health is not None:
            self._set_reachable(service, change.health.state is not HealthState.UNAVAILABLE, effect)
        for job in change.upserts:
            row = self._by_key.get(job.key)
            if row is None:
                effect.new.append(Row(job, self._speed_of(job.key), is_stale=service in self._unreachable))
            else:
                row.ended_at = None  # a service that lost a job may find it again
                self._update(row, job, effect)
        for key, final_job in change.removals.items():
            row = self._by_key.get(key)
            if row is not None:
                if final_job is None:
                    row.ended_at = row.ended_at or self._now()
                self._update(row, final_job or row.job, effect)
            elif final_job is not None:
                effect.new.append(Row(final_job))
        self._add(effect.new)
        return effect

    def set_pending(self, keys: Iterable[JobKey], command: Command | None) -> list[Row]:
        """The rows say that a command is under way, None that it is not any more. Returns those that changed."""
        changed = []
        for key in keys:
            if (row := self._by_key.get(key)) is not None:
                row.pending, row.is_answered = command, False
                changed.append(row)
        return changed

    def set_answered(self, keys: Iterable[JobKey]) -> list[Row]:
        """The service has taken the command: the words stay until its effect is seen, at most two seconds."""
        seen: list[JobKey] = []
        for key in keys:
            if (row := self._by_key.get(key)) is not None and row.pending is not None:
                if row.is_gone or row.pending not in ALLOWED[row.job.state]:
                    seen.append(key)  # the news was quicker than the answer
                else:
                    row.is_answered = row.is_fresh = True
                    self._lively[row] = None
        return self.set_pending(seen, None)

    def set_files(self, key: JobKey, names: str) -> Row | None:
        """What the filter is to find of the job's files."""
        row = self._by_key.get(key)
        if row is not None:
            row.files = names
            row.searched = row.search_text()
        return row

    def tick(self) -> Effect:
        """Once a second: speeds decay, and at midnight what was finished today was finished earlier."""
        effect = Effect()
        for row in tuple(islice(self._lively, _MOST_AT_ONCE)):
            del self._lively[row]
            if row.is_fresh:
                row.is_fresh = False  # its speed is of this very second
            elif row.is_answered:
                row.pending, row.is_answered = None, False
                effect.changed.append(row)
            elif row.bytes_per_s:
                row.bytes_per_s = self._speed_of(row.job.key)
                effect.changed.append(row)
            if row.job.state is not JobState.TRANSFERRING and not row.is_answered and not row.bytes_per_s:
                continue
            self._lively[row] = None  # behind all others
            if row.bytes_per_s == 0:
                row.still_s += 1
                if row.still_s == STILL_AFTER_S:
                    effect.changed.append(row)
        if (today := day_began(self._now())) != self._today:
            self._today = today
            effect.moved += [row for row in self._rows if row.is_over and self._count(row)]
        return effect

    def clear_finished(self) -> bool:
        """Forgets the rows of jobs that have ended or are gone; whether there were any."""
        kept = [row for row in self._rows if not row.is_over]
        if len(kept) == len(self._rows):
            return False
        for row in self._rows:
            if row.is_over and row.kind is not None:
                self.tally[row.kind] -= 1
                self._lively.pop(row, None)
        self._rows = kept
        self._by_key = {row.job.key: row for row in kept}
        return True

    def _add(self, new: list[Row]) -> None:
        if not new:
            return
        new.sort(key=by_creation)
        is_in_order = not self._rows or by_creation(self._rows[-1]) <= by_creation(new[0])
        self._rows.extend(new)
        if not is_in_order:
            self._rows.sort(key=by_creation)
        for row in new:
            self._by_key[row.job.key] = row
            row.searched = row.search_text()
            self._count(row)
            row.group = row.kind[0] if row.kind is not None else row.group
            if row.job.state is JobState.TRANSFERRING:
                self._lively[row] = None

    def _update(self, row: Row, job: Job, effect: Effect) -> None:
        old, row.job = row.job, job
        row.bytes_per_s = self._speed_of(job.key)
        row.is_fresh = True
        if row.bytes_per_s != 0:
            row.still_s = 0
        if row.is_answered:
            row.pending, row.is_answered = None, False
        self._lively[row] = None
        effect.changed.append(row)
        is_searched_anew = (
            job.error_code != old.error_code
            or job.display_name != old.display_name
            or job.description != old.description
        )
        if is_searched_anew:
            row.searched = row.search_text()
        if self._count(row) or is_searched_anew:
            effect.moved.append(row)

    def _count(self, row: Row) -> bool:
        """Counts the row as what it is now; whether that is something new."""
        job = row.job
        if job.origin is not Origin.OURS:
            row.can_act = can_act(job)
        state: JobState | str = GONE if row.ended_at is not None else job.state
        kind = (group_of(job, row.ended_at, self._today), state, job.key.service)
        if kind == row.kind:
            return False
        if row.kind is not None:
            self.tally[row.kind] -= 1
        self.tally[kind] += 1
        row.kind = kind
        return True

    def _set_reachable(self, service: str, is_reachable: bool, effect: Effect) -> None:
        if is_reachable == (service not in self._unreachable):
            return
        (self._unreachable.discard if is_reachable else self._unreachable.add)(service)
        for row in self._rows:
            if row.job.key.service == service:
                row.is_stale = not is_reachable
                effect.changed.append(row)
