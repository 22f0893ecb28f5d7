"""The program as its user runs it: each command in a process of its own, on a profile of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.jobs.job import Job
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK

ROOT = Path(__file__).parent.parent
PATIENCE_S = 45


def environment(folder: Path, **others: str) -> Mapping[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "PYTHONPATH": str(ROOT), "COLUMNS": "100", **others}


def arguments_of(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "domonitor", *arguments]


def run(folder: Path, *arguments: str, given: str | None = None, **others: str) -> subprocess.CompletedProcess[str]:
    """given: what the program reads from its input."""
    return subprocess.run(
        arguments_of(*arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=folder,
        env=environment(folder, **others),
        **({"stdin": subprocess.DEVNULL} if given is None else {"input": given}),
    )


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"data"}


class Program:
    """domonitor in a folder, with the engine in the process of each command that needs one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine_folder = folder / "data" / "domonitor" / "engine"

    def run(self, *arguments: str, given: str | None = None, **others: str) -> subprocess.CompletedProcess[str]:
        done = run(self.folder, "--in-process", *arguments, given=given, **others)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str, code: int = 0, given: str | None = None) -> list[dict[str, Any]]:
        """The objects that the command answers with; code: how it must end."""
        done = self.run(*arguments, "--json", given=given)
        assert done.returncode == code, (done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def one(self, *arguments: str, code: int = 0, given: str | None = None) -> dict[str, Any]:
        (answer,) = self.json(*arguments, code=code, given=given)
        return answer

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The command under way, beside an engine that another process may hold; ended at the end."""
        process = subprocess.Popen(
            arguments_of(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=environment(self.folder),
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def engine(self, settings: EngineSettings = QUICK) -> Iterator[EngineManager]:
        """The engine of the folder in this process, as a window would hold it."""
        manager = EngineManager(self.engine_folder, settings)
        try:
            yield manager
        finally:
            manager.close()

    def states(self) -> dict[str, str]:
        """The state of each download, by its name."""
        return {job["name"]: job["state"] for job in self.one("list")["jobs"]}

    def ids(self) -> dict[str, str]:
        """The id of each download, by its name."""
        return {job["name"]: job["id"] for job in self.one("list")["jobs"]}


def until(manager: EngineManager, condition: Callable[[], bool]) -> None:
    """Returns once the condition holds, which is asked after each change."""
    import threading

    changed = threading.Event()
    reader = manager.add_reader(changed.set)
    try:
        while not condition():
            assert changed.wait(PATIENCE_S)
            changed.clear()
    finally:
        manager.remove_reader(reader)


def until_states(manager: EngineManager, wanted: Mapping[str, JobState]) -> None:
    """wanted: the state of each job, by its name."""

    def snapshots() -> list[Job]:
        return [manager.snapshot(job.get_id()) for job in manager.enum_jobs()]

    until(manager, lambda: {job.display_name: job.state for job in snapshots()} == wanted)
