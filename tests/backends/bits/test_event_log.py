"""What Windows' event log says of BITS' jobs, from texts as it renders them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domonitor.backends.bits.event_log import MOST_EVENTS, parsed
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.state import JobState
from tests.backends.bits.logged import AT, JOB, OTHER, Channel, cancelled, completed, created, later, transfer, xml

PLAIN_URL = "http://example.com/files/setup.iso?…"


def event_of(text: str) -> Event:
    found = parsed(text)
    assert found is not None
    assert found.job_id == JOB
    return found.event


def test_who_made_a_job_is_told() -> None:
    said = r"Created by C:\Windows\System32\svchost.exe for PC\me"
    assert event_of(created()) == Event(AT, EventKind.STATE, detail=said, origin="bits")


def test_how_a_job_ended_is_told() -> None:
    for text, state in ((completed(), JobState.ACKNOWLEDGED), (cancelled(), JobState.CANCELLED)):
        found = parsed(text)
        assert found is not None
        assert found.end is state
        assert found.event == Event(AT, EventKind.STATE, state, origin="bits")


def test_which_files_moved_is_told_without_what_is_secret() -> None:
    assert event_of(transfer(59)).detail == f"BITS fetches {PLAIN_URL}"
    assert event_of(transfer(60)).detail == f"BITS has fetched {PLAIN_URL}"
    assert event_of(transfer(60, bytesTransferred=10)).detail == f"BITS stopped fetching {PLAIN_URL}"
    stopped = event_of(transfer(60, hr=0x80200010, bytesTransferred=10)).detail
    assert stopped == f"BITS stopped fetching {PLAIN_URL} (0x80200010)"


@pytest.mark.parametrize("hr", ["0x80190194", "2149122452", "-2145844844", " 0x80190194 "])
def test_what_failed_is_an_error_however_its_code_is_written(hr: str) -> None:
    event = event_of(transfer(61, hr=hr))
    assert (event.kind, event.code) == (EventKind.ERROR, 0x80190194)
    file = ErrorFile(PLAIN_URL, "")
    assert event.error == CopyError(ErrorContext.UNKNOWN, 0x80190194, file=file, occurred_at=AT)


@pytest.mark.parametrize(
    "text",
    [
        xml(5, jobID=str(JOB).upper()),
        xml(5, Id=str(JOB)),
        xml(3, string="setup", string2=f"{{{JOB}}}", string3=r"PC\me"),
        xml(59, transferId=f"{{{OTHER}}}", Id=f"{{{JOB}}}"),
        xml(4, jobTitle="\x01 and \ud800", jobId=f"{{{JOB}}}"),
        xml(59, Id=f"{{{JOB}}}", url="", bytesTotal=18446744073709551615, bytesTransferred="many"),
    ],
    ids=["jobID", "no braces", "first version", "not the transfer's id", "a name that no XML may hold", "no numbers"],
)
def test_the_job_is_found_however_its_id_is_called(text: str) -> None:
    assert event_of(text).at == AT


@pytest.mark.parametrize("moment", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000000000Z", "2026-03-01T12:00:00"])
def test_moments_are_in_utc_with_any_number_of_digits(moment: str) -> None:
    text = cancelled().replace(f"{AT:%Y-%m-%dT%H:%M:%S.%f}7Z", moment)
    assert event_of(text).at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no XML",
        cancelled()[:-20],
        cancelled().replace("EventRecordID", "Other"),
        cancelled().replace("<EventID>5", "<EventID>five"),
        cancelled().replace("2026-03-01T", "the first of March"),
        cancelled().replace(str(JOB), "not an id"),
        xml(3, string="setup", string2=r"PC\me"),
        xml(1, jobId=f"{{{JOB}}}"),
        xml(5),
        transfer(61, hr=0),
        transfer(61, hr="soon"),
        "<!DOCTYPE a [<!ENTITY b 'c'>]>" + cancelled(),
        xml(5, jobId=f"{{{JOB}}}", jobTitle="x" * 300_000),
    ],
)
def test_what_can_t_be_made_out_is_left_out(text: str) -> None:
    assert parsed(text) is None


def test_a_job_has_its_own_events_alone_in_the_order_of_time() -> None:
    channel = Channel(
        created(number=1),
        created(OTHER, number=2),
        transfer(60, number=3, at=later(3)),
        transfer(59, number=4, at=later(2)),
        "broken",
        completed(number=6, at=later(4)),
    )
    assert [event.at for event in channel.log().timeline(JOB)] == [AT, later(2), later(3), later(4)]
    assert len(channel.log().timeline(OTHER)) == 1
    assert channel.log().timeline(UUID(int=1)) == ()


def test_only_what_is_new_is_read_again() -> None:
    channel = Channel(*(created(OTHER, number) for number in range(1, 101)))
    log = channel.log()
    assert log.timeline(JOB) == ()
    assert channel.reads == 100
    channel.texts = [*channel.texts, created(number=101)]
    assert len(log.timeline(JOB)) == 1
    assert len(log.timeline(JOB)) == 1
    assert channel.reads == 100 + 2 + 1


def test_a_log_that_was_cleared_begins_anew() -> None:
    channel = Channel(*(created(JOB, number) for number in range(1, 11)))
    log = channel.log()
    assert len(log.timeline(JOB)) == 10
    channel.texts = [cancelled(number=1), created(OTHER, number=2)]
    assert [event.state for event in log.timeline(JOB)] == [JobState.CANCELLED]


def test_no_more_is_kept_than_so_many_events() -> None:
    channel = Channel(*(created(JOB, number) for number in range(1, MOST_EVENTS + 11)))
    assert len(channel.log().timeline(JOB)) == MOST_EVENTS


def test_the_ends_are_those_of_the_jobs_that_were_asked_for() -> None:
    log = Channel(completed(number=1, bytes_transferred=5), cancelled(OTHER, number=2)).log()
    ends = log.ends([JOB])
    assert ends is not None
    assert {job_id: (end.end, end.bytes_transferred) for job_id, end in ends.items()} == {
        JOB: (JobState.ACKNOWLEDGED, 5)
    }


def test_a_log_that_can_t_be_read_is_said_once_and_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "domonitor")
    channel = Channel(completed(), problem=OSError("the event log can't be read (Win32 error 15007)"))
    log = channel.log()
    assert log.timeline(JOB) == ()
    assert log.ends([JOB]) is None
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "15007" in caplog.text
    channel.problem = None
    assert len(log.timeline(JOB)) == 1
