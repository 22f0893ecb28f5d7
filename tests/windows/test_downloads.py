"""Downloads by a Windows process, over Windows' sockets."""

from __future__ import annotations

import hashlib
from pathlib import Path

from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Cut, Origin, Pattern, Resource, Stall
from tests.windows.conftest import ended, in_a_process, names, program, said

CONTENT = Pattern(3_000_000, seed=9)
DIGEST = CONTENT.sha256()

FETCH = """
import sys, time
from domonitor.backends.engine import EngineManager
manager = EngineManager(sys.argv[1])
job = manager.create_job("a job")
job.add_file(sys.argv[2], sys.argv[3])
job.resume()
while job.get_progress().bytes_transferred < 1_000_000:
    time.sleep(0.02)
print("on its way", flush=True)
sys.stdin.readline()
"""


def test_a_file_arrives_whole_after_a_broken_connection(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Cut(after_bytes=1_000_000, times=1)]))
    job = engine.job((url, "a.bin"))
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert hashlib.sha256((engine.downloads / "a.bin").read_bytes()).hexdigest() == DIGEST
    assert names(engine.downloads) == {"a.bin"}


def test_a_file_in_segments_arrives_whole(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a.bin", Resource(CONTENT)), "a.bin"), resumed=False)
    job.set_limits(segments=4)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert hashlib.sha256((engine.downloads / "a.bin").read_bytes()).hexdigest() == DIGEST


def test_a_download_goes_on_after_the_death_of_its_process(tmp_path: Path, origin: Origin) -> None:
    (tmp_path / "downloads").mkdir()
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Stall(after_bytes=2_000_000)]))
    fetching = in_a_process(FETCH, tmp_path / "engine", url, tmp_path / "downloads" / "a.bin")
    assert said(fetching) == "on its way"
    ended(fetching)
    origin.mend("/a.bin")
    engine = Engine(tmp_path)
    try:
        (job,) = engine.manager.enum_jobs()
        assert engine.manager.snapshot(job.get_id()).progress.bytes_transferred >= 1_000_000
        engine.until_state(job, JobState.TRANSFERRED)
        assert job.complete() is False
    finally:
        engine.stop()
    assert hashlib.sha256((engine.downloads / "a.bin").read_bytes()).hexdigest() == DIGEST


def test_the_program_runs(tmp_path: Path, origin: Origin) -> None:
    assert program("--version").stdout.startswith("domonitor ")
    assert "Nothing arrived for too long" in program("explain", "0x80D02002").stdout
    done = program("--in-process", "get", origin.add("/a.bin", Resource(CONTENT)), "-d", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert hashlib.sha256((tmp_path / "a.bin").read_bytes()).hexdigest() == DIGEST
