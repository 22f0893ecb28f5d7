"""wait and watch: what happens from now on, and how it ends."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from domonitor.jobs.address import plan_jobs
from domonitor.jobs.state import JobState
from tests.commanding import PATIENCE_S, Program, arguments_of, environment, run, until_states
from tests.conforming import conforms
from tests.server import Answer, Origin, Pattern, Resource, Stall
from tests.terminals import in_a_terminal

CONTENT = Pattern(300_000, seed=3)
S = JobState


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_wait_ends_when_all_have_arrived(program: Program, origin: Origin) -> None:
    urls = [origin.add(f"/{name}.bin", Resource(CONTENT)) for name in "ab"]
    added = program.one("add", *urls, "--paused")
    ids = [outcome["id"] for outcome in added["outcomes"]]
    held = run(program.folder, "wait", ids[0])
    assert (held.returncode, held.stdout) == (3, "")
    assert "is not running" in held.stderr
    assert program.one("resume", *ids)["outcomes"][1]["done"]
    *lines, last = program.json("wait", *ids)
    assert all(conforms(line) for line in [*lines, last])
    assert {job["result"] for job in last["jobs"]} == {"arrived"}
    assert {line["kind"] for line in lines} <= {"job", "gone"}
    assert (program.folder / "a.bin").exists()
    assert (program.folder / "b.bin").exists()
    # It is over already, and its whole id is still known.
    assert program.run("wait", ids[0]).returncode == 0
    assert program.run("wait", "--all").returncode == 0


def test_wait_ends_with_1_where_one_fails_and_with_4_where_the_time_is_over(program: Program, origin: Origin) -> None:
    slow = origin.add("/slow.bin", Resource(CONTENT, faults=[Stall(after_bytes=1_000)]))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    with program.engine() as manager:
        manager.add_many(plan_jobs([slow, missing], program.folder, auto_complete=True))
        until_states(manager, {"slow.bin": S.TRANSFERRING, "missing.bin": S.ERROR})
    ids = program.ids()
    failed = run(program.folder, "wait", ids["missing.bin"])
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "missing.bin: The file is not on the server.\n"
    late = program.one("wait", ids["missing.bin"], "--timeout", "0", code=1)
    assert conforms(late)
    program.one("suspend", ids["slow.bin"])
    over = program.run("wait", ids["slow.bin"], "--timeout", "0.2")
    assert (over.returncode, over.stderr) == (4, "1 download is not there yet.\n")
    *_, last = program.json("wait", ids["slow.bin"], "--timeout", "0", code=4)
    assert (last["timed_out"], last["jobs"][0]["result"]) == (True, "waiting")
    program.one("cancel", ids["slow.bin"], "--yes")
    assert program.run("wait", ids["slow.bin"]).returncode == 1
    assert program.run("wait").returncode == 2
    assert program.run("wait", "no-such-id").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal as a terminal does")
def test_watch_tells_every_change_until_ctrl_c(program: Program) -> None:
    with program.engine() as manager:
        job = manager.create_job("wanted")
        other = manager.create_job("other")
        with program.started("watch", "--json") as watching, program.started("watch", "--text", "want") as lines:
            assert watching.stdout is not None
            assert lines.stdout is not None
            assert lines.stdout.readline().endswith(f"  {job.get_id()}  wanted  Suspended\n")
            seen = [json.loads(watching.stdout.readline()) for _ in range(2)]
            assert {line["job"]["name"] for line in seen} == {"wanted", "other"}
            job.set_display_name("wanted still")
            renamed = json.loads(watching.stdout.readline())
            assert conforms(renamed)
            assert (renamed["kind"], renamed["job"]["name"]) == ("job", "wanted still")
            assert lines.stdout.readline().endswith(f"  {job.get_id()}  wanted still  Suspended\n")
            other.cancel()
            gone = json.loads(watching.stdout.readline())
            assert conforms(gone)
            assert (gone["kind"], gone["id"]) == ("gone", str(other.get_id()))
            assert gone["job"]["state"] == "cancelled"
            for process in (watching, lines):
                process.send_signal(signal.SIGINT)
                left, said = process.communicate(timeout=PATIENCE_S)
                assert (process.returncode, left, said) == (130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_watch_draws_a_table(program: Program) -> None:
    with program.engine() as manager:
        manager.create_job("drawn")
    env = {**environment(program.folder), "NO_COLOR": "1"}
    code, screen = in_a_terminal(arguments_of("watch"), program.folder, env, {"1 suspended": "\x03"})
    assert code == 130
    assert "Time left" in screen
    assert "drawn  Suspended" in screen
    assert "Traceback" not in screen
