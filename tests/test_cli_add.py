"""add, export and import: how downloads come in, and go to another computer."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from tests.commanding import Program, names
from tests.conforming import conforms
from tests.server import Origin, Pattern, Resource

CONTENT = Pattern(300_000, seed=3)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_add_takes_addresses_from_the_line_and_from_the_input(program: Program, origin: Origin) -> None:
    urls = [origin.add(f"/{name}.bin", Resource(CONTENT)) for name in "abc"]
    added = program.run("add", urls[0], "-", "--paused", given=f"\n{urls[1]}\n  {urls[2]}  \n")
    assert (added.returncode, added.stderr) == (0, "")
    lines = [line.split("  ") for line in added.stdout.splitlines()]
    assert [line[1:] for line in lines] == [["Added", f"{name}.bin"] for name in "abc"]
    assert program.states() == dict.fromkeys(("a.bin", "b.bin", "c.bin"), "suspended")
    assert program.run("add", "-", given="\n").returncode == 2
    for wrong in (["add"], ["add", "example.com/a"], ["add", urls[0], urls[0]]):
        refused = program.run(*wrong)
        assert (refused.returncode, refused.stdout) == (2, ""), wrong
    assert len(program.states()) == 3


def test_add_fetches_what_was_expected_or_says_so(program: Program, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))
    good, bad = f"sha256:{CONTENT.sha256()}", f"sha256:{'0' * 64}"
    (added,) = program.one("add", url, "--checksum", good, "--size", "300000", "--limit", "50MB")["outcomes"]
    assert program.run("wait", added["id"]).returncode == 0
    assert hashlib.sha256((program.folder / "a.bin").read_bytes()).hexdigest() == CONTENT.sha256()
    (added,) = program.one("add", url, "--checksum", bad)["outcomes"]
    assert program.run("wait", added["id"]).returncode == 1
    assert names(program.folder) - {"a.bin"} <= {name for name in names(program.folder) if name.startswith(".dom")}
    for wrong in ("0" * 64, "sha256:", "sha256:12", "rot13:12"):
        refused = program.run("add", url, "--checksum", wrong)
        assert (refused.returncode, refused.stdout) == (2, ""), wrong
    assert program.run("add", url, f"{url}?", "--checksum", good).returncode == 2
    assert program.run("add", url, "--limit", "none at all").returncode == 2


def test_add_makes_one_download_of_a_name_and_a_priority(program: Program, origin: Origin) -> None:
    urls = [origin.add(f"/{name}.bin", Resource(CONTENT)) for name in "ab"]
    arguments = ["add", *urls, "--name", "both", "--priority", "low", "--keep-open", "--paused", "--segments", "2"]
    dry = program.one(*arguments, "--dry-run")
    assert conforms(dry)
    assert (dry["dry_run"], dry["outcomes"][0]["id"]) == (True, None)
    assert not program.engine_folder.exists()
    assert program.run(*arguments, "--dry-run").stdout == "Would be added: both\n"
    answer = program.one(*arguments)
    assert conforms(answer)
    job = program.one("list")["jobs"][0]
    assert (job["name"], job["files_total"], job["priority"], job["auto_complete"]) == ("both", 2, "low", False)


def test_add_refuses_a_target_that_cant_be_used(program: Program, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))
    other = origin.add("/b.bin", Resource(CONTENT))
    (program.folder / "a.bin").write_text("mine")
    answer = program.one("add", url, other, "--existing", "refuse", "--paused", code=2)
    assert conforms(answer)
    assert [outcome["done"] for outcome in answer["outcomes"]] == [False, True]
    assert answer["outcomes"][0]["code"] == "0x80070050"
    assert program.run("add", url, "-d", "missing").returncode == 2
    assert program.states() == {"b.bin": "suspended"}


def test_a_list_goes_out_and_comes_in_again(program: Program, origin: Origin, tmp_path: Path) -> None:
    urls = [origin.add("/a.bin?token=secret", Resource(CONTENT)), origin.add("/b.bin", Resource(CONTENT))]
    program.one("add", urls[0], "--paused", "--priority", "high")
    program.one("add", urls[1], "--paused", "--keep-open")
    exported = program.one("export", "--all")
    assert conforms(exported)
    assert [job["files"][0]["address"] for job in exported["jobs"]] == urls
    assert [(job["priority"], job["auto_complete"]) for job in exported["jobs"]] == [("high", True), ("normal", False)]

    written = program.run("export", program.ids()["a.bin"], "-o", "list.json")
    assert (written.returncode, written.stdout) == (0, "")
    if sys.platform != "win32":
        assert (tmp_path / "list.json").stat().st_mode & 0o077 == 0
    assert program.run("export", "--all", "-o", "list.json").returncode == 2  # never overwritten
    assert program.run("export", "--all", "-o", "dry.json", "--dry-run").returncode == 0
    assert conforms(program.one("export", "--all", "-o", "other.json"))
    assert not (tmp_path / "dry.json").exists()
    assert program.run("export").returncode == 2

    program.one("cancel", "--all", "--yes")
    (tmp_path / "there").mkdir()
    assert program.one("import", "list.json", "-d", "there", "--dry-run")["dry_run"]
    assert program.states() == {}
    answer = program.one("import", "list.json", "-d", "there")
    assert conforms(answer)
    assert program.run("wait", answer["outcomes"][0]["id"]).returncode == 0
    assert names(tmp_path / "there") == {"a.bin"}
    again = program.run("import", "-", "--paused", given=json.dumps(exported))
    assert again.returncode == 0, again.stderr
    assert program.one("list")["jobs"][0]["priority"] == "high"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"kind": "job list", "schema": 1, "jobs": [{"name": "a"}]}',
        '{"kind": "job list", "schema": 1, "jobs": [{"name": "a", "files": []}]}',
        '{"kind": "job list", "schema": 1, "jobs": [{"name": "a", "files": [{"address": "ftp://a/", "path": "/a"}]}]}',
        '{"kind": "job list", "schema": 2, "jobs": []}',
        "[" * 100_000,
    ],
    ids=["nothing", "a list", "an object", "no files", "empty files", "no address", "another version", "deep"],
)
def test_what_is_no_list_is_refused_in_a_sentence(program: Program, content: str) -> None:
    (program.folder / "bad.json").write_text(content)
    refused = program.run("import", "bad.json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(("bad.json ", "a: The job has no files."))
    assert program.run("import", "missing.json").returncode == 2
