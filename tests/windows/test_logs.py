"""Logs and doctor on Windows."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from domonitor import logs
from domonitor.logs import Kind
from tests.windows.conftest import program


def test_a_log_that_somebody_reads_grows_and_rotates_later_without_a_loss(tmp_path: Path) -> None:
    handler = logs._File(Kind.ENGINE.file(tmp_path), maxBytes=2_000, backupCount=4, encoding="utf-8")
    handler.setFormatter(logs.Discreet("%(message)s"))

    def write(first: int, last: int) -> None:
        for number in range(first, last):
            handler.emit(logging.LogRecord("x", logging.INFO, "x", 1, "line %d", (number,), None))

    write(0, 1_500)
    with open(Kind.ENGINE.file(tmp_path), "rb"):
        write(1_500, 1_900)
        assert Kind.ENGINE.file(tmp_path).stat().st_size > 4_000
    before = [path.stat().st_size for path in logs.files(Kind.ENGINE, tmp_path)]
    write(1_900, 1_901)
    handler.close()
    assert len(before) == 5
    text = "".join(path.read_text(encoding="utf-8") for path in logs.files(Kind.ENGINE, tmp_path))
    numbers = [int(line.split()[1]) for line in text.splitlines()]
    assert numbers == list(range(numbers[0], 1_901))
    assert Kind.ENGINE.file(tmp_path).stat().st_size < 100


def test_the_doctor_and_the_log_command_run() -> None:
    done = program("doctor", "--json")
    assert done.stderr == ""
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert not [check for check in found.values() if "The check failed" in check["found"]]
    assert "domonitor's own engine: there" in found["services"]["found"]
    assert found["libcurl"]["level"] == "ok"
    assert "engine.log" in program("log", "--path").stdout
