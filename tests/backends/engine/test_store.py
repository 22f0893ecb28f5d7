"""The store's file: older, newer, damaged; and jobs that lie in it alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineBackend, EngineManager, roster, schema
from domonitor.backends.engine.store import StoreUnusable
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job, Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.server import Answer, Hold, Origin, Pattern, Resource

SMALL = Pattern(50_000, seed=3)


def columns(path: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        return {table: {row[1] for row in database.execute(f"PRAGMA table_info({table})")} for table in tables}


def write_first_version(path: Path, downloads: Path) -> None:
    """A store as the first version left it: a suspended job of which one file has arrived."""
    part = downloads / ".domonitor-000000000001.part"
    part.write_bytes(b"x" * 700)
    (downloads / ".domonitor-000000000002.part").write_bytes(b"")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(schema.STEPS[0] + "PRAGMA user_version=1;")
        database.execute("INSERT INTO meta VALUES ('boot', '')")
        job = (1, b"j" * 16, "old job", "", 3, 2, 3, 0, 0, None, None, 4, 1e9, 2e9, None)
        database.execute(f"INSERT INTO jobs VALUES ({','.join('?' * 15)})", job)
        for at, stage, size in ((0, 2, 700), (1, 1, None)):
            local, temporary = str(downloads / f"{at}"), str(downloads / f".domonitor-00000000000{at + 1}.part")
            file = (1, at, "http://127.0.0.1:9/", local, temporary, "", size, 0, stage, 700 if size else 0, "")
            database.execute(f"INSERT INTO files VALUES ({','.join('?' * 11)})", file)
        database.execute("INSERT INTO events VALUES (1, 1, 1e9, 'error', NULL, 2149122452, 'a file', 'engine')")
        database.commit()


def test_a_store_of_the_first_version_is_brought_up_to_date_and_kept_as_it_was(tmp_path: Path) -> None:
    folder, downloads = tmp_path / "engine", tmp_path / "downloads"
    folder.mkdir()
    downloads.mkdir()
    store = folder / "engine.sqlite"
    write_first_version(store, downloads)
    manager = EngineManager(folder)
    (job,) = manager.enum_jobs()
    assert (job.get_display_name(), job.get_state(), job.get_error_count()) == ("old job", JobState.SUSPENDED, 4)
    progress = job.get_progress()
    assert (progress.bytes_total, progress.bytes_transferred) == (None, 700)
    assert (progress.files_total, progress.files_transferred) == (2, 1)
    (event,) = manager.timeline(job.get_id())
    assert (event.code, event.error) == (0x80190194, None)
    assert job.complete() is True
    assert (downloads / "0").read_bytes() == b"x" * 700
    manager.close()
    with closing(sqlite3.connect(folder / "engine.sqlite.version-1")) as kept:
        assert kept.execute("SELECT state FROM jobs").fetchall() == [(3,)]
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
    EngineManager(tmp_path / "new").close()
    assert columns(store) == columns(tmp_path / "new" / "engine.sqlite")


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EngineManager(tmp_path).close()
    before = columns(tmp_path / "engine.sqlite")
    bad = "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, bad))
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(StoreUnusable, match="can't be opened"):
            EngineManager(tmp_path)
    assert columns(tmp_path / "engine.sqlite") == before
    EngineManager(tmp_path).close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    EngineManager(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "engine.sqlite")) as database:
        database.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    content = (tmp_path / "engine.sqlite").read_bytes()
    with pytest.raises(StoreUnusable, match="newer domonitor"):
        EngineManager(tmp_path)
    assert (tmp_path / "engine.sqlite").read_bytes() == content


def test_a_folder_on_a_network_drive_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domonitor.backends.engine.volumes.network_file_system", lambda folder: "NFS")
    with pytest.raises(StoreUnusable, match=r"lies on NFS.*choose another folder"):
        EngineManager(tmp_path)
    assert list(tmp_path.iterdir()) == []


def no_database(_: bytes) -> bytes:
    return b"this is no database at all" * 100


def spoilt(good: bytes) -> bytes:
    return good[:4096] + b"\xff" * (len(good) - 4096)


def torn(good: bytes) -> bytes:
    return good[: len(good) // 2]


@pytest.mark.parametrize("damage", [no_database, spoilt, torn])
def test_a_damaged_store_is_kept_aside_and_said(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    manager = EngineManager(tmp_path)
    manager.create_job("lost")
    manager.close()
    store = tmp_path / "engine.sqlite"
    damaged = damage(store.read_bytes())
    store.write_bytes(damaged)
    backend = EngineBackend(tmp_path)
    backend.open(lambda: None)
    try:
        change = backend.poll()
        assert change.upserts == ()
        (notice,) = change.notices
        (kept,) = tmp_path.glob("engine.sqlite.damaged-*")
        assert str(kept) in notice
        assert kept.read_bytes() == damaged
        assert backend.poll().notices == ()
    finally:
        backend.close()
    manager = EngineManager(tmp_path)
    assert manager.notice == ""
    manager.close()


def test_jobs_are_the_same_whether_they_lie_in_memory_or_in_the_store_alone(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the last one stays in memory: each look at another one reads it anew."""
    monkeypatch.setattr(roster, "KEPT", 1)
    engine = start_engine()
    missing = engine.job((origin.add("/missing", Resource(faults=[Answer(404)])), "missing"))
    engine.until_state(missing, JobState.ERROR)
    arrived = engine.job((origin.add("/a", Resource(SMALL)), "a"), (origin.url("/a"), "b"))
    engine.until_state(arrived, JobState.TRANSFERRED)
    suspended = engine.job((origin.url("/a"), "c"), name="it waits", resumed=False)
    suspended.set_priority(Priority.LOW)
    suspended.set_description("why")
    before = [snapshot(engine, job) for job in (missing, arrived, suspended)]
    assert missing.get_error().get_error()[1] == 0x80190194
    assert missing.get_error().get_file().get_local_name() == str(engine.downloads / "missing")
    for job in (arrived, suspended, missing, arrived):
        assert job.enum_files()
    assert missing.get_error_count() == 1
    assert [snapshot(engine, job) for job in (missing, arrived, suspended)] == before
    engine.restart()
    after = [snapshot(engine, job) for job in engine.manager.enum_jobs()]
    assert after == before
    with pytest.raises(CallFailed) as refused:
        engine.manager.get_job(missing.get_id()).get_error()
    assert refused.value.code == hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE
    recorded = [event.error for event in engine.manager.timeline(missing.get_id()) if event.error]
    assert [error.code for error in recorded] == [0x80190194]
    for job in engine.manager.enum_jobs():
        if job.get_state() is JobState.TRANSFERRED:
            assert job.complete() is False
        else:
            job.cancel()
    assert engine.on_disk == {"a", "b"}


def snapshot(engine: Engine, job: object) -> Job:
    return engine.manager.snapshot(job.get_id())  # type: ignore[attr-defined]


def test_jobs_that_wait_for_their_turn_need_not_lie_in_memory(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "KEPT", 2)
    engine = start_engine(QUICK)
    hold = Hold(times=8)
    held = origin.add("/held", Resource(SMALL, faults=[hold]))
    busy = [engine.job((held, f"held{at}")) for at in range(engine.settings.slots)]
    url = origin.add("/a", Resource(SMALL))
    new_jobs = [NewJob(f"{at}", (NewFile(url, str(engine.downloads / f"{at}")),)) for at in range(50)]
    engine.manager.add_many(new_jobs)
    assert len(list(engine.manager.lifecycle._roster.in_memory())) <= len(busy) + 2
    hold.release()
    engine.until(lambda: len(engine.manager.enum_jobs()) == len(busy))
    assert {path.name for path in engine.downloads.iterdir() if path.name.isdigit()} == {f"{at}" for at in range(50)}


def test_sums_that_a_crash_left_ahead_of_their_files_are_corrected(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    job = engine.job((url, "a"), (url, "b"), resumed=False)
    before = engine.manager.snapshot(job.get_id())
    engine.stop()
    with closing(sqlite3.connect(engine.folder / "engine" / "engine.sqlite")) as database:
        database.execute("UPDATE jobs SET known_bytes=7, unknown_sizes=0, done_bytes=7, files_transferred=1")
        database.commit()
    engine.start()
    assert engine.manager.snapshot(job.get_id()) == before


def test_enum_jobs_is_a_list_of_the_moment(engine: Engine) -> None:
    jobs = [engine.manager.create_job(f"{at}") for at in range(5)]
    listed = engine.manager.enum_jobs()
    jobs[0].cancel()
    assert listed == jobs
    assert listed[1:] == jobs[1:] == engine.manager.enum_jobs()
    assert listed[-1] == jobs[-1]


def test_what_ended_long_ago_is_forgotten_and_what_lies_still_is_removed(
    start_engine: StartEngine, origin: Origin
) -> None:
    """Thirty days without anything: removed, with its temporary file. Ninety more: forgotten."""
    clock = FakeClock()
    engine = start_engine(clock=clock)
    url = origin.add("/a", Resource(SMALL))
    old = engine.job((url, "old"), resumed=False)
    clock.advance(20 * 86_400)
    younger = engine.job((url, "younger"), resumed=False)
    clock.advance(9.5 * 86_400)
    assert engine.manager.enum_jobs() == (old, younger)
    clock.advance(86_400)
    engine.until(lambda: engine.manager.enum_jobs() == (younger,))
    assert engine.on_disk == {"*.part"}
    with pytest.raises(CallFailed) as refused:
        old.resume()
    assert refused.value.code == hresult.DO_E_INVALID_STATE
    last = engine.manager.timeline(old.get_id())[-1]
    assert (last.state, last.origin) == (JobState.CANCELLED, "engine")
    assert old.get_state() is JobState.CANCELLED
    for _ in range(95):
        younger.set_description("still wanted")
        clock.advance(86_400)
        engine.manager.get_job(younger.get_id()).get_error_count()
    engine.until(lambda: engine.manager.timeline(old.get_id()) == ())
    assert engine.manager.enum_jobs() == (younger,)


def test_pruning_forgets_only_what_has_ended_before_then(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    ended, alive = engine.job((url, "ended")), engine.job((url, "alive"), resumed=False)
    engine.until_state(ended, JobState.TRANSFERRED)
    ended.complete()
    now = datetime.now(UTC)
    assert engine.manager.prune(now - timedelta(hours=1)) == 0
    assert engine.manager.timeline(ended.get_id())
    assert engine.manager.prune(now + timedelta(hours=1)) == 1
    assert engine.manager.timeline(ended.get_id()) == ()
    assert engine.manager.timeline(alive.get_id())
    assert engine.manager.enum_jobs() == (alive,)
    assert engine.on_disk == {"ended", "*.part"}
