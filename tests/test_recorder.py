"""What the recorder writes of a monitor's feed, on real threads and real files."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domonitor import recorder as recorder_module
from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import History, Records
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import JobState
from domonitor.monitor import Monitor
from domonitor.recorder import MOST_ASKED, Digest, Recorder
from tests.backends.played import PlayedBackend
from tests.jobs.samples import SOME_DAY, a_job, transferring
from tests.watching import NotedPauses, in_a_loop, until

S = JobState
KEY = JobKey("scripted", "1")
ERROR = CopyError(ErrorContext.GENERAL_TRANSPORT, 0x80072EE7, "no address", occurred_at=SOME_DAY)


def failed(job_id: str = "1", state: JobState = S.TRANSIENT_ERROR, **fields: Any) -> Job:
    return a_job(job_id, state, error_code=ERROR.code, **fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


class Recorded:
    """A monitor with its recorder, whose history can be looked into meanwhile."""

    def __init__(self, monitor: Monitor, recorder: Recorder, told: Sequence[str]) -> None:
        self.monitor = monitor
        self.recorder = recorder
        self.told = told

    async def until(self, query: Callable[[History], Any], expected: Any) -> None:
        """Asks until the history says so; nobody announces what has been written."""
        while await self.recorder.read(query) != expected:
            await asyncio.sleep(0.002)


@asynccontextmanager
async def recording(path: Path, *backends: ScriptedBackend, keeps: str = "") -> AsyncIterator[Recorded]:
    monitor = Monitor(backends)
    told: list[str] = []
    recorder = Recorder(monitor, path, frozenset({keeps}), now=lambda: SOME_DAY, sleep=NotedPauses())
    recorder.start(told.append)
    monitor.start()
    try:
        yield Recorded(monitor, recorder, told)
    finally:
        await asyncio.gather(recorder.close(), monitor.close())


def gone_ids(history: History) -> list[tuple[str, bool]]:
    return [(one.job.key.id, one.has_vanished) for one in history.gone()]


def states(history: History) -> list[JobState | None]:
    return [event.state for event in history.events(KEY) if event.kind is EventKind.STATE]


@in_a_loop
async def test_a_job_that_ends_and_one_that_vanishes_are_recorded(tmp_path: Path) -> None:
    service = ScriptedBackend([a_job("1"), a_job("2", display_name="seen last")])
    async with recording(tmp_path / "history.sqlite", service) as recorded:
        await until(lambda: len(recorded.monitor.jobs) == 2)
        service.publish(Change(removals={KEY: a_job("1", S.CANCELLED), JobKey("scripted", "2"): None}))
        await recorded.until(gone_ids, [("2", True), ("1", False)])
        (vanished, ended) = await recorded.recorder.read(History.gone) or ()
        assert (vanished.job.display_name, ended.job.state, ended.at) == ("seen last", S.CANCELLED, SOME_DAY)
        service.publish(Change((a_job("2"),)))
        await recorded.until(gone_ids, [("1", False)])


@in_a_loop
async def test_the_states_of_a_service_that_keeps_no_timeline_are_recorded(tmp_path: Path) -> None:
    service = ScriptedBackend([a_job("1")])
    async with recording(tmp_path / "history.sqlite", service) as recorded:
        await recorded.until(states, [S.QUEUED])
        service.publish(Change((a_job("1", S.TRANSFERRING),)))
        await recorded.until(states, [S.QUEUED, S.TRANSFERRING])
        service.publish(Change((transferring("1", 500_000),)))
        await until(lambda: recorded.monitor.jobs[KEY].progress.bytes_transferred)
        service.publish(Change((a_job("1", S.TRANSFERRED),)))
        await recorded.until(states, [S.QUEUED, S.TRANSFERRING, S.TRANSFERRED])
        service.publish(Change(removals={KEY: a_job("1", S.ACKNOWLEDGED)}))
        await recorded.until(states, [S.QUEUED, S.TRANSFERRING, S.TRANSFERRED, S.ACKNOWLEDGED])


@in_a_loop
async def test_of_a_service_that_keeps_timelines_only_ends_and_errors_are_recorded(tmp_path: Path) -> None:
    service = ScriptedBackend([failed()])
    service.errors["1"] = ERROR
    async with recording(tmp_path / "history.sqlite", service, keeps="scripted") as recorded:
        recorded_error = Event(SOME_DAY, EventKind.ERROR, code=ERROR.code, error=ERROR)
        await recorded.until(lambda history: history.last_error(KEY), recorded_error)
        assert await recorded.recorder.last_error(KEY) == recorded_error
        assert await recorded.recorder.read(lambda history: history.events(KEY)) == ()


@in_a_loop
async def test_each_failure_is_asked_for_once(tmp_path: Path) -> None:
    asked = []

    class Asked(ScriptedBackend):
        def get_error(self, job_id: str) -> CopyError:
            asked.append(job_id)
            return super().get_error(job_id)

    service = Asked([failed(), a_job("2")])
    service.errors["1"] = ERROR
    async with recording(tmp_path / "history.sqlite", service) as recorded:
        kinds = ["state", "error"]
        await recorded.until(lambda history: [event.kind for event in history.events(KEY)], kinds)
        service.publish(Change((failed(display_name="renamed"), a_job("2", S.SUSPENDED))))
        await recorded.until(lambda history: len(history.events(JobKey("scripted", "2"))), 2)
        assert asked == ["1"]
        service.errors["1"] = replace(ERROR, code=0x80070070)
        service.publish(Change((replace(failed(), error_code=0x80070070),)))
        await recorded.until(lambda history: [event.kind for event in history.events(KEY)], [*kinds, "error"])
        await recorded.until(lambda history: history.last_error(KEY).error.code, 0x80070070)
        assert asked == ["1", "1"]


@in_a_loop
async def test_an_error_that_its_service_no_longer_holds_stays_on_record(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    event = Event(SOME_DAY, EventKind.ERROR, code=ERROR.code, error=ERROR)
    with closing(History(path, lambda: SOME_DAY)) as history:
        history.record(Records(errors=((KEY, event),)))
    async with recording(path, ScriptedBackend([failed()])) as recorded:
        await recorded.until(states, [S.TRANSIENT_ERROR])
        assert await recorded.recorder.last_error(KEY) == event


@in_a_loop
async def test_where_thousands_fail_at_once_the_latest_are_asked_for(tmp_path: Path) -> None:
    count = 2 * MOST_ASKED
    service = PlayedBackend()
    service.errors = {str(number): ERROR for number in range(count)}
    async with recording(tmp_path / "history.sqlite", service, keeps="scripted") as recorded:
        await until(lambda: service.calls.count("poll") == 1)
        monitor = recorded.monitor
        # As one change, which is more than any service gives at once.
        monitor._publish(monitor._watches["scripted"], Change(tuple(failed(str(number)) for number in range(count))))
        newest, oldest = (JobKey("scripted", str(number)) for number in (count - 1, 0))
        await recorded.until(lambda history: history.last_error(newest) is not None, True)
        assert await recorded.recorder.last_error(oldest) is None


@in_a_loop
@pytest.mark.expected_log("scripted could not be asked for an error .*a bug")
async def test_a_service_that_fails_when_it_is_asked_harms_nobody(tmp_path: Path) -> None:
    answers: list[Exception] = [CallFailed(1, "E", "It can't be asked."), ValueError("a bug")]

    class Failing(ScriptedBackend):
        def get_error(self, job_id: str) -> CopyError:
            if answers:
                raise answers.pop()
            return super().get_error(job_id)

    service = Failing([failed(number) for number in "123"])
    service.errors["3"] = ERROR
    async with recording(tmp_path / "history.sqlite", service) as recorded:
        await recorded.until(lambda history: history.last_error(JobKey("scripted", "3")) is not None, True)


@in_a_loop
async def test_what_was_published_last_is_written_at_the_close(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    monitor = Monitor([service := ScriptedBackend([a_job("1")])])

    async def never(_pause_s: float) -> None:
        await asyncio.Event().wait()

    recorder = Recorder(monitor, path, sleep=never)
    recorder.start(lambda _: None)
    monitor.start()
    await until(lambda: monitor.jobs)
    service.publish(Change(removals={KEY: None}))
    await until(lambda: not monitor.jobs)
    await recorder.close()
    await recorder.close()
    await monitor.close()
    with closing(History(path)) as history:
        assert gone_ids(history) == [("1", True)]


@in_a_loop
async def test_one_that_is_closed_at_once_leaves_nothing_running(tmp_path: Path) -> None:
    async with recording(tmp_path / "history.sqlite", ScriptedBackend()) as recorded:
        await recorded.recorder.close()
    gc.collect()  # a coroutine that was never begun would warn here


@in_a_loop
async def test_of_two_recorders_one_writes_and_the_other_takes_over(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    jobs = [a_job(number) for number in "123"]
    first_service, second_service = ScriptedBackend(jobs), ScriptedBackend(jobs)
    async with recording(path, first_service) as first:
        await first.until(states, [S.QUEUED])
        async with recording(path, second_service) as second:
            await until(lambda: len(second.monitor.jobs) == 3)
            second_service.publish(Change(removals={jobs[1].key: None}))
            await until(lambda: len(second.monitor.jobs) == 2 and not second.recorder._changes)
            first_service.publish(Change(removals={jobs[0].key: None}))
            await second.until(gone_ids, [("1", True)])
            await first.recorder.close()
            second_service.publish(Change(removals={jobs[2].key: None}))
            await second.until(gone_ids, [("3", True), ("1", True)])
            assert first.told == second.told == []


@in_a_loop
async def test_a_history_that_can_t_be_opened_is_told_and_nothing_else_is_harmed(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.mkdir()
    async with recording(path, service := ScriptedBackend([failed()])) as recorded:
        await until(lambda: recorded.told)
        assert "can't be opened" in recorded.told[0]
        service.publish(Change(removals={KEY: None}))
        await until(lambda: recorded.monitor.jobs == {})
        assert await recorded.recorder.last_error(KEY) is None
        assert len(recorded.told) == 1


@in_a_loop
async def test_a_damaged_history_is_told_once_and_goes_on_in_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"rubbish" * 100)
    async with recording(path, ScriptedBackend([a_job("1")])) as recorded:
        await recorded.until(states, [S.QUEUED])
        (told,) = recorded.told
        assert "was damaged" in told


@in_a_loop
@pytest.mark.expected_log("the history did not answer in time", "did not close in time")
async def test_a_history_that_hangs_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going = threading.Event()
    async with recording(tmp_path / "history.sqlite", ScriptedBackend()) as recorded:
        await recorded.until(gone_ids, [])
        monkeypatch.setattr(recorder_module, "READ_WITHIN_S", 0.01)
        monkeypatch.setattr(recorder_module, "CLOSE_WITHIN_S", 0.01)
        assert await recorded.recorder.read(lambda _: going.wait(20)) is None
        assert await recorded.recorder.last_error(KEY) is None
        await recorded.recorder.close()
        monkeypatch.undo()
        going.set()


# What is worth recording.


def changes(*some: Change) -> list[tuple[datetime, Change]]:
    return [(SOME_DAY, change) for change in some]


def test_a_job_that_comes_and_goes_within_one_group_is_recorded_as_it_is_at_the_end() -> None:
    there, away = Change((failed(),)), Change(removals={KEY: None})
    records, failing = Digest(frozenset()).records(changes(there, away, there), ())
    assert (records.gone, records.listed, failing) == ((), (KEY,), (KEY,))
    records, failing = Digest(frozenset()).records(changes(there, away), ())
    assert ([one.job for one in records.gone], failing) == ([failed()], ())


def test_a_job_that_nobody_knew_leaves_nothing_when_it_vanishes() -> None:
    records, _ = Digest(frozenset()).records(changes(Change(removals={KEY: None})), ())
    assert records.is_empty


def test_the_same_failure_again_is_another_one() -> None:
    """One that is retried and fails within one look: only its next attempt tells it from the last one."""
    digest = Digest(frozenset())
    first = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for retry_at, expected in ((first, (KEY,)), (first, ()), (first.replace(minute=1), (KEY,))):
        assert digest.records(changes(Change((failed(retry_at=retry_at),))), ())[1] == expected
