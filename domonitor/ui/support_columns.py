"""The columns for whoever has to find out why: every documented field, also those that one service alone has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domonitor.jobs import codes, hresult
from domonitor.jobs.job import Job
from domonitor.ui import text
from domonitor.ui.rows import Row
from domonitor.words.fields import FROM_BITS, FROM_DO, reported_title, reported_words


@dataclass(frozen=True, slots=True)
class SupportField:
    """A field: its name here, its title, and what Windows calls it."""

    name: str
    title: Callable[[], str]
    documented: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    width: int = 130
    is_number: bool = False
    moves: bool = False


def unavailable() -> str:
    """What stands where a service does not give a field."""
    return text.tr("unavailable")


def _of_job(
    name: str,
    title: Callable[[], str],
    documented: str,
    value: Callable[[Job], Any],
    shown: Callable[[Any], str] = str,
    width: int = 130,
    *,
    is_number: bool = False,
    moves: bool = False,
) -> SupportField:
    """value: None where the service does not give it."""

    def words(row: Row) -> str:
        given = value(row.job)
        return unavailable() if given is None else shown(given)

    def key(row: Row) -> tuple[bool, Any]:
        given = value(row.job)
        return (given is None, 0 if given is None else given)

    return SupportField(name, title, documented, words, key, width, is_number, moves)


def _of_error(name: str, title: Callable[[], str], documented: str, shown: Callable[[int], str]) -> SupportField:
    """Nothing where there is no error: that is known."""

    def words(row: Row) -> str:
        return "" if row.job.error_code is None else shown(row.job.error_code)

    return SupportField(name, title, documented, words, words, 160)


def _reported(documented: str) -> SupportField:
    """A field that stays as the service says it; its title is made of its documented name."""

    def words(row: Row) -> str:
        given = row.job.reported.get(documented)
        return unavailable() if given is None else reported_words(documented, given)

    def key(row: Row) -> tuple[int, int, str]:
        given = row.job.reported.get(documented)
        if given is None:
            return (2, 0, "")
        return (0, int(given), "") if given.isdecimal() else (1, 0, given.casefold())

    return SupportField(documented, lambda: reported_title(documented), documented, words, key)


SUPPORT: tuple[SupportField, ...] = (
    _of_job("id", lambda: text.tr("Job id"), "JobId", lambda job: job.key.id, width=240),
    _of_job("description", lambda: text.tr("Description"), "Description", lambda job: job.description, width=160),
    _of_job("owner", lambda: text.tr("Owner"), "OwnerAccount", lambda job: job.owner),
    _of_job("origin", lambda: text.tr("Made by"), "", lambda job: job.origin.value, text.origin_name),
    _of_job("priority", lambda: text.tr("Priority"), "Priority", lambda job: job.priority, text.priority_name, 95),
    _of_job("job_state", lambda: text.tr("State by name"), "JobState", lambda job: job.state, lambda each: each.name),
    _of_error("error_code", lambda: text.tr("Error code"), "ErrorCondition", hresult.text),
    _of_error("error_name", lambda: text.tr("Error name"), "", lambda code: codes.explain(code).name or unavailable()),
    _of_error("error_text", lambda: text.tr("Error"), "", lambda code: codes.explain(code).headline),
    _of_job("waiting", lambda: text.tr("Why it waits"), "", lambda job: job.waiting_reason, width=200),
    _of_job("retry_at", lambda: text.tr("Tries again at"), "", lambda job: job.retry_at, text.moment, 120),
    _of_job(
        "done",
        lambda: text.tr("Arrived"),
        "BytesTransferred",
        lambda job: job.progress.bytes_transferred,
        text.size,
        90,
        is_number=True,
        moves=True,
    ),
    _of_job(
        "files", lambda: text.tr("Files"), "FilesTotal", lambda job: job.progress.files_total, width=70, is_number=True
    ),
    _of_job(
        "files_done",
        lambda: text.tr("Files arrived"),
        "FilesTransferred",
        lambda job: job.progress.files_transferred,
        width=100,
        is_number=True,
        moves=True,
    ),
    _of_job("modified", lambda: text.tr("Changed"), "ModificationTime", lambda job: job.times.modified, text.moment),
    _of_job(
        "transferred",
        lambda: text.tr("Arrived at"),
        "TransferCompletionTime",
        lambda job: job.times.transferred,
        text.moment,
    ),
    *map(_reported, FROM_BITS),
    *map(_reported, FROM_DO),
)
