"""The list as it was written down, for those who only look."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineBackend, EngineManager, opening, schema
from domonitor.backends.engine.lock import holder
from domonitor.backends.engine.store import Store, StoreUnusable
from domonitor.backends.engine.stored import PAGE, StoredBackend
from domonitor.jobs.change import HealthState
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job
from domonitor.jobs.request import CommandRequest, NewFile, NewJob
from domonitor.jobs.state import Command, JobState


def look(backend: StoredBackend) -> list[Job]:
    """Everything that is new."""
    woken = [True]
    backend.open(lambda: woken.append(True))
    jobs: list[Job] = []
    while woken:
        woken.clear()
        change = backend.poll()
        assert len(change.upserts) <= PAGE
        jobs += change.upserts
    return jobs


def new_job(folder: Path, name: str) -> NewJob:
    file = NewFile(f"http://user:secret@127.0.0.1:9/{name}", str(folder / name))
    return NewJob(name, (file,), is_suspended=True)


def test_it_shows_what_the_engine_shows_also_while_that_works(tmp_path: Path) -> None:
    engine = EngineBackend(tmp_path)
    engine.open(lambda: None)
    try:
        outcomes = engine.add([new_job(tmp_path, name) for name in "abc"])
        backend = StoredBackend(tmp_path)
        assert look(backend) == list(engine.poll().upserts)
        first = outcomes[0].job_id
        assert first is not None
        assert backend.files(first) == engine.files(first)
        assert backend.timeline(first) == engine.timeline(first)
        engine.execute(CommandRequest(Command.CANCEL, (first,)))
        change = backend.poll()
        ((key, last),) = change.removals.items()
        assert key.id == first
        assert last is not None
        assert last.state is JobState.CANCELLED
        assert backend.timeline(first) == engine.timeline(first)
        assert backend.files(first) == ()
        assert backend.poll().is_empty
    finally:
        engine.close()


def test_it_comes_in_pages_and_says_that_nobody_works(tmp_path: Path) -> None:
    manager = EngineManager(tmp_path)
    manager.add_many([new_job(tmp_path, f"file{number}") for number in range(PAGE + 1)])
    manager.close()
    backend = StoredBackend(tmp_path)
    assert len(look(backend)) == PAGE + 1
    health = StoredBackend(tmp_path).poll().health
    assert health is not None
    assert health.state is HealthState.IDLE
    assert health.reason.endswith(".")


def test_it_writes_nothing_and_carries_out_nothing(tmp_path: Path) -> None:
    manager = EngineManager(tmp_path)
    manager.add_many([new_job(tmp_path, "a")])
    manager.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    backend = StoredBackend(tmp_path)
    (job,) = look(backend)
    for call in (
        lambda: backend.execute(CommandRequest(Command.CANCEL, (job.key.id,))),
        lambda: backend.add([new_job(tmp_path, "b")]),
        lambda: backend.get_error(job.key.id),
        lambda: backend.files("no id"),
    ):
        with pytest.raises(CallFailed):
            call()
    with closing(Store.for_reading(tmp_path / "engine.sqlite")) as store, pytest.raises(OSError):
        store.set_meta("a", "b")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_without_a_list_is_empty_and_stays_so(tmp_path: Path) -> None:
    backend = StoredBackend(tmp_path / "none")
    assert look(backend) == []
    assert backend.timeline("00000000-0000-0000-0000-000000000000") == ()
    assert list(tmp_path.iterdir()) == []


def test_an_older_list_is_read_as_it_will_be_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(f"{schema.STEPS[0]} PRAGMA user_version=1;")
        database.execute(
            "INSERT INTO jobs (number, id, display_name, description, state, priority, notify_flags, auto_complete,"
            " is_completing, interruptions, created, modified) VALUES (1, ?, 'old', '', 3, 2, 0, 1, 0, 0, 1, 1)",
            (bytes(16),),
        )
        database.commit()
    before = path.read_bytes()
    (job,) = look(StoredBackend(tmp_path))
    assert (job.display_name, job.state) == ("old", JobState.SUSPENDED)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["newer", "damaged"])
def test_a_list_that_cant_be_read_is_said(tmp_path: Path, content: str) -> None:
    path = tmp_path / "engine.sqlite"
    if content == "newer":
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    else:
        path.write_bytes(b"no list of downloads" * 100)
    with pytest.raises(StoreUnusable):
        look(StoredBackend(tmp_path))
    with pytest.raises(StoreUnusable):
        Store.for_reading(path)


def test_who_holds_a_folder_can_be_seen_without_disturbing(tmp_path: Path) -> None:
    import os

    assert holder(tmp_path) == (False, None)
    manager = EngineManager(tmp_path)
    assert holder(tmp_path) == (True, os.getpid())
    manager.close()
    assert holder(tmp_path) == (False, None)
    assert opening.StoreUnusable is StoreUnusable
