"""A download stops with a word before its disk is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from domonitor.backends.engine import failures, space, volumes
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.volumes import Room
from domonitor.jobs import hresult
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.backends.engine.mounting import Mount
from tests.server import Chunked, Origin, Pattern, Resource, Stall

MB = 1_000_000
LARGE = Pattern(4 * MB, seed=1)
HUGE = Pattern(40 * MB, seed=2)


class Disk:
    """Stands in for what the system says of the download folder's disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free_bytes = 1 << 40
        self.asked = 0
        self.devices: dict[str, int] = {}
        monkeypatch.setattr(volumes, "room", self._room)

    def _room(self, folder: str) -> Room:
        self.asked += 1
        return Room(self.devices.get(Path(folder).name, 1), self.free_bytes)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def full(engine: Engine, job: EngineJob) -> str:
    """The job's error, which must be a full disk."""
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert error.code == hresult.ERROR_DISK_FULL
    return error.description


def test_the_room_of_a_folder_is_its_disks(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    room = volumes.room(str(tmp_path))
    assert room.free_bytes > 0
    assert volumes.room(str(tmp_path / "a")).device == room.device
    with pytest.raises(OSError, match="missing"):
        volumes.room(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("left", "others", "free", "sentence"),
    [
        (
            1_200 * MB,
            0,
            300 * MB,
            "It needs 1.2 GB more on this disk and 300 MB are free: make at least 900 MB free, then resume.",
        ),
        (
            1_200 * MB,
            500 * MB,
            300 * MB,
            "It needs 1.2 GB more on this disk, other downloads that run need 500 MB and 300 MB are free: "
            "make at least 1.4 GB free, then resume.",
        ),
        (10, 0, 0, "It needs 10 B more on this disk and 0 B are free: make at least 10 B free, then resume."),
    ],
)
def test_the_error_says_how_much_is_missing(left: int, others: int, free: int, sentence: str) -> None:
    failure = failures.no_room(left, others, free)
    assert (failure.code, failure.description) == (hresult.ERROR_DISK_FULL, sentence)
    assert not failure.passes_by_itself


def test_a_file_that_has_no_room_is_refused_before_its_first_byte(engine: Engine, origin: Origin, disk: Disk) -> None:
    disk.free_bytes = 3 * MB
    job = engine.job((origin.add("/a", Resource(LARGE)), "a"))
    assert full(engine, job) == (
        "It needs 4.0 MB more on this disk and 3.0 MB are free: make at least 1.0 MB free, then resume."
    )
    assert job.get_progress().bytes_transferred == 0
    assert {path.stat().st_size for path in engine.downloads.iterdir()} == {0}
    disk.free_bytes = 4 * MB
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)


def test_what_other_running_files_need_on_the_same_disk_counts(engine: Engine, origin: Origin, disk: Disk) -> None:
    disk.free_bytes = 6 * MB
    url = origin.add("/first", Resource(LARGE, faults=[Stall(after_bytes=MB)]))
    first = engine.job((url, "first"))
    engine.until(lambda: first.get_progress().bytes_transferred >= MB)
    second = engine.job((origin.add("/second", Resource(LARGE)), "second"))
    said = full(engine, second)
    assert said.startswith(
        "It needs 4.0 MB more on this disk, other downloads that run need 3.0 MB and 6.0 MB are free"
    )
    assert first.get_state() is JobState.TRANSFERRING
    origin.mend("/first")
    engine.until_state(first, JobState.TRANSFERRED)
    second.resume()
    engine.until_state(second, JobState.TRANSFERRED)


def test_what_is_needed_on_another_disk_does_not_count(engine: Engine, origin: Origin, disk: Disk) -> None:
    disk.free_bytes = 6 * MB
    disk.devices["elsewhere"] = 2
    (engine.downloads / "elsewhere").mkdir()
    url = origin.add("/first", Resource(LARGE, faults=[Stall(after_bytes=MB)]))
    first = engine.job((url, "elsewhere/first"))
    engine.until(lambda: first.get_progress().bytes_transferred >= MB)
    second = engine.job((origin.add("/second", Resource(LARGE)), "second"))
    engine.until_state(second, JobState.TRANSFERRED)


@pytest.mark.parametrize("more", [[], [Chunked()]], ids=["of known size", "of unknown size"])
def test_a_running_file_stops_before_the_disk_is_full_and_goes_on_where_it_was(
    start_engine: StartEngine, origin: Origin, disk: Disk, more: list
) -> None:
    clock = FakeClock()
    engine = start_engine(clock=clock)
    url = origin.add("/a", Resource(LARGE, throttle_bytes_per_s=MB, faults=more))
    job = engine.job((url, "a"))
    engine.until(lambda: job.get_progress().bytes_transferred > 0)
    disk.free_bytes = MB // 10
    clock.advance(3)
    said = full(engine, job)
    assert said.startswith("The server does not say how large it is, and only 100 kB are" if more else "It needs ")
    there = job.get_progress().bytes_transferred
    assert 0 < there < LARGE.size
    disk.free_bytes = 1 << 40
    origin.mend("/a")
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert origin.requests_to("/a")[-1].headers["range"] == f"bytes={there}-"


def test_many_small_files_hardly_ask(engine: Engine, origin: Origin, disk: Disk, monkeypatch) -> None:
    monkeypatch.setattr(space, "PLENTY_S", 1_000)
    url = origin.add("/a", Resource(b"small"))
    job = engine.job(*((url, f"{at}") for at in range(100)))
    engine.until_state(job, JobState.TRANSFERRED)
    assert disk.asked == 1


def test_a_folder_that_cant_be_asked_stops_nothing(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: str) -> Room:
        raise OSError(5, "no")

    monkeypatch.setattr(volumes, "room", fail)
    job = engine.job((origin.add("/a", Resource(LARGE)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)


def job_on(engine: Engine, folder: Path, url: str) -> EngineJob:
    job = engine.manager.create_job("a job")
    job.add_file(url, str(folder / "a"))
    job.resume()
    return job


def test_a_real_disk_is_not_even_begun_to_be_filled(mount: Mount, engine: Engine, origin: Origin) -> None:
    folder = mount(10 * MB)
    job = job_on(engine, folder, origin.add("/a", Resource(HUGE)))
    assert full(engine, job).startswith("It needs 40.0 MB more on this disk and 10.0 MB are free: make at least ")
    assert {path.stat().st_size for path in folder.iterdir()} == {0}


def test_a_real_disk_that_fills_up_between_two_looks_says_how_much_is_missing(
    mount: Mount, start_engine: StartEngine, origin: Origin
) -> None:
    engine = start_engine(clock=FakeClock())  # it stands still: no look comes by time
    folder = mount(50 * MB)
    job = job_on(engine, folder, origin.add("/a", Resource(HUGE, faults=[Stall(after_bytes=5 * MB)])))
    engine.until(lambda: job.get_progress().bytes_transferred >= 5 * MB)
    other = folder / "somebody else's"
    other.write_bytes(bytes(30 * MB))
    origin.mend("/a")
    said = full(engine, job)
    assert said.startswith("It needs 2")
    assert " more on this disk and 0 B are free: make at least 2" in said
    there = job.get_progress().bytes_transferred
    assert 10 * MB < there < HUGE.size
    other.unlink()
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert origin.requests_to("/a")[-1].headers["range"] == f"bytes={there}-"
    job.complete()
    assert (folder / "a").read_bytes() == HUGE.bytes()
