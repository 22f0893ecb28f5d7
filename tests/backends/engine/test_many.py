"""Many jobs and many files: nothing leaks, nothing starves, limits hold."""

from __future__ import annotations

import gc
import hashlib
import sys
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.scheduler import Scheduler
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, Cut, Hold, Origin, Pattern, Resource, refused_url

SMALL = Pattern(4_096, seed=1)
LARGE = Pattern(200_000, seed=7)

_OVER = (JobState.ACKNOWLEDGED, JobState.ERROR, JobState.TRANSIENT_ERROR)

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def new_job(engine: Engine, url: str, name: str, **fields) -> NewJob:
    return NewJob(name, (NewFile(url, str(engine.downloads / name)),), **fields)


def open_descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@linux
def test_no_descriptor_and_no_thread_is_left_after_many_jobs(start_engine: StartEngine, origin: Origin) -> None:
    good = origin.add("/good", Resource(SMALL))
    urls = [
        good,
        origin.add("/missing", Resource(faults=[Answer(404)])),
        origin.add("/cut", Resource(Pattern(50_000), faults=[Cut(after_bytes=10_000)])),
    ]
    descriptors, threads = open_descriptors(), threading.active_count()
    engine = start_engine(replace(QUICK, retry_delay_s=30, slots=50))
    for part in range(2):
        jobs = engine.manager.add_many([new_job(engine, urls[at % 3], f"{part}-{at}") for at in range(100)])
        engine.until(lambda jobs=jobs: all(job.get_state() in _OVER for job in jobs))
        for job in engine.manager.enum_jobs():
            job.cancel()
    transfers = engine.manager.lifecycle.transfers
    scheduler = transfers._scheduler
    assert not scheduler._slots_taken.total()
    held = (transfers._running, transfers._settling, scheduler._running, scheduler._waiting, scheduler._startable)
    counted = (scheduler._servers, scheduler._active_by_job, scheduler._active_by_server)
    assert not any((*held, *counted, engine.manager.lifecycle._targets._names))
    engine.stop()
    origin.wait_open_connections(0)
    assert open_descriptors() <= descriptors + 1  # the origin's folder of the moment
    assert threading.active_count() <= threads
    assert engine.on_disk == {f"{part}-{at}" for part in range(2) for at in range(0, 100, 3)}


def test_memory_stays_flat_while_a_thousand_jobs_fail_and_ten_good_ones_arrive_beside_them(
    start_engine: StartEngine, origin: Origin
) -> None:
    engine = start_engine(replace(QUICK, retry_delay_s=0.1, retry_delay_max_s=0.1, slots=16))
    jobs = engine.manager.lifecycle._roster.in_memory
    good = origin.add("/good", Resource(LARGE, faults=[Cut(after_bytes=100_000, times=10)]))

    def in_use(failures: int) -> int:
        """Waits for so many failures in all; the bytes that are in use by our code then."""
        engine.until(lambda: sum(job.interruptions for job in jobs()) >= failures)
        gc.collect()
        # The files' buffers come and go with the slots.
        filters = [tracemalloc.Filter(True, "*/domonitor/*"), tracemalloc.Filter(False, "*/engine/part_file.py")]
        traces = tracemalloc.take_snapshot().filter_traces(filters)
        return sum(trace.size for trace in traces.traces)

    def until_failed(failures: int) -> int:
        """The least of three looks: what is on its way to the store comes and goes as well."""
        return min(in_use(failures + more) for more in (0, 200, 400))

    with refused_url() as bad:
        tracemalloc.start()
        try:
            engine.manager.add_many([new_job(engine, bad, f"bad{at}") for at in range(1_000)])
            engine.until(lambda: all(job.interruptions for job in jobs()))  # they take turns
            before = until_failed(1_500)
            engine.manager.add_many([new_job(engine, good, f"good{at}") for at in range(10)])
            engine.until(lambda: len(engine.manager.enum_jobs()) == 1_000)
            after = until_failed(4_000)
        finally:
            tracemalloc.stop()
    assert after - before < 500_000, f"{before:,} bytes before, {after:,} after"
    for at in range(10):
        assert hashlib.sha256((engine.downloads / f"good{at}").read_bytes()).hexdigest() == LARGE.sha256()


def test_a_job_of_two_thousand_files_arrives_whole(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    files = tuple(NewFile(url, str(engine.downloads / f"{at}")) for at in range(2_000))
    (job,) = engine.manager.add_many([NewJob("many", files)])
    assert isinstance(job, EngineJob)
    engine.until_state(job, JobState.ACKNOWLEDGED)
    progress = job.get_progress()
    assert (progress.files_total, progress.files_transferred) == (2_000, 2_000)
    assert progress.bytes_total == progress.bytes_transferred == 2_000 * SMALL.size
    assert engine.on_disk == {f"{at}" for at in range(2_000)}


@pytest.mark.parametrize("priority", [Priority.FOREGROUND, Priority.NORMAL])
def test_hundreds_of_jobs_on_one_server_keep_to_its_limit(
    start_engine: StartEngine, origin: Origin, priority: Priority
) -> None:
    engine = start_engine(replace(QUICK, connections_per_host=5, slots=400))
    urls = [origin.add(f"/{at}", Resource(SMALL)) for at in range(300)]
    # The same server by another name in the address counts as the same.
    urls = [url.replace("http", "HTTP") if at % 2 else url for at, url in enumerate(urls)]
    engine.manager.add_many([new_job(engine, url, f"{at}", priority=priority) for at, url in enumerate(urls)])
    engine.until(lambda: engine.manager.enum_jobs() == ())
    assert origin.peak_active_requests <= 5
    assert engine.on_disk == {f"{at}" for at in range(300)}


def test_no_more_than_the_allowed_connections_are_open_at_once(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, connections=3, slots=50))
    held = Hold()
    urls = [origin.add(f"/{at}", Resource(SMALL, faults=[held])) for at in range(20)]
    engine.manager.add_many([new_job(engine, url, f"{at}") for at, url in enumerate(urls)])
    engine.until(lambda: sum(job.get_state() is JobState.CONNECTING for job in engine.manager.enum_jobs()) == 3)
    held.release()
    engine.until(lambda: engine.manager.enum_jobs() == ())
    assert origin.peak_active_requests <= 3


def test_while_nothing_can_start_nothing_is_looked_through(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine(replace(QUICK, connections_per_host=1))
    held = Hold()
    urls = [origin.add(f"/{at}", Resource(SMALL, faults=[held])) for at in range(50)]
    engine.manager.add_many(
        [new_job(engine, url, f"{at}", priority=Priority.FOREGROUND) for at, url in enumerate(urls)]
    )
    origin.wait_requests("/0")
    looks = []
    look = Scheduler._startable_file
    monkeypatch.setattr(Scheduler, "_startable_file", lambda self, job: (looks.append(1), look(self, job))[1])
    for _ in range(100):
        engine.manager.enum_jobs()[0].get_error_count()
    assert len(looks) <= 50
    held.release()
    engine.until(lambda: engine.manager.enum_jobs() == ())
