"""Services that fail, hang and come back, and the end of the monitor."""

from __future__ import annotations

import asyncio
import time

import pytest

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import Command, JobState
from domonitor.monitor import CLOSE_WITHIN_S, FIRST_RETRY_S, LAST_RETRY_S, PUBLISH_PAUSE_S, Monitor
from tests.backends.played import PlayedBackend
from tests.jobs.samples import a_job
from tests.watching import Feed, NotedPauses, in_a_loop, watching

STOPPED = CallFailed(0x80D01001, "DO_E_NO_SERVICE", "The service is stopped. Start it.")
UNAVAILABLE = Health(HealthState.UNAVAILABLE, "The service is stopped. Start it.")


@in_a_loop
async def test_a_service_that_can_not_be_opened_is_health_and_is_tried_again_until_it_can() -> None:
    backend = PlayedBackend([a_job("1")])
    backend.failures["open"] = [STOPPED] * 3
    pauses = NotedPauses()
    async with watching(backend, sleep=pauses) as (monitor, feed):
        await feed.until_state("1", JobState.QUEUED)
        assert feed.healths == [UNAVAILABLE] * 3 + [Health()]
        assert monitor.health("scripted") == Health()
        assert backend.calls == ["open"] * 4 + ["poll"]
        assert pauses.pauses_s[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]


@in_a_loop
async def test_the_pauses_between_attempts_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    backend = PlayedBackend()
    backend.failures["poll"] = [STOPPED] * 9
    pauses = NotedPauses()
    async with watching(backend, sleep=pauses) as (_, feed):
        await feed.until(lambda: feed.healths[-1:] == [Health()])
        retries_s = [pause_s for pause_s in pauses.pauses_s if pause_s != PUBLISH_PAUSE_S]
        assert retries_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert LAST_RETRY_S == 60
        backend.failures["poll"] = [STOPPED]
        backend.publish(Change((a_job("1"),)))
        await feed.until_state("1", JobState.QUEUED)
        assert [pause_s for pause_s in pauses.pauses_s if pause_s != PUBLISH_PAUSE_S][9:] == [FIRST_RETRY_S]


@in_a_loop
async def test_a_poll_that_fails_keeps_the_jobs_and_does_not_open_again() -> None:
    backend = PlayedBackend([a_job("1")])
    async with watching(backend, sleep=NotedPauses()) as (monitor, feed):
        await feed.until_state("1", JobState.QUEUED)
        backend.failures["poll"] = [STOPPED]
        backend.wake()
        await feed.until(lambda: UNAVAILABLE in feed.healths)
        assert JobKey("scripted", "1") in monitor.jobs
        await feed.until(lambda: feed.healths[-1] == Health())
        assert backend.calls.count("open") == 1


@in_a_loop
async def test_a_service_that_gives_its_own_health_keeps_it() -> None:
    idle = Health(HealthState.IDLE, "The service sleeps until it has a job.")
    backend = PlayedBackend()
    backend.publish(Change(health=idle))
    async with watching(backend) as (monitor, feed):
        await feed.until(lambda: feed.changes)
        assert monitor.health("scripted") == idle
        backend.publish(Change((a_job("1"),)))
        await feed.until_state("1", JobState.QUEUED)
        assert monitor.health("scripted") == idle


@pytest.mark.expected_log(r"scripted failed \[ZeroDivisionError")
@in_a_loop
async def test_a_bug_in_a_service_is_logged_and_is_health_in_a_sentence() -> None:
    backend = PlayedBackend([a_job("1")])
    backend.failures["poll"] = [ZeroDivisionError("a bug")]
    async with watching(backend, sleep=NotedPauses()) as (_, feed):
        await feed.until_state("1", JobState.QUEUED)
        assert feed.healths[0].state is HealthState.UNAVAILABLE
        assert feed.healths[0].reason.startswith("The service failed unexpectedly.")
        assert feed.healths[1] == Health()


@in_a_loop
async def test_a_service_that_fails_or_hangs_takes_no_other_one_down() -> None:
    failing, hanging = PlayedBackend(name="failing"), PlayedBackend(name="hanging")
    failing.failures["open"] = [STOPPED] * 100
    hanging.gates["open"].shut()
    well = ScriptedBackend(name="well")
    async with watching(failing, hanging, well) as (monitor, feed):
        well.publish(Change((a_job("1", service="well"),)))
        await feed.until_state("1", JobState.QUEUED, service="well")
        await feed.until(lambda: monitor.health("failing") == UNAVAILABLE)
        assert monitor.health("hanging").state is HealthState.CONNECTING
        assert (await monitor.execute(Command.CANCEL, [JobKey("well", "1")]))[JobKey("well", "1")].code == 0


@in_a_loop
async def test_close_closes_every_service_and_ends_the_watching() -> None:
    backends = [PlayedBackend(name="one"), PlayedBackend(name="two")]
    monitor = Monitor(backends)
    feed = Feed(monitor)
    monitor.start()
    await feed.until(lambda: len(feed.changes) == 2)
    await monitor.close()
    assert [backend.calls[-1] for backend in backends] == ["close", "close"]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("watch ")]
    backends[0].publish(Change((a_job("1"),)))
    await asyncio.sleep(0)
    assert len(feed.changes) == 2


@in_a_loop
async def test_close_again_is_the_same_close() -> None:
    backend = PlayedBackend()
    async with watching(backend) as (monitor, _):
        await monitor.close()
        await monitor.close()
    assert backend.calls.count("close") == 1


@in_a_loop
async def test_a_monitor_that_was_never_started_closes_too() -> None:
    backend = PlayedBackend()
    await Monitor([backend]).close()
    await Monitor([]).close()
    assert backend.calls == ["close"]


@pytest.mark.expected_log("hanging did not close in time and was left behind")
@in_a_loop
async def test_close_leaves_a_hanging_service_behind_in_time() -> None:
    hanging, well = PlayedBackend(name="hanging"), PlayedBackend(name="well")
    hanging.gates["poll"].shut()
    monitor = Monitor([hanging, well])
    monitor.start()
    await asyncio.to_thread(hanging.gates["poll"].reached.wait)
    started_s = time.monotonic()
    await monitor.close()
    taken_s = time.monotonic() - started_s
    hanging.gates["poll"].open()
    assert CLOSE_WITHIN_S - 0.01 <= taken_s < CLOSE_WITHIN_S + 0.4
    assert well.calls[-1] == "close"


@pytest.mark.expected_log(r"scripted did not close cleanly \[CallFailed")
@in_a_loop
async def test_a_service_that_fails_at_its_close_is_logged() -> None:
    backend = PlayedBackend()
    backend.failures["close"] = [STOPPED]
    async with watching(backend) as (_, feed):
        await feed.until(lambda: feed.changes)
