"""list, show, services: what is there, seen with and without an engine, with and without a profile."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domonitor.jobs.address import plan_jobs
from domonitor.jobs.state import JobState
from tests.commanding import Program, arguments_of, environment, run, until_states
from tests.conforming import conforms
from tests.server import Answer, Origin, Pattern, Resource, Stall

SIZE = 300_000
CONTENT = Pattern(SIZE, seed=3)
S = JobState


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def full(program: Program, origin: Origin) -> Program:
    """A program whose engine holds a job that waits to be completed, one that failed, one that waits for its turn."""
    urls = [
        origin.add("/there.bin?token=secret", Resource(CONTENT)),
        origin.add("/missing.bin", Resource(faults=[Answer(404)])),
        origin.add("/slow.bin", Resource(CONTENT, faults=[Stall(after_bytes=1_000)])),
    ]
    with program.engine() as manager:
        manager.add_many(plan_jobs(urls, program.folder, auto_complete=False))
        until_states(manager, {"there.bin": S.TRANSFERRED, "missing.bin": S.ERROR, "slow.bin": S.TRANSFERRING})
    return program


def test_without_an_engine_the_list_is_what_was_written_down(full: Program) -> None:
    listed = full.one("list")
    assert conforms(listed)
    jobs = {job["name"]: job for job in listed["jobs"]}
    assert {name: job["state"] for name, job in jobs.items()} == {
        "there.bin": "transferred",
        "missing.bin": "error",
        "slow.bin": "queued",
    }
    assert jobs["there.bin"]["bytes_total"] == jobs["there.bin"]["bytes_transferred"] == SIZE
    assert jobs["missing.bin"]["error_code"] == "0x80190194"
    assert jobs["missing.bin"]["allowed"] == ["resume", "cancel", "set-priority", "set-address", "set-limits"]
    assert listed["services"][0]["state"] == "idle"
    assert listed["summary"].startswith("1 needs you · 1 arrived, to be completed")
    assert not (full.engine_folder / "engine.sqlite-wal").exists()


def test_the_list_is_filtered_and_written_as_table_and_as_csv(full: Program) -> None:
    def listed(*arguments: str) -> set[str]:
        return {job["name"] for job in full.one("list", *arguments)["jobs"]}

    assert listed("--state", "error", "--state", "queued") == {"missing.bin", "slow.bin"}
    assert listed("--text", "MISS") == {"missing.bin"}
    assert listed("--service", "engine", "--text", "nothing of that kind") == set()

    table = full.run("list", "--state", "error").stdout.splitlines()
    assert table[0].split() == ["ID", "Name", "State", "Progress", "Size", "Service", "Created"]
    assert "The file is not on the server" in table[1]
    assert full.ids()["missing.bin"].startswith(table[1].split()[0])
    assert len(table) == 2

    rows = list(csv.DictReader(io.StringIO(full.run("list", "--csv").stdout)))
    assert [row["name"] for row in rows] == ["there.bin", "missing.bin", "slow.bin"]
    assert rows[0]["bytes_total"] == str(SIZE)
    assert rows[1]["auto_complete"] == "false"
    assert full.run("list", "--csv", "--json").returncode == 2
    assert full.run("list", "--state", "broken").returncode == 2
    refused = full.run("list", "--service", "bits")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == 'No service is called "bits" here. There are: engine.\n'


def test_beside_an_engine_in_another_process_the_list_is_read_too(full: Program) -> None:
    with full.engine() as manager:
        manager.enum_jobs()[1].cancel()
        assert full.states().keys() == {"there.bin", "slow.bin"}
        status = full.one("engine", "status")
        assert conforms(status)
        assert (status["running"], status["process_id"]) == (True, os.getpid())
        assert full.run("engine", "stop").returncode == 4
        refused = full.run("resume", "--all")
        assert refused.returncode == 3
        assert f"in use by process {os.getpid()}" in refused.stderr
    assert full.run("engine", "status").returncode == 3


def test_show_says_all_of_a_download_without_its_secrets(full: Program) -> None:
    job_id = full.ids()["there.bin"]
    shown = full.one("show", job_id[:9].upper())
    assert conforms(shown)
    assert shown["job"]["name"] == "there.bin"
    (file,) = shown["files"]
    assert file["path"] == str(full.folder / "there.bin")
    assert file["address"].endswith("/there.bin?…")
    said = full.run("show", job_id).stdout
    assert "Arrived, to be completed" in said
    assert "secret" not in said
    assert full.one("complete", job_id)["outcomes"][0]["done"]
    ended = full.one("show", job_id)
    assert conforms(ended)
    assert ended["job"] is None
    assert ended["files"][0]["completed"]
    assert "Finished" in full.run("show", job_id).stdout


def test_an_id_that_is_none_or_not_the_only_one_is_wrong_use(program: Program) -> None:
    with program.engine() as manager:
        for _ in range(17):
            manager.create_job("one of many")
    unknown = program.run("show", "no-such-id")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert 'No download has an id that begins with "no-such-id".' in unknown.stderr
    first = [job["id"][0] for job in program.one("list")["jobs"]]
    shared = next(sign for sign in first if first.count(sign) > 1)  # of 17 ids two begin alike
    several = program.run("show", shared)
    assert several.returncode == 2
    assert several.stderr.startswith(f'The ids of several downloads begin with "{shared}":\n')
    assert "one of many" in several.stderr


def test_services_says_how_each_one_is_reached(program: Program) -> None:
    answer = program.one("services")
    assert conforms(answer)
    assert [(service["name"], service["state"]) for service in answer["services"]] == [("engine", "idle")]
    assert "domonitor" in program.run("services").stdout


def test_a_list_that_cant_be_read_is_a_service_that_is_not_reachable(program: Program) -> None:
    program.engine_folder.mkdir(parents=True)
    (program.engine_folder / "engine.sqlite").write_bytes(b"this is no list of downloads" * 100)
    for command in (["list"], ["list", "--json"], ["services"], ["wait", "--all"]):
        done = run(program.folder, *command)
        assert done.returncode == 3, command
        assert "can't be opened" in done.stdout + done.stderr, command


@pytest.mark.skipif(sys.platform == "win32", reason="a profile can't be taken away like that")
def test_reading_needs_no_profile_and_makes_none(tmp_path: Path) -> None:
    bare = {name: value for name, value in environment(tmp_path).items() if not name.startswith(("XDG_", "HOME"))}
    for arguments in (["list", "--json"], ["services"], ["engine", "status"], ["explain", "404"], ["wait", "--all"]):
        done = subprocess.run(
            arguments_of(*arguments), capture_output=True, text=True, timeout=45, cwd=tmp_path, env=bare
        )
        assert done.returncode == (3 if arguments[0] == "engine" else 0), done.stderr
        assert "Traceback" not in done.stderr
    done = subprocess.run(
        arguments_of("list"),
        capture_output=True,
        text=True,
        timeout=45,
        cwd=tmp_path,
        env={**bare, "HOME": str(tmp_path / "none")},
    )
    assert (done.returncode, list(tmp_path.iterdir())) == (0, [])


WITHOUT_ROOTS_RIGHTS = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Source: linux/prctl.h, linux/capability.h. What is run then may write what is its own alone."""


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="needs root on Linux")
def test_reading_needs_no_right_to_write(full: Program) -> None:
    """As a service account, or over a remote shell with a profile that can't be written."""
    folders = [full.engine_folder, *full.engine_folder.parents[:2]]
    for folder in folders:
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
            path.chmod(0o755 if path.is_dir() else 0o644)
    before = sorted(full.engine_folder.iterdir())
    program = [sys.executable, "-c", WITHOUT_ROOTS_RIGHTS, *arguments_of("list", "--json")[1:]]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=45, cwd="/", env=environment(full.folder, XDG_RUNTIME_DIR="")
    )
    assert done.returncode == 0, done.stderr
    assert "missing.bin" in done.stdout
    assert sorted(full.engine_folder.iterdir()) == before
    made = full.engine_folder / "made"
    writes = [*program[:3], "-c", "import sys; open(sys.argv[1], 'w')", str(made)]
    assert subprocess.run(writes, capture_output=True, timeout=45).returncode == 1
    assert not made.exists()
