"""What is done with downloads: each command in each way it can end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from domonitor.jobs.address import plan_jobs
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.commanding import Program, arguments_of, environment, until_states
from tests.conforming import conforms
from tests.server import Answer, Origin, Pattern, Resource, Stall
from tests.terminals import in_a_terminal

SIZE = 300_000
CONTENT = Pattern(SIZE, seed=3)
S = JobState

on_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def job_of(program: Program, name: str, url: str) -> NewJob:
    return NewJob(name, (NewFile(url, str(program.folder / url.rpartition("/")[2])),), auto_complete=False)


@pytest.fixture
def full(program: Program, origin: Origin) -> Program:
    """Jobs that wait for their owner: one is there, one is half there, one has failed, one is under way."""
    there = origin.add("/there.bin", Resource(CONTENT))
    half = origin.add("/half.bin", Resource(CONTENT))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    slow = origin.add("/slow.bin", Resource(CONTENT, faults=[Stall(after_bytes=1_000)]))
    gone = origin.add("/gone.bin", Resource(faults=[Answer(404)]))
    with program.engine() as manager:
        new_jobs = [("there", there), ("half", half), ("failed", missing), ("slow", slow)]
        manager.add_many([job_of(program, name, url) for name, url in new_jobs])
        wanted = {"there": S.TRANSFERRED, "half": S.TRANSFERRED, "failed": S.ERROR, "slow": S.TRANSFERRING}
        until_states(manager, wanted)
        manager.enum_jobs()[1].add_file(gone, str(program.folder / "gone.bin"))
        until_states(manager, wanted | {"half": S.ERROR})
    return program


def test_resume_and_suspend_change_states_and_say_so(full: Program) -> None:
    ids = full.ids()
    stopped = full.run("suspend", ids["slow"][:8])
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert stopped.stdout == f"{ids['slow']}  Suspended  slow\n"
    assert full.states()["slow"] == "suspended"
    dry = full.one("resume", ids["slow"], "--dry-run")
    assert conforms(dry)
    assert (dry["dry_run"], dry["outcomes"][0]["done"]) == (True, True)
    assert full.states()["slow"] == "suspended"
    resumed = full.one("resume", ids["slow"])
    assert conforms(resumed)
    assert resumed["outcomes"][0]["id"] == ids["slow"]
    assert full.states()["slow"] != "suspended"


def test_what_the_state_does_not_allow_is_refused_with_its_reason(full: Program) -> None:
    ids = full.ids()
    for command in (["suspend"], ["suspend", "--dry-run"]):
        refused = full.run(*command, ids["there"])
        assert (refused.returncode, refused.stdout) == (4, "")
        assert refused.stderr == "there: Suspend does nothing here: Arrived, to be completed.\n"
    both = full.one("complete", ids["there"], ids["failed"], code=4)
    assert conforms(both)
    assert [outcome["done"] for outcome in both["outcomes"]] == [True, False]
    assert "No file has arrived whole yet" in both["outcomes"][1]["message"]
    assert full.states().keys() == {"half", "failed", "slow"}
    assert (full.folder / "there.bin").read_bytes()[:10] == CONTENT.bytes(0, 10)


def test_complete_drops_files_only_when_told_to(full: Program) -> None:
    job_id = full.ids()["half"]
    for dry in ((), ("--dry-run",)):
        refused = full.run("complete", job_id, *dry)
        assert (refused.returncode, refused.stdout) == (4, "")
        assert "Complete keeps 1 of 2 files." in refused.stderr
        assert "--partial" in refused.stderr
    assert not (full.folder / "half.bin").exists()
    kept = full.one("complete", job_id, "--partial")
    assert kept["outcomes"][0]["is_partial"]
    assert kept["outcomes"][0]["code_name"] == "BG_S_PARTIAL_COMPLETE"
    assert (full.folder / "half.bin").stat().st_size == SIZE
    assert not (full.folder / "gone.bin").exists()


def test_cancel_needs_a_yes(full: Program) -> None:
    ids = full.ids()
    refused = full.run("cancel", ids["half"])
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith('Cancel "half"? Cancel deletes 1 finished file.')
    assert "--yes" in refused.stderr
    assert len(full.states()) == 4
    done = full.run("cancel", ids["half"], "--yes")
    assert (done.returncode, done.stdout) == (0, f"{ids['half']}  Cancelled  half\n")
    dry = full.run("cancel", "--all", "--dry-run")
    assert (dry.returncode, len(dry.stdout.splitlines())) == (0, 3)
    assert len(full.states()) == 3
    assert full.one("cancel", "--all", "-y")["command"] == "cancel"
    assert full.states() == {}
    assert {path.name for path in full.folder.iterdir()} == {"data"}
    nothing = full.run("cancel", "--all", "--yes")
    assert (nothing.returncode, nothing.stderr) == (0, "There is no download on which that has an effect.\n")


@on_a_terminal
def test_on_a_terminal_cancel_asks(full: Program) -> None:
    env = environment(full.folder)
    arguments = arguments_of("--in-process", "cancel", full.ids()["slow"])
    code, screen = in_a_terminal(arguments, full.folder, env, {"[y/N]": "n\n"})
    assert code == 4
    assert 'Cancel "slow"?' in screen
    assert "Nothing was changed." in screen
    assert "slow" in full.states()
    code, screen = in_a_terminal(arguments, full.folder, env, {"[y/N]": "\x03"})
    assert code == 130
    assert "slow" in full.states()
    code, screen = in_a_terminal(arguments, full.folder, env, {"[y/N]": "yes\n"})
    assert code == 0
    assert "slow" not in full.states()


@on_a_terminal
def test_colours_are_for_terminals_that_want_them(full: Program) -> None:
    env = environment(full.folder)
    arguments = arguments_of("list")
    assert "\x1b[31m" in in_a_terminal(arguments, full.folder, env)[1]
    assert "\x1b" not in in_a_terminal(arguments, full.folder, {**env, "NO_COLOR": "1"})[1]
    assert "\x1b" not in full.run("list").stdout
    narrow = in_a_terminal(arguments, full.folder, {**env, "NO_COLOR": "1"}, columns=60)[1].splitlines()
    assert max(map(len, narrow[:5])) <= 60


def test_names_cant_give_orders_to_a_terminal(program: Program) -> None:
    with program.engine() as manager:
        manager.create_job("evil\x1b[31m\r\nname")
    for command in (["list"], ["list", "--csv"], ["show", program.one("list")["jobs"][0]["id"]]):
        said = program.run(*command).stdout
        assert "evil\ufffd[31m\ufffd\ufffdname" in said
        assert "\x1b" not in said


def test_all_means_ours_and_where_it_has_an_effect(full: Program) -> None:
    suspended = full.one("suspend", "--all")
    assert {outcome["name"] for outcome in suspended["outcomes"]} == {"slow"}
    for wrong in (
        ["suspend"],
        ["suspend", "--all", "some-id"],
        ["cancel", "--all", "--not-mine", "--yes"],
        ["resume", "no-such-id"],
        ["priority", "urgent", "--all"],
        ["limit", "fast", "--all"],
        ["limit", "10", "--all"],
    ):
        refused = full.run(*wrong)
        assert (refused.returncode, refused.stdout) == (2, ""), wrong
        assert refused.stderr, wrong
    foreign = full.run("cancel", "--all", "--service", "engine", "--not-mine", "--yes")
    assert (foreign.returncode, foreign.stdout) == (0, "")
    assert len(full.states()) == 4


def test_priority_limits_and_addresses_are_changed(full: Program, origin: Origin) -> None:
    ids = full.ids()
    assert full.one("suspend", ids["slow"])["outcomes"][0]["done"]
    assert conforms(full.one("priority", "high", ids["slow"]))
    assert conforms(full.one("limit", "500kB", ids["slow"], "--segments", "2"))
    assert full.one("show", ids["slow"])["job"]["priority"] == "high"
    assert full.run("limit", "none", ids["slow"]).stdout == f"{ids['slow']}  Changed  slow\n"
    assert full.one("limit", "1.5MiB/s", ids["slow"], "--dry-run")["dry_run"]

    other = origin.add("/other.bin", Resource(CONTENT))
    several = full.run("set-address", ids["half"], other)
    assert several.returncode == 2
    assert "half has 2 files. Say which one with --file NUMBER." in several.stderr
    assert full.run("set-address", ids["half"], other, "--file", "3").returncode == 2
    assert full.run("set-address", ids["half"], "ftp://example.com/", "--file", "2").returncode == 2
    assert conforms(full.one("set-address", ids["half"], other, "--file", "2"))
    assert full.one("show", ids["half"])["files"][1]["address"] == other
    with full.engine() as manager:
        for job in manager.enum_jobs():
            if job.get_display_name() == "slow":
                assert job.get_priority() is Priority.HIGH
                assert job.get_limits() == (None, 2) or job.get_limits().bytes_per_second is None
                assert job.get_limits().segments == 2
    said = full.run("timeline", ids["slow"]).stdout
    assert "Change priority, asked for by the command line" in said


def test_a_reader_who_has_seen_enough_is_no_failure(program: Program) -> None:
    with program.engine() as manager:
        manager.add_many(
            [*plan_jobs([f"http://127.0.0.1:9/{n}" for n in range(2_000)], program.folder, auto_complete=True)]
        )
    process = subprocess.Popen(
        arguments_of("list"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder,
        env=environment(program.folder),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    os.read(process.stdout.fileno(), 10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(45), said) == (0, b"")
