"""The list of downloads on Windows' files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager
from domonitor.backends.engine.store import StoreUnusable
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.windows.conftest import ended, held, in_a_process, said

ADD = """
import sys
from pathlib import Path
from domonitor.backends.engine import EngineManager
manager = EngineManager(sys.argv[1])
for number in range(20):
    job = manager.create_job(f"job {number}")
    job.add_file("http://127.0.0.1:9/x", str(Path(sys.argv[1]).parent / f"{number}.bin"))
    job.set_description("added")
    print(job.get_id(), flush=True)
sys.stdin.readline()
"""


def test_what_was_accepted_survives_the_death_of_the_process(tmp_path: Path) -> None:
    adding = in_a_process(ADD, tmp_path / "engine")
    ids = [said(adding) for _ in range(20)]
    ended(adding)
    manager = EngineManager(tmp_path / "engine")
    try:
        jobs = {str(job.get_id()): job for job in manager.enum_jobs()}
        assert list(jobs) == ids
        for number, job in enumerate(jobs.values()):
            assert (job.get_display_name(), job.get_description()) == (f"job {number}", "added")
            assert job.get_state() is JobState.SUSPENDED
            (file,) = job.enum_files()
            assert file.get_local_name() == str(tmp_path / f"{number}.bin")
        assert len(list(tmp_path.glob(".domonitor-*.part"))) == 20
    finally:
        manager.close()


def test_a_damaged_list_is_kept_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    EngineManager(tmp_path).close()
    (tmp_path / "engine.sqlite").write_bytes(b"no database" * 1_000)
    manager = EngineManager(tmp_path)
    try:
        assert "damaged" in manager.notice
        manager.create_job("a new one")
    finally:
        manager.close()
    (kept,) = tmp_path.glob("engine.sqlite.damaged-*")
    assert kept.read_bytes().startswith(b"no database")


def test_a_damaged_list_that_somebody_holds_says_so(tmp_path: Path) -> None:
    EngineManager(tmp_path).close()
    (tmp_path / "engine.sqlite").write_bytes(b"no database" * 1_000)
    with held(tmp_path / "engine.sqlite"), pytest.raises(StoreUnusable):
        EngineManager(tmp_path)
    EngineManager(tmp_path).close()


def test_the_list_is_closed_with_everything_in_one_file(engine: Engine) -> None:
    engine.job(("http://127.0.0.1:9/x", "x"), resumed=False)
    engine.stop()
    folder = engine.folder / "engine"
    assert {path.name for path in folder.iterdir()} == {"engine.sqlite", "engine.lock"}
    with sqlite3.connect(folder / "engine.sqlite") as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    database.close()
    engine.start()
