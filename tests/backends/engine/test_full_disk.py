"""The list can't be written: calls are refused in a sentence, nothing is claimed, and later all goes on."""

from __future__ import annotations

import hashlib
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine
from tests.server import Hold, Origin, Pattern, Resource, Stall

resource = pytest.importorskip("resource", reason="limits the size of files as only POSIX can")

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)

pytestmark = pytest.mark.expected_log("the list of downloads could not be written")


def refused():
    return pytest.raises(CallFailed, match="disk")


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_job_that_could_not_be_stored_was_never_there(engine: Engine) -> None:
    with engine.full_disk(), refused() as refusal:
        engine.manager.create_job("a job")
    assert refusal.value.code == hresult.ERROR_DISK_FULL
    assert engine.manager.enum_jobs() == ()
    job = engine.manager.create_job("another")
    assert engine.manager.enum_jobs() == (job,)
    engine.restart()
    assert engine.manager.enum_jobs() == (job,)


@pytest.mark.parametrize("at_write", [0, 1])
def test_a_file_that_could_not_be_stored_was_never_added(engine: Engine, origin: Origin, at_write: int) -> None:
    url = origin.add("/a", Resource(SMALL))
    job = engine.manager.create_job("a job")
    with engine.full_disk(at_write), refused():
        job.add_file(url, str(engine.downloads / "a"))
    assert job.enum_files() == ()
    assert job.get_progress().files_total == 0
    assert job.get_state() is JobState.SUSPENDED
    job.add_file(url, str(engine.downloads / "a"))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert engine.on_disk == {"a"}


@pytest.mark.parametrize("at_write", [0, 1])
def test_jobs_that_could_not_be_stored_leave_nothing(engine: Engine, origin: Origin, at_write: int) -> None:
    url = origin.add("/a", Resource(SMALL))
    new_jobs = [NewJob(name, (NewFile(url, str(engine.downloads / name)),)) for name in "ab"]
    with engine.full_disk(at_write):
        try:
            answers = engine.manager.add_many(new_jobs)
        except CallFailed as refusal:
            answers = [refusal]
        assert {getattr(answer, "code", 0) for answer in answers} == {hresult.ERROR_DISK_FULL}
        assert engine.manager.enum_jobs() == ()
    assert engine.manager.create_job("behind what is still to be done").cancel() is False
    assert engine.on_disk == set()
    assert all(isinstance(answer, EngineJob) for answer in engine.manager.add_many(new_jobs))
    engine.until(lambda: engine.manager.enum_jobs() == ())
    assert engine.on_disk == {"a", "b"}


def test_a_change_that_could_not_be_stored_is_taken_back(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    job.set_description("first")
    with engine.full_disk():
        for call in (
            lambda: job.set_description("second"),
            lambda: job.set_display_name("second"),
            lambda: job.enum_files()[0].set_remote_name("http://127.0.0.1/second"),
            job.resume,
            job.cancel,
        ):
            with refused():
                call()
    assert job.get_state() is JobState.SUSPENDED
    assert (job.get_description(), job.get_display_name()) == ("first", "a job")
    assert job.enum_files()[0].get_remote_name() == origin.url("/a")
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert engine.on_disk == {"a"}


def test_a_cancel_that_could_not_be_stored_leaves_the_job_and_its_file(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    with engine.full_disk(), refused():
        job.cancel()
    assert job.get_state() is JobState.TRANSFERRED
    assert engine.on_disk == {"*.part"}
    with pytest.raises(CallFailed, match="Another download"):
        engine.job((origin.url("/a"), "a"))
    assert job.complete() is False
    assert content(engine.downloads / "a") == SMALL.sha256()


@pytest.mark.parametrize("at_write", [0, 1])
def test_a_complete_that_could_not_be_stored_can_be_called_again(engine: Engine, origin: Origin, at_write: int) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), (origin.add("/b", Resource(LARGE)), "b"))
    engine.until_state(job, JobState.TRANSFERRED)
    with engine.full_disk(at_write), refused():
        job.complete()
    assert job.get_state() is JobState.TRANSFERRED
    assert job.complete() is False
    assert engine.on_disk == {"a", "b"}
    assert content(engine.downloads / "b") == LARGE.sha256()


class Listener:
    def __init__(self) -> None:
        self.codes: list[int] = []

    def job_transferred(self, job) -> None: ...

    def job_error(self, job, error) -> None:
        self.codes.append(error.get_error()[1])

    def job_modification(self, job) -> None: ...

    def file_transferred(self, job, file) -> None: ...


def test_a_running_job_that_cant_be_stored_stops_with_an_error_and_goes_on_at_resume(
    engine: Engine, origin: Origin
) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"), resumed=False)
    listener = Listener()
    job.set_notify_interface(listener)
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    with engine.full_disk():
        with refused():
            job.set_description("too much")
        engine.until_state(job, JobState.ERROR)
        assert job.copy_error().code == hresult.ERROR_DISK_FULL
        with refused():
            job.resume()
        assert job.get_state() is JobState.ERROR
    stall.release()
    engine.until(lambda: hresult.ERROR_DISK_FULL in listener.codes)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()


def test_a_job_on_its_way_goes_on_after_a_full_disk_at_any_commit(tmp_path: Path, origin: Origin) -> None:
    for at_write in range(7):
        folder = tmp_path / f"{at_write}"
        folder.mkdir()
        _go_through_a_full_disk(folder, origin, at_write)


def _go_through_a_full_disk(folder: Path, origin: Origin, at_write: int) -> None:
    engine = Engine(folder, replace(QUICK, files_at_once=1))
    held = Hold()
    urls = [origin.add(f"/{at}", Resource(Pattern(300_000, seed=at), faults=[held])) for at in range(2)]
    job = engine.job((urls[0], "0"), (urls[1], "1"), resumed=False)
    job.set_auto_complete(True)
    job.resume()
    with engine.full_disk(at_write):
        held.release()
        engine.until_state(job, JobState.ERROR, JobState.ACKNOWLEDGED)
    if job.get_state() is JobState.ERROR:
        assert job.copy_error().code == hresult.ERROR_DISK_FULL
        job.resume()
        engine.until_state(job, JobState.ACKNOWLEDGED)
    engine.restart()
    assert engine.manager.enum_jobs() == ()
    engine.stop()
    assert engine.on_disk == {"0", "1"}
    for at in range(2):
        assert content(engine.downloads / f"{at}") == Pattern(300_000, seed=at).sha256()


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_disk_that_really_takes_no_more_is_survived(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    room = (engine.folder / "engine" / "engine.sqlite-wal").stat().st_size
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, old[1]))
    try:
        with pytest.raises(CallFailed):
            job.resume()
        with pytest.raises(CallFailed):
            engine.manager.create_job("another")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert job.get_state() is JobState.SUSPENDED
    assert engine.manager.enum_jobs() == (job,)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == SMALL.sha256()
