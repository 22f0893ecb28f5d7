"""Which jobs the list shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from domonitor.jobs.state import JobState
from domonitor.ui.rows import Row

_ID = re.compile(r"\{?[0-9a-f][0-9a-f-]{7,}\}?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filter:
    """What must hold of a job.

    text: what its name, description, error or files must contain, in letters of any case, or its id.
    state: one state, or GONE; None for all. service: one service, None for all.
    unchanged_since: it is not over and has not changed since then, None for whatever its age.
    """

    text: str = ""
    state: JobState | str | None = None
    service: str | None = None
    unchanged_since: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether every job passes."""
        return not self.text.strip() and self.state is None and self.service is None and self.unchanged_since is None

    def narrow(self, rows: list[Row]) -> list[Row]:
        """Those of the rows that pass, in their order."""
        typed = " ".join(self.text.casefold().split())
        if _ID.fullmatch(typed):
            plain = typed.strip("{}")
            rows = [row for row in rows if plain in row.searched or plain in row.job.key.id.casefold()]
        elif typed:
            rows = [row for row in rows if typed in row.searched]
        if self.service is not None:
            rows = [row for row in rows if row.job.key.service == self.service]
        if self.state is not None:
            rows = [row for row in rows if row.kind is not None and row.kind[1] == self.state]
        if (since := self.unchanged_since) is not None:
            rows = [row for row in rows if row.job.times.modified < since and not row.is_over]
        return rows
