"""The commands and the engine that they share: started on demand, seen by all, ended when asked to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from domonitor.backends.engine import HostBackend
from domonitor.backends.engine.lock import holder
from domonitor.backends.engine.looking import LookingBackend
from domonitor.jobs.change import HealthState
from domonitor.jobs.job import Job, JobKey
from tests.commanding import PATIENCE_S, Program, arguments_of, environment, run
from tests.conforming import conforms
from tests.server import Answer, Origin, Pattern, Resource, Stall

CONTENT = Pattern(300_000, seed=3)


class Shared(Program):
    """domonitor in a folder, with the engine in a host that the commands start."""

    def run(self, *arguments: str, given: str | None = None, **others: str) -> subprocess.CompletedProcess[str]:
        done = run(self.folder, *arguments, given=given, **others)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Shared]:
    program = Shared(tmp_path)
    yield program
    run(tmp_path, "engine", "stop")
    deadline_s = time.monotonic() + PATIENCE_S
    while holder(program.engine_folder)[0]:
        assert time.monotonic() < deadline_s, "the host has not ended"
        time.sleep(0.05)


def test_what_is_added_goes_on_when_the_command_has_ended(program: Shared, origin: Origin) -> None:
    assert program.run("engine", "status").returncode == 3
    assert program.one("list")["jobs"] == []
    assert not program.engine_folder.exists()  # looking starts nothing
    good = origin.add("/good.bin", Resource(CONTENT))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    ids = [outcome["id"] for outcome in program.one("add", good, missing)["outcomes"]]
    assert program.run("wait", ids[0]).returncode == 0
    failed = program.run("wait", "--all", "--timeout", str(PATIENCE_S))
    assert (failed.returncode, failed.stderr) == (1, "missing.bin: The file is not on the server.\n")
    assert (program.folder / "good.bin").stat().st_size == 300_000
    told = program.one("error", ids[1])
    assert conforms(told)
    assert told["failure"]["recorded"] == ""  # the engine that holds it was asked
    assert "404" in told["failure"]["description"]
    status = program.one("engine", "status")
    assert conforms(status)
    assert status["running"]
    assert [service["state"] for service in program.one("services")["services"]] == ["ok"]


def test_get_uses_the_shared_engine_and_takes_back_what_it_gave_up(program: Shared, origin: Origin) -> None:
    good = origin.add("/good.bin", Resource(CONTENT))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    done = program.run("get", good, missing)
    assert done.returncode == 1
    assert done.stderr.startswith("missing.bin: The file is not on the server.\n")
    assert program.states() == {}
    assert program.one("engine", "status")["running"]


def test_stop_ends_the_engine_and_its_downloads_go_on_later(program: Shared, origin: Origin) -> None:
    stall = Stall(after_bytes=100_000)
    url = origin.add("/slow.bin", Resource(CONTENT, faults=[stall]))
    job_id = program.one("add", url)["outcomes"][0]["id"]
    origin.wait_for("/slow.bin", bytes_sent=100_000)
    assert program.one("list")["jobs"][0]["state"] in ("transferring", "connecting")
    dry = program.one("engine", "stop", "--dry-run")
    assert conforms(dry)
    assert dry["running"]
    stopped = program.one("engine", "stop")
    assert conforms(stopped)
    assert (stopped["running"], stopped["message"]) == (False, "The download engine is not running.")
    assert holder(program.engine_folder) == (False, None)
    assert program.run("engine", "stop").returncode == 0
    assert program.states() == {"slow.bin": "queued"}
    late = program.run("wait", job_id)
    assert late.returncode == 3
    stall.release()
    # The command that finds the engine ended starts it, and the download goes on by itself.
    assert program.run("resume", job_id).returncode == 4
    assert program.run("wait", job_id).returncode == 0
    over = program.run("resume", job_id)
    assert (over.returncode, over.stderr) == (4, f"{job_id} has ended: Finished.\n")


def test_a_list_is_whole_however_long_it_is(program: Shared) -> None:
    urls = "\n".join(f"http://127.0.0.1:9/{number}" for number in range(1_200))
    assert program.run("add", "-", "--paused", given=urls).returncode == 0
    for _ in range(2):
        assert len(program.one("list")["jobs"]) == 1_200


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that outlives its writer hangs differently there")
def test_the_first_command_leaves_no_pipe_open(program: Shared) -> None:
    """`domonitor add … | cat` returns at once, though the engine that it started runs on."""
    shell = f"{' '.join(arguments_of('add', 'http://127.0.0.1:9/a', '--paused', '--json'))} | cat; exit 0"
    done = subprocess.run(
        ["sh", "-c", shell],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=program.folder,
        env=environment(program.folder),
    )
    assert conforms(json.loads(done.stdout))
    assert program.one("engine", "status")["running"]


def test_two_see_what_a_third_one_does(program: Shared) -> None:
    job_id = program.one("add", "http://127.0.0.1:9/a", "--paused")["outcomes"][0]["id"]
    with program.started("watch", "--json") as one, program.started("watch", "--json") as other:
        watching = [one, other]
        assert all(_next(process)["job"]["state"] == "suspended" for process in watching)
        program.one("priority", "high", job_id)
        assert all(_next(process)["job"]["priority"] == "high" for process in watching)
        program.one("cancel", job_id, "--yes")
        assert {_next(process)["kind"] for process in watching} == {"gone"}


def _next(process: subprocess.Popen[str]) -> Mapping[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    assert conforms(answer)
    return answer


def test_who_looks_before_there_is_an_engine_follows_it_once_it_is_there(program: Shared) -> None:
    looking = LookingBackend(program.engine_folder)
    looking.open(lambda: None)
    assert looking.poll_interval_s is not None
    health = looking.poll().health
    assert health is not None
    assert health.state is HealthState.IDLE
    program.run("add", "http://127.0.0.1:9/a", "http://127.0.0.1:9/b", "--paused")
    seen: dict[JobKey, Job | None] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while len(seen) < 2 or looking.poll_interval_s is not None:
        assert time.monotonic() < deadline_s
        seen |= {job.key: job for job in looking.poll().upserts}
    first = next(iter(seen))
    other = HostBackend(program.engine_folder, start=False)
    other.open(lambda: None)
    other.close()
    program.run("cancel", first.id, "--yes")
    while first not in looking.poll().removals:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    looking.close()
