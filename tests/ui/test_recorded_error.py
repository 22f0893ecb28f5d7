"""The error panel where the service no longer holds the error: it explains what is on record, and says so."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFrame, QLabel

from domonitor.backends.engine import EngineBackend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import History, Records
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from domonitor.ui import text
from domonitor.ui.main_window import MainWindow
from tests.backends.engine.conftest import QUICK
from tests.server import Answer, Origin, Pattern, Resource
from tests.ui.conftest import Run
from tests.ui.opened import LOOK_S, job, label, opened, part, until

S = JobState
KEY = JobKey("scripted", "1")
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NO_ADDRESS = CopyError(
    ErrorContext.GENERAL_TRANSPORT,
    0x80072EE7,
    "from the record",
    file=ErrorFile("https://dl.example.com/file.iso", "/home/anna/file.iso"),
    occurred_at=YESTERDAY,
    retry_at=YESTERDAY + timedelta(seconds=40),
)
DISK_FULL = CopyError(ErrorContext.LOCAL_FILE, 0x80070070, "from the service")


def failure(error: CopyError, at: datetime = YESTERDAY) -> Event:
    return Event(at, EventKind.ERROR, code=error.code, error=error)


def service_that_forgot(*timeline: Event, failed: Job | None = None) -> ScriptedBackend:
    service = ScriptedBackend([failed or job(1, S.ERROR)])
    service.events = {"1": timeline}
    return service


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A history that holds the job's last error."""
    path = tmp_path / "history.sqlite"
    with closing(History(path)) as recorded:
        recorded.record(Records(errors=((KEY, failure(NO_ADDRESS)),)))
    return path


async def panel_of_the_job(window: MainWindow) -> None:
    await until(lambda: window.model.rowCount() == 1)
    window.choose(KEY)
    await until(part(window, QFrame, "errorPanel").isVisible)


async def on_record(window: MainWindow, key: JobKey) -> None:
    """Returns once the job's error has been written."""
    assert window.past is not None
    while await window.past.last_error(key) is None:
        await asyncio.sleep(LOOK_S)


def test_an_error_in_the_history_is_explained_as_recorded(run: Run, history: Path) -> None:
    async def test() -> None:
        async with opened(service_that_forgot(), history=history) as window:
            await panel_of_the_job(window)
            assert label(window, "errorHeadline") == "The server can't be found"
            assert label(window, "errorDescription") == "from the record"
            assert label(window, "errorFile").splitlines() == ["https://dl.example.com/file.iso", "/home/anna/file.iso"]
            words = text.recorded(YESTERDAY, datetime.now(UTC), is_lost=True)
            assert label(window, "errorRecorded") == words
            assert words in window.details.error_panel.as_text()
            assert label(window, "errorRetry") == "It does not try again by itself: you decide."

    run(test())


def test_the_service_s_own_timeline_comes_first_and_its_newest_error(run: Run, history: Path) -> None:
    timeline = (
        failure(NO_ADDRESS, YESTERDAY - timedelta(days=1)),
        failure(DISK_FULL),
        Event(YESTERDAY, EventKind.ERROR, code=0x80190194),  # of an earlier version, which kept the code alone
        Event(YESTERDAY, EventKind.STATE, S.SUSPENDED),
    )

    async def test() -> None:
        async with opened(service_that_forgot(*timeline), history=history) as window:
            await panel_of_the_job(window)
            assert label(window, "errorHeadline") == "The disk is full"
            assert label(window, "errorRecorded").endswith("; the service no longer holds it.")

    run(test())


def test_an_error_that_the_service_holds_is_not_from_a_record(run: Run, history: Path) -> None:
    async def test() -> None:
        service = service_that_forgot(failure(NO_ADDRESS))
        async with opened(service, history=history) as window:
            await panel_of_the_job(window)
            assert part(window, QLabel, "errorRecorded").isVisible()
            service.errors["1"] = DISK_FULL
            service.publish(Change((job(1, S.ERROR, error_code=DISK_FULL.code),)))
            await until(lambda: label(window, "errorHeadline") == "The disk is full")
            assert not part(window, QLabel, "errorRecorded").isVisible()
            assert "Recorded" not in window.details.error_panel.as_text()

    run(test())


def test_an_error_on_record_is_not_taken_for_another_one(run: Run, history: Path) -> None:
    """The job says which code it has now; the one on record has another."""

    async def test() -> None:
        failed = job(1, S.ERROR, error_code=DISK_FULL.code)
        async with opened(service_that_forgot(failure(NO_ADDRESS), failed=failed), history=history) as window:
            await panel_of_the_job(window)
            assert label(window, "errorHeadline") == "The disk is full"
            assert label(window, "errorDescription") == "The service gives no more information on this error."
            assert not part(window, QLabel, "errorRecorded").isVisible()

    run(test())


def test_a_service_that_can_t_be_asked_is_not_said_to_have_forgotten(run: Run, history: Path) -> None:
    class Unreachable(ScriptedBackend):
        def get_error(self, job_id: str) -> CopyError:
            raise CallFailed(0x8000FFFF, "E_UNEXPECTED", "The service is not running.")

        def timeline(self, job_id: str) -> tuple[Event, ...]:
            raise CallFailed(0x8000FFFF, "E_UNEXPECTED", "The service is not running.")

    async def test() -> None:
        async with opened(Unreachable([job(1, S.ERROR)]), history=history) as window:
            await panel_of_the_job(window)
            assert label(window, "errorDescription") == "from the record"
            assert label(window, "errorRecorded") == text.recorded(YESTERDAY, datetime.now(UTC), is_lost=False)

    run(test())


def test_an_error_outlives_its_service_s_memory(run: Run, tmp_path: Path) -> None:
    """Seen in one run of the program, explained in the next one."""
    path = tmp_path / "history.sqlite"

    async def first() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=NO_ADDRESS.code)])
        service.errors["1"] = NO_ADDRESS
        async with opened(service, history=path) as window:
            await on_record(window, KEY)

    async def second() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR)]), history=path) as window:
            await panel_of_the_job(window)
            assert label(window, "errorDescription") == "from the record"

    run(first())
    run(second())


def test_an_error_outlives_the_engine_s_process(run: Run, tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(Pattern(1_000, seed=1), faults=[Answer(404)]))
    path = tmp_path / "history.sqlite"

    async def fail_and_choose(window: MainWindow) -> None:
        await until(lambda: window.model.rowCount() == 1 and window.model.rows[0].job.state is S.ERROR)
        window.choose(window.model.rows[0].job.key)
        await until(part(window, QFrame, "errorPanel").isVisible)
        assert label(window, "errorHeadline") == "The file is not on the server"
        assert label(window, "errorDescription") == "The server answered 404 Not Found."

    async def first() -> None:
        async with opened(EngineBackend(tmp_path / "engine", QUICK), history=path) as window:
            new_file = NewFile(url, str(tmp_path / "a.bin"))
            await window.monitor.add("engine", [NewJob("A download", (new_file,))])
            await fail_and_choose(window)
            assert not part(window, QLabel, "errorRecorded").isVisible()
            await on_record(window, window.model.rows[0].job.key)

    async def second() -> None:
        async with opened(EngineBackend(tmp_path / "engine", QUICK), history=path) as window:
            await fail_and_choose(window)
            assert label(window, "errorRecorded").endswith("the service no longer holds it.")

    run(first())
    run(second())


def test_a_history_that_can_t_be_used_is_a_notice_and_the_window_goes_on(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(service_that_forgot(), history=tmp_path) as window:  # a folder in the file's place
            await until(lambda: "history of downloads" in window.notices.message)
            await panel_of_the_job(window)
            assert label(window, "errorHeadline") == "The service does not say what failed"

    run(test())


def test_without_a_history_the_window_says_what_it_knows(run: Run) -> None:
    async def test() -> None:
        async with opened(service_that_forgot()) as window:
            await panel_of_the_job(window)
            assert label(window, "errorDescription") == "The service gives no more information on this error."

    run(test())


@pytest.mark.parametrize(("days", "day"), [(0, "today"), (1, "yesterday"), (3, "on 2026-11-01")])
def test_the_day_of_a_record(days: int, day: str) -> None:
    now = datetime(2026, 11, 4, 9, 5).astimezone()
    at = (now - timedelta(days=days)).astimezone(UTC)
    assert text.recorded(at, now, is_lost=True) == f"Recorded 09:05 {day}; the service no longer holds it."
    assert text.recorded(at, now, is_lost=False) == f"Recorded 09:05 {day}."
