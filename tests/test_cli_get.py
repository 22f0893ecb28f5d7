"""get, as its user runs it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import commanding
from tests.commanding import Program, environment, names
from tests.conforming import conforms
from tests.server import Answer, Cut, Origin, Pattern, Resource, Stall

CONTENT = Pattern(300_000, seed=3)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With the engine in the process of the command; tests/test_cli_host.py has it in its host."""
    return commanding.run(folder, "--in-process", *arguments)


@pytest.mark.parametrize("arguments", [["get"], ["frob"], ["get", "--frob", "http://x/"], ["explain"]])
def test_wrong_use_ends_with_2_and_says_how_to_get_help(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert "--help" in done.stderr
    assert "Traceback" not in done.stderr


def test_get_downloads_into_the_folder(tmp_path: Path, origin: Origin) -> None:
    (tmp_path / "there").mkdir()
    urls = [
        origin.add("/a.bin", Resource(CONTENT)),
        origin.add("/b%20b.bin?token=secret", Resource(CONTENT, faults=[Cut(after_bytes=100_000, times=1)])),
    ]
    done = run(tmp_path, "get", *urls, "-d", "there")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path / "there") == {"a.bin", "b b.bin"}
    for path in (tmp_path / "there").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == CONTENT.sha256()
    assert "secret" not in done.stdout


def test_get_ends_with_1_where_one_failed_and_keeps_the_others(tmp_path: Path, origin: Origin) -> None:
    good = origin.add("/good.bin", Resource(CONTENT))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    done = run(tmp_path, "get", missing, good)
    assert done.returncode == 1
    assert names(tmp_path) == {"good.bin"}
    assert done.stderr.startswith("missing.bin: The file is not on the server.\n")
    assert "  1. Check the address for typing errors.\n" in done.stderr
    assert "0x80190194 BG_E_HTTP_ERROR_404" in done.stderr


def test_get_gives_up_on_a_server_that_is_not_there_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "get", "http://nowhere.invalid/a.bin", "--give-up", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("a.bin: ")
    assert '"nowhere.invalid" has no address.' in done.stderr
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("example.com/a", "Put http:// or https:// before this address."),
        ("ftp://example.com/a", "Addresses that begin with ftp:// can't be downloaded"),
        ("http://example.com/a b", "An address can't contain a space."),
        ("http://example.com/" + "a" * 3_000, "This address has 3,019 characters; at most 2,200 are allowed."),
        ("http://", "This address names no server."),
        ("http://example.com:port/", "The port in this address is no number"),
    ],
    ids=["no scheme", "unknown scheme", "space", "3,000 characters", "no server", "port"],
)
def test_get_refuses_a_bad_address_with_a_sentence_of_its_own(tmp_path: Path, address: str, sentence: str) -> None:
    done = run(tmp_path, "get", address)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert names(tmp_path) == set()


def test_get_refuses_targets_that_cant_be_used_and_changes_nothing(tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a.bin").write_text("mine")
    (tmp_path / "folder" / "a.bin").mkdir(parents=True)
    cases = {
        ("-d", "missing"): "The folder is not there",
        ("-d", "taken", "--existing", "refuse"): "A file of that name is already there",
        ("-d", "folder", "--existing", "refuse"): "A folder of that name is already there",
        ("-d", "folder", "--existing", "replace"): "A folder of that name is already there",
        (url,): "is given twice",
        ("--existing", "overwrite"): "Invalid value for '--existing'",
    }
    for arguments, sentence in cases.items():
        done = run(tmp_path, "get", url, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert names(tmp_path) == {"taken", "folder"}
    assert (tmp_path / "taken" / "a.bin").read_text() == "mine"
    assert names(tmp_path / "taken") == {"a.bin"}


def test_get_saves_files_under_their_servers_names_and_says_so(tmp_path: Path, origin: Origin) -> None:
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''gr%C3%BCn.bin"}
    urls = [
        origin.add("/get.php?token=secret", Resource(CONTENT, headers=headers)),
        origin.add("/a.bin", Resource(CONTENT)),
        origin.add("/other/a.bin", Resource(CONTENT)),
    ]
    (tmp_path / "a.bin").write_text("mine")
    done = run(tmp_path, "get", *urls)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path) == {"grün.bin", "a.bin", "a (2).bin", "a (3).bin"}
    assert (tmp_path / "a.bin").read_text() == "mine"
    assert f'{origin.url("/get.php")}?… is saved as "grün.bin".\n' in done.stdout
    assert f'{origin.url("/a.bin")} is saved as "a (2).bin".\n' in done.stdout
    assert f'{origin.url("/other/a.bin")} is saved as "a (3).bin".\n' in done.stdout
    assert "secret" not in done.stdout


def test_get_replaces_a_file_when_told_to_and_says_nothing_of_its_name(tmp_path: Path, origin: Origin) -> None:
    (tmp_path / "a.bin").write_text("old")
    done = run(tmp_path, "get", origin.add("/a.bin", Resource(CONTENT)), "--existing", "replace")
    assert (done.returncode, done.stderr) == (0, "")
    assert hashlib.sha256((tmp_path / "a.bin").read_bytes()).hexdigest() == CONTENT.sha256()
    assert "saved as" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal as a terminal does")
def test_ctrl_c_stops_get_at_once_and_leaves_nothing(tmp_path: Path, origin: Origin) -> None:
    stall = Stall(after_bytes=100_000)
    url = origin.add("/a.bin", Resource(CONTENT, faults=[stall]))
    process = subprocess.Popen(
        [sys.executable, "-m", "domonitor", "--in-process", "get", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    origin.wait_for("/a.bin", bytes_sent=100_000)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "Stopped. What had not arrived whole was not kept.\n"
    assert names(tmp_path) == set()


def test_get_works_beside_a_window_that_holds_the_engine(tmp_path: Path, origin: Origin) -> None:
    from domonitor.backends.engine import EngineManager

    url = origin.add("/a.bin", Resource(CONTENT))
    manager = EngineManager(tmp_path / "data" / "domonitor" / "engine")
    try:
        for program in (run, commanding.run):
            assert program(tmp_path, "get", url, "--existing", "replace").returncode == 0
        refused = run(tmp_path, "get", url, "--keep-open", "-d", "data")
        assert refused.returncode == 3
        assert f"in use by process {os.getpid()}" in refused.stderr
    finally:
        manager.close()
    assert names(tmp_path) == {"a.bin"}


def test_get_keep_open_leaves_the_job_for_the_window(tmp_path: Path, origin: Origin) -> None:
    from domonitor.backends.engine import EngineManager
    from domonitor.jobs.state import JobState

    assert run(tmp_path, "get", origin.add("/a.bin", Resource(CONTENT)), "--keep-open").returncode == 0
    manager = EngineManager(tmp_path / "data" / "domonitor" / "engine")
    try:
        (job,) = manager.enum_jobs()
        assert job.get_state() is JobState.TRANSFERRED
        assert job.complete() is False
    finally:
        manager.close()
    assert names(tmp_path) == {"a.bin"}


def test_get_says_that_the_list_was_damaged_and_goes_on(tmp_path: Path, origin: Origin) -> None:
    store = tmp_path / "data" / "domonitor" / "engine" / "engine.sqlite"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"this is no list of downloads" * 100)
    done = run(tmp_path, "get", origin.add("/file.bin", Resource(CONTENT)))
    assert done.returncode == 0
    assert "was damaged" in done.stderr
    assert "was kept as" in done.stderr
    assert hashlib.sha256((tmp_path / "file.bin").read_bytes()).hexdigest() == CONTENT.sha256()


def test_get_answers_in_json_line_by_line(tmp_path: Path, origin: Origin) -> None:
    good = origin.add("/good.bin?token=secret", Resource(CONTENT))
    missing = origin.add("/missing.bin", Resource(faults=[Answer(404)]))
    done = run(tmp_path, "get", good, missing, "--json")
    assert done.returncode == 1
    added, *lines, last = (json.loads(line) for line in done.stdout.splitlines())
    assert all(conforms(answer) for answer in (added, *lines, last))
    assert (added["kind"], len(added["outcomes"])) == ("command", 2)
    assert lines
    assert len({json.dumps(line) for line in lines}) == len(lines)
    assert {job["name"]: job["result"] for job in last["jobs"]} == {"good.bin": "arrived", "missing.bin": "failed"}
    assert "secret" not in done.stdout


def test_get_detach_returns_at_once(tmp_path: Path, origin: Origin) -> None:
    program = Program(tmp_path)
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Stall(after_bytes=100_000)]))
    assert program.run("get", url, "--dry-run").stdout == "Would be added: a.bin\n"
    done = program.run("get", url, "--detach")
    assert done.returncode == 0
    assert done.stdout.split()[1:] == ["Added", "a.bin"]
    assert program.states().keys() == {"a.bin"}
