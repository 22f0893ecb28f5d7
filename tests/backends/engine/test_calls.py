"""Every call is answered exactly once, whatever runs beside it, and what it is told is true."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotAnswered
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineBackend
from domonitor.backends.engine.loop import Loop
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Priority
from domonitor.jobs.request import CommandRequest, Digest, NewFile, NewJob
from domonitor.jobs.state import Command, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, Hold, Origin, Pattern, Resource, Stall

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)


def code_of(call: Callable[[], object]) -> int:
    """The code with which a call is refused, 0 where it is not."""
    try:
        call()
    except CallFailed as refusal:
        return refusal.code
    return 0


def held_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The store waits at its next commit until the event."""
    go = threading.Event()
    write = engine.manager._store.write

    def wait(rows) -> None:
        assert go.wait(10)
        write(rows)

    monkeypatch.setattr(engine.manager._store, "write", wait)
    return go


def soon(condition: Callable[[], bool]) -> None:
    """Waits for what the engine's thread does before anybody is told of it; bounded."""
    for _ in range(1_000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise TimeoutError("it did not come to that")


def test_a_file_that_is_lost_while_its_job_fails_is_no_longer_counted(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file has arrived and the other one has failed in the same batch; then the first one turns out to be gone."""
    hold = Hold()
    missing = origin.add("/missing", Resource(faults=[hold, Answer(404)]))
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), (missing, "b"), resumed=False)
    record = engine.manager.lifecycle._roster.find(job.get_id())
    assert record is not None
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(job.resume)
        soon(lambda: record.done_bytes == SMALL.size)
        hold.release()
        soon(lambda: record.state is JobState.ERROR)
        for part in engine.downloads.iterdir():
            part.unlink()
        go.set()
        resumed.result(10)
    engine.until(lambda: job.get_state() is JobState.ERROR and job.get_progress().bytes_transferred == 0)
    assert [file.get_progress().bytes_transferred for file in job.enum_files()] == [0, 0]


def test_calls_that_wait_for_a_complete_that_fails_are_all_answered(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    (engine.downloads / "a").write_text("somebody else's")
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(code_of, job.complete) for _ in range(6)]
        reads = [pool.submit(job.get_error_count) for _ in range(2)]
        go.set()
        assert [call.result(10) for call in calls] == [hresult.ERROR_FILE_EXISTS] * 6
        assert [read.result(10) for read in reads] == [0, 0]
    assert job.get_state() is JobState.TRANSFERRED


@pytest.mark.parametrize("ends", ["cancel", "complete"])
def test_a_call_while_the_job_ends_hears_that_it_has_ended(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        end = pool.submit(code_of, getattr(job, ends))
        with pytest.raises(NotAnswered):
            end.result(0.1)
        calls = [
            pool.submit(code_of, call)
            for call in (job.cancel, job.complete, job.resume, job.suspend, job.get_error_count)
        ]
        more = pool.submit(code_of, lambda: job.add_file(origin.url("/a"), str(engine.downloads / "more")))
        with pytest.raises(NotAnswered):
            more.result(0.1)
        go.set()
        assert end.result(10) == 0
        assert [call.result(10) for call in [*calls, more]] == [hresult.DO_E_INVALID_STATE] * 6
    assert engine.on_disk == ({"a"} if ends == "complete" else set())


def test_a_file_being_added_when_the_job_ends_leaves_nothing(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        more = pool.submit(code_of, lambda: job.add_file(origin.url("/a"), str(engine.downloads / "more")))
        with pytest.raises(NotAnswered):
            more.result(0.1)
        end = pool.submit(job.complete)
        go.set()
        assert more.result(10) == hresult.DO_E_INVALID_STATE
        assert end.result(10) is False
    assert engine.on_disk == {"a"}
    monkeypatch.undo()
    engine.job((origin.url("/a"), "more"), resumed=False)  # the name is free again


@pytest.mark.expected_log("can't be woken")
def test_a_reader_that_fails_costs_nobody_an_answer(engine: Engine) -> None:
    def wake() -> None:
        raise RuntimeError("Event loop is closed")

    engine.manager.add_reader(wake)
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(engine.manager.create_job, "a job").result(5)
    assert job.get_state() is JobState.SUSPENDED


@pytest.mark.expected_log("met a bug")
def test_a_bug_in_one_call_costs_nobody_else_an_answer(engine: Engine) -> None:
    loop = engine.manager._loop

    def two_answers(reply: Future[None]) -> None:
        loop.batch.answer(reply, None)
        raise ValueError("after the answer")

    def no_answer(reply: Future[None]) -> None:
        loop.batch.do(lambda: None, lambda result: 1 / 0, reply)

    with ThreadPoolExecutor(3) as pool:
        first, second = pool.submit(loop.ask, two_answers), pool.submit(loop.ask, no_answer)
        third = pool.submit(engine.manager.create_job, "a job")
        assert isinstance(first.exception(5), ValueError)
        assert isinstance(second.exception(5), CallFailed)
        assert third.result(5)


@pytest.mark.expected_log("met a bug")
def test_a_loop_that_fails_over_and_over_still_answers_and_does_not_spin(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def step(self: Loop) -> None:
        steps.append(1)
        raise ValueError("again")

    monkeypatch.setattr(Loop, "_step", step)
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(engine.manager.create_job, "a job").result(5)
    threading.Event().wait(0.3)
    assert len(steps) < 60
    monkeypatch.undo()
    assert job.get_error_count() == 0


def test_close_can_be_called_again_and_from_everywhere(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine()
    closed = threading.Event()

    class Closer:
        def job_transferred(self, job) -> None:
            engine.manager.close()
            code = code_of(job.complete)
            assert code == hresult.E_UNEXPECTED
            closed.set()

    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    job.set_notify_interface(Closer())
    job.resume()
    assert closed.wait(10)
    with ThreadPoolExecutor(4) as pool:
        for call in [pool.submit(engine.stop) for _ in range(4)]:
            call.result(10)
    other = start_engine()  # closing twice must not close what is somebody else's by now
    engine.stop()
    other.manager.create_job("a job")
    other.stop()


def test_calls_that_wait_when_the_engine_closes_are_answered(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine()
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        end = pool.submit(code_of, job.complete)
        with pytest.raises(NotAnswered):
            end.result(0.1)
        waiting = [pool.submit(code_of, call) for call in (job.cancel, job.resume)]
        adding = pool.submit(code_of, lambda: engine.job((origin.url("/a"), "b")))
        with pytest.raises(NotAnswered):
            adding.result(0.1)
        closing = pool.submit(engine.stop)
        with pytest.raises(NotAnswered):
            closing.result(0.1)
        late = pool.submit(code_of, job.suspend)
        go.set()
        closing.result(10)
        assert end.result(10) == 0
        refused = {hresult.E_UNEXPECTED, hresult.DO_E_INVALID_STATE}
        assert {call.result(10) for call in [*waiting, late]} <= refused
        assert adding.result(10) in (0, hresult.E_UNEXPECTED)
    assert "a" in engine.on_disk


def test_nothing_starts_while_the_engine_closes(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine(replace(QUICK, slots=1))
    held = Hold()
    jobs = [engine.job((origin.add(f"/{at}", Resource(SMALL, faults=[held])), f"{at}")) for at in range(5)]
    engine.until_state(jobs[0], JobState.CONNECTING)
    origin.wait_requests("/0")
    go = held_back(engine, monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        change = pool.submit(jobs[0].set_description, "keeps the store busy")
        with pytest.raises(NotAnswered):
            change.result(0.1)
        closing = pool.submit(engine.stop)
        with pytest.raises(NotAnswered):
            closing.result(0.2)
        go.set()
        closing.result(10)
    assert [request.path for request in origin.requests] == ["/0"]


def test_another_address_goes_to_the_right_file_after_one_was_refused(engine: Engine, origin: Origin) -> None:
    job = engine.manager.create_job("a job")
    with pytest.raises(CallFailed):
        job.add_file(origin.add("/a", Resource(SMALL)), str(engine.downloads / "missing" / "a"))
    wrong = origin.add("/wrong", Resource(faults=[Answer(404)]))
    for name in "bc":
        job.add_file(wrong, str(engine.downloads / name))
    for file in job.enum_files():
        file.set_remote_name(origin.url("/a"))
    assert [file.get_remote_name() for file in job.enum_files()] == [origin.url("/a")] * 2
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)


@pytest.mark.parametrize(
    "state",
    [
        JobState.SUSPENDED,
        JobState.CONNECTING,
        JobState.TRANSFERRING,
        JobState.ERROR,
        JobState.TRANSIENT_ERROR,
        JobState.TRANSFERRED,
    ],
)
@pytest.mark.parametrize("what", ["another address", "another file"])
def test_in_every_state_a_job_takes_another_address_and_another_file(
    start_engine: StartEngine, origin: Origin, state: JobState, what: str
) -> None:
    engine = start_engine(replace(QUICK, retry_delay_s=30))
    faults = {
        JobState.CONNECTING: [Hold(times=1)],
        JobState.TRANSFERRING: [Stall(after_bytes=1_000, times=1)],
        JobState.ERROR: [Answer(404, times=1)],
        JobState.TRANSIENT_ERROR: [Answer(503, times=1)],
    }.get(state, [])
    url = origin.add("/a", Resource(SMALL, faults=faults))
    job = engine.job((url, "a"), resumed=state is not JobState.SUSPENDED)
    engine.until_state(job, state)
    if what == "another address":
        job.enum_files()[0].set_remote_name(origin.add("/b", Resource(SMALL)))
    else:
        job.add_file(origin.add("/b", Resource(LARGE)), str(engine.downloads / "b"))
        assert job.get_state() is not JobState.TRANSFERRED
        for fault in faults:
            fault.release()
    if state in (JobState.SUSPENDED, JobState.ERROR, JobState.TRANSIENT_ERROR):
        assert job.get_state() is state
        job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert (engine.downloads / "a").stat().st_size == SMALL.size


def test_a_file_added_to_a_running_job_does_not_disturb_the_others(engine: Engine, origin: Origin) -> None:
    stall = Stall(after_bytes=100_000)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until_state(job, JobState.TRANSFERRING)
    for at in range(3):
        job.add_file(origin.add(f"/{at}", Resource(SMALL)), str(engine.downloads / f"{at}"))
    engine.until(lambda: job.get_progress().files_transferred == 3)
    stall.release()
    engine.until_state(job, JobState.TRANSFERRED)
    assert len(origin.requests_to("/a")) == 1


def test_the_same_priority_again_does_not_disturb_a_transfer(engine: Engine, origin: Origin) -> None:
    stall = Stall(after_bytes=100_000)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until_state(job, JobState.TRANSFERRING)
    job.set_priority(Priority.NORMAL)
    stall.release()
    engine.until_state(job, JobState.TRANSFERRED)
    assert len(origin.requests_to("/a")) == 1


def test_a_transferred_job_that_is_told_to_complete_itself_does_so_at_once(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.set_auto_complete(True)
    engine.until_state(job, JobState.ACKNOWLEDGED)
    assert engine.on_disk == {"a"}


def test_what_cant_be_stored_is_refused_with_a_sentence_and_harms_nothing(engine: Engine) -> None:
    job = engine.manager.create_job("a job")
    good, target = "http://127.0.0.1:9/a", str(engine.downloads / "a")
    cases: list[Callable[[], object]] = [
        lambda: engine.manager.create_job("half \ud800"),
        lambda: job.set_display_name("half \ud800"),
        lambda: job.set_description("half \ud800"),
        lambda: job.add_file("http://127.0.0.1/\ud800", target),
        lambda: job.add_file(good, str(engine.downloads / "\udcff")),
        lambda: job.add_file(good, target, size=1 << 80),
        lambda: job.set_minimum_retry_delay(float("nan")),
        lambda: job.set_minimum_retry_delay(float("inf")),
        lambda: job.set_no_progress_timeout(float("inf")),
        lambda: job.add_file("http://a..b\u00fc/", target),
    ]
    for case in cases:
        assert code_of(case) == hresult.E_INVALIDARG
    digest = Digest("sha256", "0" * 63)
    (answer,) = engine.manager.add_many([NewJob("x", (NewFile(good, target, expected=digest),))])
    assert isinstance(answer, CallFailed)
    assert answer.code == hresult.E_INVALIDARG
    assert engine.manager.enum_jobs() == (job,)
    assert job.enum_files() == ()
    assert engine.on_disk == set()


def test_a_name_written_in_two_ways_is_one_target(engine: Engine) -> None:
    job = engine.manager.create_job("a job")
    job.add_file("http://127.0.0.1:9/a", str(engine.downloads / "a"))
    with pytest.raises(CallFailed, match="Another download already goes to"):
        job.add_file("http://127.0.0.1:9/a", f"{engine.downloads}//./a")


def test_the_backend_answers_for_a_job_that_nobody_knows(tmp_path: Path) -> None:
    backend = EngineBackend(tmp_path)
    backend.open(lambda: None)
    try:
        request = CommandRequest(Command.CANCEL, ("no id at all", "00000000-0000-0000-0000-000000000000"))
        codes = [outcome.code for outcome in backend.execute(request)]
        assert codes == [hresult.DO_E_JOB_NOT_FOUND] * 2
        with pytest.raises(CallFailed):
            backend.files("no id at all")
    finally:
        backend.close()


@pytest.mark.expected_log("can't be woken")
def test_a_reader_that_asks_from_the_engines_own_thread_is_told_instead_of_hanging(engine: Engine) -> None:
    engine.manager.add_reader(lambda: engine.manager.create_job("never"))
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(engine.manager.create_job, "a job").result(5)
    assert engine.manager.enum_jobs() == (job,)
