"""The lines of the list: a job, or the heading of a group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from domonitor.jobs import codes, hresult
from domonitor.jobs.job import Job
from domonitor.jobs.state import FINAL, Command, JobState
from domonitor.ui import text
from domonitor.ui.groups import Group, title
from domonitor.words.caution import short_caution

GONE = "gone"
"""What stands in place of the state of a job that vanished: how it ended is not known."""

STILL_AFTER_S = 5
"""A job that transfers is said to stand still when nothing has come for so long."""

Kind = tuple[Group, JobState | str, str]
"""What a job is counted as: its group, its state or GONE, and its service."""


@dataclass(slots=True, eq=False)
class Row:
    """A job as the table shows it.

    bytes_per_s: its speed, None while it does not transfer. is_fresh: there was news of it since the last second.
    pending: a command under way. is_answered: the service has taken it, and its effect is not seen yet.
    ended_at: when it vanished from its service without a last word, None where it did not.
    is_stale: its service can't be reached now.
    at: where it stands in the list, -1 where it does not. group: under which heading. kind: where it belongs by now.
    key: what it is sorted by. can_act: whether a command is offered on it, where another program made it.
    still_s: for how many seconds nothing has come though it transfers.
    searched: what the filter looks through, in small letters.
    files: names and addresses of its files for the filter, None before they were asked for.
    """

    job: Job
    bytes_per_s: float | None = None
    is_fresh: bool = True
    pending: Command | None = None
    is_answered: bool = False
    is_stale: bool = False
    ended_at: datetime | None = None
    at: int = -1
    group: Group = Group.RUNNING
    kind: Kind | None = None
    key: Any = None
    can_act: bool = True
    still_s: int = 0
    searched: str = ""
    files: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it vanished from its service without a last word."""
        return self.ended_at is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing can come of it any more."""
        return self.ended_at is not None or self.job.state in FINAL

    def words(self) -> str:
        """The state in words."""
        if self.pending is not None:
            return text.pending(self.pending)
        if self.is_gone:
            return text.tr("Gone from its service")
        return text.state(self.job, datetime.now(UTC))

    def reason(self) -> str:
        """Why the job does not move, where its state alone does not say so; "" where it moves or is over."""
        if self.pending is not None or self.is_over:
            return ""
        if self.is_stale:
            return text.tr("Its service can't be reached: this is what it was like")
        return text.reason(self.job, is_still=self.still_s >= STILL_AFTER_S)

    def caution(self) -> str:
        """What warns of the job, in a few words; "" where nothing does, or where it is over."""
        return "" if self.pending is not None or self.is_over else short_caution(self.job)

    def second_line(self) -> str:
        """What stands below the state: what warns of it, else why it does not move, else since when it is over."""
        if said := self.caution():
            return said
        if reason := self.reason():
            return reason
        if self.ended_at is not None:
            return text.tr("noticed at {time}").format(time=text.moment(self.ended_at))
        if self.pending is None and (self.job.state in FINAL or self.job.state is JobState.ERROR):
            since = text.tr("since {time}") if self.job.state is JobState.ERROR else "{time}"
            return since.format(time=text.moment(self.job.times.modified))
        return ""

    def sentence(self) -> str:
        """The row as it is spoken."""
        said = (self.words(), self.caution(), self.reason())
        return text.row_sentence(self.job, ". ".join(filter(None, said)), self.bytes_per_s)

    def search_text(self) -> str:
        """What the filter is to look through."""
        job = self.job
        found = [job.display_name]
        found += filter(None, (job.description, self.files))
        if job.error_code is not None:
            found.append(error_words(job.error_code))
        folded = "\n".join(found).casefold()
        return job.display_name if folded == job.display_name else folded  # one text for both where it can be


@dataclass(slots=True, eq=False)
class GroupRow:
    """The heading of a group.

    count: how many jobs stand below it, or would if it were not folded. is_view_only: nothing can be done with any.
    """

    group: Group
    at: int = -1
    count: int = 0
    is_folded: bool = False
    is_view_only: bool = False

    def words(self) -> str:
        """Title and count: RUNNING (3)."""
        return f"{title(self.group).upper()} ({self.counted()})"

    def counted(self) -> str:
        """The count, with what else is to be said of all of them."""
        return text.tr("{n}, view only").format(n=self.count) if self.is_view_only else f"{self.count}"

    def sentence(self) -> str:
        """The heading as it is spoken."""
        fold = text.tr("folded") if self.is_folded else text.tr("unfolded")
        count = text.plural(self.count, text.tr("{n} download"), text.tr("{n} downloads"))
        only = text.tr("view only") if self.is_view_only else ""
        return ", ".join(filter(None, (title(self.group), count, only, fold))) + "."


Line = Row | GroupRow


@lru_cache(maxsize=4096)
def error_words(code: int) -> str:
    """Every form of an error code, its names and what it means."""
    explanation = codes.explain(code)
    names = [name for meaning in explanation.meanings for name in meaning.names]
    signed = code - (1 << 32) if code & 0x80000000 else code
    status = "" if explanation.status is None else f"HTTP {explanation.status}"
    return "\n".join((hresult.text(code), f"{code}", f"{signed}", status, explanation.headline, *names))


def can_act(job: Job) -> bool:
    """Whether any command is offered on a job of another program."""
    return any(job.allows(command) for command in Command if command is not Command.COMPLETE)
