"""The commands on services that play a script, in this process: for what no service of this computer does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from domonitor import cli, services
from domonitor.backends.interface import Backend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change, Health
from domonitor.jobs.job import Job


class Service(ScriptedBackend):
    """Lists its jobs anew to each command that opens it."""

    def __init__(self, jobs: Iterable[Job] = (), name: str = "scripted") -> None:
        super().__init__((), name)
        self._listed = tuple(jobs)

    def open(self, wake: Callable[[], None]) -> None:
        super().open(wake)
        self.publish(Change(self._listed, health=Health()))


Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command on these services; the exit code, the output and the messages."""

    def run(backends: Sequence[Backend], *arguments: str) -> tuple[int, str, str]:
        def open_backends(*, in_process: bool, folder: Path | None, start_host: bool, stays: bool) -> list[Backend]:
            return list(backends)

        monkeypatch.setattr(services, "open_backends", open_backends)
        code = cli.main(list(arguments))
        written, said = capsys.readouterr()
        return code, written, said

    return run


def answers(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]
