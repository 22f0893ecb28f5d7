"""BITS itself, by real calls: on Windows, or on Wine's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domonitor.jobs import hresult
from domonitor.jobs.change import Health, HealthState
from domonitor.jobs.error import CallFailed, ErrorContext
from domonitor.jobs.job import Origin, Progress
from domonitor.jobs.request import CommandRequest, NewFile, NewJob, Outcome
from domonitor.jobs.state import Command, JobState
from tests.server import Answer, Hold, Pattern, Resource, refused_url
from tests.server import Origin as Server
from tests.windows import bits
from tests.windows.bits import Watched
from tests.windows.conftest import IS_WINE

CONTENT = Pattern(100_000, seed=3)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Watched]:
    with bits.watched(tmp_path) as it:
        yield it


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that BITS may hold connections to at the end: under Wine nothing wakes who reads one."""
    with suppress(RuntimeError) if IS_WINE else nullcontext(), Server() as it:
        yield it


def new(tmp_path: Path, *urls: str, **fields: object) -> NewJob:
    """A job of files that are named as the last parts of their addresses."""
    files = tuple(NewFile(url, str(tmp_path / url.rpartition("/")[2])) for url in urls)
    return NewJob("a job", files, **fields)  # type: ignore[arg-type]


def added(service: Watched, job: NewJob) -> str:
    (outcome,) = service.backend.add([job])
    assert not outcome.is_refused, outcome.message
    assert outcome.job_id is not None
    return outcome.job_id


def give(service: Watched, command: Command, job_id: str, **arguments: object) -> Outcome:
    (outcome,) = service.backend.execute(CommandRequest(command, (job_id,), arguments))
    return outcome


def state_of(service: Watched, job_id: str) -> JobState | None:
    job = service.jobs.get(job_id)
    return None if job is None else job.state


def test_a_job_of_ours_arrives_and_gives_its_files_their_names_by_itself(
    service: Watched, server: Server, tmp_path: Path
) -> None:
    urls = [server.add(f"/{name}", Resource(CONTENT)) for name in ("a", "b")]
    job_id = added(service, new(tmp_path, *urls))
    service.until(lambda: job_id in service.gone)
    final = service.gone[job_id]
    assert final is not None
    assert (final.state, final.origin, final.display_name) == (JobState.ACKNOWLEDGED, Origin.OURS, "a job")
    assert (final.progress.files_total, final.progress.files_transferred) == (2, 2)
    assert [(tmp_path / name).read_bytes() for name in ("a", "b")] == [CONTENT.bytes()] * 2


def test_the_end_of_a_job_of_ours_wakes_the_monitor(service: Watched, server: Server, tmp_path: Path) -> None:
    held = Hold()
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT, faults=[held])), auto_complete=False))
    service.until(lambda: job_id in service.jobs)
    service.woken.clear()
    held.release()
    assert service.woken.wait(bits.PATIENCE_S)
    service.until(lambda: state_of(service, job_id) is JobState.TRANSFERRED)
    assert not (tmp_path / "a").exists()
    assert give(service, Command.COMPLETE, job_id) == Outcome(job_id)
    service.until(lambda: job_id in service.gone)
    assert (tmp_path / "a").read_bytes() == CONTENT.bytes()


@pytest.mark.parametrize("status", [404, 503])
def test_a_status_that_fails_is_told_by_bits_own_error_object(
    service: Watched, server: Server, tmp_path: Path, status: int
) -> None:
    if status == 503 and not IS_WINE:
        pytest.skip("Windows tries again by itself, for as long as the job's retry time-out")
    url = server.add("/a", Resource(CONTENT, faults=[Answer(status)]))
    job_id = added(service, new(tmp_path, url))
    service.until(lambda: state_of(service, job_id) is JobState.ERROR)
    code = hresult.HTTP_STATUS + status
    assert service.jobs[job_id].error_code == code
    assert [file.transferred for file in service.backend.files(job_id)] == [False]
    error = service.backend.get_error(job_id)
    assert (error.context, error.code) == (ErrorContext.REMOTE_FILE, code)
    assert error.file is not None
    assert (error.file.remote_name, error.file.local_name) == (url, str(tmp_path / "a"))
    assert error.description
    assert error.context_description
    assert service.jobs[job_id].reported["ErrorContext"] == "REMOTE_FILE"
    assert not give(service, Command.CANCEL, job_id).is_refused
    service.until(lambda: job_id in service.gone)
    final = service.gone[job_id]
    assert final is not None
    assert final.state is JobState.CANCELLED
    assert not (tmp_path / "a").exists()


def test_where_bits_gives_no_error_object_it_says_so(service: Watched, tmp_path: Path) -> None:
    if not IS_WINE:
        pytest.skip("Windows tries again by itself, for as long as the job's retry time-out")
    with refused_url("/a") as url:
        job_id = added(service, new(tmp_path, url))
        service.until(lambda: state_of(service, job_id) is JobState.ERROR)
    assert service.jobs[job_id].error_code is None
    with pytest.raises(CallFailed) as refusal:
        service.backend.get_error(job_id)
    assert refusal.value.code == hresult.BG_E_ERROR_INFORMATION_UNAVAILABLE


def test_what_the_user_mends_goes_on(service: Watched, server: Server, tmp_path: Path) -> None:
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT, faults=[Answer(404, times=2)]))))
    service.until(lambda: state_of(service, job_id) is JobState.ERROR)
    server.mend("/a")
    assert not give(service, Command.RESUME, job_id).is_refused
    service.until(lambda: job_id in service.gone)
    assert (tmp_path / "a").read_bytes() == CONTENT.bytes()


def test_a_hundred_files_are_one_job(service: Watched, server: Server, tmp_path: Path) -> None:
    urls = [server.add(f"/{number}", Resource(Pattern(1_000 + number, seed=number))) for number in range(100)]
    job_id = added(service, new(tmp_path, *urls, is_suspended=True))
    service.until(lambda: job_id in service.jobs)
    assert service.jobs[job_id].progress == Progress(None, 0, 100, 0)
    listed = [file.remote_name for file in service.backend.files(job_id)]
    assert listed == (urls[::-1] if IS_WINE else urls)
    give(service, Command.RESUME, job_id)
    service.until(lambda: job_id in service.gone)
    sizes = [(tmp_path / str(number)).stat().st_size for number in range(100)]
    assert sizes == [1_000 + number for number in range(100)]


@pytest.mark.timeout(300)  # so much has to be written
def test_three_gibibytes_of_a_local_file_arrive_whole(service: Watched, tmp_path: Path) -> None:
    size = 3 << 30
    big, there = tmp_path / "big", tmp_path / "there"
    there.mkdir()
    with big.open("wb") as file:
        file.truncate(size)
    job_id = added(service, NewJob("big", (NewFile(f"file://{big}", str(there / "big")),)))
    service.until(lambda: job_id in service.gone, 280, 0.5)
    assert (there / "big").stat().st_size == size
    for path in (big, there / "big"):
        path.unlink()


def test_a_job_of_another_program_is_not_taken_for_ours(service: Watched, server: Server, tmp_path: Path) -> None:
    with bits.manager() as other:
        job = other.create_job("theirs")
        job.add_file(server.add("/a", Resource(CONTENT)), str(tmp_path / "a"))
        job.resume()
        bits.until(lambda: job.get_state() is JobState.TRANSFERRED)
        service.until(lambda: state_of(service, str(job.get_id())) is JobState.TRANSFERRED)
        assert service.jobs[str(job.get_id())].origin is Origin.MY_ACCOUNT
        assert job.get_state() is JobState.TRANSFERRED
        job.complete()
        service.until(lambda: str(job.get_id()) in service.gone)


def test_what_is_ours_is_known_to_a_later_program(service: Watched, server: Server, tmp_path: Path) -> None:
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT)), is_suspended=True))
    service.until(lambda: job_id in service.jobs)
    later = Watched(tmp_path)
    try:
        later.until(lambda: job_id in later.jobs)
        assert later.jobs[job_id].origin is Origin.OURS
        assert later.jobs[job_id].auto_complete
    finally:
        later.backend.close()


def test_a_job_that_can_t_be_made_leaves_nothing(service: Watched, tmp_path: Path) -> None:
    (outcome,) = service.backend.add([NewJob("n" * 257, (NewFile("http://127.0.0.1/a", str(tmp_path / "a")),))])
    empty = service.backend.add([NewJob("empty", ())])[0]
    assert (outcome.code, empty.code) == (hresult.E_INVALIDARG, hresult.BG_E_EMPTY)
    service.poll()
    assert service.jobs == {}
    with bits.manager() as other:
        assert list(other.enum_jobs()) == []


def test_what_nobody_knows_is_refused_in_words(service: Watched) -> None:
    for job_id in (str(uuid4()), "nonsense"):
        outcome = give(service, Command.RESUME, job_id)
        assert outcome.is_refused
        assert outcome.message.endswith(".")


def test_a_job_that_somebody_cancels_is_gone_with_its_last_word(service: Watched, tmp_path: Path) -> None:
    job_id = added(service, new(tmp_path, "http://127.0.0.1:1/a", is_suspended=True))
    service.until(lambda: job_id in service.jobs)
    with bits.manager() as other:
        other.get_job(UUID(job_id)).cancel()
    service.until(lambda: job_id in service.gone)
    final = service.gone[job_id]
    assert final is not None
    assert final.state is JobState.CANCELLED


def test_a_poll_does_not_start_a_service_that_is_stopped(service: Watched) -> None:
    service.poll()
    bits.stop()
    assert service.poll().health == Health(HealthState.IDLE, "BITS is not running: no program needs it now.")
    for _ in range(3):
        assert service.poll().health is None
    assert bits.service_state("BITS") is bits.ServiceState.STOPPED


def test_a_command_starts_it_and_finds_the_way_back(service: Watched, server: Server, tmp_path: Path) -> None:
    service.poll()
    bits.stop()
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT))))
    service.until(lambda: job_id in service.gone)
    assert (tmp_path / "a").read_bytes() == CONTENT.bytes()
    healths = [change.health for change in service.changes if change.health is not None]
    assert healths[-1].state is HealthState.OK


def test_a_service_that_stops_in_use_is_told_and_asked_again(service: Watched, tmp_path: Path) -> None:
    job_id = added(service, new(tmp_path, "http://127.0.0.1:1/a", is_suspended=True))
    service.until(lambda: job_id in service.jobs)
    bits.stop()
    assert service.poll().health is not None
    outcome = give(service, Command.RESUME, job_id)
    if IS_WINE:  # there a service that ends forgets its jobs
        assert outcome.code == hresult.BG_E_NOT_FOUND
        service.until(lambda: job_id in service.gone)
        assert service.gone[job_id] is None


def test_a_service_that_is_disabled_is_a_problem_with_its_remedy(service: Watched) -> None:
    service.poll()
    bits.stop()
    bits.start_type(bits.DISABLED)
    try:
        with pytest.raises(
            CallFailed, match=r"BITS is disabled.*An administrator can set its start type to Manual"
        ) as it:
            service.poll()
        assert it.value.code == hresult.ERROR_SERVICE_DISABLED
        (outcome,) = service.backend.add([NewJob("a job", ())])
        assert outcome.is_refused
    finally:
        bits.start_type(bits.DEMAND_START)
    assert service.poll().health is not None


def test_a_cancel_that_takes_its_time_is_taken(service: Watched, server: Server, tmp_path: Path) -> None:
    held = Hold()
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT, faults=[held]))))
    server.wait_requests("/a")
    assert not give(service, Command.CANCEL, job_id).is_refused
    held.release()
    service.until(lambda: job_id in service.gone or job_id not in service.jobs)
    assert not (tmp_path / "a").exists()


def test_it_looks_more_often_while_something_moves(service: Watched, server: Server, tmp_path: Path) -> None:
    held = Hold()
    assert service.backend.poll_interval_s == 5.0
    job_id = added(service, new(tmp_path, server.add("/a", Resource(CONTENT, faults=[held]))))
    service.until(lambda: job_id in service.jobs)
    assert service.backend.poll_interval_s == 1.0
    held.release()
    service.until(lambda: job_id in service.gone)
    assert service.backend.poll_interval_s == 5.0
