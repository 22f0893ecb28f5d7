"""Commands and questions on their way down to the services."""

from __future__ import annotations

import asyncio

import pytest

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import JobFile, JobKey
from domonitor.jobs.request import CommandRequest, NewFile, NewJob, Outcome
from domonitor.jobs.state import Command
from domonitor.monitor import Monitor
from tests.backends.played import PlayedBackend
from tests.jobs.samples import SOME_DAY, a_job
from tests.watching import in_a_loop, watching

ONE, TWO, THREE = JobKey("left", "1"), JobKey("right", "2"), JobKey("left", "3")
REFUSED = Outcome("3", hresult.DO_E_INVALID_STATE, "DO_E_INVALID_STATE", "The job is already complete.")


@in_a_loop
async def test_a_command_goes_to_each_service_once_with_all_of_its_jobs() -> None:
    left, right = ScriptedBackend(name="left"), ScriptedBackend(name="right")
    left.answer = lambda request: (Outcome("1"), REFUSED)
    async with watching(left, right) as (monitor, _):
        outcomes = await monitor.execute(Command.SUSPEND, [ONE, TWO, THREE], origin="tray", reason="night")
    assert left.requests == [CommandRequest(Command.SUSPEND, ("1", "3"), {"reason": "night"}, "tray")]
    assert right.requests == [CommandRequest(Command.SUSPEND, ("2",), {"reason": "night"}, "tray")]
    assert outcomes == {ONE: Outcome("1"), TWO: Outcome("2"), THREE: REFUSED}
    assert outcomes[THREE].is_refused


@in_a_loop
async def test_a_command_for_no_job_asks_nobody() -> None:
    backend = ScriptedBackend()
    async with watching(backend) as (monitor, _):
        assert await monitor.execute(Command.CANCEL, []) == {}
    assert not backend.requests


@in_a_loop
async def test_a_service_that_can_not_be_asked_refuses_its_jobs_and_the_others_answer() -> None:
    left, right = ScriptedBackend(name="left"), ScriptedBackend(name="right")
    stopped = CallFailed(0x80D01001, "DO_E_NO_SERVICE", "The service is stopped.")

    def fail(request: CommandRequest) -> tuple[Outcome, ...]:
        raise stopped

    left.answer = fail
    async with watching(left, right) as (monitor, _):
        outcomes = await monitor.execute(Command.RESUME, [ONE, TWO])
    refused, done = (outcomes[key] for key in sorted(outcomes, key=lambda key: key.service))
    assert (refused.code, refused.name, refused.message) == (stopped.code, stopped.name, str(stopped))
    assert refused.is_refused
    assert not done.is_refused


@in_a_loop
async def test_a_command_goes_before_the_poll_that_waits() -> None:
    backend = PlayedBackend([a_job("1")])
    backend.gates["open"].shut()
    async with watching(backend) as (monitor, feed):
        await asyncio.to_thread(backend.gates["open"].reached.wait)
        # The poll follows the open; the command that was given meanwhile goes before it.
        command = asyncio.ensure_future(monitor.execute(Command.CANCEL, [JobKey("scripted", "1")]))
        await asyncio.sleep(0)
        backend.gates["open"].open()
        await command
        await feed.until(lambda: feed.changes)
    assert backend.calls[:3] == ["open", "execute", "poll"]


@in_a_loop
async def test_new_jobs_go_to_the_named_service_and_come_back_with_their_ids() -> None:
    left, right = ScriptedBackend(name="left"), ScriptedBackend(name="right")
    jobs = [NewJob(name, (NewFile(f"http://localhost/{name}", f"/tmp/{name}"),)) for name in ("a", "b")]
    async with watching(left, right) as (monitor, _):
        outcomes = await monitor.add("right", jobs)
    assert [outcome.job_id for outcome in outcomes] == ["added-0", "added-1"]
    assert right.added == jobs
    assert not left.added


@in_a_loop
async def test_error_files_and_timeline_are_asked_of_the_job_s_own_service() -> None:
    backend = ScriptedBackend([a_job("1")])
    error = CopyError(ErrorContext.REMOTE_FILE, 0x80190194)
    files = (JobFile("http://localhost/a", "/tmp/a"),)
    events = (Event(SOME_DAY, EventKind.COMMAND, detail="resume"),)
    backend.errors["1"], backend.files_by_job["1"], backend.events = error, files, {"1": events}
    key = JobKey("scripted", "1")
    async with watching(ScriptedBackend(name="other"), backend) as (monitor, _):
        assert await monitor.get_error(key) == error
        assert await monitor.files(key) == files
        assert await monitor.timeline(key) == events
        with pytest.raises(CallFailed) as failure:
            await monitor.get_error(JobKey("other", "1"))
    assert failure.value.code == hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE


@in_a_loop
async def test_the_monitor_knows_its_services_and_what_they_can() -> None:
    left, right = ScriptedBackend(name="left"), ScriptedBackend(name="right")
    right.commands = frozenset({Command.CANCEL})
    monitor = Monitor([right, left])
    assert monitor.services == ("right", "left")
    assert monitor.commands("right") == {Command.CANCEL}
    await monitor.close()
