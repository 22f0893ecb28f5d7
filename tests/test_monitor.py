"""What the monitor publishes and when, on real threads."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import pytest

from domonitor.backends.scripted import PAGE, ScriptedBackend
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import JobState
from domonitor.monitor import PUBLISH_PAUSE_S, Monitor
from tests.backends.played import PlayedBackend
from tests.jobs.samples import a_job, transferring
from tests.watching import Feed, in_a_loop, until, watching


@in_a_loop
async def test_the_jobs_that_are_there_and_the_health_are_published_first() -> None:
    async with watching(ScriptedBackend([a_job("1"), a_job("2")])) as (monitor, feed):
        assert monitor.health("scripted").state is HealthState.CONNECTING
        await feed.until(lambda: feed.changes)
        assert feed.changes == [("scripted", Change((a_job("1"), a_job("2")), health=Health()))]
        assert monitor.health("scripted") == Health()
        assert dict(monitor.jobs) == {job.key: job for job in (a_job("1"), a_job("2"))}


@in_a_loop
async def test_a_removal_carries_the_final_job_and_takes_it_from_the_known_ones() -> None:
    backend = ScriptedBackend([a_job("1")])
    done = a_job("1", JobState.ACKNOWLEDGED)
    async with watching(backend) as (monitor, feed):
        await feed.until(lambda: feed.changes)
        backend.publish(Change(removals={done.key: done}))
        await feed.until(lambda: len(feed.changes) == 2)
        assert dict(feed.changes[1][1].removals) == {done.key: done}
        assert not monitor.jobs


@in_a_loop
async def test_the_first_change_after_a_rest_is_published_before_any_pause() -> None:
    order: list[object] = []

    async def sleep(pause_s: float) -> None:
        order.append(pause_s)

    backend = ScriptedBackend()
    async with watching(backend, sleep=sleep) as (monitor, feed):
        monitor.subscribe(lambda _, change: order.append("published"))
        await feed.until(lambda: feed.changes)
        await until(lambda: order == ["published", PUBLISH_PAUSE_S])
        order.clear()
        backend.publish(Change((a_job("1"),)))
        await feed.until_state("1", JobState.QUEUED)
        assert order[0] == "published"


@in_a_loop
async def test_after_each_publication_comes_the_pause_before_the_next() -> None:
    order: list[object] = []

    async def sleep(pause_s: float) -> None:
        order.append(pause_s)
        await asyncio.sleep(0)

    backend = ScriptedBackend()
    async with watching(backend, sleep=sleep) as (monitor, feed):
        monitor.subscribe(lambda _, change: order.append("published"))
        for done_bytes in range(20):
            backend.publish(Change((transferring("1", done_bytes),)))
            await feed.until(lambda: feed.changes)
        await feed.until(lambda: monitor.jobs[JobKey("scripted", "1")].progress.bytes_transferred == 19)
    assert len(order) >= 3
    for pause_s, publication in zip(order[1::2], order[::2], strict=False):
        assert (publication, pause_s) == ("published", PUBLISH_PAUSE_S)


@in_a_loop
async def test_a_service_that_never_rests_is_published_at_most_20_times_a_second() -> None:
    backend = ScriptedBackend()
    is_over = threading.Event()

    def chatter() -> None:
        done_bytes = 0
        while not is_over.is_set():
            done_bytes += 1
            backend.publish(Change((transferring("1", done_bytes),)))

    async with watching(backend) as (_, feed):
        writer = threading.Thread(target=chatter)
        writer.start()
        await feed.until(lambda: len(feed.changes) >= 8)
        is_over.set()
        writer.join()
        # Timers may fire up to a millisecond early.
        gaps = [later - earlier for earlier, later in pairwise(feed.times_s)]
        assert min(gaps) >= PUBLISH_PAUSE_S - 0.002


@in_a_loop
async def test_wakes_from_many_threads_become_few_polls_and_none_is_lost() -> None:
    backend = PlayedBackend()

    def write(job_id: str) -> None:
        for done_bytes in range(500):
            backend.publish(Change((transferring(job_id, done_bytes),)))

    async with watching(backend) as (monitor, feed):
        await feed.until(lambda: feed.changes)
        polls = backend.calls.count("poll")
        threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        await feed.until(lambda: {job.progress.bytes_transferred for job in monitor.jobs.values()} == {499})
        assert len(monitor.jobs) == 8
        assert backend.calls.count("poll") - polls < 200


@in_a_loop
async def test_more_jobs_than_a_page_come_in_pages() -> None:
    jobs = [a_job(str(number)) for number in range(2 * PAGE + 1)]
    async with watching(ScriptedBackend(jobs)) as (monitor, feed):
        await feed.until(lambda: len(monitor.jobs) == len(jobs))
        assert [len(change.upserts) for _, change in feed.changes] == [PAGE, PAGE, 1]


@in_a_loop
async def test_a_service_that_wakes_nobody_is_polled() -> None:
    backend = PlayedBackend()
    backend.poll_interval_s = 0.005
    async with watching(backend) as (_, feed):
        await feed.until(lambda: feed.changes)
        backend._wake = lambda: None
        backend.publish(Change((a_job("1"),)))
        await feed.until_state("1", JobState.QUEUED)


@pytest.mark.expected_log("a listener failed on a change of scripted")
@in_a_loop
async def test_a_listener_that_raises_harms_nobody() -> None:
    backend = ScriptedBackend([a_job("1")])
    monitor = Monitor([backend])

    def fail(service: str, change: Change) -> None:
        raise ValueError("a bug in a listener")

    monitor.subscribe(fail)
    feed = Feed(monitor)
    monitor.start()
    await feed.until(lambda: feed.changes)
    backend.publish(Change((a_job("2"),)))
    await feed.until_state("2", JobState.QUEUED)
    await monitor.close()


@in_a_loop
async def test_a_listener_hears_nothing_after_it_has_left() -> None:
    backend = ScriptedBackend()
    async with watching(backend) as (monitor, feed):
        other = Feed(monitor)
        await feed.until(lambda: feed.changes)
        other.unsubscribe()
        backend.publish(Change((a_job("1"),)))
        await feed.until_state("1", JobState.QUEUED)
        assert len(other.changes) == 1


@in_a_loop
async def test_a_job_has_a_speed_while_it_is_transferring() -> None:
    now_s = 0.0
    backend = ScriptedBackend()
    key = JobKey("scripted", "1")
    async with watching(backend, clock=lambda: now_s) as (monitor, feed):
        for now_s, done_bytes in ((0.0, 0), (1.0, 1000), (2.0, 2000)):  # noqa: B007
            backend.publish(Change((transferring("1", done_bytes),)))
            await feed.until(
                lambda done=done_bytes: key in monitor.jobs and monitor.jobs[key].progress.bytes_transferred == done  # type: ignore[misc]
            )
        assert monitor.bytes_per_s(key) == pytest.approx(1000)
        backend.publish(Change((a_job("1", JobState.SUSPENDED),)))
        await feed.until_state("1", JobState.SUSPENDED)
        assert monitor.bytes_per_s(key) is None
