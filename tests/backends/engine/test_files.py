"""Files on the disk: odd names, links, what others do to them meanwhile, and what a restart finds."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager, disk
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine, StartEngine
from tests.server import Origin, Pattern, Resource, Stall

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and permissions of POSIX")


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def part_in(folder: Path) -> Path:
    (part,) = folder.glob(".domonitor-*.part")
    return part


@pytest.mark.parametrize(
    "name", ["grün ✓ 日本語", "n" * 254, "n" * 255, "ü" * 127, " leading", "trailing.", "-rf", "a\nb"]
)
def test_names_of_every_kind_are_kept(engine: Engine, origin: Origin, name: str) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), name))
    engine.until_state(job, JobState.TRANSFERRED)
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    job.complete()
    assert engine.on_disk == {name}


@posix
@pytest.mark.parametrize("name", ["n" * 256, "ü" * 128, "n" * 5_000])
def test_a_name_that_is_too_long_is_refused_at_once(engine: Engine, origin: Origin, name: str) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    with pytest.raises(CallFailed, match="name") as refused:
        job.add_file(origin.url("/a"), str(engine.downloads / name))
    assert refused.value.code == hresult.ERROR_FILENAME_EXCED_RANGE
    assert len(job.enum_files()) == 1
    assert engine.on_disk == {"*.part"}


@posix
def test_a_folder_that_is_a_link_is_used_and_a_target_that_is_a_link_is_never_followed(
    engine: Engine, origin: Origin
) -> None:
    url = origin.add("/a", Resource(SMALL))
    elsewhere = engine.folder / "elsewhere"
    elsewhere.mkdir()
    (engine.downloads / "folder").symlink_to(elsewhere)
    victim = elsewhere / "victim"
    victim.write_text("mine")
    (engine.downloads / "link").symlink_to(victim)
    (engine.downloads / "dangling").symlink_to(elsewhere / "nothing")
    for name in ("link", "dangling"):
        with pytest.raises(CallFailed) as refused:
            engine.job((url, name))
        assert refused.value.code == hresult.ERROR_FILE_EXISTS
    job = engine.manager.create_job("replaces")
    job.add_file(url, str(engine.downloads / "link"), replace=True)
    job.add_file(url, str(engine.downloads / "folder" / "a"))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert victim.read_text() == "mine"
    assert not (engine.downloads / "link").is_symlink()
    assert content(engine.downloads / "link") == content(elsewhere / "a") == SMALL.sha256()


@posix
@pytest.mark.parametrize("intruder", ["link", "pipe", "folder"])
def test_something_else_in_the_temporary_files_place_is_an_error_and_never_followed(
    engine: Engine, origin: Origin, intruder: str
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    part, victim = part_in(engine.downloads), engine.folder / "victim"
    victim.write_text("mine")
    part.unlink()
    {"link": lambda: part.symlink_to(victim), "pipe": lambda: os.mkfifo(part), "folder": part.mkdir}[intruder]()
    job.resume()
    engine.until_state(job, JobState.ERROR)
    assert victim.read_text() == "mine"
    assert len(origin.requests_to("/a")) == 1
    assert job.cancel() is (intruder == "folder")


@posix
def test_a_link_put_there_between_transfer_and_complete_is_not_given_the_name(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    part, victim = part_in(engine.downloads), engine.folder / "victim"
    victim.write_text("mine")
    part.unlink()
    part.symlink_to(victim)
    with pytest.raises(CallFailed):
        job.complete()
    assert not (engine.downloads / "a").exists()
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("harm", ["deleted", "cut off"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["at complete", "at a restart"])
def test_a_finished_file_that_somebody_harmed_is_fetched_again(
    engine: Engine, origin: Origin, harm: str, is_restarted: bool
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), (origin.add("/b", Resource(b"")), "b"))
    engine.until_state(job, JobState.TRANSFERRED)
    if is_restarted:
        engine.stop()
    part = next(part for part in engine.downloads.iterdir() if part.stat().st_size)
    if harm == "deleted":
        part.unlink()
    else:
        os.truncate(part, 1_000)
    if is_restarted:
        engine.start()
        (job,) = engine.manager.enum_jobs()
        engine.until_state(job, JobState.TRANSFERRED)
        assert len(origin.requests_to("/a")) == 2
    else:
        with pytest.raises(CallFailed):
            job.complete()
        engine.until_state(job, JobState.ERROR)
        assert job.get_progress().files_transferred == 1
        job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert content(engine.downloads / "a") == SMALL.sha256()


def test_a_file_deleted_in_mid_transfer_is_noticed(engine: Engine, origin: Origin) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    part_in(engine.downloads).unlink()
    stall.release()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()


@posix
def test_a_leftover_that_cant_be_removed_never_lends_its_place_to_another_file(
    start_engine: StartEngine, origin: Origin
) -> None:
    """A row whose temporary file could not be deleted stays; a new job must not write over it."""
    url = origin.add("/a", Resource(SMALL))
    engine = start_engine()
    job = engine.job((url, "a"), resumed=False)
    part = part_in(engine.downloads)
    part.unlink()
    part.mkdir()  # a folder can't be removed as a file
    assert job.cancel() is True
    engine.stop()
    # Even if the job's own row is gone, as after a crash at an add.
    database = sqlite3.connect(engine.folder / "engine" / "engine.sqlite")
    with database:
        database.execute("DELETE FROM jobs")
        database.execute("DELETE FROM events")
        database.execute("UPDATE files SET stage = 0")
    database.close()
    engine.start()
    job = engine.job((url, "b"), resumed=False)
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    assert job.enum_files()[0].get_local_name().endswith("b")
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "b") == SMALL.sha256()
    part.rmdir()
    engine.stop()


_WITHOUT_RIGHTS = """
import encodings.ascii, os, sys
from domonitor.backends.engine import EngineManager, disk
from domonitor.jobs import codes
codes.explain(0)
os.setuid(65534)
try:
    EngineManager(sys.argv[1] + "/engine")
except Exception as refusal:
    print(type(refusal).__name__, refusal)
"""


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="needs the right to become another user")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_a_read_only_store_is_refused_with_a_sentence(closed: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "engine"
        EngineManager(folder).close()
        if closed == "file":
            os.chown(folder, 65534, -1)
            os.chown(folder / "engine.lock", 65534, -1)
            (folder / "engine.sqlite").chmod(0o444)
        command = [sys.executable, "-c", _WITHOUT_RIGHTS, parent]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        assert run.stdout.startswith("StoreUnusable"), run.stdout
        assert run.stderr == ""


def test_after_a_power_cut_only_what_was_synced_is_trusted(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine()
    stall = Stall(after_bytes=1_000_000, times=1)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    job.suspend()
    engine.stop()
    part = part_in(engine.downloads)
    part.write_bytes(bytes(1_000_000))  # lengths outlive a power cut, bytes do not
    monkeypatch.setattr("domonitor.backends.engine.recovery._boot_id", lambda: "another start of the computer")
    engine.start()
    (job,) = engine.manager.enum_jobs()
    assert job.get_progress().bytes_transferred == 0
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()
    engine.stop()


def test_nor_is_it_trusted_after_one_more_restart(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine()
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[Stall(after_bytes=1_000_000, times=1)])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    job.suspend()
    engine.stop()
    part_in(engine.downloads).write_bytes(bytes(1_000_000))
    monkeypatch.setattr("domonitor.backends.engine.recovery._boot_id", lambda: "another start of the computer")
    engine.start()
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()


def test_a_folder_that_can_t_be_synced_leaves_nothing_behind(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folders) -> None:
        raise OSError(5, "Input/output error")

    job = engine.manager.create_job("a job")
    with monkeypatch.context() as patched:
        patched.setattr("domonitor.backends.engine.disk.sync_folder", fail)
        with pytest.raises(CallFailed):
            job.add_file(origin.add("/a", Resource(SMALL)), str(engine.downloads / "a"))
    assert engine.on_disk == set()
    job.add_file(origin.url("/a"), str(engine.downloads / "a"))


@posix
def test_a_cancel_whose_folder_can_t_be_synced_is_finished_by_the_next_start(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    part = part_in(engine.downloads)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)  # what syncs folders, and nothing else
        assert job.cancel() is True
    engine.stop()
    part.touch()  # as the power cut does that the sync was to prevent
    engine.start()
    assert engine.manager.enum_jobs() == ()
    assert engine.on_disk == set()


def test_a_file_system_without_hard_links_gives_names_too(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*arguments, **named) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr("domonitor.backends.engine.disk.rename_exclusively", link)
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    (engine.downloads / "a").write_text("somebody else's")
    with pytest.raises(CallFailed):
        job.complete()
    (engine.downloads / "a").unlink()
    assert job.complete() is False
    assert content(engine.downloads / "a") == SMALL.sha256()


def test_a_job_in_a_folder_that_is_gone_can_be_cancelled(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    shutil.rmtree(engine.downloads)
    assert job.cancel() is False


@pytest.mark.expected_log("met a bug")
def test_a_bug_while_files_are_synced_is_an_error_of_their_jobs_and_the_engine_goes_on(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(files: object) -> None:
        raise RuntimeError("a bug")

    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync_all", fail)
        job.resume()
        engine.until_state(job, JobState.ERROR)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert content(engine.downloads / "a") == SMALL.sha256()
