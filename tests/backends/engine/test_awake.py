"""Sleep is held off as long as foreground jobs are being fetched, and not a moment longer than need be."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import awake
from domonitor.backends.engine.awake import Awake
from domonitor.jobs.job import Priority
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Origin, Pattern, Resource, Stall

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the stand-in is Linux' program")

LARGE = Pattern(3_000_000, seed=1)

STAND_IN = """\
#!/bin/sh
echo "$@" >> "{folder}/asked"
echo $$ > "{folder}/new"
mv "{folder}/new" "{folder}/process"
for last; do :; done
exec "$last"
"""


class Inhibitor:
    """A stand-in for systemd-inhibit: it writes down what it is asked, and lives as long as what it is to run."""

    def __init__(self, folder: Path, script: str = STAND_IN) -> None:
        self.folder = folder
        program = folder / "systemd-inhibit"
        program.write_text(script.format(folder=folder))
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        asked = self.folder / "asked"
        return asked.read_text().splitlines() if asked.exists() else []

    def wait_started(self) -> int:
        """The process that holds off sleep."""
        process = self.folder / "process"
        wait_until(process.exists)
        number = int(process.read_text())
        process.unlink()
        return number


def wait_until(condition, timeout_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to that"
        time.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def inhibitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inhibitor:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(awake, "LEASE_S", 1.0)
    return Inhibitor(folder)


def running(engine: Engine, origin: Origin, path: str, priority: Priority):
    job = engine.job(
        (origin.add(path, Resource(LARGE, faults=[Stall(after_bytes=1_000_000)])), path[1:]), resumed=False
    )
    job.set_priority(priority)
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred >= 1_000_000)
    return job


def test_sleep_is_held_off_while_a_foreground_job_runs(engine: Engine, origin: Origin, inhibitor: Inhibitor) -> None:
    job = running(engine, origin, "/a", Priority.FOREGROUND)
    process = inhibitor.wait_started()
    assert is_running(process)
    assert inhibitor.asked[0] == "--what=sleep:idle --who=domonitor --why=Downloads are running --mode=block cat"
    origin.mend("/a")
    engine.until_state(job, JobState.TRANSFERRED)
    wait_until(lambda: not is_running(process))
    running(engine, origin, "/b", Priority.FOREGROUND)
    assert is_running(inhibitor.wait_started())


def test_background_jobs_may_sleep(engine: Engine, origin: Origin, inhibitor: Inhibitor) -> None:
    running(engine, origin, "/a", Priority.HIGH)
    engine.stop()
    assert inhibitor.asked == []


def test_who_does_not_want_it_is_not_kept_awake(
    start_engine: StartEngine, origin: Origin, inhibitor: Inhibitor
) -> None:
    engine = start_engine(replace(QUICK, holds_off_sleep=False))
    running(engine, origin, "/a", Priority.FOREGROUND)
    engine.stop()
    assert inhibitor.asked == []


def test_who_wants_it_later_is_kept_awake_from_then_on(
    start_engine: StartEngine, origin: Origin, inhibitor: Inhibitor
) -> None:
    engine = start_engine(replace(QUICK, holds_off_sleep=False))
    running(engine, origin, "/a", Priority.FOREGROUND)
    engine.manager.set_settings(QUICK)
    assert is_running(inhibitor.wait_started())


def test_an_engine_that_closes_lets_the_computer_sleep(
    engine: Engine, origin: Origin, inhibitor: Inhibitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awake, "LEASE_S", 1_000)
    running(engine, origin, "/a", Priority.FOREGROUND)
    process = inhibitor.wait_started()
    engine.stop()
    assert not is_running(process)
    assert "domonitor-awake" not in {thread.name for thread in threading.enumerate()}


def test_it_lasts_as_long_as_it_is_asked_for(inhibitor: Inhibitor) -> None:
    kept = Awake()
    kept.keep(is_wanted=True)
    process = inhibitor.wait_started()
    end_s = time.monotonic() + 1.5 * awake.LEASE_S
    while time.monotonic() < end_s:
        kept.keep(is_wanted=True)
        time.sleep(0.02)
    assert is_running(process)
    kept.keep(is_wanted=False)
    wait_until(lambda: not is_running(process))
    assert len(inhibitor.asked) == 1
    kept.close()


def test_what_holds_off_sleep_ends_with_a_process_that_is_killed(inhibitor: Inhibitor) -> None:
    program = """
        import time
        from domonitor.backends.engine.awake import Awake
        awake = Awake()
        while True:
            awake.keep(is_wanted=True)
            time.sleep(0.1)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)]) as child:
        try:
            process = inhibitor.wait_started()
            assert is_running(process)
        finally:
            child.kill()
    wait_until(lambda: not is_running(process))


def test_one_that_does_not_end_with_its_input_is_ended(inhibitor: Inhibitor, monkeypatch: pytest.MonkeyPatch) -> None:
    Inhibitor(inhibitor.folder, STAND_IN.replace('exec "$last"', "exec sleep 1000"))
    monkeypatch.setattr(awake, "END_S", 0.05)
    kept = Awake()
    kept.keep(is_wanted=True)
    process = inhibitor.wait_started()
    kept.close()
    assert not is_running(process)


def test_a_system_without_such_a_program_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = Awake()
    kept.keep(is_wanted=True)
    kept.keep(is_wanted=True)
    kept.close()


def test_each_system_has_its_own_program() -> None:
    assert awake.command("darwin") == ["caffeinate", "-i", "-w", str(os.getpid())]
    assert awake.command("linux")[0] == "systemd-inhibit"
