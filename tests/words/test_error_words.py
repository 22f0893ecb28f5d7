"""How often a job was tried, how many fail beside it, and what is copied of an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.host import host_of
from domonitor.jobs.job import Job, JobKey, Progress, Times
from domonitor.jobs.state import JobState
from domonitor.words import report
from domonitor.words.attempts import attempts
from domonitor.words.failure import failure
from domonitor.words.fields import FROM_BITS, FROM_DO, fields
from domonitor.words.hosts import Fellows

NOW = datetime.now(UTC)
CODE = 0x80072EE7
ERROR = CopyError(
    ErrorContext.GENERAL_TRANSPORT,
    CODE,
    'No address for https://anna:pw@dl.example.com/a?token=secret | "x".',
    file=ErrorFile("https://anna:pw@dl.example.com/pub/a.iso?token=secret", "/home/anna/a.iso"),
    occurred_at=NOW,
)
JOB = Job(JobKey("engine", "1"), "a*b|c.iso", JobState.ERROR, Progress(10, 4, 5, 2), Times(NOW, NOW), error_code=CODE)


def failed(minutes_ago: float, code: int = CODE) -> Event:
    return Event(NOW - timedelta(minutes=minutes_ago), EventKind.ERROR, code=code)


def test_attempts_are_counted_from_the_timeline_with_first_and_last() -> None:
    tried = attempts(ERROR, [failed(31), failed(20), failed(0)])
    assert (tried.count, tried.first, tried.last) == (3, NOW - timedelta(minutes=31), NOW)
    assert tried.sentence.startswith("tried 3x, ")
    assert "\N{EN DASH}" in tried.sentence


def test_another_error_or_a_new_start_ends_the_count() -> None:
    suspended = Event(NOW - timedelta(minutes=10), EventKind.STATE, JobState.SUSPENDED)
    assert attempts(ERROR, [failed(31), failed(20, 0x80190194), failed(0)]).count == 1
    assert attempts(ERROR, [failed(31), suspended, failed(1), failed(0)]).count == 2


def test_where_the_service_counts_more_than_is_on_record_the_first_one_is_not_known() -> None:
    tried = attempts(replace(ERROR, attempts=7), [failed(3), failed(0)])
    assert (tried.count, tried.first) == (7, None)
    assert tried.sentence.startswith("tried 7x, last ")


def test_a_single_failure_has_its_moment_alone() -> None:
    assert "tried" not in attempts(ERROR).sentence
    assert attempts(replace(ERROR, occurred_at=None)).sentence == "at an unknown time"
    assert attempts(replace(ERROR, occurred_at=None), modified=NOW).last == NOW


@pytest.mark.parametrize(
    ("fellows", "sentence"),
    [
        (Fellows("h.example", 1, 1), ""),
        (Fellows("", 4, 4), ""),
        (Fellows("h.example", 2, 2), "Both downloads from h.example fail."),
        (Fellows("h.example", 3, 3), "All 3 downloads from h.example fail."),
        (Fellows("h.example", 3, 8), "3 of 8 downloads from h.example fail."),
        (Fellows("h.example", 3, None), "3 downloads from h.example fail."),
    ],
)
def test_the_downloads_from_one_server_in_a_sentence(fellows: Fellows, sentence: str) -> None:
    assert fellows.sentence == sentence


def test_the_server_of_an_address() -> None:
    assert host_of("https://anna:pw@DL.example.com:8080/a?b") == "dl.example.com"
    assert host_of("http://[bad/") == ""


@pytest.mark.parametrize("make", [report.as_text, report.as_markdown])
def test_what_is_copied_is_whole_and_holds_no_secret(make: object) -> None:
    told = failure(JOB, ERROR, NOW)
    copied = make(JOB, told, f"{ERROR.description} All 3 fail.", "tried 4x")  # type: ignore[operator]
    for secret in ("anna", "pw@", "token=secret", "secret"):
        assert secret not in copied, copied
    for wanted in ("The server can't be found", "0x80072EE7", "tried 4x", "All 3 fail.", "dl.example.com/pub/a.iso"):
        assert wanted in copied, copied


def test_markdown_is_not_broken_by_what_stands_in_it() -> None:
    said = report.as_markdown(JOB, failure(JOB, ERROR, NOW), ERROR.description, "tried 4x")
    assert said.splitlines()[0] == "### a\\*b\\|c.iso: The server can't be found"
    assert "1. Check the address for typing errors." in said
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert len(rows) >= 6
    for row in rows:
        assert row.replace("\\|", "").count("|") == 3, row


def test_every_documented_field_is_there_and_what_is_not_given_is_said() -> None:
    shown = {field.documented: field for field in fields(JOB) if field.documented}
    assert {*FROM_BITS, *FROM_DO} <= shown.keys()
    assert {"JobId", "DisplayName", "JobState", "BytesTotal", "FilesTransferred", "CreationTime"} <= shown.keys()
    assert shown["OwnerAccount"].shown == "unavailable"
    assert shown["NumPeers"].shown == "unavailable"
    assert shown["BytesTransferred"].shown == "4 B"
    assert shown["ErrorCondition"].shown == "0x80072EE7"


def test_fields_that_are_given_come_first() -> None:
    given = [field.value is not None for field in fields(JOB)]
    assert given == sorted(given, reverse=True)


def test_a_reported_field_shows_no_secret() -> None:
    job = replace(
        JOB,
        reported={
            "CustomHeaders": "Authorization: Bearer abc\nX-Key: abc",
            "SourceURL": "https://a:b@h.example/x?sig=abc",
            "BytesFromPeers": "1500000",
            "NotifyCommandLine": "run.exe --password=abc",
        },
    )
    shown = {field.documented: field.shown for field in fields(job)}
    assert shown["CustomHeaders"] == "Authorization: …, X-Key: …"
    assert shown["SourceURL"] == "https://h.example/x?…"
    assert shown["BytesFromPeers"] == "1.5 MB"
    assert shown["NotifyCommandLine"] == "run.exe --password=…"
