"""Files as Windows has them: held by others, read-only, with long names, and names that are devices."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from domonitor.backends.engine import disk
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.address import plan_jobs
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Origin, Pattern, Resource
from tests.windows.conftest import IS_WINE, SHARE_READ, held, names

CONTENT = Pattern(200_000, seed=5)


@pytest.fixture
def url(origin: Origin) -> str:
    return origin.add("/file.bin", Resource(CONTENT))


@pytest.fixture
def at_the_third_try(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], list[float]]:
    """Calls what it is given when the engine pauses for the third time before it tries a file again."""

    def arrange(call: Callable[[], None]) -> list[float]:
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                call()

        monkeypatch.setattr(disk, "time", type("Time", (), {"sleep": sleep, "monotonic": time.monotonic}))
        return pauses

    return arrange


def arrived(engine: Engine, url: str, name: str, *, replace: bool = False) -> EngineJob:
    job = engine.manager.create_job(name[:200])
    job.add_file(url, str(engine.downloads / name), replace=replace)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    return job


def test_a_temporary_file_that_a_scanner_holds_is_renamed_once_it_lets_go(
    engine: Engine, url: str, at_the_third_try: Callable[[Callable[[], None]], list[float]]
) -> None:
    job = arrived(engine, url, "a.bin")
    (part,) = engine.downloads.glob(".domonitor-*.part")
    with held(part, SHARE_READ) as let_go:
        pauses = at_the_third_try(let_go)
        assert job.complete() is False
    assert len(pauses) >= 3
    assert names(engine.downloads) == {"a.bin"}
    assert (engine.downloads / "a.bin").read_bytes() == CONTENT.bytes()


def test_a_target_that_a_reader_holds_is_replaced_once_it_lets_go(
    engine: Engine, url: str, at_the_third_try: Callable[[Callable[[], None]], list[float]]
) -> None:
    (engine.downloads / "a.bin").write_bytes(b"old")
    job = arrived(engine, url, "a.bin", replace=True)
    with open(engine.downloads / "a.bin", "rb") as reader:
        pauses = at_the_third_try(reader.close)
        assert job.complete() is False
    assert len(pauses) >= 3
    assert (engine.downloads / "a.bin").read_bytes() == CONTENT.bytes()


def test_a_file_that_is_never_let_go_is_an_error_that_resume_mends(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "SHARING_PATIENCE_S", 0.1)
    job = arrived(engine, url, "a.bin")
    (part,) = engine.downloads.glob(".domonitor-*.part")
    with held(part, SHARE_READ):
        with pytest.raises(CallFailed) as refused:
            job.complete()
        assert refused.value.code in (hresult.ERROR_SHARING_VIOLATION, hresult.E_ACCESSDENIED)
    if job.get_state() is JobState.ERROR:
        job.resume()
        engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert names(engine.downloads) == {"a.bin"}


def test_a_file_that_appeared_meanwhile_is_not_overwritten(engine: Engine, url: str) -> None:
    job = arrived(engine, url, "a.bin")
    (engine.downloads / "A.BIN").write_bytes(b"somebody's own")
    with pytest.raises(CallFailed) as refused:
        job.complete()
    assert refused.value.code == hresult.ERROR_FILE_EXISTS
    assert (engine.downloads / "a.bin").read_bytes() == b"somebody's own"


def test_a_file_of_the_same_name_in_other_letters_is_refused_at_once(engine: Engine, url: str) -> None:
    (engine.downloads / "A.BIN").write_bytes(b"")
    job = engine.manager.create_job("a job")
    with pytest.raises(CallFailed) as refused:
        job.add_file(url, str(engine.downloads / "a.bin"))
    assert refused.value.code == hresult.ERROR_FILE_EXISTS


@pytest.mark.skipif(IS_WINE, reason="Wine replaces read-only files; Windows refuses")
def test_a_read_only_target_is_not_replaced_and_stays(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "SHARING_PATIENCE_S", 0.1)
    target = engine.downloads / "a.bin"
    target.write_bytes(b"old")
    target.chmod(stat.S_IREAD)
    job = arrived(engine, url, "a.bin", replace=True)
    try:
        with pytest.raises(CallFailed) as refused:
            job.complete()
        assert refused.value.code == hresult.E_ACCESSDENIED
        assert target.read_bytes() == b"old"
    finally:
        target.chmod(stat.S_IWRITE | stat.S_IREAD)
    if job.get_state() is JobState.ERROR:
        job.resume()
        engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert target.read_bytes() == CONTENT.bytes()


def test_a_path_beyond_260_characters_is_kept(engine: Engine, url: str) -> None:
    folder = engine.downloads / ("n" * 120) / ("m" * 120)
    folder.mkdir(parents=True)
    target = folder / ("o" * 100 + ".bin")
    assert len(str(target)) > 340
    job = engine.manager.create_job("far down")
    job.add_file(url, str(target))
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert target.stat().st_size == CONTENT.size


@pytest.mark.parametrize("name", ["NUL", "con.txt", "COM1.iso", "lpt9"])
def test_an_address_that_ends_in_a_device_gives_a_file(engine: Engine, origin: Origin, name: str) -> None:
    url = origin.add(f"/{name}", Resource(CONTENT))
    (new_job,) = plan_jobs([url], engine.downloads, auto_complete=True)
    (job,) = engine.manager.add_many([new_job])
    assert isinstance(job, EngineJob)
    engine.until(lambda: job.get_id() not in {each.get_id() for each in engine.manager.enum_jobs()})
    (found,) = names(engine.downloads)
    assert found == f"_{name}"
    assert (engine.downloads / found).stat().st_size == CONTENT.size


def test_a_folder_on_which_a_file_lies_is_told_apart(engine: Engine, url: str) -> None:
    (engine.downloads / "a.bin").mkdir()
    job = engine.manager.create_job("a job")
    with pytest.raises(CallFailed, match="folder of that name"):
        job.add_file(url, str(engine.downloads / "a.bin"))


def test_the_disk_says_what_is_free(tmp_path: Path) -> None:
    from domonitor.backends.engine import volumes

    assert volumes.room(str(tmp_path)).free_bytes > 0
    assert volumes.network_file_system(tmp_path) == ""
