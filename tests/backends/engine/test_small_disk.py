"""A disk that is really full, at the list of downloads and at names: all goes on once there is room.

What becomes of the files' bytes on a full disk is in test_space.py.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from domonitor.backends.engine import disk, segments
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine, StartEngine
from tests.backends.engine.mounting import Mount
from tests.server import Origin, Pattern, Resource, Stall

LARGE = Pattern(3_000_000, seed=1)


@pytest.fixture
def small(start_engine: StartEngine, mount: Mount, tmp_path: Path) -> Engine:
    """An engine whose list lies on a small disk, and its downloads on a large one."""
    engine = start_engine(folder=mount(4_000_000))
    engine.downloads = tmp_path / "elsewhere"
    engine.downloads.mkdir()
    return engine


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """To the last byte, for a while."""
    filler = folder / "somebody else's"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:  # at most the few megabytes of the disk
                file.write(bytes(4_096))
        yield
    finally:
        filler.unlink()


@contextmanager
def without_room_for_a_name(folder: Path) -> Iterator[None]:
    """On ext4: no block is left for the folder to grow, and in those that it has a long name does not fit, for a while.

    Links take no room but that for their names.
    """
    with filled(folder.parent):
        links = []
        with suppress(OSError):
            while True:  # a block holds but four of them
                links.append(folder / f"{len(links):03d}{'l' * 200}")
                os.link(folder.parent / "somebody else's", links[-1])
        yield
        for link in links[:-1]:
            link.unlink()


def is_whole(path: Path) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == LARGE.sha256()


def use_up(engine: Engine) -> None:
    """What the store keeps in reserve of its own files takes a few more rows: until that is full too."""
    with pytest.raises(CallFailed) as refusal:
        _create_jobs(engine, 2_000)
    assert refusal.value.code == hresult.ERROR_DISK_FULL


def _create_jobs(engine: Engine, count: int) -> None:
    for _ in range(count):
        engine.manager.create_job("d" * 256)


@pytest.mark.expected_log("the list of downloads could not be written")
def test_a_transfer_under_way_stops_with_an_error_and_goes_on_once_there_is_room(small: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(LARGE, faults=[Stall(after_bytes=1_000_000)]))
    job = small.job((url, "a"))
    small.until(lambda: job.get_progress().bytes_transferred >= 1_000_000)
    with filled(small.folder):
        use_up(small)
        origin.mend("/a")
        small.until_state(job, JobState.ERROR)
        error = job.copy_error()
        assert error.code == hresult.ERROR_DISK_FULL
        assert error.description
        with pytest.raises(CallFailed) as refusal:
            job.resume()
        assert refusal.value.code == hresult.ERROR_DISK_FULL
        assert "disk" in str(refusal.value).lower()
    job.resume()
    small.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert is_whole(small.downloads / "a")


@pytest.mark.expected_log("the list of downloads could not be written")
def test_files_get_no_names_that_could_not_be_stored_and_get_them_once_there_is_room(
    small: Engine, origin: Origin
) -> None:
    job = small.job((origin.add("/a", Resource(LARGE)), "a"))
    small.until_state(job, JobState.TRANSFERRED)
    with filled(small.folder):
        use_up(small)
        with pytest.raises(CallFailed) as refusal:
            job.complete()
        assert refusal.value.code == hresult.ERROR_DISK_FULL
        assert job.get_state() is JobState.TRANSFERRED
        assert not (small.downloads / "a").exists()
    assert job.complete() is False
    assert is_whole(small.downloads / "a")


def test_a_disk_that_has_no_room_for_a_name_says_so_and_names_the_file_later(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(part: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "no room in the folder", target)

    job = engine.job((origin.add("/a", Resource(LARGE)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    with monkeypatch.context() as full:
        full.setattr(disk, "rename_exclusively", rename)
        full.setattr(disk, "_link_and_unlink", rename)
        with pytest.raises(CallFailed) as refusal:
            job.complete()
    assert refusal.value.code == hresult.ERROR_DISK_FULL
    assert str(engine.downloads / "a") in str(refusal.value)
    assert job.get_state() is JobState.TRANSFERRED
    assert job.complete() is False
    assert is_whole(engine.downloads / "a")


def test_a_job_that_names_its_files_by_itself_stops_with_an_error_and_resume_names_them(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(part: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "no room in the folder", target)

    new_file = NewFile(origin.add("/a", Resource(LARGE)), str(engine.downloads / "a"))
    with monkeypatch.context() as full:
        full.setattr(disk, "rename_exclusively", rename)
        full.setattr(disk, "_link_and_unlink", rename)
        (job,) = engine.manager.add_many([NewJob("a job", (new_file,), auto_complete=True)])
        engine.until_state(job, JobState.ERROR)
        assert job.copy_error().code == hresult.ERROR_DISK_FULL
    job.resume()
    engine.until(lambda: (engine.downloads / "a").exists())
    assert is_whole(engine.downloads / "a")
    assert len(origin.requests_to("/a")) == 1


LONG_NAME = "n" * 250
SMALL = Pattern(100_000, seed=2)


@pytest.fixture
def narrow(mount: Mount) -> Path:
    """A folder that can run out of room for names."""
    folder = mount(2_000_000, is_ext4=True) / "downloads"
    folder.mkdir()
    return folder


def test_a_folder_that_can_take_no_more_names_says_so_and_takes_the_name_later(
    narrow: Path, engine: Engine, origin: Origin
) -> None:
    job = engine.manager.create_job("a job")
    job.add_file(origin.add("/a", Resource(SMALL)), str(narrow / LONG_NAME))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    with without_room_for_a_name(narrow):
        with pytest.raises(CallFailed) as refusal:
            job.complete()
        assert refusal.value.code == hresult.ERROR_DISK_FULL
        assert "disk" in str(refusal.value).lower()
        assert str(narrow / LONG_NAME) in str(refusal.value)
        assert job.get_state() is JobState.TRANSFERRED
        assert not (narrow / LONG_NAME).exists()
    assert job.complete() is False
    assert (narrow / LONG_NAME).read_bytes() == SMALL.bytes()
    assert [path.name for path in narrow.iterdir()] == [LONG_NAME]


def test_a_job_that_names_its_file_by_itself_waits_for_room_in_the_folder_and_fetches_nothing_again(
    narrow: Path, engine: Engine, origin: Origin
) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[Stall(after_bytes=SMALL.size - 1)]))
    new_file = NewFile(url, str(narrow / LONG_NAME))
    (job,) = engine.manager.add_many([NewJob("a job", (new_file,), auto_complete=True)])
    engine.until(lambda: job.get_progress().bytes_transferred == SMALL.size - 1)
    with without_room_for_a_name(narrow):
        origin.mend("/a")
        engine.until_state(job, JobState.ERROR)
        assert job.copy_error().code == hresult.ERROR_DISK_FULL
        assert job.copy_error().description
        asked = len(origin.requests_to("/a"))
    job.resume()
    engine.until(lambda: (narrow / LONG_NAME).exists())
    assert (narrow / LONG_NAME).read_bytes() == SMALL.bytes()
    assert len(origin.requests_to("/a")) == asked


def test_a_disk_that_can_hold_no_more_files_refuses_one_and_takes_it_later(
    mount: Mount, engine: Engine, origin: Origin
) -> None:
    folder = mount(4_000_000, most_files=2)
    (folder / "somebody else's").touch()
    job = engine.manager.create_job("a job")
    url = origin.add("/a", Resource(SMALL))
    with pytest.raises(CallFailed) as refusal:
        job.add_file(url, str(folder / "a"))
    assert refusal.value.code == hresult.ERROR_DISK_FULL
    assert list(job.enum_files()) == []
    (folder / "somebody else's").unlink()
    job.add_file(url, str(folder / "a"))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert (folder / "a").read_bytes() == SMALL.bytes()


def test_a_file_in_segments_on_a_disk_that_fills_up_says_what_is_missing_and_goes_on_with_what_it_has(
    mount: Mount, start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SMALLEST_BYTES", 700_000)  # none of the four is through before it stalls
    engine = start_engine()
    folder = mount(5_000_000)
    url = origin.add("/a", Resource(LARGE, faults=[Stall(after_bytes=300_000)]))
    new_file = NewFile(url, str(folder / "a"))
    (job,) = engine.manager.add_many([NewJob("a job", (new_file,), auto_complete=False, segments=4)])
    engine.until(lambda: job.get_progress().bytes_transferred >= 1_000_000)
    with filled(folder):
        origin.mend("/a")
        engine.until_state(job, JobState.ERROR)
        error = job.copy_error()
        assert error.code == hresult.ERROR_DISK_FULL
        assert re.fullmatch(
            r"It needs [12]\.\d MB more on this disk and .* are free: make at least .*B free, then resume\.",
            error.description,
        )
        there = job.get_progress().bytes_transferred
        sent_before = len(origin.requests_to("/a"))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert is_whole(folder / "a")
    assert there >= 1_000_000
    assert sum(each.bytes_sent for each in origin.requests_to("/a")[sent_before:]) <= LARGE.size - there
