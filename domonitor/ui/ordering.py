"""The order of the list: groups with headings, or flat by a column. It decides; the model tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from domonitor.ui.columns import COLUMNS, GROUPED
from domonitor.ui.filtering import Filter
from domonitor.ui.groups import FINISHED, FOLDED_AT_FIRST, Group
from domonitor.ui.rows import GroupRow, Line, Row

_by_key = attrgetter("key")


def by_creation(row: Row) -> Any:
    """The second key of every order."""
    return row.job.times.created


def _by_end(row: Row) -> Any:
    return row.ended_at or row.job.times.modified


@dataclass(slots=True)
class Order:
    """What the list is ordered by, and what of it is seen.

    column: sorted by that one, GROUPED for groups. folded: the groups of which only the heading is seen.
    headings: that of each group.
    """

    column: int = GROUPED
    descending: bool = False
    filter: Filter = field(default_factory=Filter)
    folded: frozenset[Group] = FOLDED_AT_FIRST
    headings: Mapping[Group, GroupRow] = field(default_factory=lambda: {group: GroupRow(group) for group in Group})

    @property
    def is_grouped(self) -> bool:
        """Whether there are headings."""
        return self.column == GROUPED

    @property
    def key(self) -> Callable[[Row], Any] | None:
        """What a row is sorted by; None in groups."""
        return None if self.is_grouped else COLUMNS[self.column].key

    def lines(self, rows: Iterable[Row]) -> list[Line]:
        """What is seen of the rows, which come in the order of their creation, each with its key."""
        rows = self.filter.narrow(list(rows))
        for heading in self.headings.values():
            heading.count = 0
        if not self.is_grouped:
            rows.sort(key=_by_key, reverse=self.descending)
            return list(rows)
        members: dict[Group, list[Row]] = {group: [] for group in Group}
        for row in rows:
            members[row.group].append(row)
        found: list[Line] = []
        for group, below in members.items():
            if not below:
                continue
            found.append(self.heading(group, below))
            if group in FINISHED:
                below.sort(key=_by_end, reverse=True)
            if group not in self.folded:
                found += below
        return found

    def heading(self, group: Group, below: list[Row]) -> GroupRow:
        """The group's heading over these rows."""
        heading = self.headings[group]
        heading.count = len(below)
        heading.is_folded = group in self.folded
        heading.is_view_only = group is Group.OTHER_PROGRAMS and not any(row.can_act for row in below)
        return heading

    def is_seen(self, row: Row) -> bool:
        """Whether a row that passes the filter is seen."""
        return not (self.is_grouped and row.group in self.folded)
