"""How fast files come: for all together, for one job, and by the week.

How exact a limit is, is measured in tests/benchmarks; here it must hold, and must not waste more than half.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.backends.engine import EngineSettings, limits
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.limits import fair_share
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Priority
from domonitor.jobs.limit import JobLimits, Limits, Rule, Schedule
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.server import Answer, Hold, Origin, Pattern, Resource, Stall

S = JobState

HUGE = Pattern(200_000_000, seed=1)
SPEED = 400_000
WATCHED_S = 1.2
MANY = replace(QUICK, connections_per_host=100)
EVERY_DAY = frozenset(range(7))


@pytest.fixture
def start_engine(start_engine: StartEngine) -> StartEngine:
    """With as many connections to one host as a test wants."""

    def start(settings: EngineSettings = MANY, clock: FakeClock | None = None) -> Engine:
        return start_engine(settings, clock)

    return start


def jobs_of(engine: Engine, url: str, count: int = 1, speed: int | None = None, segments: int = 1) -> list[EngineJob]:
    """Jobs that fetch the same file, all at once."""
    new_jobs = [
        NewJob(
            f"{at}",
            (NewFile(url, str(engine.downloads / f"{at}")),),
            Priority.FOREGROUND,
            auto_complete=False,
            segments=segments,
            bytes_per_second=speed,
        )
        for at in range(count)
    ]
    added = [job for job in engine.manager.add_many(new_jobs) if isinstance(job, EngineJob)]
    assert len(added) == count
    return added


def done_bytes(jobs: Sequence[EngineJob]) -> int:
    return sum(job.get_progress().bytes_transferred for job in jobs)


def speed_of(engine: Engine, jobs: Sequence[EngineJob], seconds: float = WATCHED_S) -> float:
    """Bytes a second of all together, from one change to one that comes so much later."""
    engine.until(lambda: all(job.get_progress().bytes_transferred for job in jobs))
    before, began_s = done_bytes(jobs), time.monotonic()
    engine.until(lambda: time.monotonic() >= began_s + seconds)
    return (done_bytes(jobs) - before) / (time.monotonic() - began_s)


def is_kept(speed: float, limit: float) -> bool:
    """Not above the limit, but for what one portion makes in so short a time, and not far below it."""
    return limit / 2 < speed < limit * 1.5


# ------------------------------------------------------------ speed


def test_a_job_keeps_to_its_own_limit(engine: Engine, origin: Origin) -> None:
    jobs = jobs_of(engine, origin.add("/a", HUGE), speed=SPEED)
    assert is_kept(speed_of(engine, jobs), SPEED)


def test_all_jobs_together_keep_to_the_one_limit_and_share_it_fairly(engine: Engine, origin: Origin) -> None:
    engine.manager.set_limits(Limits(SPEED))
    jobs = jobs_of(engine, origin.add("/a", HUGE), 4)
    assert is_kept(speed_of(engine, jobs), SPEED)
    shares = [done_bytes([job]) for job in jobs]
    assert max(shares) < 2 * min(shares)


def test_the_bound_of_the_settings_holds_whatever_the_limits_say(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(MANY, bytes_per_second=SPEED))
    engine.manager.set_limits(Limits(10 * SPEED))
    jobs = jobs_of(engine, origin.add("/a", HUGE))
    assert is_kept(speed_of(engine, jobs), SPEED)
    engine.manager.set_settings(replace(MANY, bytes_per_second=3 * SPEED))
    assert is_kept(speed_of(engine, jobs), 3 * SPEED)
    engine.manager.set_limits(Limits(SPEED))
    assert is_kept(speed_of(engine, jobs), SPEED)
    engine.manager.set_limits(Limits())
    engine.manager.set_settings(MANY)
    engine.until_state(jobs[0], S.TRANSFERRED)


def test_what_a_slow_job_leaves_goes_to_the_others(engine: Engine, origin: Origin) -> None:
    engine.manager.set_limits(Limits(SPEED))
    url = origin.add("/a", HUGE)
    (slow,) = jobs_of(engine, url, speed=SPEED // 10)
    job = engine.job((url, "other"))
    assert is_kept(speed_of(engine, [slow, job]), SPEED)
    assert done_bytes([job]) > 3 * done_bytes([slow])


def test_a_limit_counts_for_all_connections_of_a_file_in_segments(engine: Engine, origin: Origin) -> None:
    jobs = jobs_of(engine, origin.add("/a", HUGE), speed=SPEED, segments=4)
    engine.until(lambda: origin.peak_active_requests == 4)
    assert is_kept(speed_of(engine, jobs), SPEED)


def test_a_limited_file_in_segments_arrives_as_it_was(engine: Engine, origin: Origin) -> None:
    content = Pattern(9_000_000, seed=3)
    (job,) = jobs_of(engine, origin.add("/a", content), speed=6_000_000, segments=4)
    engine.until_state(job, S.TRANSFERRED)
    job.complete()
    assert (engine.downloads / "0").read_bytes() == content.bytes(0, None)
    assert origin.peak_active_requests > 1


def test_a_limit_holds_by_https_too(
    start_engine: StartEngine, tls_origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_origin.ca_file))
    engine = start_engine()
    jobs = jobs_of(engine, tls_origin.add("/a", HUGE), 3, speed=SPEED // 3)
    assert is_kept(speed_of(engine, jobs), SPEED)
    assert [job.get_error_count() for job in jobs] == [0, 0, 0]


def test_a_crowd_keeps_to_its_limits(engine: Engine, origin: Origin) -> None:
    """Where libcurl hands out by itself; and a job to which a second file is added gets no more for that."""
    count, speed = limits.CROWD + 10, 40_000
    url = origin.add("/a", HUGE)
    engine.manager.set_limits(Limits(slots=count))
    jobs = jobs_of(engine, url, count, speed)
    engine.until(lambda: all(job.get_state() is S.TRANSFERRING for job in jobs), 60)
    assert is_kept(speed_of(engine, jobs, 2.0), speed * count)
    jobs[0].add_file(url, str(engine.downloads / "second"))
    engine.until(lambda: all(file.get_progress().bytes_transferred for file in jobs[0].enum_files()))
    assert speed_of(engine, jobs[:1], 2.0) < 1.5 * speed


def test_a_limit_can_be_changed_set_and_lifted_while_files_come(engine: Engine, origin: Origin) -> None:
    (job,) = jobs = jobs_of(engine, origin.add("/a", Resource(HUGE, throttle_bytes_per_s=5e6)), speed=SPEED)
    assert is_kept(speed_of(engine, jobs), SPEED)
    job.set_limits(3 * SPEED)
    assert is_kept(speed_of(engine, jobs), 3 * SPEED)
    job.set_limits()
    assert speed_of(engine, jobs) > 4 * SPEED
    engine.manager.set_limits(Limits(SPEED))
    assert is_kept(speed_of(engine, jobs), SPEED)
    engine.manager.set_limits(Limits())
    assert speed_of(engine, jobs) > 4 * SPEED


def test_files_that_the_limit_left_no_room_for_start_when_it_is_lifted(engine: Engine, origin: Origin) -> None:
    stall = Stall(1_000)
    url = origin.add("/a", Resource(Pattern(100_000, seed=3), faults=[stall]))
    job = engine.job((url, "a"), (url, "b"), resumed=False)
    job.set_limits(limits.LEAST_EACH)
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000)
    assert len(origin.requests) == 1
    job.set_limits()
    engine.until(lambda: job.get_progress().bytes_transferred == 2_000)
    stall.release()


def test_many_small_files_keep_to_the_limit_too(engine: Engine, origin: Origin) -> None:
    engine.manager.set_limits(Limits(100_000))
    url = origin.add("/a", Pattern(2_000, seed=2))
    began_s = time.monotonic()
    jobs = jobs_of(engine, url, 100)
    engine.until(lambda: all(job.get_state() is S.TRANSFERRED for job in jobs), 60)
    assert done_bytes(jobs) / (time.monotonic() - began_s) < 130_000


def test_a_limit_is_no_stall(start_engine: StartEngine, origin: Origin) -> None:
    """Connections that wait for the limit, each of them for longer than the stall timeout, are not silent ones."""
    engine = start_engine(replace(QUICK, stall_timeout_s=3, connections_per_host=100))
    jobs = jobs_of(engine, origin.add("/a", Resource(HUGE, throttle_bytes_per_s=1e5)), 12)
    engine.until(lambda: all(job.get_progress().bytes_transferred for job in jobs))
    engine.manager.set_limits(Limits(2_048))
    began_s = time.monotonic()
    engine.until(lambda: time.monotonic() >= began_s + 5 or any(job.get_error_count() for job in jobs))
    assert [job.get_error_count() for job in jobs] == [0] * len(jobs)


def test_a_silent_server_is_noticed_beneath_a_limit_too(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, stall_timeout_s=1))
    stall = Stall(100_000)
    (job,) = jobs_of(engine, origin.add("/a", Resource(HUGE, faults=[stall])), speed=SPEED)
    engine.until(lambda: job.get_error_count() > 0)
    stall.release()


# ------------------------------------------------------------ what is kept, and what is refused


def test_limits_hold_in_the_next_process_too(engine: Engine, origin: Origin) -> None:
    chosen = Limits(SPEED, Schedule((Rule(frozenset({0}), 60, 120, None),)), 3)
    engine.manager.set_limits(chosen)
    job = engine.job((origin.add("/a", HUGE), "a"), resumed=False)
    job.set_limits(5_000, segments=3)
    engine.restart()
    assert engine.manager.get_limits() == chosen
    assert engine.manager.get_job(job.get_id()).get_limits() == JobLimits(5_000, 3)


def test_limits_that_can_t_be_stored_do_not_hold(engine: Engine) -> None:
    engine.manager.set_limits(Limits(slots=3))
    store = engine.manager._store

    def fail(name: str, value: str) -> None:
        raise OSError("no room")

    store.set_meta = fail  # type: ignore[method-assign]
    with pytest.raises(CallFailed):
        engine.manager.set_limits(Limits(slots=4))
    assert engine.manager.get_limits() == Limits(slots=3)


@pytest.mark.expected_log("the stored limits are not understood")
def test_stored_limits_that_nobody_understands_are_no_reason_not_to_start(engine: Engine) -> None:
    engine.manager._store.set_meta("limits", '{"bytes_per_second": "fast"}')
    engine.restart()
    assert engine.manager.get_limits() == Limits()


@pytest.mark.parametrize(("speed", "segments"), [(0, 1), (100, 1), (None, 0), (None, 9)])
def test_limits_of_a_job_that_can_t_be_are_refused(
    engine: Engine, origin: Origin, speed: int | None, segments: int
) -> None:
    job = engine.job((origin.add("/a", HUGE), "a"), resumed=False)
    with pytest.raises(CallFailed) as refused:
        job.set_limits(speed, segments)
    assert refused.value.code == hresult.E_INVALIDARG
    assert job.get_limits() == JobLimits()
    new_job = NewJob(
        "b", (NewFile(origin.url("/a"), str(engine.downloads / "b")),), segments=segments, bytes_per_second=speed
    )
    (answer,) = engine.manager.add_many([new_job])
    assert isinstance(answer, CallFailed)
    assert answer.code == hresult.E_INVALIDARG


# ------------------------------------------------------------ the week


class ClockFrom(FakeClock):
    """A FakeClock that begins at that moment."""

    def __init__(self, begin: datetime) -> None:
        super().__init__()
        self._offset = begin - super().utc_now()

    def utc_now(self) -> datetime:
        return super().utc_now() + self._offset


def minutes(hour: int, minute: int = 0) -> int:
    return 60 * hour + minute


def rule(begin: int, end: int, speed: int | None = 0) -> Limits:
    return Limits(schedule=Schedule((Rule(EVERY_DAY, begin, end, speed),)))


def follow(engine: Engine, clock: FakeClock, local: Callable[[], datetime], job: EngineJob, hours: float) -> list[str]:
    """At which local times the job was stopped and let go on, looked at every half hour."""
    found = []
    before = job.get_state()
    for _ in range(int(hours * 2)):
        clock.advance(1_800)
        settle(engine)
        if job.get_state() is not before:
            before = job.get_state()
            found.append(f"{local():%H:%M} {before.name}")
    return found


def settle(engine: Engine) -> None:
    """Returns once the engine has done what was due."""
    engine.manager.create_job("settles").cancel()


def test_the_schedule_pauses_downloads_and_says_until_when(start_engine: StartEngine, origin: Origin) -> None:
    clock = ClockFrom(datetime(2030, 1, 7, 7, 0, tzinfo=UTC))
    engine = start_engine(replace(QUICK, time_zone=UTC), clock)
    engine.manager.set_limits(rule(minutes(8), minutes(18)))
    stall = Stall(100_000, times=1)
    content = Pattern(300_000, seed=5)
    job = engine.job((origin.add("/a", Resource(content, faults=[stall])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 100_000)
    clock.advance(3_600)
    engine.until_state(job, S.QUEUED)
    late = engine.job((origin.add("/b", b"b"), "b"))
    said = "Downloads are paused by the weekly schedule until 18:00."
    engine.until(lambda: job.get_waiting_reason() == late.get_waiting_reason() == said)
    clock.advance(10 * 3_600)
    for each in (job, late):
        engine.until_state(each, S.TRANSFERRED)
    assert [request.range for request in origin.requests if request.path == "/a"] == [None, "bytes=100000-"]
    stall.release()


def test_a_pause_that_is_taken_back_ends_at_once(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(QUICK, ClockFrom(datetime(2030, 1, 7, 9, 0, tzinfo=UTC)))
    engine.manager.set_limits(rule(0, minutes(24)))
    job = engine.job((origin.add("/a", b"a"), "a"))
    engine.until(lambda: job.get_waiting_reason() == "Downloads are paused by the weekly schedule.")
    engine.manager.set_limits(Limits())
    engine.until_state(job, S.TRANSFERRED)


def test_the_schedule_takes_the_place_of_the_limit(start_engine: StartEngine, origin: Origin) -> None:
    clock = ClockFrom(datetime(2030, 1, 7, 7, 59, tzinfo=UTC))
    engine = start_engine(replace(QUICK, time_zone=UTC), clock)
    chosen = rule(minutes(8), minutes(18), SPEED)
    engine.manager.set_limits(replace(chosen, bytes_per_second=4 * SPEED))
    jobs = jobs_of(engine, origin.add("/a", HUGE))
    assert is_kept(speed_of(engine, jobs), 4 * SPEED)
    clock.advance(60)
    assert is_kept(speed_of(engine, jobs), SPEED)


def test_the_time_of_a_pause_is_not_one_without_progress(start_engine: StartEngine, origin: Origin) -> None:
    """A job that had failed before it gives up no sooner for having been paused."""
    clock = ClockFrom(datetime(2030, 1, 7, 7, 0, tzinfo=UTC))
    settings = replace(
        QUICK, time_zone=UTC, retry_delay_s=1_800, retry_delay_max_s=1_800, no_progress_background_s=7_200
    )
    engine = start_engine(settings, clock)
    job = engine.job((origin.add("/a", Resource(b"a", faults=[Answer(503)])), "a"))
    engine.until_state(job, S.TRANSIENT_ERROR)
    engine.manager.set_limits(rule(minutes(7, 10), minutes(20)))
    clock.advance(3_000)
    engine.until_state(job, S.QUEUED)
    clock.advance(13 * 3_600)
    engine.until(lambda: job.get_error_count() == 2)
    assert engine.until_state(job, S.TRANSIENT_ERROR, S.ERROR) is S.TRANSIENT_ERROR
    for _ in range(4):
        clock.advance(2_400)
        settle(engine)
    engine.until_state(job, S.ERROR)
    assert job.copy_error().code == hresult.DO_E_DOWNLOAD_NO_PROGRESS


@pytest.mark.skipif(os.name == "nt", reason="Windows brings no list of time zones")
@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (datetime(2030, 3, 30, 12, 0, tzinfo=UTC), ["22:00 QUEUED", "06:00 CONNECTING"]),  # a night of one hour less
        (datetime(2030, 10, 26, 12, 0, tzinfo=UTC), ["22:00 QUEUED", "06:00 CONNECTING"]),  # of one hour more
    ],
)
def test_times_are_those_on_the_wall_also_when_the_clock_is_changed(
    start_engine: StartEngine, origin: Origin, begin: datetime, expected: list[str]
) -> None:
    zone = berlin()
    clock = ClockFrom(begin)
    engine = start_engine(replace(QUICK, time_zone=zone), clock)
    engine.manager.set_limits(rule(minutes(22), minutes(6)))
    held = Hold()
    job = engine.job((origin.add("/a", Resource(b"a", faults=[held])), "a"))
    engine.until_state(job, S.CONNECTING)
    assert follow(engine, clock, lambda: clock.utc_now().astimezone(zone), job, 24) == expected
    held.release()


@pytest.mark.skipif(os.name == "nt", reason="Windows brings no list of time zones")
def test_a_time_that_the_clock_leaves_out_comes_when_it_is_passed(start_engine: StartEngine, origin: Origin) -> None:
    """On that day there is no 02:30: it is 02:00, and then 03:00."""
    zone = berlin()
    clock = ClockFrom(datetime(2030, 3, 30, 23, 30, tzinfo=UTC))
    engine = start_engine(replace(QUICK, time_zone=zone), clock)
    engine.manager.set_limits(rule(minutes(2, 30), minutes(6)))
    held = Hold()
    job = engine.job((origin.add("/a", Resource(b"a", faults=[held])), "a"))
    engine.until_state(job, S.CONNECTING)
    clock.advance(89 * 60)
    settle(engine)
    assert job.get_state() is S.CONNECTING
    clock.advance(2 * 60)
    engine.until_state(job, S.QUEUED)
    assert clock.utc_now().astimezone(zone).hour == 3
    held.release()


def berlin() -> ZoneInfo:
    try:
        return ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        pytest.skip("this system has no list of time zones")


# ------------------------------------------------------------ sharing


@given(st.floats(1.0, 1e9), st.lists(st.floats(0.0, 1e9) | st.just(float("inf")), max_size=20))
def test_a_fair_share_gives_out_all_and_nobody_gets_more_than_it_wants(limit: float, wants: list[float]) -> None:
    share = fair_share(limit, wants)
    given_out = sum(min(want, share) for want in wants)
    assert given_out == pytest.approx(min(limit, sum(wants)))
