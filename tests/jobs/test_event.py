"""Two tellings of one timeline."""

from __future__ import annotations

from datetime import datetime, timedelta

from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind, merged
from domonitor.jobs.state import JobState
from tests.jobs.samples import SOME_DAY

NOT_FOUND, REFUSED = 0x80190194, 0x80072EFD


def at(seconds: float) -> datetime:
    return SOME_DAY + timedelta(seconds=seconds)


def entered(seconds: float, state: JobState) -> Event:
    return Event(at(seconds), EventKind.STATE, state)


def failed(seconds: float, code: int, *, is_told_well: bool = False) -> Event:
    file = ErrorFile("http://example.com/a", "/tmp/a") if is_told_well else None
    context = ErrorContext.REMOTE_FILE if is_told_well else ErrorContext.UNKNOWN
    return Event(at(seconds), EventKind.ERROR, code=code, error=CopyError(context, code, file=file))


def test_where_one_of_them_tells_nothing_the_other_stands_as_it_is() -> None:
    events = (entered(5, JobState.QUEUED), entered(1, JobState.SUSPENDED))
    assert merged(events, ()) == merged((), events) == events
    assert merged((), ()) == ()


def test_both_are_one_timeline_in_the_order_of_time() -> None:
    kept = (entered(3, JobState.SUSPENDED), Event(at(1), EventKind.STATE, detail="Created"))
    recorded = (entered(2, JobState.QUEUED), entered(4, JobState.TRANSFERRING))
    assert [event.at for event in merged(kept, recorded)] == [at(seconds) for seconds in (1, 2, 3, 4)]


def test_what_both_tell_stands_there_once() -> None:
    one = entered(1, JobState.QUEUED)
    end, seen = entered(5, JobState.ACKNOWLEDGED), entered(9, JobState.ACKNOWLEDGED)
    assert merged((one, end), (one, seen)) == (one, end)


def test_a_failure_stands_at_its_own_moment_with_what_the_error_object_said() -> None:
    told = failed(8, NOT_FOUND, is_told_well=True)
    (event,) = merged((failed(1, NOT_FOUND),), (told,))
    assert (event.at, event.error) == (at(1), told.error)


def test_another_failure_is_another_line() -> None:
    kept = (failed(1, NOT_FOUND), failed(5, REFUSED))
    recorded = (failed(0, REFUSED), failed(9, NOT_FOUND))
    assert [event.at for event in merged(kept, recorded)] == [at(seconds) for seconds in (0, 1, 5, 9)]


def test_each_attempt_that_failed_is_kept_where_it_was_noticed_once() -> None:
    kept = tuple(failed(seconds, REFUSED) for seconds in (1, 601, 1_201))
    found = merged(kept, (failed(3, REFUSED, is_told_well=True),))
    assert [event.at for event in found] == [at(seconds) for seconds in (1, 601, 1_201)]
    assert [event.error is not None and event.error.file is not None for event in found] == [True, False, False]
