"""Whose turn it is, for how long, and what those are told that wait: on a clock that only the test moves."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from domonitor.backends.engine import connections
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs.job import Priority
from domonitor.jobs.limit import Limits
from domonitor.jobs.state import ACTIVE, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.server import Answer, Fault, Hold, Origin, Pattern, Resource, Stall

SLICE_S = 300.0
ONE_SLOT = replace(QUICK, slots=1, slice_s=SLICE_S, retry_delay_s=1_000, retry_delay_max_s=1_000)
CONTENT = Pattern(400_000, seed=1)
SMALL = Pattern(1_000, seed=2)

S = JobState


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(start_engine: StartEngine, clock: FakeClock) -> Engine:
    return start_engine(ONE_SLOT, clock)


def job_of(engine: Engine, origin: Origin, *names: str, priority: Priority = Priority.NORMAL) -> EngineJob:
    """A resumed job of the files of these names, which the origin has already."""
    job = engine.job(*((origin.url(f"/{name}"), name) for name in names), resumed=False)
    job.set_priority(priority)
    job.resume()
    return job


def serve(origin: Origin, name: str, *faults: Fault, content: Pattern = CONTENT) -> str:
    origin.add(f"/{name}", Resource(content, faults=faults))
    return name


def half_way(engine: Engine, job: EngineJob) -> None:
    """Returns once the job has what comes before a Stall in the middle."""
    engine.until(lambda: job.get_progress().bytes_transferred == CONTENT.size // 2)


def pass_by(engine: Engine, origin: Origin) -> None:
    """Returns once a foreground job has come and gone: whatever was to start by itself has started."""
    job = job_of(engine, origin, serve(origin, "passes", content=SMALL), priority=Priority.FOREGROUND)
    engine.until_state(job, S.TRANSFERRED)
    job.cancel()


def asked(origin: Origin) -> list[str]:
    return [request.path.removeprefix("/") for request in origin.requests if request.path != "/passes"]


def completed(engine: Engine, job: EngineJob, name: str) -> str:
    engine.until_state(job, S.TRANSFERRED)
    job.complete()
    return sha256((engine.downloads / name).read_bytes()).hexdigest()


# ------------------------------------------------------------ slices


def test_equals_take_turns_and_go_on_where_they_were(engine: Engine, origin: Origin, clock: FakeClock) -> None:
    stalls = [Stall(CONTENT.size // 2, times=1) for _ in range(2)]
    first, second = (job_of(engine, origin, serve(origin, f"{at}", stall)) for at, stall in enumerate(stalls))
    half_way(engine, first)
    assert second.get_state() is S.QUEUED
    clock.advance(SLICE_S)
    half_way(engine, second)
    assert first.get_state() is S.QUEUED
    clock.advance(SLICE_S)
    assert completed(engine, first, "0") == CONTENT.sha256()
    assert completed(engine, second, "1") == CONTENT.sha256()
    ranges = [(request.path, request.range) for request in origin.requests]
    rest = f"bytes={CONTENT.size // 2}-"
    assert ranges == [("/0", None), ("/1", None), ("/0", rest), ("/1", rest)]
    for stall in stalls:
        stall.release()


def test_a_slice_has_no_end_while_nobody_waits(engine: Engine, origin: Origin, clock: FakeClock) -> None:
    stall = Stall(CONTENT.size // 2)
    job = job_of(engine, origin, serve(origin, "a", stall))
    half_way(engine, job)
    assert clock.due_in_s == []
    clock.advance(10 * SLICE_S)
    pass_by(engine, origin)
    assert job.get_state() is S.TRANSFERRING
    stall.release()
    engine.until_state(job, S.TRANSFERRED)
    assert asked(origin) == ["a"]


def test_whoever_comes_late_waits_for_a_whole_slice(engine: Engine, origin: Origin, clock: FakeClock) -> None:
    """The slice counts from when somebody waits: one that has run for long is not stopped at once."""
    stall = Stall(CONTENT.size // 2)
    first = job_of(engine, origin, serve(origin, "a", stall))
    half_way(engine, first)
    clock.advance(10 * SLICE_S)
    late = job_of(engine, origin, serve(origin, "b"))
    pass_by(engine, origin)
    assert (first.get_state(), late.get_state()) == (S.TRANSFERRING, S.QUEUED)
    clock.advance(SLICE_S - 1)
    pass_by(engine, origin)
    assert (first.get_state(), late.get_state()) == (S.TRANSFERRING, S.QUEUED)
    clock.advance(1)
    engine.until_state(late, S.TRANSFERRED)
    stall.release()


def test_nobody_of_lower_priority_gets_a_slice(engine: Engine, origin: Origin, clock: FakeClock) -> None:
    stall = Stall(CONTENT.size // 2)
    higher = job_of(engine, origin, serve(origin, "a", stall), priority=Priority.HIGH)
    lower = job_of(engine, origin, serve(origin, "b"), priority=Priority.LOW)
    half_way(engine, higher)
    clock.advance(10 * SLICE_S)
    pass_by(engine, origin)
    assert (higher.get_state(), lower.get_state()) == (S.TRANSFERRING, S.QUEUED)
    stall.release()
    engine.until_state(lower, S.TRANSFERRED)


# ------------------------------------------------------------ priorities


def test_a_higher_priority_interrupts_a_lower_one_that_goes_on_later(engine: Engine, origin: Origin) -> None:
    lower = job_of(engine, origin, serve(origin, "low", Stall(CONTENT.size // 2, times=1)), priority=Priority.LOW)
    half_way(engine, lower)
    held = Hold()
    higher = job_of(engine, origin, serve(origin, "high", held), priority=Priority.HIGH)
    engine.until_state(higher, S.CONNECTING)
    engine.until_state(lower, S.QUEUED)
    held.release()
    assert completed(engine, lower, "low") == CONTENT.sha256()
    assert [request.range for request in origin.requests] == [None, None, f"bytes={CONTENT.size // 2}-"]


def test_one_that_only_tries_again_interrupts_nobody(engine: Engine, origin: Origin, clock: FakeClock) -> None:
    failing = job_of(engine, origin, serve(origin, "high", Answer(503)), priority=Priority.HIGH)
    engine.until_state(failing, S.TRANSIENT_ERROR)
    stall = Stall(CONTENT.size // 2)
    lower = job_of(engine, origin, serve(origin, "low", stall), priority=Priority.LOW)
    half_way(engine, lower)
    clock.advance(2_000)
    engine.until(lambda: failing.get_error_count() == 2)
    assert lower.get_state() is S.TRANSFERRING
    stall.release()
    engine.until_state(lower, S.TRANSFERRED)
    assert [request.path for request in origin.requests] == ["/high", "/low", "/high"]


def test_a_job_that_waits_for_its_retry_leaves_its_slot_to_its_equals(engine: Engine, origin: Origin) -> None:
    failing = job_of(engine, origin, serve(origin, "a", Answer(503)))
    engine.until_state(failing, S.TRANSIENT_ERROR)
    engine.until_state(job_of(engine, origin, serve(origin, "b")), S.TRANSFERRED)


# ------------------------------------------------------------ slots


def test_slots_are_added_and_taken_while_jobs_run(engine: Engine, origin: Origin) -> None:
    holds = [Hold() for _ in range(3)]
    jobs = [job_of(engine, origin, serve(origin, f"{at}", hold)) for at, hold in enumerate(holds)]
    engine.until_state(jobs[0], S.CONNECTING)
    assert [job.get_state() for job in jobs[1:]] == [S.QUEUED, S.QUEUED]
    engine.manager.set_limits(Limits(slots=3))
    engine.until(lambda: all(job.get_state() is S.CONNECTING for job in jobs))
    engine.manager.set_limits(Limits(slots=1))
    engine.until(lambda: [job.get_state() for job in jobs] == [S.CONNECTING, S.QUEUED, S.QUEUED])
    for hold in holds:
        hold.release()
    engine.until(lambda: all(job.get_state() is S.TRANSFERRED for job in jobs))


def test_the_slots_that_were_chosen_hold_in_the_next_process_too(engine: Engine, origin: Origin) -> None:
    engine.manager.set_limits(Limits(slots=2))
    engine.restart()
    assert engine.manager.get_limits() == Limits(slots=2)
    holds = [Hold() for _ in range(2)]
    jobs = [job_of(engine, origin, serve(origin, f"{at}", hold)) for at, hold in enumerate(holds)]
    engine.until(lambda: all(job.get_state() is S.CONNECTING for job in jobs))
    for hold in holds:
        hold.release()


# ------------------------------------------------------------ connections


@pytest.mark.parametrize("setting", ["connections", "connections_per_host"])
def test_a_connection_that_becomes_free_is_a_foreground_jobs(
    start_engine: StartEngine, origin: Origin, setting: str
) -> None:
    """A background job with many files does not keep it waiting until all of them have come."""
    engine = start_engine(replace(QUICK, **{setting: 1}))
    held = Hold()
    names = [serve(origin, "a", held, content=SMALL)] + [serve(origin, f"b{at}", content=SMALL) for at in range(3)]
    background = job_of(engine, origin, *names)
    engine.until_state(background, S.CONNECTING)
    first, second = (
        job_of(engine, origin, serve(origin, name, content=SMALL), priority=Priority.FOREGROUND) for name in "fg"
    )
    held.release()
    for job in (first, second, background):
        engine.until_state(job, S.TRANSFERRED)
    assert asked(origin) == ["a", "f", "g", "b0", "b1", "b2"]


def test_no_more_connections_than_are_allowed(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, connections=3))
    names = [serve(origin, f"{at}", content=SMALL) for at in range(20)]
    jobs = [job_of(engine, origin, name, priority=Priority.FOREGROUND) for name in names]
    engine.until(lambda: all(job.get_state() is S.TRANSFERRED for job in jobs))
    assert origin.peak_active_requests <= 3


def test_the_system_grants_at_least_one_connection_and_never_more_than_are_wanted() -> None:
    assert connections.most_at_once(1) == 1
    assert 1 <= connections.most_at_once(256) <= 256


# ------------------------------------------------------------ why they wait


def reason(job: EngineJob) -> str | None:
    found = job.get_waiting_reason()
    assert found is None or job.get_state() is S.QUEUED
    return found


def test_a_job_says_that_it_waits_for_its_turn(engine: Engine, origin: Origin) -> None:
    held = Hold()
    first = job_of(engine, origin, serve(origin, "a", held))
    second = job_of(engine, origin, serve(origin, "b"))
    engine.until_state(first, S.CONNECTING)
    engine.until(lambda: reason(second) == "Waits for its turn: another download is under way.")
    assert reason(first) is None
    held.release()
    engine.until_state(second, S.TRANSFERRED)
    assert second.get_waiting_reason() is None


def test_a_job_says_that_it_waits_for_a_higher_priority(engine: Engine, origin: Origin) -> None:
    held = Hold()
    job_of(engine, origin, serve(origin, "a", held), priority=Priority.HIGH)
    waiting = job_of(engine, origin, serve(origin, "b"), priority=Priority.LOW)
    engine.until(lambda: reason(waiting) == "Waits until the downloads of higher priority are done.")
    waiting.set_priority(Priority.HIGH)
    engine.until(lambda: reason(waiting) == "Waits for its turn: another download is under way.")
    held.release()


def test_a_job_says_that_its_server_has_connections_enough(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, connections_per_host=1))
    held = Hold()
    job_of(engine, origin, serve(origin, "a", held))
    waiting = job_of(engine, origin, serve(origin, "b"), priority=Priority.FOREGROUND)
    said = "Waits for 127.0.0.1: one file is coming from there already, as many as are allowed at once."
    engine.until(lambda: reason(waiting) == said)
    held.release()
    engine.until_state(waiting, S.TRANSFERRED)


def test_a_job_says_that_all_connections_are_taken(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, connections=2))
    holds = [Hold() for _ in range(2)]
    for at, hold in enumerate(holds):
        job_of(engine, origin, serve(origin, f"{at}", hold))
    waiting = job_of(engine, origin, serve(origin, "b"), priority=Priority.FOREGROUND)
    said = "Waits for a free connection: 2 files are under way, as many as are allowed at once."
    engine.until(lambda: reason(waiting) == said)
    for hold in holds:
        hold.release()
    engine.until_state(waiting, S.TRANSFERRED)


def test_whoever_follows_the_jobs_hears_of_a_new_reason(engine: Engine, origin: Origin) -> None:
    held = Hold()
    job_of(engine, origin, serve(origin, "a", held))
    waiting = job_of(engine, origin, serve(origin, "b"))
    reader = engine.manager.add_reader(lambda: None)
    seen: list[str | None] = []

    def has_seen(reason: str) -> bool:
        seen.extend(job.waiting_reason for job in reader.take(500)[0].upserts if job.display_name == "b")
        return reason in seen

    waiting.set_display_name("b")
    engine.until(lambda: has_seen("Waits for its turn: another download is under way."))
    higher = job_of(engine, origin, serve(origin, "c", held), priority=Priority.HIGH)
    engine.until_state(higher, *ACTIVE)
    engine.until(lambda: has_seen("Waits until the downloads of higher priority are done."))
    held.release()
