"""When a job tries again, and when it gives up: on a clock that only the test moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.retrying import SPREAD
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, ErrorContext
from domonitor.jobs.job import Priority
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.server import Answer, Cut, Garbage, Hold, Origin, Pattern, Resource, WrongRange, refused_url

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)

SETTINGS = replace(
    QUICK, retry_delay_s=5, retry_delay_max_s=600, no_progress_foreground_s=3_600, no_progress_background_s=86_400
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(start_engine: StartEngine, clock: FakeClock) -> Engine:
    return start_engine(SETTINGS, clock)


def fail_again(engine: Engine, clock: FakeClock, job: EngineJob) -> float:
    """Waits for the job's next transient error; how long it will pause."""
    engine.until(lambda: job.get_state() is JobState.TRANSIENT_ERROR and bool(clock.due_in_s))
    (delay_s,) = clock.due_in_s
    return delay_s


def pass_by(engine: Engine, clock: FakeClock, job: EngineJob, seconds: float) -> None:
    """Moves the clock beyond the job's pause, and waits until the job has noticed."""
    before = job.get_error_count()
    clock.advance(seconds)
    engine.until(lambda: job.get_error_count() > before or job.get_state() not in (JobState.TRANSIENT_ERROR,))
    engine.until_state(job, JobState.TRANSIENT_ERROR, JobState.ERROR, JobState.TRANSFERRED)


def test_the_pause_doubles_up_to_its_limit_and_is_spread_a_little(
    engine: Engine, clock: FakeClock, origin: Origin
) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Answer(503)])), "a"))
    pauses = []
    for _ in range(10):
        pauses.append(fail_again(engine, clock, job))
        error = job.copy_error()
        assert error.retry_at is not None
        assert abs((error.retry_at - clock.utc_now()).total_seconds() - pauses[-1]) < 0.001
        pass_by(engine, clock, job, pauses[-1] + 0.001)
    grown = [min(600, 5 * 2**at) for at in range(10)]
    assert all(least <= pause <= least * (1 + SPREAD) for least, pause in zip(grown, pauses, strict=True)), pauses
    assert len(set(pauses)) == 10
    assert job.copy_error().attempts == 11


def test_no_pause_is_shorter_than_the_jobs_own_minimum(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Answer(503)])), "a"), resumed=False)
    job.set_minimum_retry_delay(2_000)
    assert job.get_minimum_retry_delay() == 2_000
    job.resume()
    for _ in range(3):
        pause_s = fail_again(engine, clock, job)
        assert 2_000 <= pause_s <= 2_000 * (1 + SPREAD)
        pass_by(engine, clock, job, pause_s + 0.001)


def test_thousands_of_attempts_without_a_pause_do_not_overflow(engine: Engine, clock: FakeClock) -> None:
    with refused_url() as url:
        job = engine.job((url, "a"), resumed=False)
        job.set_minimum_retry_delay(0)
        job.resume()
        record = next(engine.manager.lifecycle._roster.in_memory())
        fail_again(engine, clock, job)
        record.attempts = 5_000
        pass_by(engine, clock, job, 0.001)
        assert fail_again(engine, clock, job) == 0


def test_a_servers_retry_after_is_a_floor(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    faults = [Answer(429, {"Retry-After": "1000"}, times=1), Answer(503, {"Retry-After": "1"}, times=1)]
    job = engine.job((origin.add("/a", Resource(SMALL, faults=faults)), "a"))
    assert fail_again(engine, clock, job) == 1_000
    clock.advance(999)
    assert job.get_state() is JobState.TRANSIENT_ERROR
    pass_by(engine, clock, job, 1.001)
    assert 10 <= fail_again(engine, clock, job) <= 10 * (1 + SPREAD)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_retry_after_counts_with_every_status_that_passes_also_as_a_date(
    engine: Engine, clock: FakeClock, origin: Origin, status: int
) -> None:
    # A date is reckoned from the real time at which it arrives.
    dates = [
        format_datetime(datetime.now(UTC) + timedelta(seconds=1_000), usegmt=True),
        f"{datetime.now(UTC) + timedelta(seconds=1_000):%A, %d-%b-%y %H:%M:%S GMT}",
        f"{datetime.now(UTC) + timedelta(seconds=1_000):%a %b %d %H:%M:%S %Y}",
    ]
    for at, date in enumerate(dates):
        faults = [Answer(status, {"Retry-After": date}, times=1)]
        job = engine.job((origin.add(f"/{at}", Resource(SMALL, faults=faults)), f"{at}"))
        assert fail_again(engine, clock, job) == pytest.approx(1_000, abs=30)
        pass_by(engine, clock, job, 1_001)
        assert job.get_state() is JobState.TRANSFERRED


def test_a_retry_after_that_has_passed_shortens_nothing(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    for at, after in enumerate(["0", "Sun, 06 Nov 1994 08:49:37 GMT", "soon"]):
        faults = [Answer(503, {"Retry-After": after}, times=1)]
        job = engine.job((origin.add(f"/{at}", Resource(SMALL, faults=faults)), f"{at}"))
        assert 5 <= fail_again(engine, clock, job) <= 5 * (1 + SPREAD)
        job.cancel()


def test_a_retry_after_beyond_the_allowed_time_ends_with_it(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    faults = [Answer(503, {"Retry-After": "999999999"})]
    job = engine.job((origin.add("/a", Resource(faults=faults)), "a"), resumed=False)
    job.set_no_progress_timeout(1_000)
    job.resume()
    assert fail_again(engine, clock, job) == pytest.approx(1_000)
    clock.advance(1_001)
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.DO_E_DOWNLOAD_NO_PROGRESS
    assert len(origin.requests_to("/a")) == 1


def test_a_refusal_with_retry_after_is_still_a_refusal(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Answer(403, {"Retry-After": "1"})])), "a"))
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().retry_at is None
    assert clock.due_in_s == []


def test_parts_without_a_byte_are_no_progress(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    """A server that goes on with nothing, over and over, does not keep a job alive."""
    nothing = b'HTTP/1.1 206 P\r\nContent-Range: bytes 100000-2999999/3000000\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n'
    faults = [Garbage(nothing, skip=1), Cut(after_bytes=100_000, times=1)]
    job = engine.job((origin.add("/a", Resource(LARGE, etag='"e"', faults=faults)), "a"), resumed=False)
    job.set_no_progress_timeout(100)
    job.resume()
    fail_again(engine, clock, job)
    moved_s = clock.monotonic()
    pauses = []
    while job.get_state() is not JobState.ERROR:
        pauses.append(fail_again(engine, clock, job))
        pass_by(engine, clock, job, pauses[-1])
    assert clock.monotonic() == pytest.approx(moved_s + 100, abs=1)
    assert pauses[1] > pauses[0]
    assert job.copy_error().code == hresult.DO_E_DOWNLOAD_NO_PROGRESS
    assert job.get_progress().bytes_transferred == 100_000


def test_a_server_that_sends_shorter_parts_is_asked_for_the_next_one_at_once(
    engine: Engine, clock: FakeClock, origin: Origin
) -> None:
    """RFC 9110, 15.3.7: a server may send less of a range than was asked for."""
    faults = [Cut(after_bytes=1_000_000, times=1), WrongRange(most_bytes=400_000)]
    job = engine.job((origin.add("/a", Resource(LARGE, faults=faults)), "a"))
    pass_by(engine, clock, job, fail_again(engine, clock, job))
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.get_error_count() == 1
    assert job.complete() is False
    assert sha256((engine.downloads / "a").read_bytes()).hexdigest() == LARGE.sha256()


def test_resume_skips_the_pause(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[Answer(503, times=1)])), "a"))
    fail_again(engine, clock, job)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert clock.due_in_s == []


def test_suspend_and_cancel_stop_the_retry(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[Answer(503)]))
    for end in ("suspend", "cancel"):
        job = engine.job((url, end))
        fail_again(engine, clock, job)
        getattr(job, end)()
        assert clock.due_in_s == []
    clock.advance(10_000)
    assert len(origin.requests_to("/a")) == 2


@pytest.mark.parametrize(("priority", "limit_s"), [(Priority.NORMAL, 86_400), (Priority.FOREGROUND, 3_600)])
def test_without_a_byte_for_the_allowed_time_the_job_gives_up(
    engine: Engine, clock: FakeClock, origin: Origin, priority: Priority, limit_s: float
) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Answer(503)])), "a"), resumed=False)
    job.set_priority(priority)
    assert job.get_no_progress_timeout() == limit_s
    began_s = clock.monotonic()
    job.resume()
    while job.get_state() is not JobState.ERROR:
        pause_s = fail_again(engine, clock, job)
        assert clock.monotonic() + pause_s <= began_s + limit_s
        pass_by(engine, clock, job, pause_s)
    assert clock.monotonic() == pytest.approx(began_s + limit_s, abs=1)
    error = job.get_error()
    assert error.get_error() == (ErrorContext.REMOTE_FILE, hresult.DO_E_DOWNLOAD_NO_PROGRESS)
    assert "503" in error.get_error_description()
    assert error.get_file().get_remote_name() == origin.url("/a")
    assert job.copy_error().retry_at is None
    assert clock.due_in_s == []


def test_the_time_without_progress_counts_from_the_last_byte(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    faults = [Answer(503, times=1), Answer(503, skip=1), Cut(after_bytes=100_000, times=1)]
    job = engine.job((origin.add("/a", Resource(LARGE, faults=faults)), "a"), resumed=False)
    job.set_no_progress_timeout(1_000)
    job.resume()
    fail_again(engine, clock, job)
    pass_by(engine, clock, job, 900)  # then come the 100,000 bytes
    fail_again(engine, clock, job)
    moved_s = clock.monotonic()
    assert job.copy_error().attempts == 1
    while job.get_state() is not JobState.ERROR:
        pass_by(engine, clock, job, fail_again(engine, clock, job))
    assert clock.monotonic() == pytest.approx(moved_s + 1_000, abs=1)


def test_a_job_that_waited_long_for_its_turn_still_gets_its_time(
    start_engine: StartEngine, clock: FakeClock, origin: Origin
) -> None:
    engine = start_engine(replace(SETTINGS, slots=1), clock)
    held = Hold()
    first = engine.job((origin.add("/first", Resource(SMALL, faults=[held])), "a"))
    second = engine.job((origin.add("/second", Resource(SMALL, faults=[Answer(503)])), "b"))
    engine.until_state(first, JobState.CONNECTING)
    clock.advance(200_000)
    held.release()
    engine.until_state(second, JobState.TRANSIENT_ERROR, JobState.ERROR)
    assert second.get_state() is JobState.TRANSIENT_ERROR


def test_a_no_progress_time_of_nothing_makes_every_error_final(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Answer(503)])), "a"), resumed=False)
    job.set_no_progress_timeout(0)
    job.resume()
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.DO_E_DOWNLOAD_NO_PROGRESS


def test_the_error_object_lives_as_long_as_the_process_and_the_error(
    engine: Engine, clock: FakeClock, origin: Origin
) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[Answer(503, times=1), Answer(404, times=2)]))
    job = engine.job((url, "a"))
    fail_again(engine, clock, job)
    assert job.copy_error().code == hresult.HTTP_STATUS + 503
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    assert job.get_state() is JobState.TRANSIENT_ERROR
    with pytest.raises(CallFailed) as refusal:
        job.get_error()
    assert refusal.value.code == hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE
    clock.advance(7)
    engine.until_state(job, JobState.ERROR)
    held = job.get_error()
    job.resume()
    engine.until(lambda: job.get_error_count() == 3)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    with pytest.raises(CallFailed):
        job.get_error()
    assert held.get_error()[1] == hresult.HTTP_STATUS + 404


def test_what_a_server_asked_for_is_heeded_after_a_restart(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    busy = Answer(503, headers={"Retry-After": "1000"}, times=1)
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[busy])), "a"))
    assert fail_again(engine, clock, job) >= 1_000
    clock.advance(300)
    retry_at = engine.manager.snapshot(job.get_id()).retry_at
    engine.restart()
    assert engine.manager.snapshot(job.get_id()).retry_at == retry_at
    assert clock.due_in_s == [pytest.approx(700, abs=1)]
    clock.advance(701)
    engine.until_state(engine.manager.get_job(job.get_id()), JobState.TRANSFERRED)
